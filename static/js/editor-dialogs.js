// The editor's dialogs: a slot's place in figures, blocked times, new sessions.
import { _ } from "./words.js";

/** @typedef {import("./editor.js").Editor} Editor */

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/** @param {HTMLSelectElement} select @param {[string, string][]} options @param {string} value */
function fill(select, options, value) {
  select.replaceChildren(...options.map(([key, text]) => new Option(text, key, false, key === value)));
}

/** Seconds since 1970 of a clock time on a day of the conference. @param {Editor} editor @param {number} day @param {string} text */
export function instant(editor, day, text) {
  const [hours, minutes] = text.split(":").map(Number);
  const held = editor.model.days[day];
  let seconds = held.base + (hours * 60 + minutes) * 60;
  // On a day on which clocks change, minutes from midnight are not what the clock says.
  for (const shift of [0, 3600, -3600]) if (editor.clock(seconds + shift) === text) return seconds + shift;
  if (seconds < held.start) seconds += 86400;
  return seconds;
}

/** @param {Editor} editor */
function days(editor) {
  return editor.model.days.map((day, at) => /** @type {[string, string]} */ ([String(at), day.name]));
}

/** @param {Editor} editor @param {string} id */
export function openDetails(editor, id) {
  const { model, deeds } = editor;
  const slot = model.slots.get(id);
  if (!slot) return;
  const session = model.session(slot);
  const dialog = $("details");
  $("details-head").textContent = session.title || "—";
  $("details-who").textContent = [model.people(session).join(", "), session.track ? model.tracks.get(session.track)?.name : ""].filter(Boolean).join(" · ");
  const day = model.dayOf(slot.start);
  fill($("d-day"), days(editor), String(day));
  fill($("d-room"), model.rooms.map((room) => [room.id, room.name || _("(no room)")]), slot.room);
  $("d-start").value = editor.clock(slot.start);
  $("d-minutes").value = Math.round(slot.length / 60);
  const found = model.findingsOf(id);
  $("details-findings").replaceChildren(...found.map((one) => editor.findings.line(one)));
  $("details-why").replaceChildren();
  $("d-table").href = `${editor.at}/tables/sessions#${session.id}`;
  const stuck = model.isHistory(slot) || slot.locked;
  for (const name of ["d-day", "d-room", "d-start", "d-minutes", "d-save", "d-split", "d-merge", "d-out"]) $(name).disabled = stuck;
  $("d-lock").querySelector("span").textContent = slot.locked ? $("d-lock").dataset.unlock : $("d-lock").dataset.lock;
  $("d-lock").disabled = model.isHistory(slot);
  const act = (/** @type {() => void} */ run) => () => (dialog.close("done"), run());
  $("d-lock").onclick = act(() => deeds.lock([id]));
  $("d-split").onclick = act(() => deeds.split(id));
  $("d-merge").onclick = act(() => deeds.merge(id));
  $("d-out").onclick = act(() => deeds.takeOut([id]));
  $("d-why").onclick = () => editor.why(id, $("details-why"));
  dialog.onclose = () => {
    if (dialog.returnValue === "save") {
      const start = instant(editor, Number($("d-day").value), $("d-start").value);
      deeds.move([{ id, room: $("d-room").value, start }]);
      deeds.resize(id, Number($("d-minutes").value) * 60);
    }
    editor.grid.focus(id);
  };
  dialog.returnValue = "";
  dialog.showModal();
}

/** Make or change a blocked time. @param {Editor} editor @param {string} id @param {string} near a slot that says where to begin */
export function openBlocker(editor, id, near) {
  const { model } = editor;
  if (!model.days.length) {
    editor.tell(_("Add a day first: Settings, Days."));
    return;
  }
  const held = model.blocks.find((one) => one.id === id);
  const slot = model.slots.get(near);
  const dialog = $("blocker");
  const start = held?.start ?? slot?.start ?? model.days[0].base + 12 * 3600;
  const end = held?.end ?? (slot ? slot.start + slot.length : start + 3600);
  const day = model.dayOf(start);
  $("b-kind").value = held?.kind ?? (slot ? "room" : "break");
  fill($("b-day"), days(editor), String(day));
  $("b-start").value = editor.clock(start);
  $("b-end").value = editor.clock(end);
  $("b-words").value = held?.words ?? "";
  $("b-remove").hidden = !held;
  const subjects = () => {
    const kind = $("b-kind").value;
    $("b-subject-field").hidden = kind === "break";
    const options = kind === "room" ? model.rooms.map((room) => [room.id, room.name]) : [...model.speakers].sort((a, b) => a[1].localeCompare(b[1]));
    fill($("b-subject"), /** @type {[string, string][]} */ (options), held?.subject ?? slot?.room ?? "");
  };
  $("b-kind").onchange = subjects;
  subjects();
  dialog.onclose = () => {
    const was = held ? details(held) : null;
    if (dialog.returnValue === "remove" && was) editor.deeds.facts_([{ table: "blockers", id, was, to: null }]);
    if (dialog.returnValue !== "save") return;
    const at = Number($("b-day").value);
    const [from, to] = [instant(editor, at, $("b-start").value), instant(editor, at, $("b-end").value)];
    const kind = $("b-kind").value;
    const wanted = details({ id, kind, subject: kind === "break" ? "" : $("b-subject").value, start: from, end: to, words: $("b-words").value.trim() });
    if (was) {
      const names = Object.keys({ ...was, ...wanted }).filter((name) => was[name] !== wanted[name]);
      const pick = (/** @type {any} */ of) => Object.fromEntries(names.map((name) => [name, of[name] ?? null]));
      if (names.length) editor.deeds.facts_([{ table: "blockers", id, was: pick(was), to: pick(wanted) }]);
    } else editor.deeds.facts_([{ table: "blockers", id: crypto.randomUUID(), was: null, to: wanted }]);
  };
  dialog.returnValue = "";
  dialog.showModal();
}

/** A blocked time as the server keeps it. @param {import("./editor-model.js").Block} block @returns {Record<string, any>} */
function details(block) {
  const iso = (/** @type {number} */ seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "+00:00");
  const held = { kind: block.kind, subject: block.subject, start: iso(block.start), end: iso(block.end), words: block.words };
  return Object.fromEntries(Object.entries(held).filter(([, value]) => value));
}

/** @param {Editor} editor */
export function openNewSession(editor) {
  const dialog = $("new-session");
  const tracks = [...editor.model.tracks.values()].map((track) => /** @type {[string, string]} */ ([track.id, track.name]));
  fill($("n-track"), [["", "–"], ...tracks], "");
  $("n-title").value = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "save" || !$("n-title").value.trim()) return;
    const id = crypto.randomUUID();
    const to = { id, title: $("n-title").value.trim(), duration: Number($("n-minutes").value) * 60, ...($("n-track").value ? { track: $("n-track").value } : {}) };
    editor.deeds.facts_([{ table: "sessions", id, was: null, to }]);
  };
  dialog.returnValue = "";
  dialog.showModal();
}

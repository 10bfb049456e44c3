// The tools around the grid: days, tracks, filters, and the bar that says which keys do what.
import { _ } from "./words.js";

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @typedef {import("./editor.js").Editor} Editor */

/** @param {Editor} editor */
export function drawTools(editor) {
  drawDays(editor);
  drawTracks(editor);
  drawRooms(editor);
  /** @type {HTMLInputElement} */ ($("used-only")).checked = editor.view.usedOnly;
  /** @type {HTMLInputElement} */ ($("trouble-only")).checked = editor.view.troubleOnly;
}

/** @param {Editor} editor */
function drawDays(editor) {
  const { model, view } = editor;
  const place = $("days");
  const key = `${view.day}|${model.days.map((day) => day.date).join()}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const options = [{ date: "", short: place.dataset.all ?? "All days" }, ...model.days];
  place.replaceChildren(
    ...options.map((day) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = day.short;
      button.setAttribute("aria-pressed", String(view.day === day.date));
      button.addEventListener("click", () => view.set({ day: day.date }));
      return button;
    }),
  );
  place.hidden = model.days.length < 2;
}

/** @param {Editor} editor */
function drawTracks(editor) {
  const { model, view } = editor;
  const counts = new Map();
  for (const slot of model.slots.values()) {
    const track = model.session(slot)?.track;
    if (track) counts.set(track, (counts.get(track) ?? 0) + 1);
  }
  const list = $("tracks");
  const key = JSON.stringify([[...model.tracks.values()], [...counts], [...view.tracks]]);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.track : "";
  list.replaceChildren(
    ...[...model.tracks.values()].map((track) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.track = track.id;
      button.setAttribute("aria-pressed", String(view.tracks.has(track.id)));
      button.title = track.name;
      const bit = document.createElement("span");
      bit.className = `bit edge track-${track.number}`;
      const name = document.createElement("span");
      name.className = `track track-${track.number}`;
      const letter = document.createElement("b");
      letter.textContent = track.letter;
      letter.setAttribute("aria-hidden", "true");
      const words = document.createElement("em");
      words.textContent = track.name;
      name.append(letter, words);
      const count = document.createElement("span");
      count.className = "fig";
      count.textContent = String(counts.get(track.id) ?? 0);
      button.append(bit, name, count);
      button.addEventListener("click", () => {
        const tracks = new Set(view.tracks);
        if (!tracks.delete(track.id)) tracks.add(track.id);
        view.set({ tracks });
      });
      item.append(button);
      return item;
    }),
  );
  if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-track="${focused}"]`))?.focus();
}

/** @param {Editor} editor */
function drawRooms(editor) {
  const { model, view } = editor;
  const place = $("rooms-filter");
  const shown = model.rooms.length - view.hiddenRooms.size;
  $("rooms-sum").textContent = view.hiddenRooms.size ? `${shown}/${model.rooms.length}` : String(model.rooms.length);
  const key = `${model.rooms.map((room) => room.id + room.name).join()}|${[...view.hiddenRooms].join()}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(
    ...model.rooms.map((room) => {
      const label = document.createElement("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = !view.hiddenRooms.has(room.id);
      box.addEventListener("change", () => {
        const hiddenRooms = new Set(view.hiddenRooms);
        if (box.checked) hiddenRooms.delete(room.id);
        else hiddenRooms.add(room.id);
        view.set({ hiddenRooms });
      });
      label.append(box, ` ${room.name || _("(no room)")}`);
      return label;
    }),
  );
}

/** The bar below the grid: what is picked, and the keys that matter then. @param {Editor} editor */
export function drawHints(editor) {
  const { model, view } = editor;
  const placing = editor.places.choice;
  const ids = [...view.picked];
  const slot = model.slots.get(ids[0] ?? "");
  const title = document.createElement("b");
  /** @type {[string[], string][]} */
  let keys;
  if (placing) {
    title.textContent = _("%(count)s free places for “%(title)s”", { count: placing.places.length, title: model.sessions.get(placing.session)?.title ?? "" });
    keys = [[["←", "→"], _("next place")], [["Enter"], _("take this place")], [["Esc"], _("put back")]];
  } else if (editor.loose?.picked) {
    title.textContent = model.sessions.get(editor.loose.picked)?.title ?? "";
    keys = [[["P"], _("free places")], [["Esc"], _("put back")]];
  } else if (slot) {
    title.textContent = ids.length > 1 ? _("%(count)s picked", { count: ids.length }) : `${model.session(slot)?.title ?? ""}, ${_("%(minutes)s min", { minutes: Math.round(slot.length / 60) })}`;
    keys = [
      [["←", "→"], `${_("5 minutes")}, ⇧ 15`],
      [["↑", "↓"], _("room")],
      [["[", "]"], _("day")],
      [["F"], _("free places")],
      [["L"], _("lock")],
      [["U"], _("take out")],
      [["E"], _("in figures")],
      [["Esc"], _("put back")],
    ];
  } else {
    title.textContent = _("Nothing is picked");
    keys = [[["←", "→", "↑", "↓"], _("go to a session")], [["Enter"], _("pick it up")], [["⇧", "Enter"], _("several")], [["F"], _("free places")], [["Z"], _("undo")]];
  }
  $("hints").replaceChildren(title, ...keys.map(([caps, words]) => hint(caps, words)));
}

/** @param {string[]} caps @param {string} words */
function hint(caps, words) {
  const span = document.createElement("span");
  for (const cap of caps) {
    const key = document.createElement("kbd");
    key.textContent = cap;
    span.append(key);
  }
  span.append(` ${words}`);
  return span;
}

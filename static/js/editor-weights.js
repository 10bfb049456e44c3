// The organizer's weights, in words: how much each wish counts, and what must hold.
import { _ } from "./words.js";
import { button, el } from "./editor-solver.js";

const CHOICES = () => /** @type {[string, number][]} */ ([
  [_("doesn't matter"), 0],
  [_("less"), 1 / 3],
  [_("as usual"), 1],
  [_("more"), 3],
  [_("much more"), 10],
]);

/** @param {import("./editor.js").Editor} editor */
export async function weightsDialog(editor) {
  const answer = await fetch(`${editor.at}/editor/weights`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return;
  const told = await answer.json();
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", "sheet-dialog weights"));
  const form = el("form");
  form.method = "dialog";
  form.append(el("h2", "", _("What a good schedule is")), rules(told.planning));
  for (const level of ["soft", "medium", "hard"]) {
    const part = el("fieldset");
    part.append(el("legend", "", told.levels[level]));
    for (const one of told.constraints.filter((/** @type {any} */ c) => c.level === level)) part.append(line(one));
    form.append(part);
  }
  const row = el("div", "buttons");
  const keep = el("button", "button first", _("Keep these"));
  keep.value = "save";
  row.append(keep, button(_("Close"), "plain", () => dialog.close("close")));
  form.append(row);
  dialog.append(form);
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "save") save(editor, told, form);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {any} constraint */
function line(constraint) {
  const label = el("label", "weight");
  label.append(el("span", "", constraint.sentence));
  const select = el("select");
  select.name = constraint.name;
  select.disabled = constraint.always;
  const ratio = constraint.usual ? constraint.weight / constraint.usual : 1;
  const nearest = CHOICES().reduce((best, one) => (Math.abs(one[1] - ratio) < Math.abs(best[1] - ratio) ? one : best));
  const choices = constraint.level === "hard" ? /** @type {[string, number][]} */ ([[_("off"), 0], [_("holds"), 1]]) : CHOICES();
  for (const [words, times] of choices) select.append(new Option(words, String(times), false, constraint.level === "hard" ? (constraint.weight > 0) === times > 0 : times === nearest[1]));
  select.dataset.usual = String(constraint.usual);
  label.append(select);
  return label;
}

/** @param {any} planning */
function rules(planning) {
  const part = el("fieldset", "grid-form");
  const fields = /** @type {[string, string, number, number, number][]} */ ([
    ["changeover", _("Minutes between two sessions of a room"), planning.changeover ?? 0, 0, 240],
    ["pause", _("Minutes for a speaker to change rooms"), planning.pause ?? 0, 0, 240],
    ["step", _("Minutes from one possible start to the next"), planning.step ?? 5, 1, 60],
    ["hours_per_day", _("Hours a day, 0 for any"), planning.hours_per_day ?? 0, 0, 24],
  ]);
  for (const [name, words, value, least, most] of fields) {
    const field = el("div", "field");
    const input = el("input");
    input.type = "number";
    input.id = `w-${name}`;
    input.name = name;
    input.min = String(least);
    input.max = String(most);
    input.value = String(value);
    const label = el("label", "", words);
    label.htmlFor = input.id;
    field.append(label, input);
    part.append(field);
  }
  return part;
}

/** @param {import("./editor.js").Editor} editor @param {any} told @param {HTMLFormElement} form */
function save(editor, told, form) {
  /** @type {Record<string, number>} */
  const weights = {};
  for (const select of form.querySelectorAll("select")) {
    const usual = Number(select.dataset.usual);
    const value = Math.round(Number(select.value) * usual) || (Number(select.value) > 0 ? 1 : 0);
    if (value !== usual) weights[select.name] = value;
  }
  /** @type {Record<string, any>} */
  const wanted = { weights: Object.keys(weights).length ? weights : null };
  const usual = /** @type {Record<string, number>} */ ({ changeover: 0, pause: 0, step: 5, hours_per_day: 0 });
  for (const [name, value] of Object.entries(usual)) {
    const given = Number(/** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value);
    wanted[name] = given === value ? null : given;
  }
  const names = Object.keys(wanted).filter((name) => JSON.stringify(told.planning[name] ?? null) !== JSON.stringify(wanted[name]));
  if (!names.length) return;
  const pick = (/** @type {any} */ of) => Object.fromEntries(names.map((name) => [name, of[name] ?? null]));
  editor.deeds.facts_([{ table: "planning", id: "planning", was: pick(told.planning), to: pick(wanted) }]);
  editor.tell(_("The rules are kept."));
}

// A table whose cells are changed in place: typed into, pasted over, set for many rows at once.
import { _ } from "./words.js";

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const table = /** @type {HTMLTableElement} */ ($("sheet-table"));
const body = table.tBodies[0];
const heads = [.../** @type {NodeListOf<HTMLElement>} */ (table.querySelectorAll("thead th[data-column]"))];
const columns = heads.filter((one) => !one.classList.contains("fixed")).map((one) => one.dataset.column ?? "");

/** @typedef {{ id: string | null, was: Record<string, string>, to: Record<string, string> }} Wish */

/** @param {string} words @param {string} [kind] */
function status(words, kind = "") {
  $("table-status").textContent = words;
  $("table-status").className = kind || "quiet";
}

/** @param {HTMLElement} row */
const idOf = (row) => row.dataset.id || null;
/** @param {HTMLElement} row @param {string} column */
const cellOf = (row, column) => /** @type {HTMLElement} */ (row.querySelector(`td[data-column="${column}"]`));
const rows = () => /** @type {HTMLElement[]} */ ([...body.rows]);

// ---------- Sending ----------

let sending = Promise.resolve();

/** @param {Wish[]} wishes @param {string[]} [gone] @param {HTMLElement[]} [from] the rows that the wishes are about */
function send(wishes, gone = [], from = []) {
  sending = sending.then(() => post(wishes, gone, from));
  return sending;
}

/** @param {Wish[]} wishes @param {string[]} gone @param {HTMLElement[]} from */
async function post(wishes, gone, from) {
  status(_("Saving…"));
  try {
    const answer = await fetch(table.dataset.url ?? "", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ rows: wishes, gone }),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    if (told.ok) {
      redraw(told.lines, from);
      status(_("Saved."), "fine");
      return;
    }
    for (const trouble of told.troubles) mark(from[trouble.row], trouble);
    status(told.words || told.troubles[0]?.words || _("That did not work."), "trouble");
  } catch {
    status(_("The connection is gone. What you typed stands here and is not stored: press Enter in it again."), "trouble");
  }
}

/** @param {HTMLElement | undefined} row @param {{ column: string, words: string, present: string }} trouble */
function mark(row, trouble) {
  const cell = row && trouble.column ? cellOf(row, trouble.column) : null;
  if (!cell) return;
  cell.classList.add("wrong");
  cell.title = trouble.words;
}

/** @param {{ id: string, cells: Record<string, string> }[]} lines @param {HTMLElement[]} from */
function redraw(lines, from) {
  const active = document.activeElement instanceof HTMLElement ? document.activeElement.closest("td") : null;
  const spot = active ? [rows().indexOf(/** @type {HTMLElement} */ (active.parentElement)), active.dataset.column] : null;
  for (const row of from) if (!row.dataset.id) row.remove();
  const known = new Map(rows().map((row) => [row.dataset.id, row]));
  for (const line of lines) {
    const row = known.get(line.id) ?? make(line.id);
    known.delete(line.id);
    for (const [column, text] of Object.entries(line.cells)) {
      const cell = cellOf(row, column);
      if (cell && !cell.querySelector("input, textarea, select") && (cell.textContent !== text || cell.classList.contains("wrong"))) {
        cell.textContent = text;
        cell.classList.remove("wrong");
        cell.removeAttribute("title");
      }
    }
  }
  for (const [id, row] of known) if (id) row.remove();
  document.querySelector(".table-empty")?.remove();
  if (spot && document.activeElement === document.body) cellOf(rows()[Math.min(Number(spot[0]), rows().length - 1)], String(spot[1]))?.focus();
  picked();
}

/** @param {string} id */
function make(id) {
  const row = document.createElement("tr");
  row.dataset.id = id;
  row.id = id;
  const pick = document.createElement("td");
  pick.className = "pick";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.setAttribute("aria-label", _("Row"));
  pick.append(box);
  row.append(pick);
  for (const head of heads) {
    const cell = document.createElement("td");
    cell.dataset.column = head.dataset.column;
    if (head.classList.contains("fixed")) cell.className = "fixed";
    else cell.tabIndex = -1;
    row.append(cell);
  }
  body.append(row);
  return row;
}

// ---------- One cell ----------

/** @param {HTMLElement} cell @param {string} [typed] what begins it anew */
function edit(cell, typed) {
  if (!cell.dataset.column || cell.classList.contains("fixed") || cell.querySelector("input, textarea, select")) return;
  const was = cell.textContent ?? "";
  const head = heads.find((one) => one.dataset.column === cell.dataset.column);
  const options = head?.dataset.options?.split("|");
  const long = was.length > 60 || ["abstract", "biography", "description"].includes(cell.dataset.column);
  const input = document.createElement(options ? "select" : long ? "textarea" : "input");
  if (input instanceof HTMLSelectElement) input.append(...(options ?? []).map((one) => new Option(one, one, false, one === was)));
  else input.value = typed ?? was;
  if (input instanceof HTMLInputElement && document.getElementById(`names-${cell.dataset.column}`)) input.setAttribute("list", `names-${cell.dataset.column}`);
  input.setAttribute("aria-label", head?.textContent ?? "");
  let over = false;
  const end = (/** @type {boolean} */ keep) => {
    if (over) return;
    over = true;
    const text = keep ? input.value : was;
    cell.textContent = text;
    if (keep && (text !== was || cell.classList.contains("wrong"))) void commit(cell, was, text);
  };
  input.addEventListener("blur", () => end(true));
  input.addEventListener("keydown", (event) => {
    const key = /** @type {KeyboardEvent} */ (event).key;
    const shift = /** @type {KeyboardEvent} */ (event).shiftKey;
    event.stopPropagation();
    if (key === "Escape") end(false);
    else if (key === "Enter" && !(long && shift)) end(true);
    else if (key === "Tab") end(true);
    else return;
    event.preventDefault();
    if (key === "Tab") go(cell, 0, shift ? -1 : 1);
    else if (key === "Enter") go(cell, 1, 0) || cell.focus();
    else cell.focus();
  });
  input.addEventListener("paste", (event) => {
    const text = /** @type {ClipboardEvent} */ (event).clipboardData?.getData("text/plain") ?? "";
    if (!text.includes("\t") && !text.trim().includes("\n")) return;
    event.preventDefault();
    end(false);
    paste(cell, text);
  });
  cell.replaceChildren(input);
  input.focus();
  if (input instanceof HTMLInputElement && typed === undefined) input.select();
}

/** @param {HTMLElement} cell @param {string} was @param {string} to */
function commit(cell, was, to) {
  const row = /** @type {HTMLElement} */ (cell.parentElement);
  const column = cell.dataset.column ?? "";
  return send([{ id: idOf(row), was: { [column]: was }, to: { [column]: to } }], [], [row]);
}

/** Move the focus. @param {HTMLElement} cell @param {number} down @param {number} right */
function go(cell, down, right) {
  const shown = rows().filter((row) => !row.hidden);
  const row = shown[shown.indexOf(/** @type {HTMLElement} */ (cell.parentElement)) + down];
  const column = columns[columns.indexOf(cell.dataset.column ?? "") + right];
  const to = row && column ? cellOf(row, column) : null;
  to?.focus();
  return Boolean(to);
}

/** Put a spreadsheet's cells over those here, from one cell on; rows that are missing are made. @param {HTMLElement} cell @param {string} text */
function paste(cell, text) {
  const shown = rows().filter((row) => !row.hidden);
  const first = shown.indexOf(/** @type {HTMLElement} */ (cell.parentElement));
  const left = columns.indexOf(cell.dataset.column ?? "");
  const wishes = /** @type {Wish[]} */ ([]);
  const from = /** @type {HTMLElement[]} */ ([]);
  for (const [down, line] of records(text).entries()) {
    const row = shown[first + down] ?? make("");
    const wish = /** @type {Wish} */ ({ id: idOf(row), was: {}, to: {} });
    for (const [right, value] of line.entries()) {
      const column = columns[left + right];
      if (!column) break;
      const held = cellOf(row, column);
      wish.was[column] = held.textContent ?? "";
      wish.to[column] = value;
      held.textContent = value;
    }
    wishes.push(wish);
    from.push(row);
  }
  void send(wishes, [], from);
}

/** What a spreadsheet puts on the clipboard: tabs, line ends, and quotes around cells that hold either. @param {string} text */
function records(text) {
  const found = /** @type {string[][]} */ ([[""]]);
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    const line = found[found.length - 1];
    if (quoted) {
      if (letter !== '"') line[line.length - 1] += letter;
      else if (text[at + 1] === '"') line[line.length - 1] += text[(at += 1)];
      else quoted = false;
    } else if (letter === '"' && line[line.length - 1] === "") quoted = true;
    else if (letter === "\t") line.push("");
    else if (letter === "\n") found.push([""]);
    else if (letter !== "\r") line[line.length - 1] += letter;
  }
  return found.filter((line) => line.some((one) => one.trim()));
}

// ---------- Keys and pointer ----------

table.addEventListener("dblclick", (event) => {
  const cell = /** @type {HTMLElement} */ (event.target).closest("td");
  if (cell) edit(cell);
});
table.addEventListener("click", (event) => {
  const cell = /** @type {HTMLElement} */ (event.target).closest("td");
  if (cell?.dataset.column && document.activeElement !== cell && !cell.querySelector("input, textarea, select")) cell.focus();
});
table.addEventListener("focusin", (event) => {
  const cell = /** @type {HTMLElement} */ (event.target).closest("td[data-column]");
  if (!(cell instanceof HTMLElement)) return;
  for (const other of table.querySelectorAll('td[tabindex="0"]')) /** @type {HTMLElement} */ (other).tabIndex = -1;
  cell.tabIndex = 0;
});
table.addEventListener("keydown", (event) => {
  const cell = /** @type {HTMLElement} */ (event.target);
  if (cell.tagName !== "TD" || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = /** @type {Record<string, [number, number]>} */ ({ ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] });
  if (moves[event.key]) go(cell, ...moves[event.key]);
  else if (event.key === "Enter" || event.key === "F2") edit(cell);
  else if (event.key === "Delete" || event.key === "Backspace") {
    const was = cell.textContent ?? "";
    cell.textContent = "";
    if (was) void commit(cell, was, "");
  } else if (event.key.length === 1) edit(cell, event.key);
  else return;
  event.preventDefault();
});
table.addEventListener("paste", (event) => {
  const cell = /** @type {HTMLElement} */ (event.target).closest("td[data-column]");
  if (!(cell instanceof HTMLElement) || cell.querySelector("input, textarea")) return;
  event.preventDefault();
  paste(cell, event.clipboardData?.getData("text/plain") ?? "");
});
table.addEventListener("copy", (event) => {
  const cell = /** @type {HTMLElement} */ (event.target);
  if (cell.tagName !== "TD" || String(getSelection())) return;
  event.preventDefault();
  event.clipboardData?.setData("text/plain", cell.textContent ?? "");
});

$("add-row").addEventListener("click", () => {
  const row = make("");
  cellOf(row, columns[0]).focus();
  row.scrollIntoView({ block: "center" });
});

// ---------- Many rows ----------

const chosen = () => rows().filter((row) => row.querySelector("input[type=checkbox]:checked") && !row.hidden);

function picked() {
  const count = chosen().length;
  $("bulk").hidden = !count;
  $("bulk-count").textContent = count === 1 ? _("1 row:") : _("%(count)s rows:", { count });
}

table.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (box.id === "all") for (const row of rows()) if (!row.hidden) /** @type {HTMLInputElement} */ (row.querySelector("input")).checked = box.checked;
  picked();
});
$("bulk-set").addEventListener("click", () => {
  const column = $("bulk-column").value;
  const wishes = chosen().map((row) => ({ id: idOf(row), was: { [column]: cellOf(row, column).textContent ?? "" }, to: { [column]: $("bulk-value").value } }));
  void send(wishes, [], chosen());
});
$("bulk-remove").addEventListener("click", () => {
  const gone = chosen();
  for (const row of gone) if (!row.dataset.id) row.remove();
  void send([], gone.map((row) => row.dataset.id ?? "").filter(Boolean));
});

$("table-undo").addEventListener("click", async () => {
  const answer = await fetch(table.dataset.undo ?? "", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ wishes: [{ id: crypto.randomUUID(), undo: true }] }),
  }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  const result = told?.results?.[0];
  if (result?.ok && result.number === null) status(_("There is nothing of yours to take back."));
  else if (result?.ok) void send([]);
  else status(result?.words ?? _("That did not work."), "trouble");
});

$("q").addEventListener("input", () => {
  const words = $("q").value.toLowerCase();
  for (const row of rows()) row.hidden = Boolean(words) && !(row.textContent ?? "").toLowerCase().includes(words);
  picked();
});

const first = body.rows[0] ? cellOf(/** @type {HTMLElement} */ (body.rows[0]), columns[0]) : null;
if (first) first.tabIndex = 0;
if (location.hash.length > 10) {
  const row = document.getElementById(location.hash.slice(1));
  row?.scrollIntoView({ block: "center" });
  if (row) cellOf(row, columns[0])?.focus();
}

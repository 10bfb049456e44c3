// The grid: a board for each day, a lane for each room, a cell for each slot. It draws what the model
// holds and the view asks for, and draws again only the lanes that changed.
import { blank, Pen, place, SHORTEST_MIN } from "./editor-cell.js";
import { Fit } from "./editor-fit.js";
import { _ } from "./words.js";

/**
 * @typedef {import("./editor-model.js").Model} Model
 * @typedef {import("./editor-model.js").Slot} Slot
 */

export class Grid {
  /**
   * @param {HTMLElement} root
   * @param {Model} model
   * @param {import("./editor-view.js").View} view
   * @param {(seconds: number) => string} clock
   */
  constructor(root, model, view, clock) {
    this.root = root;
    this.model = model;
    this.view = view;
    this.clock = clock;
    this.pen = new Pen(model, view, clock);
    /** @type {Map<string, HTMLElement>} */
    this.lanes = new Map();
    /** @type {Map<string, HTMLElement>} */
    this.cells = new Map();
    this.current = "";
    this.fit = new Fit();
    void document.fonts.ready.then(() => (this.fit.forget(), this.#fitAll()));
    new ResizeObserver(() => this.scale()).observe(root);
  }

  // ---------- Drawing ----------

  draw() {
    const { model, view } = this;
    const had = document.activeElement instanceof HTMLElement && this.root.contains(document.activeElement);
    this.lanes.clear();
    this.cells.clear();
    const style = this.root.style;
    style.setProperty("--from", String(model.from));
    style.setProperty("--span", String(model.to - model.from));
    const boards = model.days.map((_, at) => (view.showsDay(at) ? this.#board(at) : null));
    this.root.replaceChildren(...boards.filter((one) => one !== null));
    this.scale();
    this.tick();
    this.rove(this.current);
    if (had && this.current) this.cells.get(this.current)?.focus({ preventScroll: true });
  }

  /** Pixels for a minute: what was asked for, or what fits. */
  scale() {
    const head = this.view.zoom ? this.view.zoom / 60 : 0;
    this.root.style.setProperty("--ppm", head ? `${head}px` : "0px");
    this.root.classList.toggle("fits", !head);
    const first = this.root.querySelector(".row .lane");
    const width = first instanceof HTMLElement ? first.clientWidth : 0;
    this.perMinute = width / (this.model.to - this.model.from) || 1;
    this.#fitAll();
  }

  /** Pixels for an hour as it is drawn now. */
  get perHour() {
    return (this.perMinute ?? 1) * 60;
  }

  /** Pixels for an hour with which a whole day is as wide as the window. */
  get fitting() {
    const name = this.root.querySelector(".row .rm");
    const width = this.root.clientWidth - (name instanceof HTMLElement ? name.offsetWidth : 0);
    return (width / (this.model.to - this.model.from)) * 60;
  }

  /** Show of each title what its cell has room for. @param {Iterable<string>} [ids] */
  #fitAll(ids = this.cells.keys()) {
    const titles = new Map([...ids].map((id) => [id, this.#title(id)]));
    this.fit.measure(titles.values());
    for (const [id, title] of titles) {
      const [slot, cell] = [this.model.slots.get(id), this.cells.get(id)];
      const words = cell?.querySelector("span")?.firstChild;
      if (!slot || !cell || !words) continue;
      const pixels = Math.max(slot.length / 60, SHORTEST_MIN) * (this.perMinute ?? 1);
      const shown = this.fit.show(title, pixels, this.view.picked.has(id) ? 1 : 2);
      words.nodeValue = shown.text;
      cell.classList.toggle("tight", shown.tight);
      cell.classList.toggle("long", shown.long);
    }
  }

  /** @param {string} id of a slot */
  #title(id) {
    const slot = this.model.slots.get(id);
    return (slot && this.model.session(slot)?.title) || "—";
  }

  /** @param {number} at */
  #board(at) {
    const day = this.model.days[at];
    const board = document.createElement("section");
    board.className = "board";
    board.dataset.day = String(at);
    board.setAttribute("aria-label", day.long);
    board.append(this.#hours(at));
    for (const room of this.model.rooms) {
      if (!this.view.showsRoom(room.id, at)) continue;
      const row = document.createElement("div");
      row.className = "row";
      row.setAttribute("role", "group");
      row.setAttribute("aria-label", _("%(room)s, %(day)s", { room: room.name || _("(no room)"), day: day.name }));
      const name = document.createElement("div");
      name.className = "rm";
      name.textContent = room.name || _("(no room)");
      name.title = room.capacity ? `${room.name}, ${room.capacity}` : room.name;
      const lane = document.createElement("div");
      lane.className = "lane";
      lane.dataset.day = String(at);
      lane.dataset.room = room.id;
      row.append(name, lane);
      board.append(row);
      this.lanes.set(`${at}:${room.id}`, lane);
      this.#fill(at, room.id);
    }
    const now = document.createElement("div");
    now.className = "now";
    now.hidden = true;
    now.append(document.createElement("time"));
    board.append(now);
    return board;
  }

  /** @param {number} at */
  #hours(at) {
    const day = this.model.days[at];
    const head = document.createElement("div");
    head.className = "hours";
    const title = document.createElement("h3");
    title.textContent = day.name;
    const axis = document.createElement("div");
    axis.className = "axis";
    axis.setAttribute("aria-hidden", "true");
    for (let minute = Math.ceil(this.model.from / 60) * 60; minute < this.model.to; minute += 60) {
      const mark = document.createElement("span");
      mark.className = "hr";
      mark.textContent = String(Number(this.clock(day.base + minute * 60).slice(0, 2)));
      mark.style.setProperty("--s", String(minute));
      axis.append(mark);
    }
    head.append(title, axis);
    return head;
  }

  /** @param {Iterable<string>} ids slots that changed: their old and new lanes are drawn again */
  refresh(ids) {
    const lanes = new Set();
    for (const id of ids) {
      const cell = this.cells.get(id);
      const lane = /** @type {HTMLElement | null} */ (cell?.closest(".lane"));
      if (lane) lanes.add(`${lane.dataset.day}:${lane.dataset.room}`);
      const slot = this.model.slots.get(id);
      if (slot) lanes.add(`${this.model.dayOf(slot.start)}:${slot.room}`);
    }
    for (const key of lanes) {
      const split = key.indexOf(":");
      this.#fill(Number(key.slice(0, split)), key.slice(split + 1));
    }
    this.rove(this.current);
  }

  /** Bring a lane to what the model holds. What is right already stays as it is, with its focus.
   * @param {number} day @param {string} room
   */
  #fill(day, room) {
    const lane = this.lanes.get(`${day}:${room}`);
    if (!lane) return;
    const active = document.activeElement;
    const held = active instanceof HTMLElement && lane.contains(active) ? active.dataset.slot : "";
    const slots = this.model.inLane(day, room);
    const tracks = stack(slots);
    const here = new Set(slots.map((slot) => slot.id));
    for (const cell of [...lane.children]) {
      const id = /** @type {HTMLElement} */ (cell).dataset.slot;
      if (id && here.has(id) && this.cells.get(id) === cell) continue;
      if (id && this.cells.get(id) === cell) this.cells.delete(id);
      cell.remove();
    }
    lane.style.setProperty("--rows", String(Math.max(0, ...tracks.values()) + 1));
    lane.prepend(...this.#pauses(day, room));
    /** @type {string[]} */
    const fresh = [];
    let before = lane.querySelector(".cell[data-slot]");
    for (const slot of slots) {
      const cell = this.#cell(slot, day, tracks.get(slot.id) ?? 0, fresh);
      if (cell === before) before = before.nextElementSibling;
      else lane.insertBefore(cell, before);
    }
    const picked = slots.some((slot) => this.view.picked.has(slot.id));
    lane.classList.toggle("holds-picked", picked);
    lane.parentElement?.classList.toggle("holds-picked", picked);
    if (lane.isConnected && fresh.length) this.#fitAll(fresh);
    if (held) {
      const cell = this.cells.get(held);
      if (cell !== document.activeElement) cell?.focus({ preventScroll: true });
    }
  }

  /** @param {number} day @param {string} room */
  #pauses(day, room) {
    const { days, blocks } = this.model;
    return blocks
      .filter((b) => (b.kind === "break" || (b.kind === "room" && b.subject === room)) && this.model.dayOf(b.start) === day)
      .map((block) => this.pen.pause(block, room, days[day].base));
  }

  /** The cell of a slot: the one that is there, drawn anew only where it does not look as it should.
   * @param {Slot} slot @param {number} day @param {number} row @param {string[]} fresh takes the ids of what was drawn
   */
  #cell(slot, day, row, fresh) {
    const cell = this.cells.get(slot.id) ?? blank(slot.id);
    if (this.pen.draw(cell, slot, day, row)) {
      this.cells.set(slot.id, cell);
      fresh.push(slot.id);
    }
    return cell;
  }

  // ---------- The one tab stop ----------

  /** Make a slot the one that Tab reaches. @param {string} id */
  rove(id) {
    const wanted = this.cells.has(id) ? id : (this.cells.keys().next().value ?? "");
    if (this.current && this.current !== wanted) {
      const old = this.cells.get(this.current);
      if (old) old.tabIndex = -1;
    }
    this.current = wanted;
    const cell = this.cells.get(wanted);
    if (cell && cell.tabIndex !== 0) cell.tabIndex = 0;
  }

  /** @param {string} id */
  focus(id) {
    this.rove(id);
    const cell = this.cells.get(id);
    if (!cell) return;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The slot to which an arrow leads from another one. @param {string} id @param {string} key */
  next(id, key) {
    const slot = this.model.slots.get(id);
    if (!slot) return "";
    const day = this.model.dayOf(slot.start);
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const lane = this.model.inLane(day, slot.room);
      const at = lane.findIndex((one) => one.id === id) + (key === "ArrowRight" ? 1 : -1);
      return lane[at]?.id ?? "";
    }
    const rows = [...this.lanes.keys()];
    let at = rows.indexOf(`${day}:${slot.room}`);
    const step = key === "ArrowDown" ? 1 : -1;
    for (at += step; at >= 0 && at < rows.length; at += step) {
      const split = rows[at].indexOf(":");
      const lane = this.model.inLane(Number(rows[at].slice(0, split)), rows[at].slice(split + 1));
      const time = (/** @type {Slot} */ one) => Math.abs(this.#minute(one) - this.#minute(slot));
      if (lane.length) return lane.reduce((best, one) => (time(one) < time(best) ? one : best)).id;
    }
    return "";
  }

  /** Minutes from its day's midnight. @param {Slot} slot */
  #minute(slot) {
    return (slot.start - this.model.days[this.model.dayOf(slot.start)].base) / 60;
  }

  // ---------- Free places, ghosts, the line ----------

  /** Show where a session could be. @param {{ day: number, room: string, from: number, to: number }[]} places @param {number} length */
  bands(places, length) {
    this.noBands();
    for (const place_ of places) {
      const lane = this.lanes.get(`${place_.day}:${place_.room}`);
      if (!lane) continue;
      const band = document.createElement("i");
      band.className = "band";
      const base = this.model.days[place_.day].base;
      place(band, (place_.from - base) / 60, (place_.to + length - place_.from) / 60, 0);
      lane.prepend(band);
    }
    this.root.classList.add("showing-free");
  }

  noBands() {
    for (const band of this.root.querySelectorAll(".band")) band.remove();
    this.root.classList.remove("showing-free");
  }

  /** A dotted outline at a place; what was somewhere lies below what is there now. @param {string} kind a class @param {number} day @param {string} room @param {number} start @param {number} length @param {string} [words] */
  ghost(kind, day, room, start, length, words = "") {
    const lane = this.lanes.get(`${day}:${room}`);
    if (!lane) return null;
    const ghost = document.createElement("div");
    ghost.className = `cell ghost ${kind}`;
    const text = document.createElement("span");
    text.textContent = words;
    ghost.append(text);
    place(ghost, (start - this.model.days[day].base) / 60, length / 60, 0);
    if (kind === "was") lane.prepend(ghost);
    else lane.append(ghost);
    return ghost;
  }

  /** @param {string} kind */
  noGhosts(kind) {
    for (const ghost of this.root.querySelectorAll(`.ghost.${kind}`)) ghost.remove();
  }

  /** Move the now line; draw anew what it has just passed. */
  tick() {
    const now = Date.now() / 1000;
    for (const board of this.root.querySelectorAll(".board")) {
      const day = this.model.days[Number(/** @type {HTMLElement} */ (board).dataset.day)];
      const line = /** @type {HTMLElement} */ (board.querySelector(".now"));
      const minute = (now - day.base) / 60;
      line.hidden = minute < this.model.from || minute > this.model.to;
      line.style.setProperty("--s", minute.toFixed(2));
      const time = line.querySelector("time");
      if (time) time.textContent = this.clock(Math.floor(now / 60) * 60);
    }
  }

  /** The lane and the start under a point. @param {number} x @param {number} y @param {number} grabbed seconds from the start to the pointer */
  at(x, y, grabbed) {
    const lane = document.elementFromPoint(x, y)?.closest(".lane");
    if (!(lane instanceof HTMLElement) || !this.root.contains(lane)) return null;
    const day = Number(lane.dataset.day);
    const rect = lane.getBoundingClientRect();
    const minute = this.model.from + ((x - rect.left) / rect.width) * (this.model.to - this.model.from);
    const raw = this.model.days[day].base + minute * 60 - grabbed;
    const start = Math.round(raw / this.model.step) * this.model.step;
    return { day, room: lane.dataset.room ?? "", start };
  }
}

/** A row for each slot of a lane, so that none hides another. @param {Slot[]} slots @returns {Map<string, number>} */
function stack(slots) {
  /** @type {number[]} */
  const free = [];
  const found = new Map();
  for (const slot of slots) {
    const end = slot.start + Math.max(slot.length, 60);
    let row = free.findIndex((until) => until <= slot.start);
    if (row < 0) row = free.length;
    free[row] = end;
    found.set(slot.id, row);
  }
  return found;
}

// Dragging and resizing with a pointer. The thing follows the pointer at once; the place where it
// would land is outlined in the grid. Written on pointer events alone: the grid's own geometry says
// what a point means, and a library would have to be told all of it.

const THRESHOLD_PX = 4;
const EDGE_PX = 36;

/**
 * @typedef {import("./editor-grid.js").Grid} Grid
 * @typedef {{ slot: string, session: string, resize: boolean, x: number, y: number, grabbed: number, pointer: number, began: boolean, carried: HTMLElement | null, target: any, out: boolean }} Hold
 */

export class Drag {
  /**
   * @param {Grid} grid
   * @param {HTMLElement} loose the list of what has no place
   * @param {{ may: (slot: string) => boolean, lift: (slot: string, session: string) => void, over: (slot: string, session: string, target: any) => string, drop: (slot: string, session: string, target: any, out: boolean) => void, resize: (slot: string, length: number) => void, put: () => void }} on
   */
  constructor(grid, loose, on) {
    this.grid = grid;
    this.loose = loose;
    this.on = on;
    /** @type {Hold | null} */
    this.hold = null;
    this.frame = 0;
    this.point = { x: 0, y: 0 };
    this.justDragged = false;
    grid.root.addEventListener("pointerdown", (event) => this.#down(event));
    loose.addEventListener("pointerdown", (event) => this.#down(event));
    document.addEventListener("pointermove", (event) => this.#move(event));
    document.addEventListener("pointerup", () => this.#up(true));
    document.addEventListener("pointercancel", () => this.#up(false));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const cell = /** @type {HTMLElement | null} */ (target.closest("[data-slot], [data-session]"));
    if (!cell) return;
    const slot = cell.dataset.slot ?? "";
    if (event.pointerType === "touch" && !cell.classList.contains("picked")) return;
    const rect = cell.getBoundingClientRect();
    const held = this.grid.model.slots.get(slot);
    const minutes = (event.clientX - rect.left) / (this.grid.perMinute ?? 1);
    this.hold = {
      slot,
      session: cell.dataset.session ?? held?.session ?? "",
      resize: target.classList.contains("grip"),
      x: event.clientX,
      y: event.clientY,
      grabbed: slot ? minutes * 60 : 300,
      pointer: event.pointerId,
      began: false,
      carried: null,
      target: null,
      out: false,
    };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const hold = this.hold;
    if (!hold) return;
    this.point = { x: event.clientX, y: event.clientY };
    if (!hold.began) {
      if (Math.hypot(event.clientX - hold.x, event.clientY - hold.y) < THRESHOLD_PX) return;
      if (hold.slot && !this.on.may(hold.slot)) {
        this.hold = null;
        return;
      }
      this.#begin(hold);
    }
    event.preventDefault();
    if (!this.frame) this.frame = requestAnimationFrame(() => this.#follow());
  }

  /** @param {Hold} hold */
  #begin(hold) {
    hold.began = true;
    // The grid holds the pointer, and with it the cursor: a class at the root would cost a style of every cell.
    this.grid.root.classList.add(hold.resize ? "resizing" : "dragging");
    this.grid.root.setPointerCapture(hold.pointer);
    getSelection()?.removeAllRanges();
    if (hold.resize) return;
    const cell = this.grid.cells.get(hold.slot) ?? this.loose.querySelector(`[data-session="${hold.session}"]`);
    const carried = /** @type {HTMLElement} */ (cell?.cloneNode(true));
    carried.className = `${carried.className.replace("picked", "")} carried`;
    carried.removeAttribute("data-slot");
    carried.removeAttribute("data-session");
    carried.setAttribute("aria-hidden", "true");
    if (cell) carried.style.setProperty("width", `${Math.min(cell.getBoundingClientRect().width, 260)}px`);
    const time = document.createElement("b");
    time.className = "fig";
    carried.append(time);
    document.body.append(carried);
    hold.carried = carried;
    this.grid.cells.get(hold.slot)?.classList.add("left-behind");
    this.on.lift(hold.slot, hold.session);
  }

  #follow() {
    this.frame = 0;
    const hold = this.hold;
    if (!hold) return;
    const { x, y } = this.point;
    if (hold.resize) {
      this.#stretch(hold);
      return;
    }
    const left = hold.slot ? x - (hold.grabbed / 60) * (this.grid.perMinute ?? 1) : x - 12;
    if (hold.carried) hold.carried.style.transform = `translate(${left}px, ${y - 14}px)`;
    hold.out = Boolean(hold.slot) && this.loose.contains(document.elementFromPoint(x, y));
    const target = hold.out ? null : this.grid.at(x, y, hold.grabbed);
    if (JSON.stringify(target) !== JSON.stringify(hold.target)) {
      hold.target = target;
      const words = this.on.over(hold.slot, hold.session, target);
      const label = hold.carried?.querySelector("b.fig");
      if (label) label.textContent = words;
    }
    this.loose.classList.toggle("taking", hold.out);
    if (this.#scroll()) this.frame = requestAnimationFrame(() => this.#follow());
  }

  /** Scroll while the pointer is near an edge. */
  #scroll() {
    const root = this.grid.root;
    const rect = root.getBoundingClientRect();
    const { x, y } = this.point;
    if (x < rect.left || x > rect.right) return false;
    const before = [root.scrollLeft, root.scrollTop];
    const pull = (/** @type {number} */ near, /** @type {number} */ far) => (near < EDGE_PX ? -(EDGE_PX - near) / 3 : far < EDGE_PX ? (EDGE_PX - far) / 3 : 0);
    root.scrollBy(pull(x - rect.left, rect.right - x), pull(y - rect.top, rect.bottom - y));
    return root.scrollLeft !== before[0] || root.scrollTop !== before[1];
  }

  /** @param {Hold} hold */
  #stretch(hold) {
    const slot = this.grid.model.slots.get(hold.slot);
    const cell = this.grid.cells.get(hold.slot);
    if (!slot || !cell) return;
    const step = this.grid.model.step;
    const minutes = slot.length / 60 + (this.point.x - hold.x) / (this.grid.perMinute ?? 1);
    const length = Math.max(Math.round((minutes * 60) / step) * step, step);
    hold.target = length;
    cell.style.setProperty("--l", String(length / 60));
    const words = cell.querySelector("span");
    if (words) words.textContent = `${this.grid.clock(slot.start)}–${this.grid.clock(slot.start + length)}`;
  }

  /** @param {boolean} done */
  #up(done) {
    // The hand may be faster than the screen: what it did since the last frame counts too.
    if (this.frame) this.#follow();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const hold = this.hold;
    this.hold = null;
    if (!hold?.began) return;
    this.justDragged = true;
    setTimeout(() => (this.justDragged = false), 0);
    this.grid.root.classList.remove("dragging", "resizing");
    this.loose.classList.remove("taking");
    hold.carried?.remove();
    this.grid.cells.get(hold.slot)?.classList.remove("left-behind");
    this.on.put();
    if (hold.resize) {
      if (done && typeof hold.target === "number") this.on.resize(hold.slot, hold.target);
      this.grid.refresh([hold.slot]);
      return;
    }
    if (done && (hold.target || hold.out)) this.on.drop(hold.slot, hold.session, hold.target, hold.out);
  }

  /** Let go without doing anything. True where something was held. */
  cancel() {
    const held = Boolean(this.hold?.began);
    this.#up(false);
    return held;
  }
}

// The whole conference in one strip: rooms down, time across, colour by track, conflicts outlined.
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const GAP = 14;

export class Overview {
  /**
   * @param {SVGSVGElement} root
   * @param {import("./editor-model.js").Model} model
   * @param {(slot: string, day: number) => void} go
   */
  constructor(root, model, go) {
    this.root = root;
    this.model = model;
    this.go = go;
    this.due = 0;
    /** @type {Map<string, SVGElement>} */
    this.marks = new Map();
    /** @type {WeakMap<SVGElement, string>} how each mark was drawn last */
    this.looks = new WeakMap();
    root.addEventListener("click", (event) => {
      const mark = /** @type {Element} */ (event.target).closest("[data-slot], [data-day]");
      if (mark instanceof SVGElement) this.go(mark.dataset.slot ?? "", Number(mark.dataset.day ?? -1));
    });
  }

  /** Draw soon; many changes at once are drawn once. */
  draw() {
    if (!this.due) this.due = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.due = 0;
    const { model } = this;
    const count = Math.max(model.days.length, 1);
    const row = Math.max(2, Math.min(7, 84 / Math.max(model.rooms.length, 1)));
    const height = row * model.rooms.length;
    const width = (WIDTH - GAP * (count - 1)) / count;
    this.root.setAttribute("viewBox", `0 0 ${WIDTH} ${height + 2}`);
    const grounds = model.days.map((_, at) => this.#ground(at, at * (width + GAP), width, height));
    const perMinute = width / (model.to - model.from);
    const marks = [...model.slots.values()].map((slot) => {
      const day = model.dayOf(slot.start);
      return this.#mark(slot, day, {
        x: day * (width + GAP) + ((slot.start - model.days[day].base) / 60 - model.from) * perMinute,
        y: (model.roomAt.get(slot.room) ?? 0) * row + 0.5,
        width: Math.max((slot.length / 60) * perMinute - 0.7, 1),
        height: row - 0.9,
      });
    });
    for (const [id, mark] of this.marks) {
      if (model.slots.has(id)) continue;
      mark.remove();
      this.marks.delete(id);
    }
    for (const old of this.root.querySelectorAll(".ground, .line")) old.remove();
    this.root.prepend(...grounds);
    for (const mark of marks) if (!mark.parentNode) this.root.append(mark);
    const now = Date.now() / 1000;
    const today = model.days.findIndex((day) => day.start <= now && now < day.end);
    const minute = today < 0 ? -1 : (now - model.days[today].base) / 60;
    if (minute > model.from && minute < model.to) {
      const x = today * (width + GAP) + (minute - model.from) * perMinute;
      this.root.append(make("path", { class: "line", d: `M${x} 0V${height + 2}` }));
    }
  }

  /** The mark of a slot; only what has changed of it is set.
   * @param {import("./editor-model.js").Slot} slot @param {number} day @param {Record<string, number>} box
   */
  #mark(slot, day, box) {
    const { model } = this;
    const session = model.session(slot);
    const track = session?.track ? model.tracks.get(session.track) : null;
    const bad = model.findingsOf(slot.id).some((one) => one.severity === "must");
    const name = `mark-slot${track ? ` track-${track.number}` : ""}${bad ? " bad" : ""}${session?.state === "cancelled" ? " struck" : ""}`;
    const looks = [name, day, ...Object.values(box)].join(" ");
    const held = this.marks.get(slot.id);
    if (held && this.looks.get(held) === looks) return held;
    const mark = held ?? make("rect", {});
    for (const [key, value] of Object.entries({ ...box, class: name })) mark.setAttribute(key, String(value));
    mark.dataset.slot = slot.id;
    mark.dataset.day = String(day);
    this.marks.set(slot.id, mark);
    this.looks.set(mark, looks);
    return mark;
  }

  /** @param {number} at @param {number} x @param {number} width @param {number} height */
  #ground(at, x, width, height) {
    const ground = make("rect", { class: "ground", x, y: 0, width, height: height + 1 });
    ground.dataset.day = String(at);
    return ground;
  }
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function make(name, attributes) {
  const found = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, String(value));
  return found;
}

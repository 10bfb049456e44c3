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
    const parts = model.days.map((_, at) => this.#ground(at, at * (width + GAP), width, height));
    const perMinute = width / (model.to - model.from);
    for (const slot of model.slots.values()) {
      const day = model.dayOf(slot.start);
      const session = model.session(slot);
      const track = session?.track ? model.tracks.get(session.track) : null;
      const mark = make("rect", {
        x: day * (width + GAP) + ((slot.start - model.days[day].base) / 60 - model.from) * perMinute,
        y: (model.roomAt.get(slot.room) ?? 0) * row + 0.5,
        width: Math.max((slot.length / 60) * perMinute - 0.7, 1),
        height: row - 0.9,
      });
      const bad = model.findingsOf(slot.id).some((one) => one.severity === "must");
      mark.setAttribute("class", `mark-slot${track ? ` track-${track.number}` : ""}${bad ? " bad" : ""}${session?.state === "cancelled" ? " struck" : ""}`);
      mark.dataset.slot = slot.id;
      mark.dataset.day = String(day);
      parts.push(mark);
    }
    const now = Date.now() / 1000;
    const today = model.days.findIndex((day) => day.start <= now && now < day.end);
    const minute = today < 0 ? -1 : (now - model.days[today].base) / 60;
    if (minute > model.from && minute < model.to) {
      const x = today * (width + GAP) + (minute - model.from) * perMinute;
      parts.push(make("path", { class: "line", d: `M${x} 0V${height + 2}` }));
    }
    this.root.replaceChildren(...parts);
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

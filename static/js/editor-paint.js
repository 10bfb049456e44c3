// What one edit changes in many places is drawn once, with the next frame, however often it was asked for.

export class Paint {
  /** @param {Record<string, () => void>} parts in the order in which they are drawn */
  constructor(parts) {
    this.parts = parts;
    /** @type {Set<string>} */
    this.due = new Set();
    this.frame = 0;
  }

  /** Draw these parts with the next frame. @param {string[]} names */
  soon(...names) {
    for (const name of names) this.due.add(name);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.now());
  }

  /** Draw what is due at once. */
  now() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const due = this.due;
    this.due = new Set();
    for (const [name, draw] of Object.entries(this.parts)) if (due.has(name)) draw();
  }
}

// Stills of live rooms: each <img data-still="address"> gets a fresh picture every few seconds.

const EVERY_MS = 5000;

export class Stills {
  /** @param {ParentNode} within */
  constructor(within) {
    this.within = within;
    /** What each address showed last, so that a redrawn strip does not go dark. @type {Map<string, string>} */
    this.shown = new Map();
    setInterval(() => this.show(), EVERY_MS);
  }

  /** Fetch what is due; a room without a picture keeps its mark. */
  show() {
    if (document.hidden) return;
    const turn = Math.floor(Date.now() / EVERY_MS);
    for (const found of this.within.querySelectorAll("img[data-still]")) {
      const image = /** @type {HTMLImageElement} */ (found);
      // Where a narrow page has no place for it, it costs nothing.
      if (!image.parentElement?.getClientRects().length) continue;
      const address = image.dataset.still ?? "";
      // The signature in the address changes now and then, the room in it does not.
      const room = address.split("/").slice(-3).join("/");
      const before = this.shown.get(room);
      if (before && !image.getAttribute("src")) {
        image.src = before;
        image.hidden = false;
      }
      const next = new Image();
      next.onload = () => {
        image.src = next.src;
        image.hidden = false;
        this.shown.set(room, next.src);
      };
      next.onerror = () => {
        image.hidden = true;
        this.shown.delete(room);
      };
      next.src = `${address}?${turn}`;
    }
  }
}

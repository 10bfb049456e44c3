// Puts the cells of every .lane where they belong in time, and moves its now line.
//
// <div class="lane" data-from="2027-05-12T12:40:00Z" data-to="…"> <div class="cell" data-start="…"
// data-end="…"> … <i class="nl"></i> </div>; a .lanehead carries the same data-from and data-to.

const MINUTE = 60000;

/** @param {ParentNode} [within] */
export function place(within = document) {
  for (const lane of within.querySelectorAll("[data-from][data-to]")) {
    const box = /** @type {HTMLElement} */ (lane);
    const from = Date.parse(box.dataset.from ?? "");
    const span = (Date.parse(box.dataset.to ?? "") - from) / MINUTE;
    box.style.setProperty("--span", String(span));
    box.style.setProperty("--now", String((Date.now() - from) / MINUTE));
    for (const found of box.querySelectorAll("[data-start][data-end]")) {
      const cell = /** @type {HTMLElement} */ (found);
      const start = Math.max((Date.parse(cell.dataset.start ?? "") - from) / MINUTE, 0);
      const end = Math.min((Date.parse(cell.dataset.end ?? "") - from) / MINUTE, span);
      cell.style.setProperty("--s", String(start));
      cell.style.setProperty("--l", String(Math.max(end - start, 0)));
    }
  }
}

place();
setInterval(place, 15000);
document.addEventListener("htmx:afterSettle", (event) => place(/** @type {Element} */ (event.target).parentElement ?? document));

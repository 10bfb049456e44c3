// A session's page stays right: a place whose phase changed asks for itself again.
document.addEventListener("plenary:phase", (event) => {
  const change = /** @type {CustomEvent} */ (event).detail;
  const place = document.querySelector(`[data-slot="${change.slot}"]`);
  if (place) place.dispatchEvent(new Event("refresh"));
});

document.addEventListener("plenary:release", () => {
  setTimeout(() => location.reload(), Math.random() * 4000);
});

// A note leads to its moment in the recording, where there is one.
const BEFORE_S = 5;
const player = /** @type {HTMLVideoElement | null} */ (document.querySelector("video[data-began]"));
if (player) {
  const began = Date.parse(player.dataset.began ?? "") / 1000;
  const spans = /** @type {number[][]} */ (JSON.parse(player.dataset.spans ?? "[]"));
  if (!spans.length) spans.push([began, Infinity, 0]);
  /** Where in the film a moment is; null when it was not recorded. @param {number} wall seconds since 1970 */
  const placeOf = (wall) => {
    const span = spans.find(([start, end]) => start - BEFORE_S <= wall && wall < end);
    return span ? Math.max(span[2], span[2] + wall - span[0]) : null;
  };
  for (const note of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".my-notes li[data-at]"))) {
    const wall = Date.parse(note.dataset.at ?? "") / 1000;
    const seconds = placeOf(wall);
    const mark = note.querySelector("[data-mark]");
    if (!mark || seconds === null) continue;
    const jump = document.createElement("button");
    jump.type = "button";
    jump.className = "button plain small";
    jump.textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;
    jump.addEventListener("click", () => {
      player.currentTime = Math.max(0, seconds - BEFORE_S);
      player.play().catch(() => {});
      player.scrollIntoView({ block: "center" });
    });
    mark.replaceWith(jump);
  }
}

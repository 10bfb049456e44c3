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
const player = /** @type {HTMLVideoElement | null} */ (document.querySelector("video[data-began]"));
if (player) {
  const began = Date.parse(player.dataset.began ?? "");
  for (const note of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".my-notes li[data-at]"))) {
    const seconds = (Date.parse(note.dataset.at ?? "") - began) / 1000;
    const mark = note.querySelector("[data-mark]");
    if (!mark || seconds < 0) continue;
    const jump = document.createElement("button");
    jump.type = "button";
    jump.className = "button plain small";
    jump.textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;
    jump.addEventListener("click", () => {
      player.currentTime = Math.max(0, seconds - 5);
      player.play().catch(() => {});
      player.scrollIntoView({ block: "center" });
    });
    mark.replaceWith(jump);
  }
}

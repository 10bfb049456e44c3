// A recording's chapters: a click goes there, and the one that plays is marked. Its captions as one likes.
import { Captions } from "./captions.js";

const captions = [.../** @type {NodeListOf<HTMLVideoElement>} */ (document.querySelectorAll("[data-recording] video:has(track)"))].map((video) => new Captions(video));
document.addEventListener("click", (event) => {
  if (!(/** @type {Element} */ (event.target).closest('[data-act="captions"]'))) return;
  const on = !captions[0]?.liking.on;
  for (const each of captions) each.like({ on });
});
for (const box of document.querySelectorAll("[data-recording]")) {
  const video = /** @type {HTMLVideoElement} */ (box.querySelector("video"));
  const links = [.../** @type {NodeListOf<HTMLAnchorElement>} */ (box.querySelectorAll("a[data-at]"))];
  const at = (/** @type {HTMLAnchorElement} */ link) => Number(link.dataset.at);
  for (const link of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      video.currentTime = at(link);
      video.play().catch(() => {});
      video.scrollIntoView({ block: "nearest" });
    });
  }
  video.addEventListener("timeupdate", () => {
    const now = links.filter((link) => at(link) <= video.currentTime + 0.2).pop();
    for (const link of links) {
      if (link === now && !video.paused) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  });
}

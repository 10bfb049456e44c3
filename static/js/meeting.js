// Meeting people: the page follows what others answer, and a talk ends when its time is over.

/** The countdown of a talk. */
const clock = /** @type {HTMLElement | null} */ (document.querySelector("[data-ends]"));

function tick() {
  if (!clock) return;
  const left = Math.ceil((Date.parse(clock.dataset.ends ?? "") - Date.now()) / 1000);
  if (left <= 0) {
    location.href = clock.dataset.then ?? "/";
    return;
  }
  clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

document.addEventListener("plenary:meeting", (event) => {
  const { what } = /** @type {CustomEvent} */ (event).detail;
  // The other one ended the talk, or chance has found somebody.
  if (clock && what === "ended") location.href = clock.dataset.then ?? "/";
  else if (!clock && what === "paired") location.reload();
  else if (what === "changed" && document.querySelector(".meet") && !document.querySelector("form :focus")) location.reload();
});

tick();
if (clock) setInterval(tick, 500);

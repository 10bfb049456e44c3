// The control desk: clocks tick here, everything else is fetched when something changed.

function tick() {
  const now = Date.now();
  for (const found of document.querySelectorAll(".left-time[data-until]")) {
    const place = /** @type {HTMLElement} */ (found);
    const seconds = Math.round((Date.parse(place.dataset.until ?? "") - now) / 1000);
    const late = seconds < 0 ? "+" : "";
    const whole = Math.abs(seconds);
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
    place.textContent = late + (h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`);
  }
  const wall = document.getElementById("wall");
  if (wall) {
    const [time, seconds] = new Intl.DateTimeFormat("en-GB", {
      timeZone: wall.dataset.zone,
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    })
      .format(now)
      .split(/:(?=\d\d$)/);
    const small = document.createElement("small");
    small.textContent = `:${seconds}`;
    wall.replaceChildren(time, small);
  }
}

let due = 0;
function changed() {
  clearTimeout(due);
  due = setTimeout(() => {
    document.dispatchEvent(new CustomEvent("plenary:changed"));
  }, 80);
}
for (const topic of ["phase", "stage", "release", "hello"]) document.addEventListener(`plenary:${topic}`, changed);

document.addEventListener("plenary:audience", (event) => {
  const counts = /** @type {CustomEvent} */ (event).detail.rooms ?? {};
  for (const place of document.querySelectorAll("[data-audience]")) {
    place.textContent = String(counts[/** @type {HTMLElement} */ (place).dataset.audience ?? ""] ?? 0);
  }
});
document.addEventListener("htmx:afterSettle", tick);
tick();
setInterval(tick, 1000);

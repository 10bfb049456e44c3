// Runs before the first paint: the reader's own lights, where the page leaves the choice.
(() => {
  const root = document.documentElement;
  if (root.dataset.lights && !("lightsFree" in root.dataset)) return;
  try {
    const wish = localStorage.getItem("lights");
    if (wish === "up" || wish === "down") root.dataset.lights = wish;
  } catch {
    // A browser that keeps nothing follows the system.
  }
})();

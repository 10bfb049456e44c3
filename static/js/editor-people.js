// Who else has the draft open; and whether this page is still the latest.
import { _ } from "./words.js";

const EVERY_MS = 20000;

/**
 * @param {string} url
 * @param {HTMLElement} place
 * @param {import("./editor-model.js").Model} model
 * @param {import("./editor-view.js").View} view
 * @param {(version: number) => void} heard
 */
export function company(url, place, model, view, heard) {
  let timer = 0;

  /** @param {boolean} [leaving] */
  async function tell(leaving = false) {
    clearTimeout(timer);
    if (leaving) {
      navigator.sendBeacon(url, new Blob([JSON.stringify({ leaving: true })], { type: "application/json" }));
      return;
    }
    timer = window.setTimeout(() => tell(), EVERY_MS);
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ day: view.day }),
      });
      if (!answer.ok) return;
      const told = await answer.json();
      show(told.others);
      heard(told.version);
    } catch {
      // The next round says it again.
    }
  }

  /** @param {{ name: string, day: string }[]} others */
  function show(others) {
    const people = others.map((one) => {
      const day = model.days.find((each) => each.date === one.day);
      return day ? _("%(name)s, on %(day)s", { name: one.name, day: day.long.split(" ")[0] }) : one.name;
    });
    place.textContent = people.length ? _("Also here: %(people)s.", { people: people.join("; ") }) : "";
  }

  document.addEventListener("plenary:editors", () => setTimeout(() => tell(), Math.random() * 300));
  document.addEventListener("plenary:hello", () => tell());
  addEventListener("pagehide", () => tell(true));
  let day = view.day;
  view.addEventListener("view", () => {
    if (view.day !== day) {
      day = view.day;
      void tell();
    }
  });
  void tell();
}

// Reads the code of a badge with the phone's camera, and looks it up.
import { look } from "./camera.js";

const place = /** @type {HTMLElement} */ (document.getElementById("scanner"));
const video = /** @type {HTMLVideoElement} */ (document.getElementById("finder"));
const words = /** @type {HTMLElement} */ (document.getElementById("finder_words"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("typed"));

document.getElementById("scan")?.addEventListener("click", () =>
  look(
    video,
    place.dataset.decoder ?? "",
    (key) => {
      words.textContent = words.dataset[key] ?? "";
    },
    (code) => {
      /** @type {HTMLInputElement} */ (form.elements.namedItem("code")).value = code;
      form.requestSubmit();
    },
  ),
);

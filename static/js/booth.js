// A booth says how long it is looked at: every half minute while its page is in front, and at the end.

const EVERY_MS = 30_000;
const booth = document.getElementById("booth");
const address = booth?.dataset.here ?? "";

function here() {
  if (document.visibilityState === "visible") tell();
}

function tell() {
  // The answer doesn't matter: a visit that is not told of is shorter, nothing more.
  fetch(address, { method: "POST", keepalive: true }).catch(() => {});
}

if (address) {
  setInterval(here, EVERY_MS);
  document.addEventListener("visibilitychange", tell);
}

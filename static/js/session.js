// A session's page stays right: a place whose phase changed asks for itself again.
document.addEventListener("plenary:phase", (event) => {
  const change = /** @type {CustomEvent} */ (event).detail;
  const place = document.querySelector(`[data-slot="${change.slot}"]`);
  if (place) place.dispatchEvent(new Event("refresh"));
});

document.addEventListener("plenary:release", () => {
  setTimeout(() => location.reload(), Math.random() * 4000);
});

// Whose hands are up in this room, for whoever runs the show: asks people on stage, and back.
import { _ } from "./words.js";

const root = location.pathname.split("/").slice(0, 3).join("/");
const box = /** @type {HTMLElement} */ (document.getElementById("hands"));
const list = /** @type {HTMLElement} */ (document.getElementById("hands_list"));
const count = /** @type {HTMLElement} */ (document.getElementById("hands_count"));

/** @param {string} words @param {string} path @param {string} kind */
function order(words, path, kind = "") {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `button small ${kind}`.trim();
  button.textContent = words;
  button.addEventListener("click", async () => {
    button.disabled = true;
    await fetch(path, { method: "POST", headers: { accept: "application/json" } }).catch(() => null);
    await show();
  });
  return button;
}

/** @param {any} hand */
function row(hand) {
  const item = document.createElement("li");
  item.dataset.person = hand.person;
  const name = document.createElement("b");
  name.textContent = hand.name;
  name.dir = "auto";
  const since = document.createElement("span");
  since.className = "quiet";
  const minutes = Math.floor((Date.now() - Date.parse(hand.at)) / 60000);
  if (hand.state === "invited") since.textContent = _("invited on stage");
  else since.textContent = minutes < 1 ? _("just now") : _("for %(minutes)s min", { minutes });
  const at = `${root}/hands/${hand.slot}/${hand.person}`;
  const acts = document.createElement("span");
  acts.className = "hand-acts";
  if (hand.state === "raised") acts.append(order(_("Invite"), `${at}/invite`, "first"), order(_("Not now"), `${at}/back`, "plain"));
  else acts.append(order(_("Back to the audience"), `${at}/back`));
  item.append(name, since, acts);
  return item;
}

async function show() {
  const room = document.getElementById("room_state")?.dataset.room;
  const answer = await fetch(`${root}/hands`, { headers: { accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return;
  const here = (await answer.json()).hands.filter((/** @type {any} */ hand) => hand.room === room);
  list.replaceChildren(...here.map(row));
  count.textContent = String(here.length || "");
  box.hidden = !here.length;
}

for (const topic of ["hand", "floor", "phase", "hello"]) document.addEventListener(`plenary:${topic}`, show);
// Another room: its words are changed in place.
new MutationObserver(show).observe(/** @type {HTMLElement} */ (document.getElementById("room_state")), { attributeFilter: ["data-room"] });
show();

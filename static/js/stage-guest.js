// A guest out of the audience: hand up, devices checked, on stage, and back; and a seat at a roundtable.
import { capture, exchangeDevice, fill, reasons } from "./devices.js";
import { Refused } from "./peer.js";
import { Voice } from "./voice.js";
import { captureScreen, Publish as Whip } from "./whip.js";
import { _ } from "./words.js";

const FAREWELL_MS = 8000;
const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const panel = $("guest");
const stage = $("stage");
const self = /** @type {HTMLVideoElement} */ ($("guest_self"));
const livekit = stage.dataset.engine === "livekit";
const root = location.pathname.split("/").slice(0, 3).join("/");

/** @typedef {{hand: string | null, seats: number, held: boolean, person: string}} Floor */

class Guest {
  constructor() {
    this.slug = "";
    /** @type {Floor | null} what the suite says of us in this room */
    this.floor = null;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {import("./whip.js").Publish | null} */
    this.publish = null;
    /** We said that we go on stage. */
    this.on = false;
    this.joined = false;
    this.asked = false;
    /** The joining that is under way, if any. */
    this.joining = Promise.resolve();
    this.trouble = "";
    this.farewell = "";
    this.voice = new Voice((level, peak) => {
      $("guest_level").style.setProperty("--level", String(level));
      $("guest_level").style.setProperty("--peak", String(peak));
    });
    panel.addEventListener("click", (event) => this.click(event));
    panel.addEventListener("change", (event) => this.choose(/** @type {HTMLSelectElement} */ (event.target)));
  }

  /** The page may have come into another room, which leaves the stage of the one before. */
  async moved() {
    const slug = $("room_state").dataset.slug ?? "";
    if (slug === this.slug) return;
    const before = this.slug;
    this.slug = slug;
    if (this.publish) {
      this.drop();
      if (before) await this.post(`rooms/${before}/hand/lower`);
    }
    this.farewell = "";
    await this.look();
  }

  /** Ask where our hand is, and act on it. */
  async look() {
    const { slug } = this;
    const answer = await fetch(`${root}/rooms/${slug}/floor`, { headers: { accept: "application/json" } }).catch(() => null);
    if (slug !== this.slug || (answer && answer.status >= 500) || !answer) return;
    this.floor = answer.ok ? await answer.json() : null;
    const { hand, seats } = this.floor ?? { hand: null, seats: 0 };
    if (!hand && !seats && (this.publish || this.stream)) {
      const was = this.on;
      this.drop();
      this.part(was ? _("You are back in the audience. Thank you for coming on stage.") : "");
    }
    this.show();
  }

  /** Say something for a moment after it is over. @param {string} words */
  part(words) {
    this.farewell = words;
    setTimeout(() => {
      this.farewell = "";
      this.show();
    }, FAREWELL_MS);
  }

  /** @returns {"" | "seat" | "up" | "called" | "on" | "held" | "over"} */
  get state() {
    if (this.on) return this.floor?.held ? "held" : "on";
    if (this.farewell) return "over";
    if (this.floor?.seats) return "seat";
    if (this.floor?.hand === "invited") return "called";
    return this.floor?.hand ? "up" : "";
  }

  show() {
    const { state } = this;
    panel.hidden = !state;
    panel.dataset.state = state;
    const ready = Boolean(this.stream);
    panel.toggleAttribute("data-ready", ready);
    panel.toggleAttribute("data-live", this.joined && state === "on");
    const [title, text] = this.words(state, ready);
    if ($("guest_title").textContent !== title) $("guest_title").textContent = title;
    $("guest_text").textContent = this.trouble || text;
    $("guest_text").classList.toggle("trouble", Boolean(this.trouble));
    const acts = {
      check: !ready && !["", "over"].includes(state),
      go: ready && (state === "called" || state === "seat"),
      mute: ready && state !== "over",
      camera: ready && state !== "over",
      share: state === "on" && "getDisplayMedia" in (navigator.mediaDevices ?? {}),
      leave: state === "on" || state === "held",
      later: state === "called" || state === "up",
    };
    for (const [act, shown] of Object.entries(acts)) this.button(act).hidden = !shown;
    const go = this.button("go").querySelector("span") ?? this.button("go");
    go.textContent = state === "seat" ? _("Take a seat") : _("Go on stage");
    const later = this.button("later").querySelector("span") ?? this.button("later");
    later.textContent = state === "up" ? _("Lower hand") : _("Not now");
    const off = !this.stream?.getVideoTracks().some((track) => track.enabled);
    panel.toggleAttribute("data-dark", off);
  }

  /** @param {string} state @param {boolean} ready @returns {[string, string]} */
  words(state, ready) {
    const seats = this.floor?.seats ?? 0;
    if (state === "over") return [this.farewell, ""];
    if (state === "held") return [_("You are held off the stage"), _("Nobody in the audience sees or hears you. The producer lets you back on.")];
    if (state === "on" && !this.joined) return [_("Connecting you to the stage"), ""];
    if (state === "on") return [seats ? _("You are at the table") : _("You are on stage"), _("Everybody in this room sees and hears you.")];
    if (state === "called") return [_("You are invited on stage"), ready ? _("You go on air as soon as you press.") : _("Check camera and microphone first. Nobody sees you before you say so.")];
    if (state === "seat") return [_("A round table of %(seats)s seats", { seats }), ready ? _("Everybody at the table sees and hears you as soon as you sit down.") : _("Everybody may sit down here and talk. Check camera and microphone first.")];
    return [_("Your hand is up"), ready ? _("You are ready. Only those who run the show see you while you wait.") : _("The moderator sees it. Check camera and microphone while you wait.")];
  }

  /** @param {string} act */
  button(act) {
    return /** @type {HTMLButtonElement} */ (panel.querySelector(`[data-guest="${act}"]`));
  }

  /** @param {Event} event */
  async click(event) {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-guest]"));
    const act = button?.dataset.guest;
    this.trouble = "";
    if (act === "check") await this.check();
    if (act === "go") await this.go();
    if (act === "leave") await this.leave();
    if (act === "later") await this.later();
    if (act === "share") await this.share();
    if (act === "mute" || act === "camera") this.toggle(act);
    this.show();
  }

  async check() {
    if (this.asked) return;
    this.asked = true;
    try {
      this.stream = await capture();
      self.srcObject = this.stream;
      await self.play().catch(() => {});
      this.voice.listen(this.stream);
      await this.list();
    } catch (error) {
      this.trouble = reasons(error);
    }
    this.asked = false;
    if (!this.stream) return;
    if (!this.floor?.hand && !this.floor?.seats) return this.drop();
    if (this.floor.hand && !livekit) await this.connect("?stage=false");
  }

  async list() {
    for (const list of panel.querySelectorAll("select")) {
      await fill(list, /** @type {"audio" | "video"} */ (list.dataset.guestDevice), /** @type {MediaStream} */ (this.stream));
    }
  }

  /** @param {string} [query] "?stage=false" waits behind the stage */
  async connect(query = "") {
    if (this.publish) return;
    const Publish = livekit ? (await import("./livekit.js")).Publish : Whip;
    this.publish = /** @type {any} */ (new Publish({
      grantUrl: `${root}/rooms/${this.slug}/floor/grant${query}`,
      stream: () => this.stream ?? new MediaStream(),
      tell: (state, error) => this.heard(state, error),
    }));
    this.joining = this.publish?.start() ?? this.joining;
    await this.joining;
  }

  /** @param {string} state @param {unknown} error */
  heard(state, error) {
    this.joined = state === "joined";
    // A connection that came back with the grant of before still waits behind the stage.
    if (this.joined && this.on && this.publish?.group?.startsWith("hands:")) this.publish.regroup().catch(() => this.look());
    if (error instanceof Refused && error.status === 503) this.refused(error.message);
    else if (error instanceof Refused && (error.status === 403 || error.status === 404)) this.look();
    this.show();
  }

  /** @param {string} words */
  refused(words) {
    this.on = false;
    this.trouble = words;
    this.publish?.leave();
    this.publish = null;
    this.joined = false;
  }

  /** Onto the stage, on the connection that is there, or by a new one. */
  async go() {
    this.on = true;
    this.farewell = "";
    this.show();
    // The broadcast is seconds late: whoever stands on the stage would hear themselves in it.
    if (stage.dataset.mode === "broadcast") /** @type {HTMLElement | null} */ (document.querySelector('[data-act="delayed"]'))?.click();
    try {
      if (!this.publish) return await this.connect();
      this.publish.wishes.grantUrl = `${root}/rooms/${this.slug}/floor/grant`;
      await this.joining;
      if (this.publish?.keeper.connection) await this.publish.regroup();
    } catch (error) {
      this.refused(/** @type {Error} */ (error).message);
      await this.look();
    }
  }

  async leave() {
    this.drop();
    await this.post(`rooms/${this.slug}/hand/lower`);
    this.part(_("You left the stage. Thank you."));
    await this.look();
  }

  async later() {
    this.drop();
    await this.post(`rooms/${this.slug}/hand/lower`);
    await this.look();
    // The button that raised the hand says how it is, too.
    document.dispatchEvent(new CustomEvent("plenary:floor", { detail: {} }));
  }

  async share() {
    if (!this.publish) return;
    const showing = this.publish.screen !== null;
    try {
      const screen = showing ? null : await captureScreen();
      screen?.getVideoTracks()[0]?.addEventListener("ended", () => this.shared(null));
      await this.shared(screen);
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "NotAllowedError") this.trouble = reasons(error);
    }
  }

  /** @param {MediaStream | null} screen */
  async shared(screen) {
    await this.publish?.share(screen);
    this.button("share").setAttribute("aria-pressed", String(screen !== null));
  }

  /** @param {"mute" | "camera"} act */
  toggle(act) {
    const kind = act === "mute" ? "audio" : "video";
    const tracks = (this.stream?.getTracks() ?? []).filter((track) => track.kind === kind);
    for (const track of tracks) track.enabled = !track.enabled;
    this.button(act).setAttribute("aria-pressed", String(tracks.some((track) => !track.enabled)));
  }

  /** @param {HTMLSelectElement} list */
  async choose(list) {
    const kind = /** @type {"audio" | "video"} */ (list.dataset.guestDevice);
    if (!kind || !this.stream) return;
    try {
      const track = await exchangeDevice(this.stream, kind, list.value);
      await this.publish?.replace(kind, track);
      this.voice.listen(this.stream);
    } catch (error) {
      this.trouble = reasons(error);
    }
    this.show();
  }

  /** Send nothing any more, and let camera and microphone go. */
  drop() {
    this.publish?.leave();
    for (const stream of [this.stream, this.publish?.screen]) stream?.getTracks().forEach((track) => track.stop());
    this.voice.stop();
    self.srcObject = null;
    for (const act of ["mute", "camera", "share"]) this.button(act).setAttribute("aria-pressed", "false");
    this.publish = this.stream = null;
    this.on = this.joined = false;
  }

  /** @param {string} path */
  post(path) {
    return fetch(`${root}/${path}`, { method: "POST", headers: { accept: "application/json" } }).catch(() => null);
  }
}

const guest = new Guest();
// The room's words are changed in place.
new MutationObserver(() => guest.moved()).observe($("room_state"), { attributeFilter: ["data-slug"] });
for (const topic of ["floor", "phase", "hello", "release"]) document.addEventListener(`plenary:${topic}`, () => guest.look());
document.addEventListener("plenary:hand", (event) => {
  const { person } = /** @type {CustomEvent} */ (event).detail;
  if (!guest.floor || guest.floor.person === person) guest.look();
});
addEventListener("pagehide", () => guest.publish?.leave());
guest.moved();

// A room's further parts: keys, picture by hand, hand raising, what follows a session.
import { Captions } from "./captions.js";
import { Sound } from "./room-sound.js";
import { Talk } from "./talk.js";
import { _ } from "./words.js";

const LAYER = "plenary-layer";

/** @typedef {{stage: HTMLElement, video: HTMLVideoElement, strip: HTMLElement, watch: import("./whep.js").Watch,
 *   sound: () => void, say: (key: string) => void}} Parts */

export class More {
  /** @param {Parts} parts */
  constructor(parts) {
    this.parts = parts;
    this.slug = "";
    this.ended = new Set();
    this.dismissed = new Set();
    this.layer = sessionStorage.getItem(LAYER) ?? "auto";
    this.layout = "auto";
    this.hand = "";
    this.talk = new Talk();
    this.sound = new Sound(parts.video, parts.sound);
    this.captions = new Captions(parts.video, /** @type {HTMLElement} */ (document.getElementById("captions")));
    this.soon = /** @type {HTMLElement} */ (document.getElementById("soon"));
    this.help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
    document.addEventListener("click", (event) => this.click(event));
    document.addEventListener("submit", (event) => this.submit(event));
    for (const topic of ["floor", "hand"]) document.addEventListener(`plenary:${topic}`, () => this.floor());
    setInterval(() => this.tick(), 1000);
    setInterval(() => this.lanes(), 4000);
    setInterval(() => this.link(), 3000);
    this.sound.remembered();
  }

  /** The page says something else about the room: after a switch, a phase, a release. */
  settled() {
    const state = /** @type {HTMLElement} */ (document.getElementById("room_state"));
    const slug = state.dataset.slug ?? "";
    if (slug !== this.slug) {
      this.slug = slug;
      this.talk.enter(slug, state.dataset.room ?? "");
      for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-export]"))) link.href = `${this.talk.at}/export.csv?what=${link.dataset.export}`;
    }
    const over = document.getElementById("afterwards");
    if (over && this.ended.has(over.dataset.session)) over.hidden = true;
    this.sound.remembered();
    this.captions.show();
    this.showChoices();
    this.floor();
    this.tick();
  }

  /** @param {MouseEvent} event */
  click(event) {
    const target = /** @type {Element} */ (event.target);
    const act = /** @type {HTMLElement | null} */ (target.closest("[data-act]"))?.dataset.act;
    if (act === "captions") this.captions.toggle();
    if (act === "hand") this.raise();
    if (act === "help") this.explain();
    if (act === "afterwards") this.close();
    if (act === "later") this.dismiss();
    const choice = /** @type {HTMLButtonElement | null} */ (target.closest("[data-choose] button"));
    if (choice) this.choose(/** @type {HTMLElement} */ (choice.closest("[data-choose]")).dataset.choose ?? "", choice.value);
    const go = /** @type {HTMLAnchorElement | null} */ (target.closest("a[data-go]"));
    if (go && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      const link = /** @type {HTMLElement | null} */ (this.parts.strip.querySelector(`a[data-switch="${go.dataset.go}"]`));
      if (link) {
        event.preventDefault();
        link.click();
        this.soon.hidden = true;
      }
    }
  }

  /** The keyboard's help; its button may have been put in anew meanwhile, and has the focus back all the same. */
  explain() {
    const back = () => {
      if (document.activeElement === document.body) /** @type {HTMLElement | null} */ (document.querySelector("[data-act=help]"))?.focus();
    };
    this.help.addEventListener("close", back, { once: true });
    this.help.showModal();
  }

  close() {
    const over = document.getElementById("afterwards");
    if (!over) return;
    this.ended.add(over.dataset.session);
    over.hidden = true;
  }

  /** Rating, and the moderators' rules, without leaving the room. @param {SubmitEvent} event */
  async submit(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.id === "house_rules") {
      event.preventDefault();
      const on = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).checked;
      const slow = Number(/** @type {HTMLInputElement} */ (form.elements.namedItem("slow_s")).value);
      await this.talk.ask("/rules", { chat: on("chat"), questions: on("questions"), anonymous: on("anonymous"), approve_first: on("approve_first"), slow_s: slow });
      form.closest("details")?.removeAttribute("open");
    }
    if (form.id !== "rate") return;
    event.preventDefault();
    const said = /** @type {HTMLElement} */ (document.getElementById("rate_said"));
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(/** @type {any} */ (new FormData(form))), headers: { "HX-Request": "true", accept: "text/html" } });
      said.textContent = answer.ok ? (form.dataset.thanks ?? "") : _("That was not kept. Try again in a moment.");
    } catch {
      said.textContent = _("That was not kept. Try again in a moment.");
    }
  }

  /** What I starred and begins within five minutes. */
  tick() {
    const rows = /** @type {HTMLTemplateElement | null} */ (document.getElementById("soon_rows"));
    const here = document.getElementById("room_state")?.dataset.room;
    const next = [.../** @type {NodeListOf<HTMLAnchorElement>} */ (rows?.content.querySelectorAll("a") ?? [])].find((link) => {
      const left = Date.parse(link.dataset.start ?? "") - Date.now();
      return left > -60000 && left <= 300000 && link.dataset.go !== here && !this.dismissed.has(link.dataset.start + link.href);
    });
    this.soon.hidden = !next;
    if (!next) return;
    const minutes = Math.max(0, Math.ceil((Date.parse(next.dataset.start ?? "") - Date.now()) / 60000));
    const words = (this.soon.dataset.words ?? "").replace("%(minutes)s", String(minutes)).replace("%(room)s", next.dataset.roomName ?? "");
    const [title, when] = [this.soon.querySelector("b"), this.soon.querySelector("[data-when]")];
    if (title && title.textContent !== next.textContent) title.textContent = next.textContent;
    if (when && when.textContent !== words) when.textContent = words;
    const go = /** @type {HTMLAnchorElement} */ (this.soon.querySelector("a"));
    go.href = next.href;
    go.dataset.go = next.dataset.go;
    this.soon.dataset.key = next.dataset.start + next.href;
  }

  dismiss() {
    this.dismissed.add(this.soon.dataset.key);
    this.soon.hidden = true;
  }

  /** @param {string} what @param {string} value */
  async choose(what, value) {
    const voice = this.layer === "voice";
    if (what === "layer") this.layer = value;
    else this.layout = value;
    sessionStorage.setItem(LAYER, this.layer);
    this.showChoices();
    const { watch, stage } = this.parts;
    const lanes = this.layer === "voice" ? 0 : this.layout === "auto" ? 1 : 5;
    stage.toggleAttribute("data-voice", this.layer === "voice");
    const wishes = /** @type {any} */ (watch.wishes);
    if ((wishes.video ?? 1) !== lanes || voice !== (this.layer === "voice")) {
      wishes.video = lanes;
      watch.keeper?.renew();
    }
    setTimeout(() => this.view(), 600);
  }

  /** Tell the node which layer and layout this connection wants. */
  async view() {
    const { watch, stage } = this.parts;
    stage.dataset.layout = this.layout;
    if (!watch.address || this.layer === "voice") return;
    await watch.look?.({ layer: this.layer, layout: this.layout })?.catch(() => {});
  }

  showChoices() {
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-choose]"))) {
      const chosen = box.dataset.choose === "layer" ? this.layer : this.layout;
      for (const each of box.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each.value === chosen));
    }
  }

  /** Another picture than the first: a face beside it. @param {MediaStreamTrack} track */
  face(track) {
    const faces = /** @type {HTMLElement} */ (document.getElementById("faces"));
    const made = document.createElement("video");
    made.muted = made.autoplay = made.playsInline = true;
    made.srcObject = new MediaStream([track]);
    made.setAttribute("aria-hidden", "true");
    track.addEventListener("ended", () => made.remove());
    faces.append(made);
    faces.hidden = false;
  }

  noFaces() {
    const faces = /** @type {HTMLElement} */ (document.getElementById("faces"));
    faces.replaceChildren();
    faces.hidden = true;
  }

  /** Who is to be seen and heard, in words over the picture. */
  async lanes() {
    const { watch } = this.parts;
    const place = /** @type {HTMLElement} */ (document.getElementById("speaking"));
    const live = document.getElementById("room_state")?.dataset.live === "yes";
    if (document.hidden || !watch.address || !live) {
      place.hidden = true;
      return;
    }
    const { lanes = [] } = await (watch.lanes?.() ?? Promise.resolve({ lanes: [] })).catch(() => ({ lanes: [] }));
    const names = [...new Set(lanes.filter((/** @type {any} */ lane) => lane.name && lane.kind === "audio").map((/** @type {any} */ lane) => lane.name))];
    place.hidden = !names.length;
    const words = place.querySelector("[data-words]");
    if (words) words.textContent = names.join(", ");
    const videos = lanes.filter((/** @type {any} */ lane) => lane.kind === "video");
    const faces = [.../** @type {HTMLElement} */ (document.getElementById("faces")).children];
    faces.forEach((face, at) => {
      /** @type {HTMLElement} */ (face).hidden = !videos[at + 1]?.source;
    });
  }

  /** How the line is, said in words: by what came and what was lost since the last look. */
  async link() {
    const connection = this.parts.watch.keeper?.connection;
    const quality = /** @type {HTMLElement} */ (document.getElementById("quality"));
    if (!connection?.getStats || !["good", "poor", "low", "voice"].includes(quality.dataset.state ?? "")) return;
    let [lost, got, height] = [0, 0, 0];
    for (const report of (await connection.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      lost += Math.max(0, report.packetsLost ?? 0);
      got += report.packetsReceived ?? 0;
      height = Math.max(height, report.frameHeight ?? 0);
    }
    const [was, had] = this.counted ?? [lost, got];
    this.counted = [lost, got];
    const share = (lost - was) / Math.max(1, lost - was + got - had);
    if (this.layer === "voice") this.parts.say("voice");
    else if (share > 0.05) this.parts.say("poor");
    else this.parts.say(height && height <= 240 ? "low" : "good");
  }

  /** Where my hand is, and what the button then says. */
  async floor() {
    const button = /** @type {HTMLElement | null} */ (document.querySelector('[data-act="hand"]'));
    if (!button || button.hidden) return;
    const root = location.pathname.split("/").slice(0, 3).join("/");
    const answer = await fetch(`${root}/rooms/${this.slug}/floor`, { headers: { accept: "application/json" } }).catch(() => null);
    this.hand = answer?.ok ? ((await answer.json()).hand ?? "") : "";
    const words = this.hand === "invited" ? button.dataset.called : this.hand ? button.dataset.up : button.dataset.down;
    button.setAttribute("aria-pressed", String(Boolean(this.hand)));
    button.setAttribute("aria-label", words ?? "");
    const place = button.querySelector("span");
    if (place) place.textContent = words ?? "";
  }

  async raise() {
    const root = location.pathname.split("/").slice(0, 3).join("/");
    const answer = await fetch(`${root}/rooms/${this.slug}/hand${this.hand ? "/lower" : ""}`, { method: "POST", headers: { accept: "application/json" } }).catch(() => null);
    if (answer && !answer.ok) this.talk.trouble.textContent = (await answer.json().catch(() => ({}))).detail ?? "";
    await this.floor();
  }

  /** A key that means something here; true when it was one. @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open) return false;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input, textarea, select, [contenteditable], [role=tablist]")) return false;
    const press = (/** @type {string} */ act) => /** @type {HTMLElement | null} */ (document.querySelector(`[data-act="${act}"]:not([hidden])`))?.click();
    const rooms = [.../** @type {NodeListOf<HTMLAnchorElement>} */ (this.parts.strip.querySelectorAll("a[data-switch]"))];
    const here = rooms.findIndex((link) => link.classList.contains("here"));
    const write = (/** @type {string} */ tab, /** @type {string} */ field) => {
      document.getElementById(tab)?.click();
      document.getElementById(field)?.focus();
    };
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowRight: () => rooms[(here + 1) % rooms.length]?.click(),
      ArrowLeft: () => rooms[(here - 1 + rooms.length) % rooms.length]?.click(),
      "?": () => this.help.showModal(),
      p: () => press("pip"),
      c: () => press("captions"),
      h: () => press("hand"),
      t: () => write("tab_chat", "chat_text"),
      q: () => write("tab_questions", "ask_text"),
    };
    if (event.key === " " && target.closest("button, a, summary")) return false;
    if (event.key === " ") {
      event.preventDefault();
      this.hold();
      return true;
    }
    if (!keys[event.key]) return false;
    event.preventDefault();
    keys[event.key]();
    return true;
  }

  /** Hold the picture, and go on with what is live. */
  hold() {
    const { video, say } = this.parts;
    if (video.paused) video.play().catch(() => {});
    else video.pause();
    say(video.paused ? "held" : this.parts.stage.dataset.mode === "broadcast" ? "broadcast" : "good");
  }
}

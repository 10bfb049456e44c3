// Captions: shown over the picture as the viewer likes to read them; the choice is kept in this browser.
const KEPT = "plenary-captions";

/** What can be chosen, the first of each by itself. CSS knows them as data-caption-… of the page. */
const CHOICES = { size: ["normal", "large", "huge", "small"], ground: ["box", "none"], place: ["low", "high"] };

/** @typedef {{on: boolean, language: string, size: string, ground: string, place: string}} Liking */

/** @returns {Liking} */
function kept() {
  /** @type {any} */
  let found = {};
  try {
    found = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  } catch {
    // Then as it is by itself.
  }
  const one = (/** @type {keyof typeof CHOICES} */ of) => (CHOICES[of].includes(found[of]) ? found[of] : CHOICES[of][0]);
  return { on: found.on === true, language: String(found.language ?? ""), size: one("size"), ground: one("ground"), place: one("place") };
}

export class Captions {
  /** @param {HTMLVideoElement} video @param {HTMLElement} [box] where they are written; without it the browser does */
  constructor(video, box) {
    this.video = video;
    this.box = box;
    this.liking = kept();
    for (const change of ["addtrack", "removetrack"]) video.textTracks.addEventListener(change, () => this.show());
    document.addEventListener("click", (event) => {
      const pressed = /** @type {HTMLButtonElement | null} */ (/** @type {Element} */ (event.target).closest("[data-caption] button"));
      if (pressed) this.like({ [/** @type {HTMLElement} */ (pressed.closest("[data-caption]")).dataset.caption ?? ""]: pressed.value });
    });
    this.show();
  }

  get tracks() {
    return [...this.video.textTracks].filter((track) => track.kind === "captions" || track.kind === "subtitles");
  }

  /** The one in the language that was chosen, else in the page's, else the first. */
  get chosen() {
    const { tracks } = this;
    const near = (/** @type {string} */ tag) => tracks.find((track) => track.language === tag) ?? tracks.find((track) => tag && track.language.split("-")[0] === tag.split("-")[0]);
    return near(this.liking.language) ?? near(document.documentElement.lang) ?? tracks[0];
  }

  toggle() {
    this.like({ on: !this.liking.on });
  }

  /** @param {Partial<Liking>} wish */
  like(wish) {
    this.liking = { ...this.liking, ...wish };
    localStorage.setItem(KEPT, JSON.stringify(this.liking));
    this.show();
  }

  /** Make page and tracks as the viewer likes them; where there is no track there is nothing to choose. */
  show() {
    const { tracks, liking, box, chosen: read } = this;
    const on = liking.on && tracks.length > 0;
    for (const [what, value] of Object.entries(liking)) document.documentElement.setAttribute(`data-caption-${what}`, String(value));
    for (const button of document.querySelectorAll('[data-act="captions"]')) {
      /** @type {HTMLElement} */ (button).hidden = !tracks.length;
      button.setAttribute("aria-pressed", String(on));
    }
    for (const choice of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-caption]"))) {
      choice.hidden = !tracks.length;
      const what = /** @type {"size"} */ (choice.dataset.caption);
      const chosen = choice.dataset.caption === "language" ? read?.language : liking[what];
      for (const each of choice.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each.value === chosen));
    }
    for (const track of tracks) {
      const mode = !on || track !== read ? "disabled" : box ? "hidden" : "showing";
      if (track.mode !== mode) track.mode = mode;
      track.oncuechange = () => (box ? this.write(track) : this.place(track));
      if (!box) this.place(track);
    }
    if (box && !on) box.hidden = true;
  }

  /** Where the browser writes them: on the line that the file says, else below or above as liked.
   * @param {TextTrack} track
   */
  place(track) {
    for (const each of track.cues ?? []) {
      const cue = /** @type {VTTCue & {asked?: unknown}} */ (each);
      cue.asked ??= cue.line;
      cue.line = this.liking.place === "high" && cue.asked === "auto" ? 0 : /** @type {LineAndPositionSetting} */ (cue.asked);
    }
  }

  /** @param {TextTrack} track */
  write(track) {
    const box = /** @type {HTMLElement} */ (this.box);
    const cues = [...(track.activeCues ?? [])].map((cue) => /** @type {VTTCue} */ (cue).getCueAsHTML());
    box.replaceChildren(...cues.flatMap((cue, at) => (at ? [" ", cue] : [cue])));
    box.hidden = !cues.length || track.mode === "disabled";
  }
}

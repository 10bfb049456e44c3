// Watching and publishing through LiveKit, with the same face as whep.js and whip.js.
import { fetchGrant } from "./peer.js";

const BESIDE_MS = 2500;
/** How the identities of those begin who speak to a green room from outside. */
const TALKS = "talk/";

/** LiveKit's own client; loaded only where a deployment uses it. @returns {Promise<any>} */
function client() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/livekit-client-2.23.0.umd.js", import.meta.url).href;
    script.addEventListener("load", () => resolve(/** @type {any} */ (window).LivekitClient));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return loading;
}
/** @type {Promise<any> | undefined} */
let loading;

/** Connect, and come back by itself: LiveKit heals short losses, we join anew after long ones. */
class Link {
  /**
   * @param {() => Promise<{url: string, token: string}>} ticket
   * @param {(room: any, lk: any) => void} prepare sets the room's listeners before it connects
   * @param {(state: "joining" | "joined" | "lost" | "refused", error?: unknown) => void} tell
   * @param {boolean} [hears] whether everything there is wanted; else `prepare` subscribes to what is
   */
  constructor(ticket, prepare, tell, hears = true) {
    this.hears = hears;
    this.ticket = ticket;
    this.prepare = prepare;
    this.tell = tell;
    this.room = /** @type {any} */ (null);
    this.stopped = false;
    this.wait = 400;
  }

  async open() {
    if (this.stopped) return;
    this.tell("joining");
    try {
      const lk = await client();
      const { url, token } = await this.ticket();
      if (this.stopped) return;
      const room = new lk.Room({ adaptiveStream: false, dynacast: true, disconnectOnPageLeave: false });
      this.room = room;
      this.prepare(room, lk);
      room.on(lk.RoomEvent.Disconnected, () => {
        if (this.room !== room || this.stopped) return;
        this.tell("lost");
        this.#again();
      });
      await room.connect(url, token, { autoSubscribe: this.hears });
      if (this.stopped) return room.disconnect();
      this.wait = 400;
      this.tell("joined");
    } catch (error) {
      this.tell("refused", error);
      this.#again();
    }
  }

  #again() {
    setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, 8000);
  }

  close() {
    this.stopped = true;
    this.room?.disconnect();
  }
}

/** @param {any} room @param {(publication: any, participant: any) => void} act */
function eachPublication(room, act) {
  for (const one of room.remoteParticipants.values()) for (const publication of one.trackPublications.values()) act(publication, one);
}

/** @param {any} publication @param {any} participant */
const pictured = (publication, participant) => ({
  mid: publication.trackSid,
  kind: publication.kind,
  publisher: participant.sid,
  person: participant.attributes.person,
  name: participant.name,
  source: publication.source === "screen_share" ? "screen" : publication.kind === "audio" ? "microphone" : "camera",
});

export class Watch {
  /**
   * @param {{grantUrl: string, room: string, group?: string, video?: number, voices?: number,
   *   onTrack: (event: any) => void, offTrack?: (track: MediaStreamTrack) => void,
   *   tell: (state: any, error?: unknown) => void}} wishes
   */
  constructor(wishes) {
    this.wishes = wishes;
    this.room = wishes.room;
    /** @type {Link | null} */
    this.link = null;
    /** @type {Map<string, any>} what is shown now, by track */
    this.shown = new Map();
    const self = this;
    this.keeper = {
      renew: () => this.start(),
      /** What whep.js has here: something while we are in. */
      get connection() {
        return self.link?.room ?? null;
      },
    };
  }

  async start() {
    this.link?.close();
    this.#clear();
    this.link = this.#link();
    await this.link.open();
  }

  #link() {
    const { grantUrl, group } = this.wishes;
    const url = group ? grantUrl : `${grantUrl}?room=${encodeURIComponent(this.room)}`;
    /** @type {Link} */
    const link = new Link(
      async () => {
        const ticket = await fetchGrant(url);
        return { url: ticket.url, token: ticket.watch ?? ticket.token };
      },
      (room, lk) => {
        // Oneself is never heard, and seen on the stage only.
        /** @param {any} publication @param {any} one */
        const want = (publication, one) => {
          if (one.identity.startsWith(TALKS)) return;
          if (one.attributes.person !== room.localParticipant.attributes.person || this.#mine(publication)) publication.setSubscribed(true);
        };
        room.on(lk.RoomEvent.TrackPublished, want);
        room.on(lk.RoomEvent.Connected, () => eachPublication(room, want));
        for (const event of [lk.RoomEvent.TrackSubscribed, lk.RoomEvent.TrackUnsubscribed, lk.RoomEvent.ActiveSpeakersChanged, lk.RoomEvent.RoomMetadataChanged, lk.RoomEvent.TrackMuted, lk.RoomEvent.TrackUnmuted, lk.RoomEvent.TrackUnpublished, lk.RoomEvent.ParticipantDisconnected]) {
          // What an event tells of is true only once the client is done with it.
          room.on(event, () => setTimeout(() => this.#arrange(link)));
        }
      },
      (state, error) => {
        if (link === this.link) this.wishes.tell(state, error);
      },
      false,
    );
    return link;
  }

  /** Whether what we publish ourselves should be shown here. @param {any} publication */
  #mine(publication) {
    return !this.wishes.group && publication.kind === "video";
  }

  /** Another room: LiveKit needs another connection, opened beside the present one.
   * @param {string} room
   */
  async switchTo(room) {
    this.room = room;
    const before = this.link;
    const next = this.#link();
    this.link = next;
    await next.open();
    const pictures = () => [...(next.room?.remoteParticipants.values() ?? [])].some((one) => [...one.videoTrackPublications.values()].some((p) => p.track));
    for (const until = Date.now() + BESIDE_MS; Date.now() < until && !pictures() && this.link === next; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    before?.close();
    if (this.link === next) this.#arrange(next);
  }

  /** Show what should be shown: every voice, and as many pictures as were asked for, best first.
   * @param {Link} link
   */
  #arrange(link) {
    if (link !== this.link || !link.room) return;
    const me = link.room.localParticipant.attributes.person;
    const people = [...link.room.remoteParticipants.values()];
    const loud = link.room.activeSpeakers.map((/** @type {any} */ one) => one.identity);
    const { pin = null } = JSON.parse(link.room.metadata || "{}");
    const all = people.flatMap((one) => [...one.trackPublications.values()].filter((p) => p.track && !p.isMuted && (one.attributes.person !== me || this.#mine(p))).map((p) => [p, one]));
    const rank = (/** @type {any[]} */ [publication, one]) =>
      (one.attributes.person === pin ? 8 : 0) + (publication.source === "screen_share" ? 4 : 0) + (loud.includes(one.identity) ? 2 : 0) + (this.shown.has(publication.trackSid) ? 1 : 0);
    const pictures = all.filter(([p]) => p.kind === "video").sort((a, b) => rank(b) - rank(a)).slice(0, this.wishes.video ?? 1);
    const wanted = new Map([...all.filter(([p]) => p.kind === "audio"), ...pictures].map((pair) => [pair[0].trackSid, pair]));
    for (const [sid, lane] of this.shown) {
      if (!wanted.has(sid)) this.#hide(sid, lane);
    }
    for (const [sid, [publication, one]] of wanted) {
      if (this.shown.has(sid)) continue;
      const track = publication.track.mediaStreamTrack;
      this.shown.set(sid, { ...pictured(publication, one), track });
      this.wishes.onTrack({ track, transceiver: { mid: sid } });
    }
  }

  /** @param {string} sid @param {any} lane */
  #hide(sid, lane) {
    this.shown.delete(sid);
    this.wishes.offTrack?.(lane.track);
  }

  #clear() {
    for (const [sid, lane] of this.shown) this.#hide(sid, lane);
  }

  /** What each lane carries now. @returns {Promise<any>} */
  async lanes() {
    return { lanes: [...this.shown.values()].map(({ track, ...lane }) => lane) };
  }

  leave() {
    this.link?.close();
  }
}

export class Publish {
  /**
   * @param {{grantUrl: string, stream: () => MediaStream,
   *   tell: (state: any, error?: unknown) => void}} wishes
   */
  constructor(wishes) {
    this.wishes = wishes;
    /** The connection to the green room. @type {Link | null} */
    this.behind = null;
    /** @type {Link | null} */
    this.stage = null;
    /** @type {MediaStream | null} */
    this.screen = null;
    /** @type {Array<() => Promise<void>>} publishes or withdraws in each room what should be there */
    this.settle = [];
    /** What pages ask of whip.js; LiveKit looks after its connections by itself. */
    this.keeper = { connection: null, check: () => {}, renew: () => this.start() };
  }

  async start() {
    this.leave();
    this.settle = [];
    this.behind = new Link(() => this.#tickets("token"), (room, lk) => this.#backstage(room, lk), this.wishes.tell, false);
    this.stage = new Link(() => this.#tickets("stage"), (room, lk) => this.#whenMay(room, lk), () => {}, false);
    await Promise.all([this.behind.open(), this.stage.open()]);
  }

  /** @param {"token" | "stage"} which */
  async #tickets(which) {
    const ticket = await fetchGrant(this.wishes.grantUrl);
    return { url: ticket.url, token: ticket[which] };
  }

  /** In the green room: seen by the others, and within hearing of the producer's talkback; the
   * others are watched by a connection of their own.
   * @param {any} room @param {any} lk
   */
  #backstage(room, lk) {
    this.#whenMay(room, lk);
    /** @param {any} publication @param {any} participant */
    const hear = (publication, participant) => participant.identity.startsWith(TALKS) && publication.setSubscribed(true);
    room.on(lk.RoomEvent.TrackPublished, hear);
    room.on(lk.RoomEvent.Connected, () => eachPublication(room, hear));
    room.on(lk.RoomEvent.TrackSubscribed, (/** @type {any} */ track) => {
      const ear = track.attach();
      ear.dataset.talkback = "";
      document.body.append(ear);
    });
    room.on(lk.RoomEvent.TrackUnsubscribed, (/** @type {any} */ track) => track.detach().forEach((/** @type {Element} */ ear) => ear.remove()));
  }

  /** Publish as soon as, and as long as, LiveKit lets us: on the stage that means on air.
   * @param {any} room @param {any} lk
   */
  #whenMay(room, lk) {
    const { Camera, Microphone, ScreenShare, ScreenShareAudio } = lk.Track.Source;
    const settle = async () => {
      const me = room.localParticipant;
      const may = me.permissions?.canPublish;
      const wanted = new Map(may ? [
        ...this.wishes.stream().getTracks().map((track) => /** @type {const} */ ([track, track.kind === "video" ? Camera : Microphone])),
        ...(this.screen?.getTracks() ?? []).map((track) => /** @type {const} */ ([track, track.kind === "video" ? ScreenShare : ScreenShareAudio])),
      ] : []);
      const sources = new Set(wanted.values());
      for (const one of [...me.trackPublications.values()]) {
        if (!sources.has(one.source)) await me.unpublishTrack(one.track, false);
      }
      const there = new Set([...me.trackPublications.values()].map((one) => one.source));
      for (const [track, source] of wanted) {
        if (!there.has(source)) await me.publishTrack(track, { source, videoCodec: "h264", simulcast: source === Camera, stopMicTrackOnMute: false });
      }
    };
    /** @type {Promise<void>} one change after another, or two would publish the same track */
    let last = Promise.resolve();
    const change = () => {
      last = last.then(settle).catch((error) => console.warn("LiveKit", error));
      return last;
    };
    this.settle.push(change);
    room.on(lk.RoomEvent.Connected, change);
    room.on(lk.RoomEvent.ParticipantPermissionsChanged, (/** @type {any} */ _before, /** @type {any} */ who) => {
      if (who.identity === room.localParticipant.identity) change();
    });
  }

  /** Send another camera or microphone under the running connections.
   * @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track
   */
  async replace(kind, track) {
    for (const link of [this.behind, this.stage]) {
      for (const one of link?.room?.localParticipant.trackPublications.values() ?? []) {
        if (one.kind === kind && track) await one.track.replaceTrack(track, true);
      }
    }
  }

  /** Show a screen, or (null) no more.
   * @param {MediaStream | null} screen
   */
  async share(screen) {
    for (const track of this.screen?.getTracks() ?? []) if (!screen) track.stop();
    this.screen = screen;
    await Promise.all(this.settle.map((change) => change()));
  }

  /** LiveKit tells a grade and no figures. */
  async quality() {
    return null;
  }

  leave() {
    this.behind?.close();
    this.stage?.close();
  }
}

/** Talkback: a microphone in the green room's group, which only those hear who are named. */
export class Speak {
  /**
   * @param {{grantUrl: string, stream: () => MediaStream, lines?: string[],
   *   tell: (state: any, error?: unknown) => void}} wishes
   */
  constructor(wishes) {
    this.wishes = wishes;
    /** Where we speak, once we are there: what whip.js has here. */
    this.address = "";
    this.hears = "";
    /** @type {string[] | null} */
    this.to = null;
    this.link = new Link(
      async () => {
        const ticket = await fetchGrant(wishes.grantUrl);
        this.hears = ticket.hears;
        return ticket;
      },
      (room, lk) => this.#prepare(room, lk),
      (state, error) => this.#heard(state, error),
      false,
    );
  }

  start() {
    return this.link.open();
  }

  /** @param {any} room @param {any} lk */
  #prepare(room, lk) {
    room.on(lk.RoomEvent.ParticipantConnected, () => this.#allow());
  }

  /** @param {any} state @param {unknown} error */
  async #heard(state, error) {
    this.address = "";
    if (state === "joined") {
      this.#allow();
      const [track] = this.wishes.stream().getAudioTracks();
      await this.link.room.localParticipant.publishTrack(track, { source: "microphone", stopMicTrackOnMute: false });
      this.address = this.link.room.name;
    }
    this.wishes.tell(state, error);
  }

  /** Be heard by these people ("*": all who are in the green room), or by nobody.
   * @param {string[] | null} to
   */
  async talk(to) {
    this.to = to;
    this.#allow();
  }

  #allow() {
    const { room } = this.link;
    const [before] = this.hears.split("{person}");
    const there = [...(room?.remoteParticipants.values() ?? [])].map((one) => one.identity).filter((one) => one.startsWith(before));
    const named = (this.to ?? []).map((person) => this.hears.replace("{person}", person));
    const allowed = this.to?.includes("*") ? there : named;
    room?.localParticipant.setTrackSubscriptionPermissions(false, allowed.map((participantIdentity) => ({ participantIdentity, allowAll: true })));
  }

  leave() {
    this.link.close();
  }
}

// One event stream for each conference and browser, shared between its tabs.
//
// The tab that holds the lock "plenary-live:slug:ear" owns the connection and tells the others. When
// it closes, the lock passes on and the next tab resumes after the last number that anybody saw.
// A tab that follows rooms tells the owner, which opens the stream again with them: the server
// sends each channel from the number that was seen in it, so nothing is missed and nothing doubled.
// Tabs of other rights (before and after signing in) have a connection of their own: some events
// are for some people only.

const TOPICS = ["phase", "stage", "audience", "release", "job", "notice", "floor", "talk", "mine", "lobby", "recording", "meeting", "hand", "draft", "editors", "solver", "media", "reset"];
const ME = Math.random().toString(36).slice(2);

/** @typedef {{ number: number, topic: string, payload: any }} Message */
/** @typedef {Record<string, number>} Seen  room → the last number seen in it */

/** Rooms that this tab follows. @type {Seen} */
const rooms = {};
let last = 0;
/** @type {(() => void) | null} */
let changed = null;

/** Follow a room from the number up to which its state is known; `plenary:talk` tells of it.
 * @param {string} room @param {number} number
 */
export function follow(room, number) {
  const before = rooms[room];
  rooms[room] = Math.max(before ?? 0, number);
  if (before === undefined) changed?.();
}

/** @param {string} room */
export function unfollow(room) {
  if (!(room in rooms)) return;
  delete rooms[room];
  changed?.();
}

/** The last number that this tab saw, for tests and for whoever asks. */
export const lastSeen = () => last;

/** Dispatch `plenary:phase` and its like on the document, once for each numbered event.
 * @param {string} conference the slug
 * @param {string} [ear] who listens: tabs of the same ear share a connection
 */
export function listen(conference, ear = "") {
  const name = `plenary-live:${conference}:${ear}`;
  const asked = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="live-room"]'));
  if (asked) {
    const [room, number] = asked.content.split(":");
    rooms[room] = Number(number);
  }

  /** @param {Message} message */
  function tell({ number, topic, payload }) {
    const room = topic === "talk" ? payload.room : null;
    if (room) {
      if (!(room in rooms) || number <= rooms[room]) return;
      rooms[room] = number;
    } else if (topic === "hello" || topic === "reset") {
      last = Math.max(last, number);
      for (const each of Object.keys(rooms)) rooms[each] = Math.max(rooms[each], topic === "reset" ? number : 0);
    } else {
      if (number <= last) return;
      last = number;
    }
    document.dispatchEvent(new CustomEvent(`plenary:${topic}`, { detail: payload }));
  }

  /** @param {string} state */
  function connection(state) {
    document.documentElement.dataset.live = state;
    document.dispatchEvent(new CustomEvent("plenary:connection", { detail: state }));
  }

  if (!("BroadcastChannel" in window) || !navigator.locks) {
    const stream = new Stream(conference, tell, connection);
    changed = () => stream.open({ ...rooms });
    stream.open({ ...rooms });
    return;
  }
  share(name, conference, tell, connection);
}

/**
 * @param {string} name
 * @param {string} conference
 * @param {(message: Message) => void} tell
 * @param {(state: string) => void} connection
 */
function share(name, conference, tell, connection) {
  const channel = new BroadcastChannel(name);
  /** What the other tabs follow, by tab. @type {Map<string, Seen>} */
  const others = new Map();
  /** @type {Stream | null} */
  let stream = null;

  function wanted() {
    /** @type {Seen} */
    const all = {};
    for (const seen of [rooms, ...others.values()]) {
      for (const [room, number] of Object.entries(seen)) all[room] = Math.min(all[room] ?? Infinity, number);
    }
    return all;
  }

  channel.onmessage = (event) => {
    const said = event.data;
    if (said.message) tell(said.message);
    if (said.state) connection(said.state);
    if (said.last) last = Math.max(last, said.last);
    if (said.who) channel.postMessage({ tab: ME, rooms: { ...rooms } });
    if (said.tab && stream) {
      const before = Object.keys(wanted()).sort().join();
      if (said.gone) others.delete(said.tab);
      else others.set(said.tab, said.rooms);
      if (Object.keys(wanted()).sort().join() !== before) stream.open(wanted());
      channel.postMessage({ state: document.documentElement.dataset.live, last });
    }
  };
  changed = () => (stream ? stream.open(wanted()) : channel.postMessage({ tab: ME, rooms: { ...rooms } }));
  changed();
  addEventListener("pagehide", () => channel.postMessage({ tab: ME, gone: true }));
  addEventListener("pageshow", (event) => {
    if (event.persisted) changed?.();
  });

  navigator.locks.request(name, () => {
    stream = new Stream(
      conference,
      (message) => {
        tell(message);
        channel.postMessage({ message });
      },
      (state) => {
        connection(state);
        channel.postMessage({ state });
      },
    );
    channel.postMessage({ who: true });
    stream.open(wanted());
    return new Promise(() => {});
  });
}

/** The connection itself, held for as long as this tab lives. */
class Stream {
  /**
   * @param {string} conference
   * @param {(message: Message) => void} tell
   * @param {(state: string) => void} connection
   */
  constructor(conference, tell, connection) {
    this.conference = conference;
    this.tell = tell;
    this.connection = connection;
    /** @type {Seen} */
    this.rooms = {};
    /** @type {EventSource | null} */
    this.source = null;
    this.wait = 1000;
    this.timer = 0;
    // A page that goes into the back-forward cache must let go, and take up again when it returns.
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.open(this.rooms);
    });
    // A laptop that wakes, a train that leaves the tunnel: don't wait for the back-off.
    addEventListener("online", () => {
      if (this.source?.readyState === EventSource.CLOSED) this.open(this.rooms);
    });
  }

  /** Open, or open again with other rooms. @param {Seen} rooms */
  open(rooms) {
    clearTimeout(this.timer);
    this.source?.close();
    this.rooms = rooms;
    for (const room of Object.keys(rooms)) this.rooms[room] = Math.max(rooms[room], this.passed(room));
    const from = last ? `&after=${last}` : "";
    const on = Object.entries(this.rooms).map(([room, number]) => `${room}:${number}`).join(",");
    const source = new EventSource(`/live?c=${encodeURIComponent(this.conference)}${from}${on ? `&on=${on}` : ""}`);
    this.source = source;
    source.onopen = () => {
      this.wait = 1000;
      this.connection("open");
    };
    source.onerror = () => {
      if (source !== this.source) return;
      this.connection("waiting");
      if (source.readyState !== EventSource.CLOSED) return;
      this.timer = window.setTimeout(() => this.open(this.rooms), this.wait + Math.random() * 500);
      this.wait = Math.min(this.wait * 2, 30000);
    };
    for (const topic of ["hello", ...TOPICS]) {
      source.addEventListener(topic, (event) => {
        if (source !== this.source) return;
        const payload = JSON.parse(event.data || "{}");
        const number = Number(event.lastEventId) || 0;
        if (topic === "talk" && payload.room in this.rooms) this.rooms[payload.room] = number;
        this.tell({ number, topic, payload });
      });
    }
  }

  /** What went through this connection for a room, which another tab may have seen less of. @param {string} room */
  passed(room) {
    return room in rooms ? rooms[room] : 0;
  }
}

// One event stream for each conference and browser, shared between its tabs.
//
// The tab that holds the lock "plenary-live:slug" owns the connection and tells the others. When
// it closes, the lock passes on and the next tab resumes after the last number that anybody saw.
// Tabs of other rights (before and after signing in) have a connection of their own: some events
// are for some roles only.

const TOPICS = ["phase", "stage", "audience", "release", "job", "notice", "draft", "editors", "solver", "hand", "floor", "media"];
const KEPT = 400;

/** @typedef {{ number: number, topic: string, payload: any }} Message */

/** Dispatch `plenary:phase` and its like on the document, once for each numbered event.
 * @param {string} conference the slug
 * @param {string} [ear] who listens: tabs of the same ear share a connection
 */
export function listen(conference, ear = "") {
  const name = `plenary-live:${conference}:${ear}`;
  let last = 0;
  const seen = new Set();

  /** @param {Message} message */
  function tell(message) {
    if (message.number && seen.has(message.number)) return;
    if (message.number) {
      seen.add(message.number);
      if (seen.size > KEPT) seen.delete(seen.values().next().value);
      last = Math.max(last, message.number);
    }
    document.dispatchEvent(new CustomEvent(`plenary:${message.topic}`, { detail: message.payload }));
  }

  /** @param {string} state */
  function connection(state) {
    document.documentElement.dataset.live = state;
    document.dispatchEvent(new CustomEvent("plenary:connection", { detail: state }));
  }

  if (!("BroadcastChannel" in window) || !navigator.locks) {
    own(conference, () => last, tell, connection);
    return;
  }
  const channel = new BroadcastChannel(name);
  channel.onmessage = (event) => {
    const said = event.data;
    if (said.message) tell(said.message);
    if (said.state) connection(said.state);
    if (said.hello !== undefined && holding) channel.postMessage({ state: document.documentElement.dataset.live, last });
    if (said.last) last = Math.max(last, said.last);
  };
  let holding = false;
  channel.postMessage({ hello: last });
  navigator.locks.request(name, () => {
    holding = true;
    own(
      conference,
      () => last,
      (message) => {
        tell(message);
        channel.postMessage({ message });
      },
      (state) => {
        connection(state);
        channel.postMessage({ state });
      },
    );
    return new Promise(() => {});
  });
}

/** Hold the connection for as long as this tab lives.
 * @param {string} conference
 * @param {() => number} last
 * @param {(message: Message) => void} tell
 * @param {(state: string) => void} connection
 */
function own(conference, last, tell, connection) {
  /** @type {EventSource | null} */
  let source = null;
  let wait = 1000;

  function open() {
    const from = last() ? `&after=${last()}` : "";
    source = new EventSource(`/live?c=${encodeURIComponent(conference)}${from}`);
    source.onopen = () => {
      wait = 1000;
      connection("open");
    };
    source.onerror = () => {
      connection("waiting");
      if (source?.readyState !== EventSource.CLOSED) return;
      setTimeout(open, wait + Math.random() * 500);
      wait = Math.min(wait * 2, 30000);
    };
    source.addEventListener("hello", (event) => {
      tell({ number: Number(event.lastEventId) || 0, topic: "hello", payload: {} });
    });
    for (const topic of TOPICS) {
      source.addEventListener(topic, (event) => {
        const number = Number(event.lastEventId) || 0;
        tell({ number, topic, payload: JSON.parse(event.data || "{}") });
      });
    }
  }

  // A page that goes into the back-forward cache must let go, and take up again when it returns.
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
  open();
}

// Edits on their way to the server. Each is kept in this browser until the server has answered it, so
// that a lost connection, a closed tab or a crash loses none; its id makes sending it twice harmless.

const BATCH = 100;
const LONGEST_WAIT_MS = 15000;

/** @typedef {import("./editor-model.js").Wish} Wish */

export class Queue extends EventTarget {
  /**
   * @param {string} url where edits are sent
   * @param {string} owner whose edits these are, and of which conference
   */
  constructor(url, owner) {
    super();
    this.url = url;
    this.prefix = `plenary-edit:${owner}:`;
    this.count = 0;
    this.sending = false;
    this.wait = 1000;
    this.timer = 0;
    /** @type {{ key: string, wish: Wish }[]} */
    this.held = this.#kept();
    addEventListener("online", () => this.flush());
  }

  /** What an earlier page left behind. @returns {{ key: string, wish: Wish }[]} */
  #kept() {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
      return keys.sort().map((key) => ({ key, wish: JSON.parse(localStorage.getItem(key) ?? "null") }));
    } catch {
      return [];
    }
  }

  /** @returns {Wish[]} */
  get wishes() {
    return this.held.map((one) => one.wish);
  }

  /** @param {Wish} wish */
  add(wish) {
    this.count += 1;
    const key = `${this.prefix}${String(Date.now()).padStart(15, "0")}-${String(this.count).padStart(6, "0")}`;
    try {
      localStorage.setItem(key, JSON.stringify(wish));
    } catch {
      // Without storage it lives as long as this page.
    }
    this.held.push({ key, wish });
    this.#tell("state", { waiting: this.held.length, offline: false });
    void this.flush();
  }

  async flush() {
    if (this.sending || !this.held.length) return;
    clearTimeout(this.timer);
    this.sending = true;
    const batch = this.held.slice(0, BATCH);
    let answer = null;
    let status = 0;
    try {
      const response = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ wishes: batch.map((one) => one.wish) }),
        redirect: "manual",
      });
      status = response.status;
      if (response.ok) answer = await response.json();
    } catch {
      status = 0;
    }
    this.sending = false;
    if (answer) this.#answered(batch, answer);
    else this.#failed(batch, status);
  }

  /** @param {{ key: string, wish: Wish }[]} batch @param {any} answer */
  #answered(batch, answer) {
    this.wait = 1000;
    this.#forget(batch);
    this.#tell("answer", { answer, wishes: batch.map((one) => one.wish) });
    this.#tell("state", { waiting: this.held.length, offline: false });
    void this.flush();
  }

  /** @param {{ key: string, wish: Wish }[]} batch @param {number} status */
  #failed(batch, status) {
    if (status === 400 || status === 413 || status === 422) {
      // The server will never take these; keeping them would hold up all the others.
      this.#forget(batch);
      this.#tell("refused", { wishes: batch.map((one) => one.wish), status });
      void this.flush();
      return;
    }
    const out = status === 401 || status === 403 || status === 404;
    this.#tell("state", { waiting: this.held.length, offline: true, out });
    this.timer = window.setTimeout(() => this.flush(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  /** @param {{ key: string, wish: Wish }[]} batch */
  #forget(batch) {
    const keys = new Set(batch.map((one) => one.key));
    this.held = this.held.filter((one) => !keys.has(one.key));
    try {
      for (const key of keys) localStorage.removeItem(key);
    } catch {
      // Nothing was kept, then.
    }
  }

  /** @param {string} what @param {any} detail */
  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}

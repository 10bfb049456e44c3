// The chat of a room: threads by reply, mentions, one's own messages, and what moderators do.
import { button, called, clock, el, icon, prose } from "./dom.js";
import { _ } from "./words.js";

const EMOJI = ["🙂", "😀", "😂", "😍", "🤔", "😮", "😢", "🙏", "👍", "👏", "🎉", "❤️", "🔥", "🌊", "☕", "👋", "💡", "✅"];
const SHORT = { ":)": "🙂", ":D": "😀", ":(": "🙁", ";)": "😉", "<3": "❤️", ":+1:": "👍", ":wave:": "👋", ":heart:": "❤️", ":tada:": "🎉", ":clap:": "👏", ":thinking:": "🤔" };

export class Chat {
  /** @param {import("./talk.js").Talk} talk */
  constructor(talk) {
    this.talk = talk;
    /** @type {Map<string, any>} */
    this.messages = new Map();
    /** @type {any[]} */
    this.restrained = [];
    this.unread = 0;
    this.reply = "";
    this.editing = "";
    this.log = /** @type {HTMLElement} */ (document.getElementById("chat_log"));
    this.pinned = /** @type {HTMLElement} */ (document.getElementById("chat_pinned"));
    this.form = /** @type {HTMLFormElement} */ (document.getElementById("chat_write"));
    this.field = /** @type {HTMLTextAreaElement} */ (this.form.querySelector("textarea"));
    this.about = /** @type {HTMLElement} */ (document.getElementById("chat_about"));
    this.fresh = /** @type {HTMLButtonElement} */ (document.getElementById("chat_fresh"));
    this.names = /** @type {HTMLElement} */ (document.getElementById("chat_names"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("input", () => this.offerNames());
    this.log.addEventListener("scroll", () => {
      if (this.atEnd()) this.fresh.hidden = true;
      if (this.log.scrollTop < 40) this.earlier();
    });
    this.fresh.addEventListener("click", () => this.toEnd());
    this.emoji();
  }

  /** @param {any[]} messages @param {any[]} restrained */
  fill(messages, restrained) {
    this.messages = new Map(messages.map((message) => [message.id, message]));
    this.restrained = /** @type {any} */ (restrained);
    this.more = messages.length >= 80;
    this.draw();
    this.toEnd();
  }

  /** @param {any} message */
  put(message) {
    const known = this.messages.has(message.id);
    const follow = this.atEnd();
    this.messages.set(message.id, message);
    this.draw();
    if (follow || message.person === this.talk.me.id) this.toEnd();
    else if (!known) this.fresh.hidden = false;
    if (!known && this.talk.side.dataset.tab !== "tab_chat") this.unread += 1;
    this.count();
  }

  /** @param {string} id */
  take(id) {
    this.messages.delete(id);
    this.draw();
  }

  seen() {
    if (this.talk.side.dataset.tab === "tab_chat") {
      this.unread = 0;
      this.toEnd();
    }
    this.count();
  }

  count() {
    const place = document.getElementById("chat_count");
    if (place) place.textContent = this.unread ? String(this.unread) : "";
  }

  atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.fresh.hidden = true;
  }

  async earlier() {
    if (!this.more || this.asking) return;
    this.asking = true;
    const first = [...this.messages.values()].filter((message) => !message.pinned).sort(byTime)[0];
    const answer = await fetch(`${this.talk.at}/messages?before=${encodeURIComponent(first.at)}`, { headers: { accept: "application/json" } });
    if (answer.ok) {
      const found = (await answer.json()).messages;
      this.more = found.length >= 80;
      const height = this.log.scrollHeight;
      for (const message of found) if (!this.messages.has(message.id)) this.messages.set(message.id, message);
      this.draw();
      this.log.scrollTop += this.log.scrollHeight - height;
    }
    this.asking = false;
  }

  /** Only what changed is made anew: a message that stands keeps its element and the reader's focus. */
  draw() {
    const all = [...this.messages.values()].sort(byTime);
    const roots = all.filter((message) => !message.reply_to || !this.messages.has(message.reply_to));
    const wanted = [];
    for (const root of roots) {
      wanted.push(root, ...all.filter((message) => message.reply_to === root.id && message !== root));
    }
    /** @type {Map<string, HTMLElement>} */
    const standing = new Map([...this.log.children].map((child) => [/** @type {HTMLElement} */ (child).id, /** @type {HTMLElement} */ (child)]));
    const nodes = wanted.map((message) => {
      const key = JSON.stringify([message, this.restrainedOf(message.person), this.talk.me.host]);
      const old = standing.get(`m-${message.id}`);
      if (old && old.dataset.key === key) return old;
      const made = this.row(message);
      made.dataset.key = key;
      return made;
    });
    if (nodes.length) place(this.log, nodes);
    else this.log.replaceChildren(el("p", { class: "quiet none" }, _("Nobody has written yet. Say hello.")));
    const pins = all.filter((message) => message.pinned && message.state === "shown");
    this.pinned.replaceChildren(...pins.map((message) => el("p", {}, icon("hold"), el("span", {}, el("b", {}, called(message.name)), " ", prose(message.text)))));
    this.pinned.hidden = !pins.length;
  }

  /** @param {string} person */
  restrainedOf(person) {
    return this.restrained.filter((/** @type {any} */ one) => one.person === person).map((/** @type {any} */ one) => one.kind);
  }

  /** @param {any} message */
  row(message) {
    const mine = message.person === this.talk.me.id;
    const named = message.mentions.some((/** @type {any} */ one) => one.person === this.talk.me.id);
    const classes = ["said", message.reply_to && "answer", named && "named", message.state !== "shown" && message.state].filter(Boolean).join(" ");
    return el(
      "div",
      { class: classes, id: `m-${message.id}`, role: "article" },
      el("p", { class: "by" }, el("b", {}, called(message.name)), this.talk.staff.has(message.person) ? el("span", { class: "of-booth" }, ` ${_("of the booth")}`) : null, " ", el("time", { datetime: message.at }, clock(message.at)), message.edited ? ` ${_("edited")}` : null, message.state === "waiting" ? el("span", { class: "caution" }, ` ${_("waits for approval")}`) : null, message.state === "hidden" ? el("span", { class: "quiet" }, ` ${_("hidden")}`) : null),
      el("p", { class: "text" }, prose(message.text, message.mentions.map((/** @type {any} */ one) => one.name))),
      this.acts(message, mine),
    );
  }

  /** @param {any} message @param {boolean} mine */
  acts(message, mine) {
    const to = (/** @type {string} */ path) => async () => {
      const said = await this.talk.ask(`/messages/${message.id}/${path}`);
      if (said?.text !== undefined) this.put(said);
    };
    const found = [button(_("Reply"), () => this.answer(message), { "aria-label": _("Reply to %(what)s", { what: message.name }) })];
    if (mine) {
      found.push(button(_("Edit"), () => this.edit(message)));
      found.push(button(_("Delete"), to("delete")));
    }
    if (this.talk.me.host) {
      if (message.state === "waiting") found.push(button(_("Approve"), to("approve")));
      found.push(message.state === "hidden" ? button(_("Show"), to("show")) : button(_("Hide"), to("hide")));
      if (message.state === "shown") found.push(button(message.pinned ? _("Unpin") : _("Pin"), to(message.pinned ? "unpin" : "pin")));
      if (!mine) {
        const held = this.restrainedOf(message.person);
        for (const [kind, on, off] of [["mute", _("Mute"), _("Unmute")], ["ban", _("Ban"), _("Unban")]]) {
          if (kind === "ban" && !this.talk.bans) continue;
          const is = held.includes(kind);
          found.push(button(is ? off : on, () => this.restrain(message.person, is ? `un${kind}` : kind)));
        }
      }
    }
    return el("div", { class: "acts" }, ...found);
  }

  /** @param {string} person @param {string} act */
  async restrain(person, act) {
    const said = await this.talk.ask(`/people/${person}/${act}`);
    if (said) {
      this.restrained = said.restrained;
      this.draw();
    }
  }

  /** @param {any} message */
  answer(message) {
    this.reply = message.id;
    this.editing = "";
    this.aside(_("To %(what)s", { what: message.name }));
    this.field.focus();
  }

  /** @param {any} message */
  edit(message) {
    this.editing = message.id;
    this.reply = "";
    this.field.value = message.text;
    this.aside(_("Editing your message"));
    this.field.focus();
  }

  /** @param {string} words */
  aside(words) {
    this.about.replaceChildren(...(words ? [el("span", {}, words), button(_("Leave it"), () => this.free())] : []));
  }

  free() {
    if (this.editing) this.field.value = "";
    this.reply = this.editing = "";
    this.aside("");
    this.field.focus();
  }

  async send() {
    const text = this.field.value.replace(/(^|\s)(:\)|:D|:\(|;\)|<3|:[a-z+1]+:)(?=\s|$)/g, (all, space, sign) => space + (/** @type {any} */ (SHORT)[sign] ?? sign));
    if (!text.trim() || this.sending) return;
    this.sending = true;
    const path = this.editing ? `/messages/${this.editing}` : "/messages";
    const said = await this.talk.ask(path, { text, reply_to: this.reply || null });
    this.sending = false;
    if (!said) return;
    this.field.value = "";
    this.reply = this.editing = "";
    this.aside("");
    this.names.hidden = true;
    this.put(said);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape") this.free();
    else if (event.key === "ArrowUp" && !this.field.value) {
      const own = [...this.messages.values()].filter((message) => message.person === this.talk.me.id).sort(byTime).at(-1);
      if (own) {
        event.preventDefault();
        this.edit(own);
      }
    }
  }

  /** Names that an @ at the end may mean. */
  offerNames() {
    const typed = /(?:^|\s)@([^\n@]{0,30})$/.exec(this.field.value.slice(0, this.field.selectionStart));
    const start = typed?.[1].toLowerCase();
    const people = typed ? [...new Set([...this.messages.values()].map((message) => message.name))] : [];
    const fit = people.filter((name) => name !== this.talk.me.name && name.toLowerCase().startsWith(start ?? "")).slice(0, 5);
    this.names.hidden = !fit.length;
    this.names.replaceChildren(
      ...fit.map((name) =>
        button(`@${name}`, () => {
          const at = this.field.selectionStart - (start?.length ?? 0);
          this.field.setRangeText(`${name} `, at, this.field.selectionStart, "end");
          this.names.hidden = true;
          this.field.focus();
        }),
      ),
    );
  }

  emoji() {
    const box = /** @type {HTMLElement} */ (document.getElementById("chat_emoji"));
    box.append(
      ...EMOJI.map((sign) =>
        el("button", { type: "button", class: "sign-button", onclick: () => {
          this.field.setRangeText(sign, this.field.selectionStart, this.field.selectionEnd, "end");
          this.field.focus();
          box.closest("details")?.removeAttribute("open");
        } }, sign),
      ),
    );
  }

  obey() {
    const open = (this.talk.rules.chat || this.talk.me.host) && !this.talk.me.muted;
    this.field.disabled = !open;
    /** @type {HTMLButtonElement} */ (this.form.querySelector('button[type="submit"]')).disabled = !open;
    this.field.placeholder = this.talk.me.muted ? _("A moderator has muted you") : !open ? _("The chat is closed") : this.talk.rules.slow_s ? _("Slow mode: one message every %(what)s seconds", { what: this.talk.rules.slow_s }) : _("Write to everybody here");
  }
}

/** @param {any} a @param {any} b */
function byTime(a, b) {
  return a.at < b.at ? -1 : a.at > b.at ? 1 : a.id < b.id ? -1 : 1;
}

const CONTROLS = "button, input, a[href]";

/** Make `nodes` the children, moving and making only what has to be. Focus stays on the same control
 * of the same child, also where that was made anew; where it is gone, it goes to who has its place.
 * @param {HTMLElement} parent @param {HTMLElement[]} nodes
 */
export function place(parent, nodes) {
  const held = /** @type {HTMLElement | null} */ (parent.contains(document.activeElement) ? document.activeElement : null);
  const [was, row] = held ? [[...parent.children].findIndex((child) => child.contains(held)), held.closest(`#${parent.id} > *`)] : [-1, null];
  const which = row ? [...row.querySelectorAll(CONTROLS)].indexOf(/** @type {Element} */ (held)) : -1;
  const keep = new Set(nodes);
  for (const child of [...parent.children]) if (!keep.has(/** @type {HTMLElement} */ (child))) child.remove();
  nodes.forEach((node, at) => {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
  });
  if (!held || document.activeElement === held) return;
  const same = nodes.find((node) => node.id === row?.id) ?? nodes[Math.min(was, nodes.length - 1)];
  const controls = /** @type {NodeListOf<HTMLElement>} */ (same.querySelectorAll(CONTROLS));
  (held.isConnected ? held : (controls[which] ?? controls[0]))?.focus({ preventScroll: true });
}

// Making elements without markup from strings: what people write can never become HTML.

/** An element with attributes and children. `on…` attributes are listeners, null ones are left out.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child !== null && child !== undefined && child !== false)));
  return made;
}

/** An icon of the sprite. @param {string} name */
export function icon(name) {
  const sprite = document.querySelector("use")?.getAttribute("href")?.split("#")[0] ?? "/static/icons.svg";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** A button with words, and perhaps an icon. @param {string} words @param {() => void} act @param {Record<string, any>} [more] */
export function button(words, act, more = {}) {
  const { icon: sign, ...rest } = more;
  return el("button", { type: "button", class: "button small", onclick: act, ...rest }, sign ? icon(sign) : null, el("span", {}, words));
}

const ADDRESS = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/g;

/** A text with its web addresses as links that leak nothing, and names that were mentioned marked.
 * @param {string} text @param {string[]} [names]
 * @returns {DocumentFragment}
 */
export function prose(text, names = []) {
  const made = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    marked(made, text.slice(from, found.index), names);
    made.append(el("a", { href: found[0], rel: "noopener noreferrer nofollow ugc", target: "_blank" }, found[0]));
    from = found.index + found[0].length;
  }
  marked(made, text.slice(from), names);
  return made;
}

/** @param {DocumentFragment} into @param {string} text @param {string[]} names */
function marked(into, text, names) {
  const marks = names.map((name) => `@${name}`).sort((a, b) => b.length - a.length);
  let rest = text;
  while (rest) {
    const low = rest.toLowerCase();
    const next = marks
      .map((mark) => ({ at: low.indexOf(mark.toLowerCase()), length: mark.length }))
      .filter((hit) => hit.at >= 0)
      .sort((a, b) => a.at - b.at)[0];
    if (!next) break;
    into.append(rest.slice(0, next.at), el("b", { class: "mention" }, rest.slice(next.at, next.at + next.length)));
    rest = rest.slice(next.at + next.length);
  }
  if (rest) into.append(rest);
}

/** HH:MM on the reader's clock. @param {string} instant */
export function clock(instant) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(Date.parse(instant));
}

/** A name, marked with its direction when it is written from right to left. @param {string} name */
export const called = (name) => el("bdi", {}, name);

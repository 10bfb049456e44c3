// Titles in narrow cells: whole words, a narrower face before fewer words, and an ellipsis after a word.
// Widths of words are measured once, all new ones in one layout.

/** @typedef {{ text: string, tight: boolean, long: boolean }} Shown what a cell shows, and how */
/** @typedef {{ text: string, gap: boolean }} Piece what can't be broken, and whether a space stands before it */

const PADDING_PX = 14;
const TIGHT_PADDING_PX = 10;
const SHORT_WORD = 3;
/** Thai, and the scripts of China, Japan and Korea, break between letters: the browser does that. */
const BREAKS_ANYWHERE = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;

export class Fit {
  constructor() {
    /** @type {Map<string, [number, number]>} a word's width as usual, and in the narrow face */
    this.widths = new Map();
  }

  /** Forget all widths: another face has come. */
  forget() {
    this.widths.clear();
  }

  /** Measure what is new in these titles. @param {Iterable<string>} titles */
  measure(titles) {
    const fresh = new Set();
    for (const title of titles) for (const { text } of pieces(title)) for (const one of [text, bare(text)]) if (!this.widths.has(one)) fresh.add(one);
    for (const sign of ["\u00a0", "…"]) if (!this.widths.has(sign)) fresh.add(sign);
    if (!fresh.size) return;
    const words = [...fresh];
    const probes = ["fit-probe", "fit-probe tight"].map((name) => {
      const probe = document.createElement("div");
      probe.className = name;
      probe.setAttribute("aria-hidden", "true");
      probe.append(...words.map((word) => Object.assign(document.createElement("span"), { textContent: word })));
      document.body.append(probe);
      return probe;
    });
    const found = probes.map((probe) => [...probe.children].map((one) => one.getBoundingClientRect().width));
    for (const [at, word] of words.entries()) this.widths.set(word, [found[0][at], found[1][at]]);
    for (const probe of probes) probe.remove();
  }

  /** What of a title is shown in a cell. @param {string} title @param {number} pixels of the whole cell @param {number} lines @returns {Shown} */
  show(title, pixels, lines) {
    const all = pieces(title);
    if (BREAKS_ANYWHERE.test(title) || !all.length) return { text: title, tight: false, long: false };
    const counts = [this.#count(all, pixels - PADDING_PX, lines, 0), this.#count(all, pixels - TIGHT_PADDING_PX, lines, 1)];
    const tight = counts[0] < all.length && counts[1] > counts[0];
    const count = counts[tight ? 1 : 0];
    if (count === all.length) return { text: title, tight, long: false };
    // Where hardly a word fits, a cut one says more than none.
    if (!count || (count === 1 && all[0].text.length <= SHORT_WORD)) return { text: title, tight: true, long: true };
    const shown = all.slice(0, count);
    const text = shown.map(({ text, gap }, at) => (gap && at ? " " : "") + (at === count - 1 ? bare(text) : text)).join("");
    return { text: `${text}…`, tight, long: false };
  }

  /** How many pieces are seen, with the ellipsis where some are not. @param {Piece[]} all @param {number} width @param {number} lines @param {0 | 1} face */
  #count(all, width, lines, face) {
    const wide = (/** @type {string} */ text) => this.widths.get(text)?.[face] ?? Infinity;
    const fits = (/** @type {number} */ count) => {
      let [line, x] = [1, 0];
      for (let at = 0; at < count; at += 1) {
        const ends = at === count - 1 && count < all.length;
        const word = ends ? wide(bare(all[at].text)) + wide("…") : wide(all[at].text);
        const next = x + (x && all[at].gap ? wide("\u00a0") : 0) + word;
        if (next <= width) x = next;
        else {
          if (x) line += 1;
          x = word;
        }
        if (x > width || line > lines) return false;
      }
      return true;
    };
    let count = all.length;
    while (count && !fits(count)) count -= 1;
    return count;
  }
}

/** @param {string} title @returns {Piece[]} */
function pieces(title) {
  return title
    .split(/\s+/)
    .filter(Boolean)
    .flatMap((word) => word.split(/(?<=[-–—])(?=.)/).map((text, at) => ({ text, gap: !at })));
}

/** A word without what must not stand before an ellipsis. @param {string} word */
function bare(word) {
  return word.replace(/[\s,;:.–—-]+$/, "") || word;
}

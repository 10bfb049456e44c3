// Clock words for the editor: seconds since 1970 on the conference's clock, and lengths.

/** @param {string} zone an IANA name */
export function makeClock(zone) {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  /** @type {Map<number, string>} */
  const known = new Map();
  return (/** @type {number} */ seconds) => {
    let text = known.get(seconds);
    if (text === undefined) {
      text = format.format(seconds * 1000);
      known.set(seconds, text);
    }
    return text;
  };
}

/** @type {Record<string, string>} */
let sentences = {};

/** @param {Record<string, string>} given */
export function speakWith(given) {
  sentences = given;
}

/** A sentence with its {names} filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [facts]
 */
export function say(key, facts = {}) {
  return (sentences[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(facts[name] ?? whole));
}

/** @param {number} seconds */
export function length(seconds) {
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (!hours) return say("min", { minutes });
  if (minutes % 60 === 0) return say("h", { hours });
  return say("h_min", { hours, minutes: String(minutes % 60).padStart(2, "0") });
}

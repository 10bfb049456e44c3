// Clock words for the editor: seconds since 1970 on the conference's clock, and lengths.
import { _ } from "./words.js";

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

/** @param {number} seconds */
export function length(seconds) {
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (!hours) return _("%(minutes)s min", { minutes });
  if (minutes % 60 === 0) return _("%(hours)s h", { hours });
  return _("%(hours)s h %(minutes)s", { hours, minutes: String(minutes % 60).padStart(2, "0") });
}

// The words of scripts, in the language of the page.

/** @type {HTMLMetaElement | null} */
const listed = document.querySelector('meta[name="words"]');
/** @type {Record<string, string>} */
const words = listed ? JSON.parse(listed.content) : {};

/**
 * A message in the reader's language, its %(name)s replaced by facts.
 * @param {string} message written out, so that it can be extracted
 * @param {Record<string, string | number>} [facts]
 */
export function _(message, facts = {}) {
  const text = words[message] ?? message;
  return text.replace(/%\((\w+)\)s/g, (all, name) => (name in facts ? String(facts[name]) : all));
}

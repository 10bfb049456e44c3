// Score and bound over time: the grey between them is the gap, its right edge is the line.
import { _ } from "./words.js";
import { brief } from "./editor-solver.js";

const SVG = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, FLOOR] = [0, 232, 18, 112];

/** @param {{ seconds: number, score: number, bound: number | null }[]} points @param {number} whole the time it may take */
export function curve(points, whole) {
  const last = points[points.length - 1];
  const until = Math.max(last.seconds, 0.5);
  const known = points.flatMap((one) => (one.bound === null ? [one.score] : [one.score, one.bound]));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (/** @type {number} */ seconds) => LEFT + (seconds / until) * (RIGHT - LEFT);
  const y = (/** @type {number} */ value) => (high === low ? (TOP + FLOOR) / 2 : TOP + ((high - value) / (high - low)) * (FLOOR - TOP));
  const steps = (/** @type {number[]} */ values) => values.map((value, at) => (at ? `H${x(points[at].seconds).toFixed(1)}V${y(value).toFixed(1)}` : `M${x(points[0].seconds).toFixed(1)} ${y(value).toFixed(1)}`)).join("") + `H${RIGHT}`;
  const root = make("svg", { class: "plot", viewBox: "0 12 296 122", role: "img", "aria-label": _("Score and bound over %(seconds)s seconds", { seconds: until.toFixed(1) }) });
  root.append(make("path", { class: "gridline", d: "M0 20.5H284M0 50.5H284M0 80.5H284" }));
  const bounds = points.map((one) => one.bound ?? low);
  const score = steps(points.map((one) => one.score));
  const back = bounds.map((value, at) => [x(points[at].seconds), y(value)]).reverse();
  root.append(make("path", { class: "gap", d: `${score}V${y(bounds[bounds.length - 1]).toFixed(1)}${back.map(([a, b]) => `L${a.toFixed(1)} ${b.toFixed(1)}`).join("")}Z` }));
  root.append(make("path", { class: "score", d: score }));
  if (last.bound !== null) root.append(make("path", { class: "bound", d: steps(bounds) }));
  root.append(make("path", { class: "nowline", d: "M232 12V118" }), make("path", { class: "axis-line", d: "M0 118.5H284" }));
  const apart = last.bound === null || Math.abs(y(last.score) - y(last.bound)) > 14;
  root.append(text(238, y(last.score) + 3, _("%(score)s score", { score: brief(last.score) }), "strong"));
  if (last.bound !== null) root.append(text(238, y(last.bound) + (apart ? 5 : 17), _("%(bound)s bound", { bound: brief(last.bound) })));
  root.append(text(0, 131, "0 s"), text(212, 131, `${until.toFixed(1)} / ${whole} s`, "strong"));
  return root;
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function make(name, attributes) {
  const found = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, String(value));
  return found;
}

/** @param {number} x @param {number} y @param {string} words @param {string} [cls] */
function text(x, y, words, cls = "") {
  const found = make("text", { x, y: y.toFixed(1), class: cls });
  found.textContent = words;
  return found;
}

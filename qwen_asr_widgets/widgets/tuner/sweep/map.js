/**
 * Geometry of the sweep's two pictures: cells of the map, places in the trade-off, shades.
 *
 * @import { Settings } from "../scales.js"
 * @typedef {{thresholds: number[], silences: number[], padding: number, known: boolean,
 *   front: (Settings & {wait: number, cut_off: number, errors: number, waits: number, censored: number})[],
 *   errors: Float32Array, waits: Float32Array, cuts: Float32Array | null}} Sweep
 *   `errors` (turns a minute without a reference), `waits` and `cuts` row by row: threshold × silence
 * @typedef {{t: number, s: number}} Cell
 */

/** The cell nearest to some settings, silences by their ratio. @param {Sweep} sweep @param {Settings} settings @returns {Cell} */
export function nearestCell({ thresholds, silences }, settings) {
  return {
    t: nearest(thresholds, (value) => Math.abs(value - settings.threshold)),
    s: nearest(silences, (value) => Math.abs(Math.log(value / settings.silence))),
  };
}

/** @param {number[]} values @param {(value: number) => number} away */
function nearest(values, away) {
  let best = 0;
  for (let k = 1; k < values.length; k += 1) if (away(values[k]) < away(values[best])) best = k;
  return best;
}

/** @param {Sweep} sweep @param {Cell} cell @returns {Settings} */
export function settingsAt({ thresholds, silences, padding }, { t, s }) {
  return { threshold: thresholds[t], silence: silences[s], padding };
}

/** Index of a cell in the arrays. @param {Sweep} sweep @param {Cell} cell */
export function indexOf({ silences }, { t, s }) {
  return t * silences.length + s;
}

/**
 * The cell under a point of the map; long silences stand on top.
 * @param {Sweep} sweep @param {number} x @param {number} y @param {number} width @param {number} height
 * @returns {Cell | null}
 */
export function cellAt({ thresholds, silences }, x, y, width, height) {
  const t = Math.floor((x / width) * thresholds.length);
  const s = silences.length - 1 - Math.floor((y / height) * silences.length);
  return t < 0 || s < 0 || t >= thresholds.length || s >= silences.length ? null : { t, s };
}

/** @param {Sweep} sweep @param {Cell} cell @param {number} width @param {number} height */
export function cellBox({ thresholds, silences }, { t, s }, width, height) {
  const wide = width / thresholds.length;
  const high = height / silences.length;
  return { x: t * wide, y: (silences.length - 1 - s) * high, width: wide, height: high };
}

/** Move through the cells by keys. @param {Sweep} sweep @param {Cell} cell @param {string} key @returns {Cell | null} */
export function moveCell({ thresholds, silences }, { t, s }, key) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
  if (!step) return null;
  return {
    t: Math.min(Math.max(t + step[0], 0), thresholds.length - 1),
    s: Math.min(Math.max(s + step[1], 0), silences.length - 1),
  };
}

/**
 * How full each cell's colour is, 1 for the fewest errors: told apart where there are few, and the worst
 * twentieth does not drown the rest. NaN stays NaN.
 * @param {Float32Array} errors
 */
export function shades(errors) {
  const known = Float32Array.from(errors.filter((value) => !Number.isNaN(value))).sort();
  if (!known.length) return errors;
  const low = known[0];
  const high = Math.max(known[Math.floor(0.95 * (known.length - 1))], low + 0.1);
  return errors.map((value) => 1 - Math.min((Math.min(value, high) - low) / (high - low), 1) ** 0.6);
}

/**
 * The part of the trade-off worth showing: the front and the marks, with some room.
 * @param {number[]} waits @param {number[]} cuts
 */
export function tradeOffRange(waits, cuts) {
  const known = waits.filter(Number.isFinite);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const margin = 0.08 * Math.max(high - low, 0.2);
  const most = Math.max(0.02, ...cuts.filter(Number.isFinite));
  return { low: Math.max(low - margin, 0), high: high + 3 * margin, most: Math.min(most * 1.15, 1.02) };
}

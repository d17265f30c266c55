/**
 * Where a setting stands on its slider and back: the threshold evenly, the silence by its logarithm, the
 * padding by its square root, so that what is used most has most room. Positions run from 0 to 1000.
 *
 * @typedef {{threshold: number, silence: number, padding: number}} Settings  score, ms, ms
 * @typedef {keyof Settings} SettingName
 * @typedef {{min: number, max: number, step: number, toPosition: (value: number) => number,
 *   toValue: (position: number) => number, write: (value: number) => string}} Scale
 */

export const POSITIONS = 1000;

/** @param {[number, number]} range @param {number} step @param {(value: number) => string} write
 *  @param {(share: number) => number} bend @param {(value: number) => number} straighten @returns {Scale} */
function scale([min, max], step, write, bend, straighten) {
  const low = bend(min);
  const span = bend(max) - low;
  const snap = (/** @type {number} */ value) => Math.round(value / step) * step;
  return {
    min, max, step, write,
    toPosition: (value) => ((bend(Math.min(Math.max(value, min), max)) - low) / span) * POSITIONS,
    toValue: (position) => {
      const value = snap(straighten(low + (position / POSITIONS) * span));
      return Math.min(Math.max(Number(value.toFixed(6)), min), max);
    },
  };
}

/** @param {Record<SettingName, [number, number]>} ranges @returns {Record<SettingName, Scale>} */
export function scales(ranges) {
  return {
    threshold: scale(ranges.threshold, 0.01, score, (x) => x, (x) => x),
    silence: scale(ranges.silence, 10, milliseconds, Math.log, Math.exp),
    padding: scale(ranges.padding, 10, milliseconds, Math.sqrt, (x) => x * x),
  };
}

/** Write a score with a true minus. @param {number} value */
export function score(value) {
  return value.toFixed(2).replace("-", "−");
}

/** @param {number} value */
function milliseconds(value) {
  return `${Math.round(value)} ms`;
}

/** Whether two settings are the same. @param {Settings} a @param {Settings} b */
export function same(a, b) {
  return a.threshold === b.threshold && a.silence === b.silence && a.padding === b.padding;
}

/** Threshold and silence in a few characters. @param {Settings} settings */
export function brief({ threshold, silence }) {
  return `${score(threshold)} / ${silence} ms`;
}

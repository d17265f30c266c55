/**
 * The shared time axis: what stretch of the sound is on screen, how it moves, and how it is labelled.
 * Seconds in, pixels out; nothing here knows a canvas.
 *
 * @typedef {{start: number, span: number}} View  Seconds at the left edge, and seconds across.
 */
import { clock } from "../format.js";

/** Seconds across the view at the closest zoom. */
export const MIN_SPAN = 0.02;
/** Where the end of a growing recording stands in a view that follows it (share of the width). */
export const LIVE_EDGE = 0.9;
/** Where it stands on a new page, in a view that follows page by page. */
export const PAGE_EDGE = 0.2;

const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
  3600, 7200, 14400, 43200, 86400,
];

/** @param {number} time @param {View} view @param {number} width */
export function toX(time, view, width) {
  return ((time - view.start) / view.span) * width;
}

/** @param {number} x @param {View} view @param {number} width */
export function toTime(x, view, width) {
  return view.start + (x / width) * view.span;
}

/**
 * Keep a view inside the sound. A sound shorter than the view stands at its left.
 * @param {View} view @param {number} duration @param {number} [room] seconds allowed beyond the end
 * @returns {View}
 */
export function clampView(view, duration, room = 0) {
  const whole = Math.max(duration + room, MIN_SPAN);
  const span = Math.min(Math.max(view.span, Math.min(MIN_SPAN, whole)), whole);
  const start = Math.min(Math.max(view.start, 0), Math.max(whole - span, 0));
  return { start, span };
}

/**
 * Zoom so that the moment under the pointer stays under it.
 * @param {View} view @param {number} factor above 1 comes closer @param {number} anchor seconds
 * @param {number} duration @param {number} [room]
 * @returns {View}
 */
export function zoomAt(view, factor, anchor, duration, room = 0) {
  const span = Math.min(Math.max(view.span / factor, MIN_SPAN), Math.max(duration + room, MIN_SPAN));
  const share = (anchor - view.start) / view.span;
  return clampView({ start: anchor - share * span, span }, duration, room);
}

/** @param {View} view @param {number} seconds @param {number} duration @param {number} [room] @returns {View} */
export function panBy(view, seconds, duration, room = 0) {
  return clampView({ start: view.start + seconds, span: view.span }, duration, room);
}

/**
 * The view that shows the end of a growing sound.
 * @param {View} view @param {number} duration
 * @param {boolean} [paged] move in pages rather than continuously (reduced motion)
 * @returns {View}
 */
export function followEnd(view, duration, paged = false) {
  const edge = view.span * LIVE_EDGE;
  if (duration <= edge && view.start === 0) return view;
  if (!paged) return { start: Math.max(0, duration - edge), span: view.span };
  const inside = duration >= view.start && duration <= view.start + view.span;
  return inside ? view : { start: Math.max(0, duration - view.span * PAGE_EDGE), span: view.span };
}

/**
 * The least movement that shows [from, to]; what does not fit is shown from its beginning.
 * @param {View} view @param {number} from @param {number} to @param {number} duration
 * @returns {View}
 */
export function reveal(view, from, to, duration) {
  if (from >= view.start && to <= view.start + view.span) return view;
  const fits = to - from <= view.span;
  const start = fits ? (from + to - view.span) / 2 : from - view.span * 0.05;
  return clampView({ start, span: view.span }, duration);
}

/**
 * The labelled moments of a view, at round times and at least `gap` pixels apart.
 * @param {View} view @param {number} width @param {number} [gap]
 * @returns {{step: number, marks: {time: number, x: number, label: string}[]}}
 */
export function ticks(view, width, gap = 64) {
  if (!(width > 0)) return { step: 1, marks: [] };
  const least = (view.span / width) * gap;
  const step = STEPS.find((s) => s >= least) ?? STEPS[STEPS.length - 1];
  const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const marks = [];
  const first = Math.ceil(view.start / step - 1e-9);
  const last = Math.floor((view.start + view.span) / step + 1e-9);
  for (let k = first; k <= last; k += 1) {
    const time = k * step;
    marks.push({ time, x: toX(time, view, width), label: clock(time, decimals) });
  }
  return { step, marks };
}

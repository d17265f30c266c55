/**
 * What of each turn can be shown at a zoom, and where: bands, numbers, text, latency bars.
 * Pure geometry: times in, boxes in pixels out.
 *
 * @import { View } from "./time_axis.js"
 * @typedef {object} Turn
 * @property {number} number
 * @property {number} onset    seconds at which speech begins
 * @property {number | null} end  seconds; null while the turn is open
 * @property {string} [settled]
 * @property {string} [draft]
 * @property {boolean} [problem]
 * @property {string} [mark]   a sign for what is wrong with it, e.g. scissors
 * @property {string} [end_estimated]  why its end is no more than an estimate; empty where it was said
 * @property {number | null} [first_partial]  seconds from its onset to its first words
 *
 * @typedef {"text" | "number" | "band" | "dense"} Tier
 * @typedef {{turn: Turn, x0: number, x1: number, tier: Tier}} Band
 * @typedef {{number: number, from: number, middle: number, to: number}} LatencyBar
 *   seconds: end of speech, endpoint, final (middle = from where the endpoint is not known)
 */
import { toX } from "./time_axis.js";

/** The beginning of a word or two and the ellipsis; what follows is in the transcript. */
export const TEXT_WIDTH = 48;
export const NUMBER_WIDTH = 12;
export const BAND_WIDTH = 3;

/**
 * The indexes [first, last) of the turns that touch a view; turns are sorted by onset.
 * @param {Turn[]} turns @param {View} view @param {number} [reach] seconds a turn may show beyond its end
 * @returns {[number, number]}
 */
export function visibleRange(turns, view, reach = 0) {
  const end = view.start + view.span;
  let first = lowerBound(turns, view.start);
  while (first > 0 && (turns[first - 1].end ?? Infinity) + reach >= view.start) first -= 1;
  return [first, lowerBound(turns, end)];
}

/** @param {Turn[]} turns @param {number} time the first turn that begins at or after it */
function lowerBound(turns, time) {
  let low = 0;
  let high = turns.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (turns[middle].onset < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {number} width pixels @returns {Tier} */
export function tierOf(width) {
  if (width >= TEXT_WIDTH) return "text";
  if (width >= NUMBER_WIDTH) return "number";
  return width >= BAND_WIDTH ? "band" : "dense";
}

/**
 * The bands of the visible turns, and how much of every pixel the tiny ones fill.
 * @param {Turn[]} turns @param {View} view @param {number} width @param {number} now seconds: an open turn's end
 * @returns {{bands: Band[], density: Float32Array | null, ticks: number[]}} `ticks`: pixels of tiny turns with a problem
 */
export function layBands(turns, view, width, now) {
  const [first, last] = visibleRange(turns, view);
  /** @type {Band[]} */
  const bands = [];
  const ticks = [];
  /** @type {Float32Array | null} */
  let density = null;
  for (const turn of turns.slice(first, last)) {
    const x0 = toX(turn.onset, view, width);
    const x1 = toX(turn.end ?? Math.max(now, turn.onset), view, width);
    const tier = turn.end === null ? tierOf(Math.max(x1 - x0, NUMBER_WIDTH)) : tierOf(x1 - x0);
    if (tier !== "dense") {
      bands.push({ turn, x0, x1, tier });
      continue;
    }
    density ??= new Float32Array(Math.ceil(width));
    fill(density, x0, x1);
    if (turn.problem) ticks.push((x0 + x1) / 2);
  }
  return { bands, density, ticks };
}

/** @param {Float32Array} density @param {number} x0 @param {number} x1 */
function fill(density, x0, x1) {
  const last = Math.min(density.length - 1, Math.floor(x1));
  for (let x = Math.max(0, Math.floor(x0)); x <= last; x += 1) {
    density[x] = Math.min(1, density[x] + Math.min(x1, x + 1) - Math.max(x0, x));
  }
}

/**
 * Which turns carry their number, and where: those that have a frame, where the number covers no other turn.
 * A problem without a number becomes a tick.
 * @param {Band[]} bands sorted by x0 @param {(turn: Turn) => number} labelWidth pixels
 * @returns {{badges: {turn: Turn, x: number, width: number}[], ticks: number[]}}
 */
export function layBadges(bands, labelWidth) {
  const badges = [];
  const ticks = [];
  let taken = -Infinity;
  for (const [k, { turn, x0, x1, tier }] of bands.entries()) {
    const width = labelWidth(turn);
    const x = Math.max(x0, Math.min(0, x1 - width));
    const until = Math.max(x1 + 1, bands[k + 1]?.x0 ?? Infinity);
    if (tier !== "band" && x >= taken && (x + width <= until || turn.end === null)) {
      badges.push({ turn, x, width });
      taken = x + width;
    } else if (turn.problem) {
      ticks.push((x0 + x1) / 2);
    }
  }
  return { badges, ticks };
}

/**
 * Where the first words of each turn came, in pixels: those that came while it lasted. Later ones, after a short turn or
 * after the sound was held up, would stand among other sound and in other turns.
 * @param {Band[]} bands @param {View} view @param {number} width
 */
export function layPartials(bands, view, width) {
  return bands.filter(({ tier }) => tier !== "band").flatMap(({ turn, x1 }) => {
    const x = typeof turn.first_partial === "number" ? toX(turn.onset + turn.first_partial, view, width) : Infinity;
    return x <= x1 ? [x] : [];
  });
}

/**
 * Where text may stand: from a turn's left edge to the next one, where that is wide enough for a beginning or for all of it.
 * @param {Band[]} bands @param {number} width @param {(turn: Turn) => number} [needed] pixels of all its words
 * @param {number} [gap]
 * @returns {{turn: Turn, x: number, width: number}[]}
 */
export function textSlots(bands, width, needed = () => Infinity, gap = 8) {
  const slots = [];
  for (let k = 0; k < bands.length; k += 1) {
    const x = Math.max(bands[k].x0, 0);
    const next = k + 1 < bands.length ? bands[k + 1].x0 - gap : width;
    const room = Math.min(next, width) - x;
    const { turn, tier } = bands[k];
    if (tier !== "band" && (room >= TEXT_WIDTH || room >= needed(turn))) slots.push({ turn, x, width: room });
  }
  return slots;
}

/**
 * Give each latency bar the first row in which it overlaps none before it.
 * @template {{x0: number, x1: number}} T
 * @param {T[]} bars sorted by x0 @param {number} rows @param {number} [gap]
 * @returns {(T & {row: number})[]}
 */
export function stackBars(bars, rows, gap = 2) {
  const ends = new Array(rows).fill(-Infinity);
  return bars.map((bar) => {
    let row = ends.findIndex((end) => bar.x0 >= end + gap);
    if (row < 0) row = ends.indexOf(Math.min(...ends));
    ends[row] = bar.x1;
    return { ...bar, row };
  });
}

/** Pixels between a total and whatever is not its own bar: less, and one could not tell whose it is. */
const APART = 6;

/**
 * The latency bars on screen that are a pixel wide or more, with the total beside each where there is room: to its right, else to its
 * left (`x1` is `to` then). A total that would stand nearer to another's bar or total is left out.
 * @param {LatencyBar[]} bars @param {View} view @param {number} width @param {number} rows
 * @param {(bar: LatencyBar) => number} labelWidth pixels
 */
export function layLatency(bars, view, width, rows, labelWidth) {
  const end = view.start + view.span;
  const boxes = bars
    .filter((bar) => bar.to >= view.start - view.span * 0.1 && bar.from <= end)
    .map((bar) => {
      const x0 = toX(bar.from, view, width);
      const to = toX(bar.to, view, width);
      return { bar, x0, middle: toX(bar.middle, view, width), to, x1: to + labelWidth(bar), labelled: true };
    })
    .filter((box) => box.to - box.x0 >= 1);
  const placed = stackBars(boxes, rows);
  // From the last to the first, so that a total gives way to the one after it and may still stand at its own left.
  const taken = new Array(rows).fill(width + APART);
  for (let k = placed.length - 1; k >= 0; k -= 1) {
    const box = placed[k];
    const room = box.x1 - box.to;
    const wide = box.to - box.x0 >= 3 && box.to > 0;
    const before = placed.slice(0, k).reverse().find((other) => other.row === box.row)?.to ?? -APART;
    const right = box.x1 + APART <= taken[box.row];
    const left = box.x0 - room >= before + APART;
    box.labelled = wide && (right || left);
    if (!right) box.x1 = box.to;
    taken[box.row] = box.labelled && !right ? box.x0 - room : box.x0;
  }
  return placed;
}

/**
 * The marks on screen, and where their words stand: right or left of their line on one of a few lines of text, over no
 * other mark's line or words and inside the edges. Where there is no room for all, the latest keep theirs.
 * @template {{time: number}} M
 * @param {M[]} marks sorted by time @param {View} view @param {number} width @param {number} levels lines of text
 * @param {(mark: M) => number} labelWidth pixels @param {number} [gap] between a line and words
 * @returns {{mark: M, x: number, words: {x0: number, x1: number, level: number} | null}[]}
 */
export function layMarks(marks, view, width, levels, labelWidth, gap = 4) {
  const placed = marks
    .map((mark) => ({ mark, x: Math.round(toX(mark.time, view, width)), words: /** @type {Words | null} */ (null) }))
    .filter(({ x }) => x >= 0 && x <= width);
  for (let k = placed.length - 1; k >= 0; k -= 1) {
    const own = placed[k];
    const room = labelWidth(own.mark);
    const places = Array.from({ length: levels }, (_, level) => [
      { x0: own.x + gap, x1: own.x + gap + room, level }, { x0: own.x - gap - room, x1: own.x - gap, level },
    ]).flat();
    own.words = places.find((words) => words.x0 >= 0 && words.x1 <= width && placed.every((other) => other === own
      || (!crosses(other.x, words, other.words?.level ?? 0, gap) && !crosses(own.x, other.words, words.level, gap)
        && !covers(words, other.words, gap)))) ?? null;
  }
  return placed;
}

/** @typedef {{x0: number, x1: number, level: number}} Words */

/**
 * Whether a mark's line, which ends at its own words' level, goes through the words of another.
 * @param {number} x
 * @param {Words | null} words
 * @param {number} level
 * @param {number} gap
 */
function crosses(x, words, level, gap) {
  return words !== null && words.level <= level && x > words.x0 - gap && x < words.x1 + gap;
}

/** @param {Words} words @param {Words | null} other @param {number} gap */
function covers(words, other, gap) {
  return other !== null && other.level === words.level && words.x0 < other.x1 + gap && words.x1 > other.x0 - gap;
}

/**
 * The turn at a moment: the one that covers it, the nearest by number where two do.
 * @param {Turn[]} turns @param {number} time @param {number} now
 * @returns {Turn | null}
 */
export function turnAt(turns, time, now) {
  const [first, last] = visibleRange(turns, { start: time, span: 1e-9 });
  for (let k = last - 1; k >= first; k -= 1) {
    if (turns[k].onset <= time && time <= (turns[k].end ?? now)) return turns[k];
  }
  return null;
}

/**
 * What turns are worth, in the browser: the measures of `vad/evaluation/`, number for number; a test holds both
 * to each other. Everything is whole samples at 16 kHz until it becomes a figure.
 *
 * @import { Figures, Kind } from "../state.js"
 * @typedef {{from: number, to: number, owner: number, starts: boolean, ends: boolean}} Piece
 *   part of an interval within the judged regions; whether its edges are the interval's own
 * @typedef {{truth: number, found: number}} Pair
 * @typedef {{known: boolean, stretches: [number, number][], regions: [number, number][], length: number, extraWait: number,
 *   silence: number}} Judge
 *   `stretches` of true speech and `regions` to judge, disjoint and in order; `length` of the clip and `silence` in samples
 */
import { MAX_TURN, RATE } from "./turns.js";

const MIN_OVERLAP = RATE / 10;

/** Unite intervals that overlap or touch. @param {[number, number][]} intervals @returns {[number, number][]} */
export function united(intervals) {
  /** @type {[number, number][]} */
  const found = [];
  for (const [from, to] of [...intervals].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = found[found.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

/** @param {[number, number][]} intervals @param {[number, number][]} regions @returns {Piece[]} */
function crop(intervals, regions) {
  const pieces = [];
  let first = 0;
  for (let owner = 0; owner < intervals.length; owner += 1) {
    const [from, to] = intervals[owner];
    while (first < regions.length && regions[first][1] <= from) first += 1;
    for (let k = first; k < regions.length && regions[k][0] < to; k += 1) {
      const low = Math.max(from, regions[k][0]);
      const high = Math.min(to, regions[k][1]);
      pieces.push({ from: low, to: high, owner, starts: low === from, ends: high === to });
    }
  }
  return pieces;
}

/** The pairs that match, and how many samples all that overlap share. @param {Piece[]} truth @param {Piece[]} found */
function match(truth, found) {
  /** @type {Pair[]} */
  const pairs = [];
  let shared = 0;
  let first = 0;
  for (let j = 0; j < found.length; j += 1) {
    while (first < truth.length && truth[first].to <= found[j].from) first += 1;
    for (let i = first; i < truth.length && truth[i].from < found[j].to; i += 1) {
      const both = Math.min(truth[i].to, found[j].to) - Math.max(truth[i].from, found[j].from);
      const shorter = Math.min(truth[i].to - truth[i].from, found[j].to - found[j].from);
      shared += both;
      if (2 * both >= Math.min(shorter, 2 * MIN_OVERLAP)) pairs.push({ truth: i, found: j });
    }
  }
  return { pairs, shared };
}

/** How often each index occurs. @param {number[]} indexes @param {number} count */
function occurrences(indexes, count) {
  const found = new Int32Array(count);
  for (const index of indexes) found[index] += 1;
  return found;
}

/**
 * Judge turns.
 * @param {Int32Array} turns onset, start, end of each in samples @param {Judge} judge
 * @returns {{figures: Figures, problems: {start: number, end: number, kind: Kind}[]}} errors in seconds, in order
 */
export function measure(turns, judge) {
  /** @type {[number, number][]} */
  const spans = [];
  for (let k = 0; 3 * k < turns.length; k += 1) spans.push([turns[3 * k], turns[3 * k + 2]]);
  const found = crop(spans, judge.regions);
  const scored = total(judge.regions);
  const lengths = found.map((piece) => (piece.to - piece.from) / RATE);
  const clipped = found.filter(({ starts, owner }) => starts && owner > 0 && turns[3 * owner + 1] <= turns[3 * owner - 1]).length;
  const speech = sum(lengths);
  const minutes = scored / RATE / 60;
  /** @type {Figures} */
  const plain = {
    wait: (judge.silence / RATE) + judge.extraWait, turns: found.length, clipped, share: ratio(speech, scored / RATE),
    length: quantile(lengths, 0.5), minutes,
  };
  if (!judge.known) return { figures: plain, problems: [] };
  const truth = crop(judge.stretches, judge.regions);
  const { pairs, shared } = match(truth, found);
  const byTurn = felt(truth, found, pairs, turns, judge, minutes);
  const bySecond = field(truth, speech, shared / RATE);
  return { figures: { ...plain, ...byTurn, ...bySecond }, problems: problems(truth, found, pairs) };
}

/**
 * @param {Piece[]} truth
 * @param {Piece[]} found
 * @param {Pair[]} pairs
 * @param {Int32Array} turns
 * @param {Judge} judge
 * @param {number} minutes
 * @returns {Figures}
 */
function felt(truth, found, pairs, turns, judge, minutes) {
  const perTruth = occurrences(pairs.map((pair) => pair.truth), truth.length);
  const perFound = occurrences(pairs.map((pair) => pair.found), found.length);
  const fresh = (/** @type {Pair} */ a, /** @type {Pair | undefined} */ b) => !b || (a.truth !== b.truth && a.found !== b.found);
  const onsets = pairs.filter((pair, k) => fresh(pair, pairs[k - 1]) && truth[pair.truth].starts && found[pair.found].starts);
  const offsets = pairs.filter((pair, k) => fresh(pair, pairs[k + 1]) && truth[pair.truth].ends && found[pair.found].ends);
  const late = offsets.map((pair) => found[pair.found].to - truth[pair.truth].to);
  const onsetErrors = onsets.map((pair) => Math.abs(found[pair.found].from - truth[pair.truth].from) / RATE);
  const offsetErrors = late.map((error) => Math.abs(error) / RATE);
  const { waits, early, censored } = ends(offsets, truth, found, turns, judge);
  const off = new Set([...perTruth.keys()].filter((k) => perTruth[k] > 1).concat(early));
  const counts = {
    cut: perTruth.filter((n) => n > 1).length, merged: perFound.filter((n) => n > 1).length,
    missed: perTruth.filter((n) => n === 0).length, invented: perFound.filter((n) => n === 0).length,
  };
  const cuts = perTruth.reduce((all, n) => all + Math.max(n - 1, 0), 0);
  const merges = perFound.reduce((all, n) => all + Math.max(n - 1, 0), 0);
  const middle = quantile(waits, 0.5);
  return {
    ...counts, cuts, merges,
    ...Object.fromEntries(Object.entries(counts).map(([name, n]) => [`${name}_per_minute`, ratio(n, minutes)])),
    wait: middle === null ? judge.silence / RATE + judge.extraWait : middle + judge.extraWait,
    waits: waits.length, censored, cut_off: off.size, onset: quantile(onsetErrors, 0.5), onset_p90: quantile(onsetErrors, 0.9),
    offset: quantile(offsetErrors, 0.5), offset_p90: quantile(offsetErrors, 0.9),
    late_starts: onsets.filter((pair) => turns[3 * found[pair.found].owner + 1] > truth[pair.truth].from).length,
    errors: cuts + merges + counts.missed + counts.invented + off.size - counts.cut,
    reference_turns: truth.length,
  };
}

/**
 * What became of the ends of true speech: the waits in seconds, the stretches that see an endpoint before their end, and
 * how many there are whose turn was still open when the clip ended or the limit came.
 * @param {Pair[]} offsets @param {Piece[]} truth @param {Piece[]} found @param {Int32Array} turns @param {Judge} judge
 */
function ends(offsets, truth, found, turns, { silence, length }) {
  const waits = [];
  const early = [];
  for (const pair of offsets) {
    const { owner } = found[pair.found];
    const silent = turns[3 * owner + 2] + silence;
    const limit = turns[3 * owner] + MAX_TURN;
    const closed = Math.min(silent, limit);
    if (closed <= length && closed < truth[pair.truth].to) early.push(pair.truth);
    else if (closed <= length && silent <= limit) waits.push((closed - truth[pair.truth].to) / RATE);
  }
  return { waits, early, censored: offsets.length - waits.length - early.length };
}

/** The measures of the field, by exact time. @param {Piece[]} truth @param {number} speech @param {number} hit @returns {Figures} */
function field(truth, speech, hit) {
  const said = sum(truth.map((piece) => piece.to - piece.from)) / RATE;
  return {
    precision: ratio(hit, speech), recall: ratio(hit, said), f1: ratio(2 * hit, speech + said),
    miss: said - hit, false_alarm: speech - hit,
  };
}

/** @param {Piece[]} truth @param {Piece[]} found @param {Pair[]} pairs */
function problems(truth, found, pairs) {
  /** @type {{start: number, end: number, kind: Kind}[]} */
  const all = [];
  const add = (/** @type {number} */ from, /** @type {number} */ to, /** @type {Kind} */ kind) =>
    all.push({ start: from / RATE, end: to / RATE, kind });
  const heard = new Set();
  const held = new Set();
  pairs.forEach(({ truth: i, found: j }, k) => {
    heard.add(i);
    held.add(j);
    const next = pairs[k + 1];
    if (next?.truth === i) add(found[j].to, found[next.found].from, "cut");
    if (next?.found === j) add(truth[i].to, truth[next.truth].from, "merged");
  });
  truth.forEach((piece, i) => { if (!heard.has(i)) add(piece.from, piece.to, "missed"); });
  found.forEach((piece, j) => { if (!held.has(j)) add(piece.from, piece.to, "invented"); });
  return all.sort((a, b) => a.start - b.start || a.end - b.end || (a.kind < b.kind ? -1 : 1));
}

/** @param {[number, number][]} intervals */
function total(intervals) {
  return intervals.reduce((all, [from, to]) => all + to - from, 0);
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

/** @param {number} part @param {number} whole */
function ratio(part, whole) {
  return whole ? part / whole : null;
}

/** A quantile, linear between two values; null of nothing. @param {number[]} values @param {number} q */
function quantile(values, q) {
  if (!values.length) return null;
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

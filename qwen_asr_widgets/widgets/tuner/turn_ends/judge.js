/**
 * What a policy does at each pause, in the browser: who is cut off, how long each end waits. The rules are those of
 * `vad/trade_off/counting.py`, to the sample; a test holds both to each other. Nothing here draws.
 *
 * @import { Turn } from "../../shared/axis/lanes.js"
 *
 * @typedef {{threshold: number | null, delay: number, timeOut: number}} Policy  probability, seconds, seconds
 * @typedef {keyof Policy} Handle
 * @typedef {object} Pauses  of the clip in sight, in samples; holds first, then ends
 * @property {number} count
 * @property {number} holds
 * @property {Int32Array} rows          start, end, start of the speech before, number of the turn
 * @property {Uint8Array} speakers      an index for each
 * @property {Int32Array} turns         start and end of each
 * @property {Float32Array} said        what a model says, one for each pause and instant; empty without one
 * @property {number[]} instants        samples of silence after which it was asked
 * @property {number} length            of the clip
 * @typedef {object} Outcome  one entry for each pause
 * @property {Uint8Array} cut           1 where the speaker is cut off
 * @property {Float64Array} answer      samples of silence until the answer; NaN where there is none
 * @property {Float64Array} at          sample at which a turn is closed too early; NaN where it is not
 * @property {Uint8Array} timedOut      1 where the time-out answers
 * @property {Uint8Array} unseen        1 where the next speech, or the end of the clip, comes before the answer
 * @typedef {object} Figures
 * @property {number} holds
 * @property {number} cuts
 * @property {number} ends              those that are answered
 * @property {number | null} wait       mean seconds
 * @property {number | null} longest    seconds
 * @property {number} late              ends that wait longer than the limit
 * @property {number} timedOut
 * @property {number} unseen
 * @typedef {{pause: number, at: number, amount: number}} Spot  sample at which it happens; samples to rank by
 */
import { RATE } from "../judging/turns.js";

const NEVER = Infinity;
/** Tenths of a millisecond are the finest that settings have. */
const EPSILON = 1e-9;

/** @param {Pauses} pauses @param {number} k */
export function startOf({ rows }, k) {
  return rows[4 * k];
}

/** @param {Pauses} pauses @param {number} k */
export function lengthOf({ rows }, k) {
  return rows[4 * k + 1] - rows[4 * k];
}

/** The end of the turn that a pause belongs to. @param {Pauses} pauses @param {number} k */
function turnEnd({ rows, turns }, k) {
  return turns[2 * rows[4 * k + 3] + 1];
}

/** @param {number} count @returns {Outcome} */
function nothing(count) {
  return {
    cut: new Uint8Array(count), answer: new Float64Array(count).fill(NaN), at: new Float64Array(count).fill(NaN),
    timedOut: new Uint8Array(count), unseen: new Uint8Array(count),
  };
}

/**
 * The highest probability said up to a time of silence; NaN where nothing was.
 * @param {Pauses} pauses @param {number} k @param {number} [until] samples
 */
export function saidAt({ said, instants }, k, until = NEVER) {
  let highest = NaN;
  if (!said.length) return highest;
  instants.forEach((instant, j) => {
    const value = said[k * instants.length + j];
    if (instant <= until && !(value <= highest) && !Number.isNaN(value)) highest = value;
  });
  return highest;
}

/** Samples of silence after which a model fires. @param {Pauses} pauses @param {number} k @param {number | null} threshold */
function fires({ said, instants }, k, threshold) {
  if (threshold === null || !said.length) return NEVER;
  const first = instants.findIndex((_, j) => said[k * instants.length + j] > threshold);
  return first < 0 ? NEVER : instants[first];
}

/** A model, or silence alone where the threshold is null. @param {Pauses} pauses @param {Policy} policy @returns {Outcome} */
export function judgeTimers(pauses, { threshold, delay, timeOut }) {
  const outcome = nothing(pauses.count);
  const [least, limit] = [delay, timeOut].map((seconds) => Math.round(seconds * RATE));
  for (let k = 0; k < pauses.count; k += 1) {
    const fire = Math.max(fires(pauses, k, threshold), least);
    const answer = Math.min(fire, limit);
    const over = lengthOf(pauses, k) > answer;
    outcome.answer[k] = answer;
    outcome.timedOut[k] = Number(fire > limit);
    if (k < pauses.holds) {
      outcome.cut[k] = Number(over);
      if (over) outcome.at[k] = startOf(pauses, k) + answer;
    } else {
      outcome.unseen[k] = Number(answer > lengthOf(pauses, k));
    }
  }
  return outcome;
}

/**
 * The turn detector, by the moments at which it closes turns.
 * @param {Pauses} pauses @param {{all: number[], bySilence: number[]}} closings samples, rising @returns {Outcome}
 */
export function judgeClosings(pauses, { all, bySilence }) {
  const outcome = nothing(pauses.count);
  const { rows } = pauses;
  for (let k = 0; k < pauses.count; k += 1) {
    const [start, end, since] = rows.subarray(4 * k, 4 * k + 3);
    const isHold = k < pauses.holds;
    const early = after(all, since);
    if (early <= (isHold ? end : start)) {
      outcome.cut[k] = 1;
      outcome.at[k] = early;
    }
    const answer = after(bySilence, start);
    if (answer <= end) outcome.answer[k] = answer - start;
    else if (!isHold && end >= pauses.length) outcome.unseen[k] = 1;
  }
  return outcome;
}

/** The first of some rising times after a moment. @param {number[]} times @param {number} moment */
function after(times, moment) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] > moment) high = middle;
    else low = middle + 1;
  }
  return low < times.length ? times[low] : NEVER;
}

/**
 * When the detector closes turns while the clip goes on.
 * @param {Turn[]} turns seconds @param {number} silence samples @param {number} longest of a turn
 * @param {number} scored samples that have scores
 */
export function closingsOf(turns, silence, longest, scored) {
  const all = [];
  const bySilence = [];
  for (const turn of turns) {
    const [onset, end] = [turn.onset, turn.end ?? turn.onset].map((seconds) => Math.round(seconds * RATE));
    const byLimit = end + silence > onset + longest;
    const at = byLimit ? onset + longest : end + silence;
    if (at > scored) continue;
    all.push(at);
    if (!byLimit) bySilence.push(at);
  }
  return { all, bySilence };
}

/** @param {Pauses} pauses @param {Outcome} outcome @param {number} limit seconds from which a wait is long @returns {Figures} */
export function figuresOf(pauses, outcome, limit) {
  const figures = { holds: pauses.holds, cuts: 0, ends: 0, late: 0, timedOut: 0, unseen: 0 };
  let [sum, longest] = [0, -1];
  for (let k = 0; k < pauses.count; k += 1) {
    figures.cuts += outcome.cut[k];
    if (k < pauses.holds) continue;
    figures.unseen += outcome.unseen[k];
    figures.timedOut += outcome.timedOut[k];
    const answer = outcome.answer[k];
    if (Number.isNaN(answer)) continue;
    figures.ends += 1;
    figures.late += Number(isLate(answer, limit));
    sum += answer;
    longest = Math.max(longest, answer);
  }
  const known = figures.ends > 0;
  return { ...figures, wait: known ? sum / figures.ends / RATE : null, longest: known ? longest / RATE : null };
}

/** @param {number} answer samples @param {number} limit seconds */
function isLate(answer, limit) {
  return answer > Math.round(limit * RATE);
}

/**
 * What goes wrong at a pause: the speaker is cut off, or an end waits longer than a limit. A hold may last as it likes.
 * @param {Pauses} pauses @param {Outcome} outcome @param {number} k @param {number} limit seconds
 * @returns {"cut" | "late" | null}
 */
export function wrongAt(pauses, outcome, k, limit) {
  if (outcome.cut[k]) return "cut";
  return k >= pauses.holds && isLate(outcome.answer[k], limit) ? "late" : null;
}

/**
 * The turns that a policy makes of the reference: closed where it answers, in order of time.
 * @param {Pauses} pauses @param {Outcome} outcome @returns {Turn[]} seconds
 */
export function policyTurns(pauses, outcome) {
  const { rows, turns } = pauses;
  const order = [...outcome.cut.keys()].sort((a, b) => rows[4 * a] - rows[4 * b]);
  /** @type {[number, number][]} */
  const spans = [];
  let next = 0;
  let from = -1;
  for (let turn = 0; 2 * turn < turns.length; turn += 1) {
    if (from < 0) from = turns[2 * turn];
    for (; next < order.length && rows[4 * order[next] + 3] <= turn; next += 1) {
      const k = order[next];
      const closed = k < pauses.holds ? outcome.cut[k] : !outcome.unseen[k] && !Number.isNaN(outcome.answer[k]);
      if (!closed) continue;
      spans.push([from, rows[4 * k]]);
      from = k < pauses.holds ? rows[4 * k + 1] : -1;
    }
  }
  if (from >= 0) spans.push([from, turns[turns.length - 1]]);
  return spans.map(([onset, end], k) => ({ number: k + 1, onset: onset / RATE, end: end / RATE }));
}

/**
 * The worst cut-offs: those with most of the turn still to come.
 * @param {Pauses} pauses @param {Outcome} outcome @param {number} most @returns {Spot[]}
 */
export function worstCuts(pauses, outcome, most) {
  const spots = [...outcome.cut.keys()].filter((k) => outcome.cut[k]).map((k) => ({
    pause: k, at: outcome.at[k], amount: turnEnd(pauses, k) - Math.max(outcome.at[k], k < pauses.holds ? pauses.rows[4 * k + 1] : 0),
  }));
  return ranked(spots, most);
}

/** The longest waits. @param {Pauses} pauses @param {Outcome} outcome @param {number} most @returns {Spot[]} */
export function longestWaits(pauses, outcome, most) {
  const ends = [...outcome.cut.keys()].filter((k) => k >= pauses.holds && !Number.isNaN(outcome.answer[k]));
  return ranked(ends.map((k) => ({ pause: k, at: startOf(pauses, k) + outcome.answer[k], amount: outcome.answer[k] })), most);
}

/** @param {Spot[]} spots @param {number} most */
function ranked(spots, most) {
  return spots.sort((a, b) => b.amount - a.amount || a.at - b.at).slice(0, most);
}

/**
 * Which of the three handles, turned alone, heals a hold that is cut off or an end that waits longer than a limit.
 * Values are rounded to the side that heals, as they can be typed.
 * @param {Pauses} pauses @param {Policy} policy @param {number} k @param {number} limit seconds
 * @param {Record<"delay" | "timeOut", [number, number]>} ranges seconds
 * @returns {{handle: Handle, policy: Policy}[]}
 */
export function remedies(pauses, policy, k, limit, ranges) {
  const tried = k < pauses.holds ? healsCut(pauses, policy, k) : healsWait(pauses, policy, k, limit);
  return tried.filter(({ policy: { threshold, delay, timeOut } }) =>
    (threshold === null || (threshold >= 0 && threshold <= 1)) && timeOut >= delay - EPSILON
    && delay >= ranges.delay[0] - EPSILON && delay <= ranges.delay[1] + EPSILON
    && timeOut >= ranges.timeOut[0] - EPSILON && timeOut <= ranges.timeOut[1] + EPSILON
    && isHealed(pauses, { threshold, delay, timeOut }, k, limit));
}

/** @param {Pauses} pauses @param {Policy} policy @param {number} k @param {number} limit */
function isHealed(pauses, policy, k, limit) {
  const outcome = judgeTimers(pauses, policy);
  return k < pauses.holds ? !outcome.cut[k] : !isLate(outcome.answer[k], limit);
}

/** A policy with one handle turned. @param {Policy} policy @param {Handle} handle @param {number} value */
function turned(policy, handle, value) {
  return { handle, policy: { ...policy, [handle]: value } };
}

/**
 * Values of each handle that might heal a cut; silence alone has only the last.
 * @param {Pauses} pauses @param {Policy} policy @param {number} k
 */
function healsCut(pauses, policy, k) {
  const length = Math.ceil(lengthOf(pauses, k) / (RATE / 100)) / 100;
  const waits = turned(policy, "timeOut", length);
  if (policy.threshold === null) return [waits];
  const said = saidAt(pauses, k, lengthOf(pauses, k) - 1);
  const above = Number.isNaN(said) ? [] : [turned(policy, "threshold", Math.ceil(100 * said - EPSILON) / 100)];
  return [...above, turned(policy, "delay", length), waits];
}

/**
 * The same for a wait that is to be no longer than a limit.
 * @param {Pauses} pauses @param {Policy} policy @param {number} k @param {number} limit
 */
function healsWait(pauses, policy, k, limit) {
  const waits = turned(policy, "timeOut", limit);
  if (policy.threshold === null) return [waits];
  const said = saidAt(pauses, k, Math.round(limit * RATE));
  const below = Number.isNaN(said) ? [] : [turned(policy, "threshold", (Math.ceil(100 * said) - 1) / 100)];
  return [...below, turned(policy, "delay", limit), waits];
}

/**
 * The share of holds longer than each silence: what a detector of silence would cut.
 * @param {Pauses} pauses @param {number[]} silences seconds @param {number | null} speaker null: everybody
 * @returns {number[] | null} null where there are no holds
 */
export function shareLonger(pauses, silences, speaker) {
  /** @type {number[]} */
  const lengths = [];
  for (let k = 0; k < pauses.holds; k += 1) {
    if (speaker === null || pauses.speakers[k] === speaker) lengths.push(lengthOf(pauses, k) / RATE);
  }
  if (!lengths.length) return null;
  return silences.map((silence) => lengths.filter((length) => length > silence + EPSILON).length / lengths.length);
}

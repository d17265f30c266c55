/**
 * What the kernel has said about the settings tried, kept as the views need it. Nothing here draws.
 *
 * @import { Settings } from "./tuner_scales.js"
 * @import { Turn } from "./lanes.js"
 *
 * @typedef {Record<string, number | null>} Figures
 * @typedef {"cut" | "merged" | "missed" | "invented"} Kind
 * @typedef {{start: number, end: number, kind: Kind}} Problem  seconds
 * @typedef {{sentence: string, remedies: (Settings & {setting: "silence" | "threshold", extra_wait: number})[]}} Why
 * @typedef {{settings: Settings | null, name: string, turns: [number, number][]}} Service
 * @typedef {object} TunerState
 * @property {any} about             the `tuner` message: clips, ranges, presets, estimate, overhead
 * @property {Settings | null} settings   what is judged
 * @property {Settings | null} inForce
 * @property {Figures | null} figures
 * @property {Figures | null} was
 * @property {boolean} hasReference
 * @property {Turn[]} turns
 * @property {Turn[]} reference
 * @property {{known: boolean, undo: boolean, redo: boolean, selected: number | null}} editing
 * @property {Turn[]} service
 * @property {Problem[]} problems
 * @property {Problem[]} differences
 * @property {number | null} chosen  index in problems
 * @property {Why | null} why
 * @property {{values: Float32Array, hop: number} | null} score
 * @property {number} scored         share of the clip that has scores
 * @property {Record<string, string>} code
 * @property {any[] | null} table    a row for each clip and one for all
 */

export const KINDS = /** @type {const} */ (["cut", "merged", "missed", "invented"]);
const RATE = 16_000;

/** @returns {TunerState} */
export function emptyTuner() {
  return {
    about: null, settings: null, inForce: null, figures: null, was: null, hasReference: false, turns: [],
    reference: [], editing: { known: false, undo: false, redo: false, selected: null }, service: [],
    problems: [], differences: [], chosen: null, why: null, score: null, scored: 0, code: {}, table: null,
  };
}

/**
 * Take a message of the kernel.
 * @param {TunerState} state changed in place @param {any} message @param {DataView[]} buffers
 * @returns {boolean} whether it was for the tuner
 */
export function takeTuner(state, message, buffers) {
  switch (message.kind) {
    case "tuner": takeAbout(state, message); return true;
    case "reference": takeReference(state, message, buffers); return true;
    case "scores": takeScores(state, message, buffers); return true;
    case "judged": takeJudged(state, message, buffers); return true;
    case "differences": state.differences = problemsOf(buffers[0], buffers[1]); return true;
    case "explanation":
      if (message.error === state.chosen) state.why = { sentence: message.sentence, remedies: message.remedies };
      return true;
    default: return false;
  }
}

/** @param {TunerState} state @param {any} message */
function takeAbout(state, message) {
  if (state.about && state.about.at !== message.at) Object.assign(state, emptyTuner());
  state.about = message;
  state.inForce = message.in_force;
  const turns = message.service?.turns ?? [];
  state.service = turns.map((/** @type {[number, number]} */ [onset, end], /** @type {number} */ k) => ({ number: k + 1, onset, end }));
}

/** @param {TunerState} state @param {any} message @param {DataView[]} buffers */
function takeReference(state, message, buffers) {
  const times = floats(buffers[0]);
  state.reference = [];
  for (let k = 0; 2 * k < times.length; k += 1) {
    state.reference.push({ number: k + 1, onset: times[2 * k], end: times[2 * k + 1], settled: message.texts[k] ?? "" });
  }
  const { known, undo, redo, selected } = message;
  state.editing = { known, undo, redo, selected };
}

/** @param {TunerState} state @param {any} message @param {DataView[]} buffers */
function takeScores(state, message, buffers) {
  const fits = state.score !== null && state.score.values.length === message.total;
  const score = fits && state.score ? state.score : { values: new Float32Array(message.total).fill(NaN), hop: message.hop };
  const codes = new Int8Array(buffers[0].buffer, buffers[0].byteOffset, buffers[0].byteLength);
  score.values.set(Float32Array.from(codes, (code) => code / 127), message.first);
  state.score = score;
  state.scored = message.total ? (message.first + codes.length) / message.total : 1;
}

/** @param {TunerState} state @param {any} message @param {DataView[]} buffers */
function takeJudged(state, message, buffers) {
  const before = state.chosen === null ? null : state.problems[state.chosen];
  state.settings = message.settings;
  state.figures = message.figures;
  state.was = message.was;
  state.hasReference = message.has_reference;
  state.code = message.code;
  if (message.table !== undefined) state.table = message.table;
  state.turns = turnsOf(buffers[0]);
  state.problems = problemsOf(buffers[1], buffers[2]);
  state.why = null;
  state.chosen = before ? sameProblem(state.problems, before) : null;
}

/** The same error among others: of its kind, and overlapping or nearest within a second. @param {Problem[]} problems @param {Problem} one */
function sameProblem(problems, one) {
  const near = problems.findIndex((p) => p.kind === one.kind && p.start <= one.end + 0.5 && p.end >= one.start - 0.5);
  return near < 0 ? null : near;
}

/** @param {DataView} view @returns {Turn[]} */
function turnsOf(view) {
  const samples = ints(view);
  const turns = [];
  for (let k = 0; 3 * k < samples.length; k += 1) {
    turns.push({ number: k + 1, onset: samples[3 * k] / RATE, end: samples[3 * k + 2] / RATE });
  }
  return turns;
}

/** @param {DataView} places @param {DataView} kinds @returns {Problem[]} */
export function problemsOf(places, kinds) {
  const samples = ints(places);
  const found = [];
  for (let k = 0; k < kinds.byteLength; k += 1) {
    found.push({ start: samples[2 * k] / RATE, end: samples[2 * k + 1] / RATE, kind: KINDS[kinds.getUint8(k)] });
  }
  return found;
}

/** Samples of cues as seconds. @param {DataView} view */
export function cueTimes(view) {
  return Array.from(ints(view), (sample) => sample / RATE);
}

/** @param {DataView} view */
function ints(view) {
  return new Int32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** @param {DataView} view */
export function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/**
 * The next error after or before a moment; past the last one it begins anew.
 * @param {Problem[]} problems @param {number | null} chosen @param {1 | -1} step @param {number} cursor seconds
 */
export function stepProblem(problems, chosen, step, cursor) {
  if (!problems.length) return null;
  if (chosen !== null) return (chosen + step + problems.length) % problems.length;
  if (step > 0) return Math.max(0, problems.findIndex((one) => one.end > cursor));
  const before = problems.filter((one) => one.start < cursor).length - 1;
  return before < 0 ? problems.length - 1 : before;
}

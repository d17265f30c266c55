/**
 * What the kernel has said about the settings tried, kept as the views need it. Nothing here draws.
 *
 * @import { ClipRow, JudgedMessage, KernelMessage, ReferenceMessage, ScoresMessage, TunerAbout } from "../shared/messages.js"
 * @import { Settings } from "./scales.js"
 * @import { Turn } from "../shared/axis/lanes.js"
 * @import { Why } from "./why.js"
 *
 * @typedef {Record<string, number | null>} Figures
 * @typedef {"cut" | "merged" | "missed" | "invented"} Kind
 * @typedef {{start: number, end: number, kind: Kind}} Problem  seconds
 * @typedef {{settings: Settings | null, name: string, replayed: boolean, turns: [number, number][]}} Service
 * @typedef {object} TunerState
 * @property {TunerAbout | null} about
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
 * @property {{known: boolean, stretches: [number, number][], regions: [number, number][], length: number} | null} judge
 * @property {Settings | null} wanted   what the sliders show; the kernel follows
 * @property {Record<string, string>} code  of the settings in `codeOf`
 * @property {Settings | null} codeOf
 * @property {ClipRow[] | null} table
 */
import { measure, united } from "./judging/measures.js";
import { same } from "./scales.js";
import { HOP, RATE, detectTurns, silenceFrames } from "./judging/turns.js";

const KINDS = /** @type {const} */ (["cut", "merged", "missed", "invented"]);

/** @returns {TunerState} */
export function emptyTuner() {
  return {
    about: null, settings: null, inForce: null, figures: null, was: null, hasReference: false, turns: [],
    reference: [], editing: { known: false, undo: false, redo: false, selected: null }, service: [],
    problems: [], differences: [], chosen: null, why: null, score: null, scored: 0, judge: null,
    wanted: null, code: {}, codeOf: null, table: null,
  };
}

/**
 * Take a message of the kernel.
 * @param {TunerState} state changed in place @param {KernelMessage} message @param {DataView[]} buffers
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
      if (message.error === state.chosen) state.why = message;
      return true;
    default: return false;
  }
}

/** @param {TunerState} state @param {TunerAbout} message */
function takeAbout(state, message) {
  if (state.about && state.about.at !== message.at) Object.assign(state, emptyTuner());
  state.about = message;
  state.inForce = message.in_force;
  state.wanted ??= message.settings;
  const turns = message.service?.turns ?? [];
  state.service = turns.map(([onset, end], k) => ({ number: k + 1, onset, end }));
}

/** @param {TunerState} state @param {ReferenceMessage} message @param {DataView[]} buffers */
function takeReference(state, message, buffers) {
  const samples = ints(buffers[0]);
  state.reference = [];
  /** @type {[number, number][]} */
  const spans = [];
  for (let k = 0; 2 * k < samples.length; k += 1) {
    spans.push([samples[2 * k], samples[2 * k + 1]]);
    state.reference.push({ number: k + 1, onset: samples[2 * k] / RATE, end: samples[2 * k + 1] / RATE, settled: message.texts[k] ?? "" });
  }
  state.judge = { known: message.known, stretches: united(spans), regions: message.regions, length: message.length };
  const { known, undo, redo, selected } = message;
  state.editing = { known, undo, redo, selected };
}

/** @param {TunerState} state @param {ScoresMessage} message @param {DataView[]} buffers */
function takeScores(state, message, buffers) {
  const fits = state.score !== null && state.score.values.length === message.total;
  const score = fits && state.score ? state.score : { values: new Float32Array(message.total).fill(NaN), hop: message.hop };
  const fresh = floats(buffers[0]);
  score.values.set(fresh, message.first);
  state.score = score;
  state.scored = message.total ? (message.first + fresh.length) / message.total : 1;
}

/** @param {TunerState} state @param {JudgedMessage} message @param {DataView[]} buffers */
function takeJudged(state, message, buffers) {
  state.was = message.was;
  state.hasReference = message.has_reference;
  state.table = message.table;
  // What is under the hand by now was judged here: an answer to what was before would set it back.
  if (message.serial !== null && state.wanted && !same(message.settings, state.wanted)) return;
  state.code = message.code;
  state.codeOf = message.settings;
  state.settings = message.settings;
  show(state, message.figures, turnsOf(ints(buffers[0])), problemsOf(buffers[1], buffers[2]));
}

/** @param {TunerState} state @param {Figures} figures @param {Turn[]} turns @param {Problem[]} problems */
function show(state, figures, turns, problems) {
  const before = state.chosen === null ? null : state.problems[state.chosen];
  Object.assign(state, { figures, turns, problems, why: null });
  state.chosen = before ? sameProblem(problems, before) : null;
}

/**
 * Judge settings here, before the kernel answers. Not where a fit stands between scores and turns, nor before
 * all scores are here.
 * @param {TunerState} state @param {Settings} settings @returns {boolean} whether it was done
 */
export function judgeHere(state, settings) {
  const { score, judge, about } = state;
  if (!score || state.scored < 1 || !judge || !about || about.estimate === "calibrated") return false;
  const samples = detectTurns(score.values, settings);
  const silence = silenceFrames(settings.silence) * HOP;
  const { figures, problems } = measure(samples, { ...judge, silence, extraWait: about.overhead.seconds });
  show(state, figures, turnsOf(samples), problems);
  state.settings = settings;
  return true;
}

/**
 * The same error among others: of its kind, and overlapping or nearest within a second.
 * @param {Problem[]} problems
 * @param {Problem} one
 */
function sameProblem(problems, one) {
  const near = problems.findIndex((p) => p.kind === one.kind && p.start <= one.end + 0.5 && p.end >= one.start - 0.5);
  return near < 0 ? null : near;
}

/** @param {Int32Array} samples @returns {Turn[]} */
export function turnsOf(samples) {
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
export function ints(view) {
  return new Int32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** @param {DataView} view */
export function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** @typedef {"agrees" | "opposes" | null} Verdict  null where no reference tells */

/**
 * Whether the reference has the turns as they are here, where they differ from the service's. It has where it
 * finds no error of that kind there; outside of what was labelled nobody knows.
 * @param {Problem} difference
 * @param {Pick<TunerState, "problems" | "hasReference" | "judge">} state
 * @returns {Verdict}
 */
export function verdictOf({ start, end, kind }, { problems, hasReference, judge }) {
  const [from, to] = [start * RATE, end * RATE];
  if (!hasReference || !judge?.regions.some(([first, last]) => first <= from && to <= last)) return null;
  return problems.some((one) => one.kind === kind && one.start < end && one.end > start) ? "opposes" : "agrees";
}

/** How many errors there are of each kind that there are any of. @param {Problem[]} problems @returns {[Kind, number][]} */
export function countsOf(problems) {
  return KINDS.map((kind) => /** @type {[Kind, number]} */ ([kind, problems.filter((one) => one.kind === kind).length]))
    .filter(([, count]) => count);
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

/**
 * What the page knows of the ends of turns: the kernel's messages, the policy under the hand, and what it does.
 * Nothing here draws.
 *
 * @import { Figures, Outcome, Pauses, Policy, Spot } from "./judge.js"
 * @import { TunerState } from "../state.js"
 * @import { Turn } from "../../shared/axis/lanes.js"
 * @import { EndsMessage, KernelMessage, TradedMessage } from "../../shared/messages.js"
 * @typedef {object} Judged  what the policy, or the detector, does with the clip in sight
 * @property {Outcome} outcome
 * @property {Figures} figures
 * @property {Turn[]} turns
 * @property {Spot[]} cuts    the worst cut-offs
 * @property {Spot[]} waits   the longest waits
 * @typedef {{list: "cuts" | "waits" | null, at: number, pause: number}} Chosen  its place in a list, where it is from one
 */
import { HOP, MAX_TURN, silenceFrames } from "../judging/turns.js";
import { floats, ints } from "../state.js";
import { closingsOf, figuresOf, judgeClosings, judgeTimers, longestWaits, policyTurns, worstCuts } from "./judge.js";

/** How many of the worst are gone through. */
export const MOST = 10;
/** Seconds from which a wait is long, before somebody says otherwise. */
const LONG = 1;

export class EndsState {
  /** @param {TunerState} tuner */
  constructor(tuner) {
    this.tuner = tuner;
    /** @type {EndsMessage | null} */
    this.about = null;
    /** @type {Pauses | null} */
    this.pauses = null;
    /** @type {Policy | null} what the handles show; the kernel follows */
    this.policy = null;
    /** @type {TradedMessage | null} */
    this.traded = null;
    /** @type {{done: number, count: number} | null} */
    this.asking = null;
    this.limit = LONG;
    /** @type {Chosen | null} */
    this.chosen = null;
    /** @type {{of: unknown[], judged: Judged} | null} */
    this.known = null;
    this.serial = 0;
  }

  /** Whether the turn detector decides. */
  get byDetector() {
    return this.about?.detector === "vad";
  }

  /** Whether a model does. */
  get byModel() {
    return this.about !== null && !this.byDetector && this.about.detector !== "silence";
  }

  /** The policy as it counts: silence alone has no threshold. @returns {Policy | null} */
  get inUse() {
    if (!this.policy) return null;
    return this.byModel ? this.policy : { threshold: null, delay: this.policy.timeOut, timeOut: this.policy.timeOut };
  }

  /** @param {KernelMessage} message @param {DataView[]} buffers @returns {boolean} whether it was for this part */
  take(message, buffers) {
    if (message.kind === "ends") this.open(message, buffers);
    else if (message.kind === "asking") this.asking = message;
    else if (message.kind === "traded") this.traded = message;
    else if (message.kind === "policy" && (message.serial === null || message.serial === this.serial)) this.policy = message.policy;
    else return message.kind === "policy";
    return true;
  }

  /** @param {EndsMessage} message @param {DataView[]} buffers */
  open(message, buffers) {
    const [rows, speakers, turns, said] = buffers;
    if (this.about?.detector !== message.detector) this.traded = null;
    if (!this.about || this.about.detector !== message.detector || !message.asking) this.asking = null;
    this.about = message;
    this.policy = message.policy;
    this.pauses = !message.known ? null : {
      count: rows.byteLength / 16, holds: message.holds, rows: ints(rows), turns: ints(turns), said: floats(said),
      speakers: new Uint8Array(speakers.buffer, speakers.byteOffset, speakers.byteLength),
      instants: message.instants, length: message.length,
    };
    this.chosen = null;
  }

  /** What is done at the pauses; null before that can be told. @returns {Judged | null} */
  judged() {
    const { pauses, tuner, about } = this;
    if (!pauses || !about || (this.byModel && pauses.count > 0 && !pauses.said.length)) return null;
    const of = [pauses, this.policy, this.limit, this.byDetector ? tuner.turns : null];
    if (this.known && of.every((one, k) => one === this.known?.of[k])) return this.known.judged;
    const outcome = this.outcome(pauses);
    if (!outcome) return null;
    const judged = {
      outcome, figures: figuresOf(pauses, outcome, this.limit), cuts: worstCuts(pauses, outcome, MOST),
      turns: this.byDetector ? tuner.turns : policyTurns(pauses, outcome), waits: longestWaits(pauses, outcome, MOST),
    };
    this.known = { of, judged };
    return judged;
  }

  /** @param {Pauses} pauses */
  outcome(pauses) {
    const { tuner } = this;
    if (!this.byDetector) return this.inUse && judgeTimers(pauses, this.inUse);
    if (!tuner.settings || !tuner.score || tuner.scored < 1) return null;
    const silence = silenceFrames(tuner.settings.silence) * HOP;
    return judgeClosings(pauses, closingsOf(tuner.turns, silence, MAX_TURN, tuner.score.values.length * HOP));
  }

  /** Turn a handle; the time-out is never shorter than the action delay. @param {Partial<Policy>} change */
  turn(change) {
    if (!this.policy) return;
    const policy = { ...this.policy, ...change };
    if (policy.timeOut < policy.delay) {
      if (change.timeOut === undefined) policy.timeOut = policy.delay;
      else policy.delay = policy.timeOut;
    }
    this.policy = policy;
  }

  /** Choose the next or the one before of the worst; past the last it begins anew. @param {"cuts" | "waits"} list @param {1 | -1} step */
  step(list, step) {
    const spots = this.judged()?.[list] ?? [];
    if (!spots.length) return null;
    const from = this.chosen?.list === list ? this.chosen.at : step > 0 ? -1 : 0;
    const at = (from + step + spots.length) % spots.length;
    this.chosen = { list, at, pause: spots[at].pause };
    return spots[at];
  }

  /** Choose a pause, wherever it stands. @param {number} pause */
  pick(pause) {
    this.chosen = { list: null, at: 0, pause };
  }
}

/**
 * What the kernel has said so far, kept from snapshots and patches. Nothing here draws.
 *
 * A snapshot carries everything; a patch carries what changed since `base`. A view that missed one notices
 * (`"gap"`) and asks for a snapshot again.
 *
 * @import { RunMessage } from "../messages.js"
 * @import { Turn } from "../axis/lanes.js"
 *
 * @typedef {object} UtteranceExtras
 * @property {number | null} start   seconds, with prefix padding, as the service reports it
 * @property {boolean} estimated     the onset is an estimate
 * @property {"" | "estimated" | "bound"} end_estimated  whether the end of speech is an estimate, or the latest it can be
 * @property {boolean} waits  its connection was lost, and it will be heard again once there is another
 * @property {boolean} again  begun in a session that was lost, and heard anew in the next
 * @property {number | null} short   seconds of speech, where they are so few that the words may be invented
 * @property {string} status         speaking | stopped | final | failed | lost
 * @property {string | null} ended_by
 * @property {number | null} limit   seconds of the longest turn, where that closed it
 * @property {"" | "finish" | "limit"} commit   why a commit was sent that nobody asked for
 * @property {string | null} language
 * @property {string | null} emotion
 * @property {string | null} error
 * @property {number | null} first_partial   seconds, as are the following
 * @property {number | null} endpoint_delay
 * @property {number | null} decode_delay
 * @property {number | null} finalization
 * @property {"" | "client" | "final" | "pace"} no_partial   why there is no first partial, where that is known
 * @typedef {Turn & UtteranceExtras & {settled: string, draft: string, problem: boolean}} Utterance
 *
 * @typedef {{name: string, role: "reference" | "service" | "estimated", turns: Turn[]}} Lane
 * @typedef {{time: number, label: string, kind: "settings" | "manual" | "lost" | "gap" | "session"}} Mark
 * @typedef {{threshold: number | null, silence: number, client: boolean, ends?: string, changed: boolean}} RunSettings
 *   threshold null: turns are closed by hand; ends: the model that says when a turn is over
 * @typedef {object} Summary   how long finals took, seconds
 * @property {{p50: number, p95: number, p99: number, longest: number | null} | null} figures
 *   `longest` where there are too few for percentiles to say anything
 * @property {number} n
 * @property {number | null} chunk_ms
 * @property {number | null} pace
 * @property {"reference" | "service" | "client" | "estimated"} source
 * @property {number} cut
 * @property {number} left_out
 * @property {number} off_pace
 * @typedef {object} RunInfo
 * @property {string} title
 * @property {string} engine
 * @property {RunSettings | null} settings
 * @property {Summary | null} summary
 * @property {boolean} growing
 * @property {number | null} pace   times real time; null: as fast as the service takes it
 * @property {boolean} waits        whether the waits say what a person would wait
 * @property {number | null} gathered   seconds of sound since the last Commit, where one is waited for
 * @property {boolean} live         it was or is spoken into a microphone
 * @typedef {{
 *   version: number, utterances: Utterance[], lanes: Lane[], marks: Mark[], info: RunInfo,
 *   selected: number | null,
 * }} RunState
 */

/** @returns {RunState} */
export function emptyRun() {
  return {
    version: -1,
    utterances: [],
    lanes: [],
    marks: [],
    info: { engine: "", settings: null, summary: null, growing: false, title: "", pace: 1, waits: true, live: false, gathered: null },
    selected: null,
  };
}

/**
 * Take a `run` message.
 * @param {RunState} state changed in place
 * @param {RunMessage} message
 * @returns {"taken" | "old" | "gap"}
 */
export function takeRun(state, message) {
  if (message.base === null) {
    if (message.version < state.version) return "old";
    state.utterances = [];
  } else if (message.version <= state.version) {
    return "old";
  } else if (message.base !== state.version) {
    return "gap";
  }
  state.version = message.version;
  for (const utterance of message.utterances) place(state.utterances, utterance);
  state.utterances.length = message.count;
  for (const name of /** @type {const} */ (["lanes", "marks", "info"])) {
    if (message[name] !== undefined) Object.assign(state, { [name]: message[name] });
  }
  return "taken";
}

/** What an utterance is where the message does not say otherwise. */
const BLANK = {
  end: null, start: null, estimated: false, end_estimated: /** @type {const} */ (""), short: null, again: false,
  waits: false, limit: null, settled: "", draft: "", ended_by: null, commit: /** @type {const} */ (""), language: null,
  emotion: null,
  error: null, problem: false, first_partial: null, endpoint_delay: null, decode_delay: null, finalization: null,
  no_partial: /** @type {const} */ (""),
};

/** @param {Utterance[]} utterances @param {Partial<Utterance> & {number: number}} said */
function place(utterances, said) {
  utterances[said.number - 1] = /** @type {Utterance} */ (/** @type {unknown} */ ({ onset: null, ...BLANK, ...said }));
}

/** Those that have a place on the time axis, sorted by it. @param {Utterance[]} utterances */
export function placed(utterances) {
  return utterances.filter((u) => u.onset !== null).sort((a, b) => a.onset - b.onset);
}

/** What an utterance says so far. @param {{settled: string, draft: string}} utterance */
export function textOf(utterance) {
  return utterance.settled + utterance.draft;
}

/**
 * The latency bars of the utterances that have a final or an endpoint, where waits count.
 * @param {Utterance[]} utterances @param {boolean} [waits] whether they say what a person would wait
 * @returns {import("../axis/lanes.js").LatencyBar[]}
 */
export function latencyBars(utterances, waits = true) {
  /** @type {import("../axis/lanes.js").LatencyBar[]} */
  const bars = [];
  if (!waits) return bars;
  for (const u of utterances) {
    if (u.end === null) continue;
    const endpoint = u.endpoint_delay;
    const total = u.finalization ?? (endpoint === null ? u.decode_delay : endpoint);
    if (total === null || total <= 0) continue;
    const middle = u.end + Math.max(0, Math.min(endpoint ?? 0, total));
    bars.push({ number: u.number, from: u.end, middle, to: u.end + total });
  }
  return bars;
}

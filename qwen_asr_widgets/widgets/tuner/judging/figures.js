/**
 * The figures of the panel: what each says now, what it was, and whether that is better.
 *
 * @import { Figures } from "../state.js"
 * @typedef {"better" | "worse" | "same" | null} Verdict  null where more is neither
 * @typedef {"wait" | "cut" | "merged" | "missed" | "invented" | "turns" | "onset" | "offset" | "late_starts" | "onset_p90"
 *   | "offset_p90" | "f1" | "precision" | "recall" | "miss" | "false_alarm" | "length" | "share" | "clipped"} FigureName
 * @typedef {{name: FigureName, value: string, was: string, verdict: Verdict, note: string, places: number,
 *   total: number | null}} FigureRow
 *   `places`: where more than the turns that are counted, else 0; `total`: of how many turns they are, null where of none
 */

/** What the glossary calls each figure. @type {Record<FigureName, string>} */
export const TERMS = {
  wait: "wait", cut: "cut", merged: "merged", missed: "missed", invented: "invented",
  turns: "turn", onset: "onset_error", offset: "offset_error", late_starts: "late_starts", onset_p90: "onset_error",
  offset_p90: "offset_error", f1: "f1", precision: "precision", recall: "recall", miss: "miss",
  false_alarm: "false_alarm", length: "turn_length", share: "speech_share", clipped: "clipped_starts",
};

/** @typedef {{name: FigureName, write: (value: number) => string, judged: 1 | -1 | 0, note?: (f: Figures) => string,
 *   places?: (f: Figures) => number | null, total?: (f: Figures) => number | null, least?: number}} Column
 *   `places`: at how many of them, where turns are counted; `total`: among how many; `least`: what counts as a difference */

/** Seconds of a frame of scores: what differs by less says nothing. */
const FRAME = 0.032;

const seconds = (/** @type {number} */ value) => `${value.toFixed(2)} s`;
const millis = (/** @type {number} */ value) => `${Math.round(value * 1000)} ms`;
const whole = (/** @type {number} */ value) => String(value);
const share = (/** @type {number} */ value) => `${(100 * value).toFixed(value >= 0.995 || value < 0.1 ? 1 : 0)} %`;
const rate = (/** @type {number | null | undefined} */ value) => (value ? `${value.toFixed(1)}/min` : "");

const inReference = (/** @type {Figures} */ figures) => figures.reference_turns;
const found = (/** @type {Figures} */ figures) => figures.turns;

/** @type {Column[]} */
const FELT = [
  { name: "cut", write: whole, judged: -1, note: (f) => rate(f.cut_per_minute), places: (f) => f.cuts, total: inReference },
  { name: "merged", write: whole, judged: -1, note: (f) => rate(f.merged_per_minute), places: (f) => f.merges, total: found },
  { name: "missed", write: whole, judged: -1, note: (f) => rate(f.missed_per_minute), total: inReference },
  { name: "invented", write: whole, judged: -1, note: (f) => rate(f.invented_per_minute), total: found },
  { name: "turns", write: whole, judged: 0 },
  { name: "onset", write: millis, judged: -1, least: FRAME },
  { name: "offset", write: millis, judged: -1, least: FRAME },
  { name: "late_starts", write: whole, judged: -1 },
];
/** @type {Column[]} */
const FIELD = [
  { name: "onset_p90", write: millis, judged: -1, least: FRAME },
  { name: "offset_p90", write: millis, judged: -1, least: FRAME },
  { name: "f1", write: share, judged: 1 },
  { name: "precision", write: share, judged: 1 },
  { name: "recall", write: share, judged: 1 },
  { name: "miss", write: seconds, judged: -1 },
  { name: "false_alarm", write: seconds, judged: -1 },
];
/** @type {Column[]} */
const BLIND = [
  { name: "turns", write: whole, judged: 0 },
  { name: "length", write: seconds, judged: 0 },
  { name: "share", write: share, judged: 0 },
  { name: "clipped", write: whole, judged: -1 },
];

/** @param {Figures} now @param {Figures} was @returns {FigureRow} */
export function waitRow(now, was) {
  return row({ name: "wait", write: seconds, judged: -1 }, now, was);
}

/** @param {Figures} now @param {Figures} was @param {boolean} known whether there is a reference */
export function mainRows(now, was, known) {
  return (known ? FELT : BLIND).map((column) => row(column, now, was)).filter((one) => one.value);
}

/** The measures of the field, for those who want them. @param {Figures} now @param {Figures} was */
export function fieldRows(now, was) {
  return FIELD.map((column) => row(column, now, was)).filter((one) => one.value);
}

/** @param {Column} column @param {Figures} now @param {Figures} was @returns {FigureRow} */
function row({ name, write, judged, note, places, total, least = 0 }, now, was) {
  const value = now[name];
  const before = was[name];
  const text = typeof value === "number" ? write(value) : "";
  const old = typeof before === "number" ? write(before) : "";
  const at = places?.(now) ?? 0;
  return {
    name, places: at > Number(value) ? at : 0, value: text,
    was: old === text ? "" : old, verdict: verdict(value, before, judged, old === text || nearly(value, before, least)),
    note: note?.(now) ?? "", total: total?.(now) ?? null,
  };
}

/** @param {number | null | undefined} now @param {number | null | undefined} was @param {number} least */
function nearly(now, was, least) {
  return typeof now === "number" && typeof was === "number" && Math.abs(now - was) < least;
}

/**
 * @param {number | null | undefined} now
 * @param {number | null | undefined} was
 * @param {1 | -1 | 0} judged
 * @param {boolean} equal
 * @returns {Verdict}
 */
function verdict(now, was, judged, equal) {
  if (!judged || typeof now !== "number" || typeof was !== "number") return null;
  if (equal) return "same";
  return (now - was) * judged > 0 ? "better" : "worse";
}

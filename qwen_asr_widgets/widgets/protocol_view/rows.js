/**
 * The rows of a protocol as a page keeps them: read from the kernel, filtered, searched, predicted. Nothing here knows
 * the page.
 *
 * @import { ProtocolMessage } from "../shared/messages.js"
 *
 * @typedef {object} EventRow
 * @property {number} number  its place among all rows, from 0
 * @property {number} time    seconds since the recording began
 * @property {number} until
 * @property {"in" | "out" | "local" | "wire"} way
 * @property {string} type
 * @property {number} first   index of its first event in the recording
 * @property {number} count   events that it stands for; 0 for a connection
 * @property {string} item
 * @property {string} text
 * @property {string} mark    what was wrong; empty where nothing was
 * @property {number} partner row that it answers or that answers it; −1 where there is none
 * @property {number} samples
 * @typedef {"all" | "out" | "in" | "turns" | "words" | "session" | "problems"} Filter
 */

/** @type {readonly Filter[]} */
export const FILTERS = ["all", "out", "in", "turns", "words", "session", "problems"];

const APPEND = "input_audio_buffer.append";

/** @param {ProtocolMessage["rows"][number]} told @param {number} number @returns {EventRow} */
function readRow(told, number) {
  const [time, until, way, type, first, count, item, text, mark, partner, samples] = told;
  return { number, time, until, way, type, first, count, item, text, mark, partner, samples };
}

/**
 * Put the rows of a message in their place.
 * @param {EventRow[]} rows changed in place @param {ProtocolMessage} message
 * @returns {boolean} whether none is missing before them
 */
export function takeRows(rows, message) {
  if (message.base > rows.length) return false;
  rows.length = message.base;
  for (const told of message.rows) rows.push(readRow(told, rows.length));
  return true;
}

/** @param {EventRow} row @param {Filter} filter */
function passes({ way, type, mark }, filter) {
  switch (filter) {
    case "out": case "in": return way === filter;
    case "turns": return /speech_st|committed|buffer\.commit$|client_turn/.test(type);
    case "words": return /transcription\./.test(type);
    case "session": return type.startsWith("session.") || way === "wire" || type === "error";
    case "problems": return mark !== "";
    default: return true;
  }
}

/**
 * The rows that a filter and a search leave.
 * @param {EventRow[]} rows @param {Filter} filter @param {string} query
 */
export function filteredRows(rows, filter, query) {
  const wanted = query.trim().toLocaleLowerCase();
  if (filter === "all" && !wanted) return rows;
  return rows.filter((row) => passes(row, filter)
    && (!wanted || `${row.type} ${row.item} ${row.text} ${row.mark}`.toLocaleLowerCase().includes(wanted)));
}

/** A type in short: what all events of its kind begin with is left out. @param {string} type */
export function shortType(type) {
  return type.replace("conversation.item.input_audio_transcription.", "…transcription.")
    .replace("conversation.item.", "…item.").replace("input_audio_buffer.", "…buffer.");
}

/**
 * What a band of appends carried: seconds of sound, bytes (base64 counted), and how many times real time it went.
 * @param {EventRow} row @param {number} rate of the samples
 */
export function bandOf({ time, until, count, samples }, rate) {
  const seconds = samples / rate;
  const later = (seconds * (count - 1)) / count; // what followed the first append in the time until the last
  return { seconds, bytes: Math.ceil((2 * samples) / 3) * 4, pace: until > time && count > 1 ? later / (until - time) : null };
}

/** Whether a row is to be predicted: what the two sides say, but for the stream of sound. @param {EventRow} row */
export function isPredicted({ way, type }) {
  return (way === "in" || way === "out") && type !== APPEND;
}

/**
 * The types there are to choose from, those of the recording in the order of the alphabet.
 * @param {EventRow[]} rows
 */
export function choices(rows) {
  return [...new Set(rows.filter(isPredicted).map(({ type }) => type))].sort();
}

export class Prediction {
  /** @param {EventRow[]} rows */
  constructor(rows) {
    this.rows = rows;
    /** How many rows are in sight. */
    this.shown = 0;
    this.asked = 0;
    this.right = 0;
    this.advance();
  }

  /** The row that is hidden and asked for; null at the end. */
  get next() {
    return this.rows[this.shown] ?? null;
  }

  /** Show what nobody is asked about, up to the next event that is. */
  advance() {
    while (this.next && !isPredicted(this.next)) this.shown += 1;
  }

  /**
   * Show the next event after a choice of its type; without one it does not count.
   * @param {string | null} type @returns {{row: EventRow, right: boolean | null}}
   */
  guess(type) {
    const row = /** @type {EventRow} */ (this.next);
    const right = type === null ? null : type === row.type;
    if (right !== null) {
      this.asked += 1;
      this.right += Number(right);
    }
    this.shown += 1;
    this.advance();
    return { row, right };
  }
}

/**
 * The chunks of one recording that the kernel has not said are safe with it: kept so that they can be sent again.
 *
 * @import { Chunk } from "./recorder.js"
 *
 * @typedef {Chunk & {at: number}} KeptChunk   `at`: samples of the recording before it
 */

/** Chunks (of 0.1 s) that a page keeps: ten minutes. */
export const MOST_CHUNKS = 6000;

/** Chunks sent again at once; those after them follow when the kernel has these. */
export const AGAIN_CHUNKS = 300;

const CHUNK_SECONDS = 0.1;
/** Seconds of sound kept from which on the kernel counts as away: it says twice a second what is safe. */
const LATE_SECONDS = 3;

/** Milliseconds before the same chunks are sent once more. */
const AGAIN_MS = 2000;

export class KeptChunks {
  /** @param {number} [most] */
  constructor(most = MOST_CHUNKS) {
    this.most = most;
    /** Number of the oldest kept, and of the next to come. */
    this.first = 0;
    this.next = 0;
    /** Samples until now. */
    this.samples = 0;
    /** Number of the first that could not be handed to the front end at all. */
    this.unsent = Infinity;
    /** @type {Map<number, KeptChunk>} */
    this.chunks = new Map();
    /** Whether the kernel has ever said what is safe. */
    this.answered = false;
    this.askedFor = -1;
    this.askedAt = -Infinity;
  }

  get count() {
    return this.chunks.size;
  }

  /** Whether nothing more can be kept without losing what was never sent. */
  get full() {
    return this.count >= this.most && this.unsent <= this.first;
  }

  /** Keep a chunk; the oldest goes where there are too many. @param {Chunk} chunk */
  add(chunk) {
    if (this.next === 0) this.first = chunk.seq;
    this.chunks.set(chunk.seq, { at: this.samples, ...chunk });
    this.samples += chunk.pcm.byteLength / 2;
    this.next = chunk.seq + 1;
    if (this.count > this.most) this.drop(this.next - this.most);
  }

  /** A chunk could not be sent. @param {number} seq */
  failed(seq) {
    this.unsent = Math.min(this.unsent, seq);
  }

  /** All before this number are safe with the kernel. @param {number} safe */
  heard(safe) {
    this.answered = true;
    this.drop(safe);
    if (this.unsent < this.first) this.unsent = Infinity;
  }

  /** @param {number} below */
  drop(below) {
    for (let seq = this.first; seq < Math.min(below, this.next); seq += 1) this.chunks.delete(seq);
    this.first = Math.max(this.first, Math.min(below, this.next));
  }

  /**
   * What to send again, in order, of the chunks from `from` on that the kernel misses up to `upto`; nothing where the
   * same was sent a moment ago.
   * @param {number} from @param {number} upto @param {number} now milliseconds
   * @returns {KeptChunk[]}
   */
  again(from, upto, now) {
    if (from === this.askedFor && now - this.askedAt < AGAIN_MS) return [];
    this.askedFor = from;
    this.askedAt = now;
    return this.between(from, Math.min(upto, from + AGAIN_CHUNKS));
  }

  /** @param {number} from @param {number} upto @returns {KeptChunk[]} */
  between(from, upto) {
    /** @type {KeptChunk[]} */
    const found = [];
    for (let seq = Math.max(from, this.first); seq < Math.min(upto, this.next); seq += 1) {
      const chunk = this.chunks.get(seq);
      if (chunk) found.push(chunk);
    }
    return found;
  }

  /** Seconds of sound kept. */
  get seconds() {
    return this.count * CHUNK_SECONDS;
  }

  /** Whether what this page has was not safe with the kernel for seconds. */
  get late() {
    return this.unsent < Infinity || (this.answered && this.seconds > LATE_SECONDS);
  }
}

/**
 * The chunks of one recording that the kernel has not said are safe with it: kept so that they can be sent again. Also how
 * many of them may be on their way at once: few where the kernel says late that they have come, so that on a slow line what
 * else is asked for does not wait behind sound.
 *
 * @import { Chunk } from "./recorder.js"
 *
 * @typedef {Chunk & {at: number, sentAt?: number}} KeptChunk   `at`: samples of the recording before it; `sentAt`: milliseconds
 */

/** Chunks (of 0.1 s) that a page keeps: ten minutes. */
export const MOST_CHUNKS = 6000;

export const CHUNK_SECONDS = 0.1;
/** Seconds of sound kept from which on the kernel counts as away: it says twice a second what is safe. */
const LATE_SECONDS = 3;

/** Milliseconds before the same chunks are sent once more. */
const AGAIN_MS = 2000;

/** Chunks that may be on their way: at first, at least, at most. */
const AHEAD = { first: 20, least: 5, most: 100 };
/** Milliseconds from sending a chunk to the word that it has come, above which the line is slow: half a second is the kernel's. */
const SLOW_MS = 1500;
/** Milliseconds without a word from the kernel after which nothing is held back for it: it is busy, or gone. */
const QUIET_MS = 10_000;

export class KeptChunks {
  /** @param {number} [most] */
  constructor(most = MOST_CHUNKS) {
    this.most = most;
    /** Number of the oldest kept, and of the next to come. */
    this.first = 0;
    this.next = 0;
    /** Number of the first that was not sent, and of the first that has not come. */
    this.sent = 0;
    this.came = 0;
    /** Samples until now. */
    this.samples = 0;
    /** The chunk that was sent last. @type {KeptChunk | undefined} */
    this.last = undefined;
    /** Whether the front end could not take the last one that was to be sent. */
    this.refused = false;
    /** @type {Map<number, KeptChunk>} */
    this.chunks = new Map();
    /** Whether the kernel has ever said what has come, and when it did so last. */
    this.answered = false;
    this.heardAt = -Infinity;
    this.ahead = AHEAD.first;
    /** Above so many they become more one by one. */
    this.bend = Infinity;
    this.askedFor = -1;
    this.askedAt = -Infinity;
  }

  get count() {
    return this.chunks.size;
  }

  /** Whether nothing more can be kept without losing what was never sent. */
  get full() {
    return this.count >= this.most && this.sent <= this.first;
  }

  /** Keep a chunk; the oldest goes where there are too many. @param {Chunk} chunk */
  add(chunk) {
    if (this.next === 0) this.first = this.sent = this.came = chunk.seq;
    this.chunks.set(chunk.seq, { at: this.samples, ...chunk });
    this.samples += chunk.pcm.byteLength / 2;
    this.next = chunk.seq + 1;
    if (this.count > this.most) this.drop(this.next - this.most);
  }

  /** What may be sent now, in order. @param {number} now milliseconds @returns {KeptChunk[]} */
  ready(now) {
    const bounded = this.answered && now - this.heardAt < QUIET_MS;
    return this.between(this.sent, bounded ? this.came + this.ahead : this.next);
  }

  /** A chunk went out. @param {KeptChunk} chunk @param {number} now milliseconds */
  went(chunk, now) {
    chunk.sentAt = now;
    this.sent = chunk.seq + 1;
    this.last = chunk;
  }

  /** The sound before a chunk, where it is at hand. @param {number} seq @returns {ArrayBuffer | null} */
  before(seq) {
    const chunk = this.chunks.get(seq - 1) ?? this.last;
    return chunk?.seq === seq - 1 ? chunk.pcm : null;
  }

  /** Let go of what was not sent. */
  cut() {
    for (const { seq } of this.between(this.sent, this.next)) this.chunks.delete(seq);
    this.next = this.sent;
  }

  /**
   * All before `came` have come, and those before `safe` need not be kept.
   * @param {number} came @param {number} safe @param {number} now milliseconds
   */
  heard(came, safe, now) {
    const sentAt = this.chunks.get(came - 1)?.sentAt;
    if (came > this.came && sentAt !== undefined) this.fit(now - sentAt);
    this.came = Math.max(this.came, came);
    this.answered = true;
    this.heardAt = now;
    this.drop(safe);
  }

  /**
   * How many chunks may be on their way, as TCP finds it: twice as many while that is well, half where the last one came
   * late, and from then on one more each time. Only where chunks wait does it matter.
   * @param {number} took milliseconds
   */
  fit(took) {
    const { least, most } = AHEAD;
    if (took > SLOW_MS) this.ahead = this.bend = Math.max(least, this.ahead >> 1);
    else if (this.sent < this.next) this.ahead = Math.min(most, this.ahead < this.bend ? 2 * this.ahead : this.ahead + 1);
  }

  /** @param {number} below */
  drop(below) {
    for (let seq = this.first; seq < Math.min(below, this.next); seq += 1) this.chunks.delete(seq);
    this.first = Math.max(this.first, Math.min(below, this.next));
    this.sent = Math.max(this.sent, this.first);
  }

  /**
   * Some of those sent have not come: they are sent again, but not where that was done a moment ago.
   * @param {number} now milliseconds
   */
  goBack(now) {
    if (this.came === this.askedFor && now - this.askedAt < AGAIN_MS) return;
    this.askedFor = this.came;
    this.askedAt = now;
    this.sent = Math.max(this.first, Math.min(this.sent, this.came));
  }

  /** Another kernel is told of them all, from the oldest kept on. @param {number} now milliseconds */
  beginAnew(now) {
    this.sent = this.came = this.first;
    this.answered = true;
    this.heardAt = now;
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

  /** Seconds of sound that have not come. */
  get missing() {
    return (this.next - this.came) * CHUNK_SECONDS;
  }

  /** Whether what this page has was not safe with the kernel for seconds. */
  get late() {
    return this.refused || (this.answered && this.seconds > LATE_SECONDS);
  }

  /** Whether the kernel is there, and the line carries less than the sound. @param {number} now milliseconds */
  isSlow(now) {
    return this.answered && !this.refused && now - this.heardAt < QUIET_MS && this.missing > LATE_SECONDS;
  }
}

/**
 * Keeps what a page has recorded until it is safe with the kernel: in memory, and in the browser's database while the
 * kernel or the network is away. What the kernel misses is sent again; what a page that ended has left is offered by the
 * next one.
 *
 * @import { About, Kept } from "./chunk_store.js"
 * @import { Chunk } from "./recorder.js"
 * @import { KeptChunk } from "./kept_chunks.js"
 * @import { Packed } from "./packer.js"
 * @import { Uplink } from "./uplink.js"
 *
 * @typedef {{session: string, chunks: number, upto: number | null, over: boolean, safe: number, opus?: boolean}} Heard
 *   what the kernel has of a recording: chunks before `safe` need not be kept; whether it reads Opus
 * @typedef {{seconds: number}} Waiting
 * @typedef {{done: number, of: number}} Sending   seconds of a recording that is over, of which some are still on their way
 *
 * @typedef {object} Entry   a recording of which something is kept
 * @property {About} about
 * @property {KeptChunks} chunks
 * @property {{chunks: number, reason: string} | null} stop   how it ended
 * @property {boolean} givenUp  what was not sent then is not sent any more
 * @property {number} looks    how often it was looked at since
 * @property {number} stored   chunks before this number are in the database
 * @property {() => void} release   lets another page take it over
 * @property {Promise<unknown>} freed   settled once another page may
 * @property {"pcm" | "opus"} coding   how it is sent; it stays Opus once that was needed
 * @property {boolean} packing   a piece is being coded
 */
import { ChunkStore } from "./chunk_store.js";
import { CHUNK_SECONDS, KeptChunks } from "./kept_chunks.js";
import { canPack, pack } from "./packer.js";

const LOOK_MS = 1000;
/** Looks after which a kernel that has not once said what it has counts as one that does not say it. */
const UNANSWERED_LOOKS = 5;
const CHANNEL = "qaw-kept";
/** Chunks that are coded as one piece. */
const PIECE = { least: 5, most: 50 };
/** Seconds of a recording that is over, below which nobody need be told that they are on their way. */
const SOON_SECONDS = 1;

export class Keeper {
  /**
   * @param {Uplink} uplink
   * @param {string} uid of the widget
   * @param {() => void} changed called when something else is kept or left
   * @param {{canPack: typeof canPack, pack: typeof pack}} [codec]
   */
  constructor(uplink, uid, changed, codec = { canPack, pack }) {
    this.codec = codec;
    this.uplink = uplink;
    this.uid = uid;
    this.changed = changed;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {Kept[]} */
    this.left = [];
    this.opening = ChunkStore.open();
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
    if (this.channel) this.channel.onmessage = () => void this.findLeft();
    /** Runs while something is kept. @type {number | undefined} */
    this.timer = undefined;
    uplink.sentUpto = () => this.entries.get(uplink.session)?.chunks.sent;
    void this.findLeft();
  }

  /** What is kept because the kernel is away. @returns {Waiting | null} */
  get waiting() {
    let seconds = 0;
    for (const { chunks } of this.entries.values()) if (chunks.late) seconds += chunks.seconds;
    return seconds > 0 ? { seconds } : null;
  }

  /** Whether the kernel is there, and the line to it slower than what is recorded. */
  get slow() {
    const now = performance.now();
    return [...this.entries.values()].some(({ chunks }) => chunks.isSlow(now));
  }

  /** How far a recording that is over is. @returns {Sending | null} */
  get sending() {
    for (const { chunks, stop, givenUp } of this.entries.values()) {
      if (stop === null || givenUp || !chunks.answered || chunks.missing <= SOON_SECONDS) continue;
      return { done: chunks.came * CHUNK_SECONDS, of: stop.chunks * CHUNK_SECONDS };
    }
    return null;
  }

  /** Send no more of the recordings that are over: what has gone out is all there is of them. */
  giveUp() {
    for (const entry of this.entries.values()) {
      if (entry.stop === null) continue;
      entry.chunks.cut();
      entry.stop = { ...entry.stop, chunks: entry.chunks.next };
      entry.givenUp = true;
      this.tellStop(entry);
    }
    this.changed();
  }

  /** Whether no more of the recording under way can be kept. */
  get full() {
    return this.entries.get(this.uplink.session)?.chunks.full ?? false;
  }

  // ---- a recording of this page

  /** A recording begins. @param {{rate: number, label: string, settings: object, asked: object}} about */
  begin({ rate, label, settings, asked }) {
    const { session } = this.uplink;
    void this.lock(this.enter({ session, uid: this.uid, rate, label, settings, asked, began: Date.now() }));
  }

  /** @param {About} about @returns {Entry} */
  enter(about) {
    /** @type {Entry} */
    const entry = {
      about, chunks: new KeptChunks(), stop: null, givenUp: false, looks: 0, stored: 0, release: () => {}, freed: Promise.resolve(),
      coding: "pcm", packing: false,
    };
    this.hold(entry);
    return entry;
  }

  /** @param {Entry} entry */
  hold(entry) {
    this.entries.set(entry.about.session, entry);
    this.timer ??= window.setInterval(() => this.look(), LOOK_MS);
  }

  /** Keep other pages from offering a recording; false where one of them was first. @param {Entry} entry @returns {Promise<boolean>} */
  lock(entry) {
    const { session } = entry.about;
    if (!navigator.locks) return Promise.resolve(true);
    return new Promise((answer) => {
      entry.freed = navigator.locks.request(lockOf(session), { ifAvailable: true }, (lock) => {
        answer(lock !== null);
        if (lock === null || this.entries.get(session) !== entry) return undefined;
        return new Promise((free) => { entry.release = () => free(undefined); });
      }).catch(() => answer(true));
    });
  }

  /** Hand the recording under way to another keeper, if there is one; it stays locked. @returns {Entry | null} */
  handOver() {
    const entry = this.entries.get(this.uplink.session);
    if (!entry) return null;
    this.drop(entry);
    return entry;
  }

  /** Keep a recording that another keeper has handed over; the kernel is sent what is kept. @param {Entry} entry @param {string} browser */
  takeUp(entry, browser) {
    this.hold(entry);
    this.bring(entry, browser);
  }

  /** Keep a chunk, and send what may be sent. @param {Chunk} chunk */
  take(chunk) {
    const entry = this.entries.get(this.uplink.session);
    if (!entry) return;
    entry.chunks.add(chunk);
    this.pump(entry);
    if (entry.chunks.late) void this.persist(entry); // at once: a reload gives no time
  }

  /** The recording is over; whether that could be said. @param {number} chunks @param {string} reason */
  stop(chunks, reason) {
    this.uplink.close();
    const entry = this.entries.get(this.uplink.session);
    if (!entry) return this.uplink.reach("stop", { chunks, reason });
    entry.stop = { chunks, reason };
    const told = this.tellStop(entry);
    if (!told) void this.leave(entry);
    return told;
  }

  /** The recording under way failed, and what is wrong was said: nothing of it is sent any more. */
  abandon() {
    const entry = this.entries.get(this.uplink.session);
    if (entry?.stop === null) this.forget(entry);
  }

  // ---- what the kernel says

  /** @param {Heard} heard */
  heard({ session, chunks, upto, over, safe, opus = false }) {
    const entry = this.entries.get(session);
    if (!entry) return;
    const now = performance.now();
    entry.chunks.heard(chunks, safe, now);
    if (upto !== null) entry.chunks.goBack(now);
    if (opus && entry.coding === "pcm" && entry.chunks.isSlow(now)) void this.change(entry);
    this.pump(entry);
    if (entry.stored > 0) void this.stored((store) => store.drop(session, safe));
    if (over && entry.stop !== null) this.settle(entry);
    this.changed();
  }

  /** The kernel has all it will ever take. @param {Entry} entry */
  settle(entry) {
    this.forget(entry);
    if (entry.stored > 0) void this.stored((store) => store.remove(entry.about.session)).then(() => this.tellOthers());
  }

  /** @param {Entry} entry */
  forget(entry) {
    this.drop(entry);
    entry.release();
  }

  /** @param {Entry} entry */
  drop(entry) {
    this.entries.delete(entry.about.session);
    if (this.entries.size > 0) return;
    window.clearInterval(this.timer);
    this.timer = undefined;
  }

  // ---- sending

  /** Send what may be sent now. @param {Entry} entry @param {boolean} [all] also what makes a small piece */
  pump(entry, all = false) {
    if (entry.coding === "opus") return void this.pumpPacked(entry, all);
    const { chunks, about: { session, rate } } = entry;
    const now = performance.now();
    for (const chunk of chunks.ready(now)) {
      const { seq, peak, clipped, pcm } = chunk;
      const sent = performance.timeOrigin + now;
      const went = this.uplink.reach("chunk", { session, rate, seq, peak, clipped, held: chunks.first, sent }, [pcm]);
      chunks.refused = !went;
      if (!went) return;
      chunks.went(chunk, now);
    }
  }

  /** From now on the sound goes as Opus, where this browser codes it. @param {Entry} entry */
  async change(entry) {
    if (!(await this.codec.canPack(entry.about.rate))) return;
    entry.coding = "opus";
    this.pump(entry);
  }

  /** Code and send piece after piece. @param {Entry} entry @param {boolean} all */
  async pumpPacked(entry, all) {
    if (entry.packing) return;
    const { chunks } = entry;
    const ready = chunks.ready(performance.now()).slice(0, PIECE.most);
    if (ready.length === 0 || (ready.length < PIECE.least && !all && entry.stop === null)) return;
    entry.packing = true;
    try {
      const packed = await this.codec.pack(chunks.before(ready[0].seq), ready.map(({ pcm }) => pcm));
      if (chunks.sent !== ready[0].seq || !this.sendPacked(entry, ready, packed)) return;
    } catch (error) {
      console.warn("qwen_asr_widgets: this browser does not code Opus", error);
      entry.coding = "pcm";
    } finally {
      entry.packing = false;
    }
    this.pump(entry);
  }

  /** @param {Entry} entry @param {KeptChunk[]} piece @param {Packed} packed @returns {boolean} */
  sendPacked({ about: { session, rate }, chunks }, piece, { data, sizes, skip, lead }) {
    const now = performance.now();
    const went = this.uplink.reach("packed", {
      session, rate, seq: piece[0].seq, held: chunks.first, skip, lead, sizes,
      lengths: piece.map(({ pcm }) => pcm.byteLength / 2), peaks: piece.map(({ peak }) => peak),
    }, [data]);
    chunks.refused = !went;
    if (went) for (const chunk of piece) chunks.went(chunk, now);
    return went;
  }

  /**
   * Tell a kernel of a recording of which another one has had the beginning, and send what is kept.
   * @param {Entry} entry @param {string} browser
   */
  bring(entry, browser) {
    const { about: { session, rate, label, settings, asked }, chunks } = entry;
    const { first, next, samples } = chunks;
    const at = chunks.between(first, next)[0]?.at ?? samples;
    this.uplink.reach("start", { session, rate, label, settings, asked, first, at, browser });
    chunks.beginAnew(performance.now());
    this.pump(entry);
  }

  /** @param {Entry} entry */
  tellStop({ about, chunks, stop }) {
    const { session, rate } = about;
    return this.uplink.reach("stop", { session, rate, ...stop, held: chunks.first, upto: chunks.sent });
  }

  /** Once a second: remind the kernel of recordings that are over, and write down what it does not take. */
  look() {
    for (const entry of this.entries.values()) {
      if (entry.chunks.late) void this.persist(entry);
      this.pump(entry, true);
      if (entry.stop !== null) this.remind(entry);
    }
    if (this.waiting || this.sending) this.changed();
  }

  /** Say again that a recording is over; a kernel that never answers is asked for nothing. @param {Entry} entry */
  remind(entry) {
    entry.looks += 1;
    if (!this.tellStop(entry)) void this.leave(entry);
    else if (!entry.chunks.answered && entry.looks >= UNANSWERED_LOOKS) this.forget(entry);
  }

  // ---- beyond the end of the page

  /** Write down what is kept. @param {Entry} entry */
  async persist(entry) {
    const { about, chunks } = entry;
    const news = chunks.between(entry.stored, chunks.next);
    if (news.length === 0) return;
    entry.stored = chunks.next;
    await this.stored((store) => store.add(about, news));
  }

  /** Leave a recording to whoever offers it: this page has no way to the kernel any more. @param {Entry} entry */
  async leave(entry) {
    if (entry.chunks.count === 0) return this.forget(entry);
    await this.persist(entry);
    if (!(await this.opening)) return; // then this page's memory is all there is
    this.forget(entry);
    await entry.freed;
    this.tellOthers();
    await this.findLeft();
  }

  /** The page is left, while it may come back: write down what the kernel does not take. @param {number} chunks recorded */
  interrupt(chunks) {
    for (const entry of this.entries.values()) if (entry.chunks.late) void this.persist(entry);
    const held = this.entries.get(this.uplink.session)?.chunks.first;
    this.uplink.reach("stop", { chunks, reason: "interrupted", held });
  }

  /** Look for what pages that ended have left. */
  async findLeft() {
    const held = await heldLocks();
    const all = (await this.stored((store) => store.list())) ?? [];
    this.left = all.filter(({ session }) => !held.has(lockOf(session)));
    this.changed();
  }

  /**
   * A page of this tab recorded and is gone: where it has left nothing to send, the kernel need not wait for it.
   * @param {{session: string, rate: number, chunks: number}} before
   */
  async sayGone({ session, rate, chunks }) {
    await this.findLeft();
    const alive = (await heldLocks()).has(lockOf(session));
    if (alive || this.left.some((one) => one.session === session)) return;
    this.uplink.reach("stop", { session, rate, chunks, reason: "interrupted" });
  }

  /** Send what a page has left. @param {string} session */
  async deliver(session) {
    const left = this.left.find((one) => one.session === session);
    const chunks = left && (await this.stored((store) => store.read(session)));
    if (!left || !chunks?.length) return this.findLeft();
    this.left = this.left.filter((one) => one !== left);
    const { first, next, seconds, ...about } = left;
    const entry = this.enter(about);
    if (!(await this.lock(entry))) {
      this.forget(entry);
      return this.findLeft();
    }
    for (const chunk of chunks) entry.chunks.add(chunk);
    entry.stored = next;
    entry.stop = { chunks: next, reason: "interrupted" };
    this.bring(entry, "");
    if (!this.tellStop(entry)) await this.leave(entry);
    this.changed();
  }

  /** Throw away what a page has left. @param {string} session */
  async throwAway(session) {
    const left = this.left.find((one) => one.session === session);
    this.left = this.left.filter((one) => one !== left);
    this.changed();
    if (left) this.uplink.reach("stop", { session, rate: left.rate, chunks: left.first, reason: "interrupted" });
    await this.stored((store) => store.remove(session));
    this.tellOthers();
  }

  tellOthers() {
    this.channel?.postMessage("changed");
  }

  /** @template T @param {(store: ChunkStore) => Promise<T>} work @returns {Promise<T | undefined>} */
  async stored(work) {
    const store = await this.opening;
    try {
      return store ? await work(store) : undefined;
    } catch (error) {
      console.debug("qwen_asr_widgets: the browser's database failed", error);
      return undefined;
    }
  }

  /** The widget is gone from the page. */
  async dispose() {
    window.clearInterval(this.timer);
    await Promise.all([...this.entries.values()].map((entry) => this.leave(entry)));
    this.channel?.close();
    (await this.opening)?.close();
  }
}

/** The names of the locks that pages of this browser hold. */
async function heldLocks() {
  const found = await navigator.locks?.query?.().catch(() => undefined);
  return new Set(found?.held?.map(({ name }) => name));
}

/** @param {string} session */
function lockOf(session) {
  return `qaw-kept-${session}`;
}

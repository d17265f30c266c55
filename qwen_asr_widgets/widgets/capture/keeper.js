/**
 * Keeps what a page has recorded until it is safe with the kernel: in memory, and in the browser's database while the
 * kernel or the network is away. What the kernel misses is sent again; what a page that ended has left is offered by the
 * next one.
 *
 * @import { About, Kept } from "./chunk_store.js"
 * @import { Chunk } from "./recorder.js"
 * @import { Uplink } from "./uplink.js"
 *
 * @typedef {{session: string, chunks: number, upto: number | null, over: boolean, safe: number}} Heard   what the kernel has of
 *   a recording: chunks before `safe` need not be kept
 * @typedef {{seconds: number}} Waiting
 *
 * @typedef {object} Entry   a recording of which something is kept
 * @property {About} about
 * @property {KeptChunks} chunks
 * @property {{chunks: number, reason: string} | null} stop   how it ended
 * @property {number} looks    how often it was looked at since
 * @property {number} stored   chunks before this number are in the database
 * @property {() => void} release   lets another page take it over
 * @property {Promise<unknown>} freed   settled once another page may
 */
import { ChunkStore } from "./chunk_store.js";
import { AGAIN_CHUNKS, KeptChunks } from "./kept_chunks.js";

const LOOK_MS = 1000;
/** Looks after which a kernel that has not once said what it has counts as one that does not say it. */
const UNANSWERED_LOOKS = 5;
const CHANNEL = "qaw-kept";

export class Keeper {
  /**
   * @param {Uplink} uplink
   * @param {string} uid of the widget
   * @param {() => void} changed called when something else is kept or left
   */
  constructor(uplink, uid, changed) {
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
    void this.findLeft();
  }

  /** What is kept because the kernel is away. @returns {Waiting | null} */
  get waiting() {
    let seconds = 0;
    for (const { chunks } of this.entries.values()) if (chunks.late) seconds += chunks.seconds;
    return seconds > 0 ? { seconds } : null;
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
    const entry = { about, chunks: new KeptChunks(), stop: null, looks: 0, stored: 0, release: () => {}, freed: Promise.resolve() };
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

  /** Keep a chunk, and send it. @param {Chunk} chunk */
  take(chunk) {
    const entry = this.entries.get(this.uplink.session);
    if (!entry) return;
    entry.chunks.add(chunk);
    this.send(entry, [chunk]);
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
  heard({ session, chunks, upto, over, safe }) {
    const entry = this.entries.get(session);
    if (!entry) return;
    entry.chunks.heard(safe);
    if (upto !== null) this.send(entry, entry.chunks.again(chunks, upto, performance.now()));
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

  /** @param {Entry} entry @param {Chunk[]} chunks */
  send(entry, chunks) {
    const { session, rate } = entry.about;
    for (const chunk of chunks) {
      const sent = this.uplink.reach("chunk", {
        session, rate, seq: chunk.seq, peak: chunk.peak, clipped: chunk.clipped, held: entry.chunks.first,
        sent: performance.timeOrigin + performance.now(),
      }, [chunk.pcm]);
      if (!sent) return entry.chunks.failed(chunk.seq);
    }
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
    this.send(entry, chunks.between(first, first + AGAIN_CHUNKS));
  }

  /** @param {Entry} entry */
  tellStop({ about, chunks, stop }) {
    const { session, rate } = about;
    return this.uplink.reach("stop", { session, rate, ...stop, held: chunks.first });
  }

  /** Once a second: remind the kernel of recordings that are over, and write down what it does not take. */
  look() {
    for (const entry of this.entries.values()) {
      if (entry.chunks.late) void this.persist(entry);
      if (entry.stop !== null) this.remind(entry);
    }
    if (this.waiting) this.changed();
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

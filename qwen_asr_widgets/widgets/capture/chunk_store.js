/**
 * What a page keeps of a recording beyond its own end: in the browser's database, where that is allowed. Ten minutes
 * of one recording at most, for seven days at most; whatever fails leaves the page with what it has in memory.
 *
 * @import { KeptChunk } from "./kept_chunks.js"
 *
 * @typedef {object} About   a recording of which chunks are kept
 * @property {string} session
 * @property {string} uid    of the widget
 * @property {number} rate   Hz
 * @property {string} label  the device
 * @property {number} began  milliseconds since 1970
 * @property {object} settings
 * @property {object} asked
 *
 * @typedef {About & {first: number, next: number, seconds: number}} Kept   its chunks from `first` to before `next`
 */

const NAME = "qaw-recordings";
const DAYS_MS = 7 * 86_400_000;

export class ChunkStore {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
  }

  /** @returns {Promise<ChunkStore | null>} null where the browser allows none */
  static async open() {
    try {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("recordings", { keyPath: "session" });
        asked.result.createObjectStore("chunks", { keyPath: ["session", "seq"] });
      };
      const store = new ChunkStore(await done(asked));
      store.database.onversionchange = () => store.database.close();
      return store;
    } catch (error) {
      console.debug("qwen_asr_widgets: this page keeps sound in memory only", error);
      return null;
    }
  }

  /** Keep chunks of a recording. @param {About} about @param {KeptChunk[]} chunks */
  async add(about, chunks) {
    const { recordings, all, written, commit } = this.begin("readwrite");
    recordings.put(about);
    for (const chunk of chunks) all.put({ session: about.session, ...chunk });
    commit(); // a page that is left now would end a transaction that waits for more
    await written;
  }

  /** Let go of the chunks before a number. @param {string} session @param {number} below */
  async drop(session, below) {
    if (below === 0) return; // an empty range is an error
    const { all, written } = this.begin("readwrite");
    all.delete(IDBKeyRange.bound([session, 0], [session, below], false, true));
    await written;
  }

  /** Let go of a recording. @param {string} session */
  async remove(session) {
    const { recordings, all, written } = this.begin("readwrite");
    recordings.delete(session);
    all.delete(IDBKeyRange.bound([session, 0], [session, Infinity]));
    await written;
  }

  /** The recordings of which chunks are kept, oldest first; what is too old goes. @returns {Promise<Kept[]>} */
  async list() {
    const { recordings } = this.begin("readonly");
    /** @type {About[]} */
    const found = await done(recordings.getAll());
    const kept = [];
    for (const about of found.sort((a, b) => a.began - b.began)) {
      const chunks = Date.now() - about.began > DAYS_MS ? [] : await this.read(about.session);
      if (chunks.length === 0) {
        await this.remove(about.session);
        continue;
      }
      const samples = chunks.reduce((sum, { pcm }) => sum + pcm.byteLength / 2, 0);
      kept.push({ ...about, first: chunks[0].seq, next: chunks[chunks.length - 1].seq + 1, seconds: samples / about.rate });
    }
    return kept;
  }

  /** The chunks of a recording, in order. @param {string} session @returns {Promise<KeptChunk[]>} */
  async read(session) {
    const { all } = this.begin("readonly");
    return done(all.getAll(IDBKeyRange.bound([session, 0], [session, Infinity])));
  }

  /** @param {IDBTransactionMode} mode */
  begin(mode) {
    const transaction = this.database.transaction(["recordings", "chunks"], mode);
    const written = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(undefined);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    written.catch(() => {});
    const commit = () => transaction.commit?.();
    return { recordings: transaction.objectStore("recordings"), all: transaction.objectStore("chunks"), written, commit };
  }

  close() {
    this.database.close();
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

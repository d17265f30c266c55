// One recording at a time for a widget in a page, shared by all its views. The kernel never writes
// here: what the views show is this state alone.

import { newId } from "../shared/dom.js";
import { pageProblem, UNPROCESSED } from "./capture.js";
import { Keeper } from "./keeper.js";
import { Recorder } from "./recorder.js";
import { unattended } from "./unattended.js";
import { Uplink } from "./uplink.js";
import { FileWay, QUIET_MS } from "./upload.js";

const SILENT_SECONDS = 3;
/** How long a recording whose kernel and views are gone waits for another widget: a notebook may be run from its top. */
const UNATTENDED_MS = 60_000;
const CLIP_SHOWN_SECONDS = 2;

/**
 * @typedef {import("./capture.js").Problem} Problem
 * @typedef {import("./capture.js").ProblemCode} ProblemCode
 * @typedef {"idle" | "starting" | "recording" | "paused" | "stopping"} Phase
 * @typedef {object} State
 * @property {Phase} phase
 * @property {number} seconds recorded, without pauses
 * @property {number} peak of the last chunk, in [0, 1]
 * @property {boolean} clipping
 * @property {boolean} silent nothing but zeros arrive, or the system says that it is muted
 * @property {Array<{id: string, label: string}>} devices
 * @property {string} deviceId
 * @property {import("./capture.js").Processing} processing asked for
 * @property {Record<string, number | boolean | null> | null} settings the real ones
 * @property {(Problem & {seconds: number}) | null} problem
 * @property {{name: string, size: number, sent: number, taken: number} | null} file
 * @property {{chunks: number, seconds: number} | null} lost on the way to the kernel, as it says
 * @property {boolean | null} besideCells whether sound reaches the kernel while a cell runs, as it says
 * @property {import("./keeper.js").Waiting | null} kept in this page because the kernel is away
 * @property {boolean} quiet  the kernel has not answered for a while: a cell may be running
 * @property {boolean} slow   the line carries less than what is recorded
 * @property {boolean} wasSlow  it did so during the last recording
 * @property {import("./keeper.js").Sending | null} sending a recording that is over
 * @property {import("./chunk_store.js").Kept[]} left by pages that ended before the kernel had it
 * @property {boolean} goesOn  another widget's recording goes on in this page without a kernel, to be taken over
 */

export class CaptureController {
  /**
   * @param {import("./uplink.js").Sender} sender
   * @param {string} uid of the widget, the same in every tab
   */
  constructor(sender, uid) {
    this.uid = uid;
    this.uplink = new Uplink(sender, () => this.remember());
    this.keeper = new Keeper(this.uplink, uid, () => this.showKept());
    /** @type {Set<(state: State) => void>} */
    this.views = new Set();
    /** Runs while the recording waits for another widget. @type {number | undefined} */
    this.waiting = undefined;
    this.ending = new AbortController();
    this.forgetLock = () => {};
    this.files = new FileWay(this);
    /** When the kernel answered last, or began to be waited for. */
    this.wordAt = 0;
    this.quiet = 0;
    this.clippedAt = -Infinity;
    /** The device that was chosen and is not there; it is chosen again when it is plugged in again. */
    this.missing = "";
    /** This browser's name while its other pages cannot record; the kernel gives up what they left behind. */
    this.browser = "";
    /** @type {State} */
    this.state = {
      phase: "idle", seconds: 0, peak: 0, clipping: false, silent: false, devices: [], deviceId: "",
      processing: { ...UNPROCESSED }, settings: null, problem: this.leftBehind(), file: null,
      lost: null, besideCells: null, kept: null, left: [], goesOn: false,
      quiet: false, slow: false, wasSlow: false, sending: null,
    };
    const devices = navigator.mediaDevices;
    devices?.addEventListener("devicechange", () => this.listDevices(), { signal: this.ending.signal });
    // A page that is left says so where it still can; one that comes back from the cache goes on.
    window.addEventListener("pagehide", () => this.leave(), { signal: this.ending.signal });
    this.listDevices();
  }

  leave() {
    const { recorder } = this;
    const { phase } = this.state;
    if (!recorder || phase === "idle" || phase === "starting") return;
    this.remember();
    this.keeper.interrupt(recorder.chunks);
  }

  showKept() {
    const { waiting: kept, left, slow, sending } = this.keeper;
    const goesOn = unattended.of(this) !== null;
    const { state } = this;
    const kinds = [left !== state.left, goesOn !== state.goesOn, slow !== state.slow];
    const moves = kept ?? state.kept ?? sending ?? state.sending;
    if (moves || kinds.some(Boolean)) this.set({ kept, left, goesOn, slow, sending, wasSlow: slow || state.wasSlow });
  }

  /** The kernel has answered, or is waited for from now on. */
  word() {
    this.wordAt = performance.now();
    if (this.state.quiet) this.set({ quiet: false });
  }

  get isQuiet() {
    return performance.now() - this.wordAt > QUIET_MS;
  }

  /** What the kernel has of a recording. @param {import("./keeper.js").Heard} heard */
  hear(heard) {
    this.word();
    this.keeper.heard(heard);
  }

  /**
   * @param {(state: State) => void} view called now and after every change
   * @param {AbortSignal} signal when it aborts the view is gone, see `unseen`
   */
  attach(view, signal) {
    this.attended();
    this.views.add(view);
    view(this.state);
    signal.addEventListener("abort", () => {
      this.views.delete(view);
      if (this.views.size === 0) this.unseen();
    }, { once: true });
  }

  /**
   * The last view is gone, and with it a recording ends. Where its kernel is away, as after a restart, it goes on for
   * `UNATTENDED_MS`, and the next widget of the page may take it over.
   */
  unseen() {
    const running = this.state.phase === "recording" || this.state.phase === "paused";
    if (!running || !this.keepsSound || this.keeper.waiting === null) return void this.stop("closed");
    this.waiting = window.setTimeout(() => void this.stop("closed"), UNATTENDED_MS);
    unattended.add(this);
    this.keeper.tellOthers();
  }

  /** A view is back, or the recording is over: it no longer waits for another widget. */
  attended() {
    if (!unattended.drop(this)) return;
    window.clearTimeout(this.waiting);
    this.keeper.tellOthers();
  }

  /** Go on with the recording of a widget whose kernel is gone. */
  async takeOver() {
    if (this.state.phase !== "idle") return;
    this.set({ phase: "starting", problem: null, lost: null });
    if (!(await this.takeLock())) return this.fail("othertab");
    const before = unattended.of(this)?.handOver();
    if (!before) {
      this.forgetLock();
      return this.set({ phase: "idle", goesOn: false });
    }
    const { recorder, entry, state } = before;
    this.recorder = recorder;
    recorder.listener = this.listenerOf(() => recorder, 0);
    const { phase, seconds, settings, deviceId, processing } = state;
    this.set({ phase, seconds, settings, deviceId, processing, goesOn: false });
    this.uplink.takeUp(entry.about.session, entry.about.rate);
    this.keeper.takeUp(entry, this.browser);
    if (phase === "paused") this.uplink.reach("pause");
    this.remember();
  }

  /**
   * Let another widget go on with the recording.
   * @returns {{recorder: Recorder, entry: import("./keeper.js").Entry, state: State} | null} null where none is under way
   */
  handOver() {
    const { recorder, state } = this;
    const entry = this.keeper.handOver();
    if (!entry) recorder?.release();
    this.attended();
    this.becomeIdle();
    return recorder && entry ? { recorder, entry, state } : null;
  }

  /** @param {Partial<State>} change */
  set(change) {
    this.state = { ...this.state, ...change };
    for (const view of this.views) view(this.state);
  }

  /**
   * Record. `clickedAt` is the time of the click (performance.now), from which the delay is counted.
   * @param {number} clickedAt
   */
  async start(clickedAt) {
    if (this.state.phase !== "idle") return;
    if (this.keepsSound && unattended.of(this)) return this.takeOver();
    const forbidden = pageProblem(thisPage());
    if (forbidden) return this.fail(forbidden);
    this.set({
      phase: "starting", problem: null, seconds: 0, settings: null, silent: false, clipping: false, lost: null, wasSlow: false,
    });
    if (!(await this.takeLock())) return this.fail("othertab");
    /** @type {Recorder} */
    const recorder = new Recorder(this.listenerOf(() => recorder, clickedAt));
    this.recorder = recorder;
    this.uplink.open();
    const problem = await recorder.start(this.state.deviceId, this.state.processing);
    if (problem) this.fail(problem.code, problem.detail);
    else await this.listDevices();
  }

  /** @param {() => Recorder} recorder @param {number} clickedAt @returns {import("./recorder.js").Listener} */
  listenerOf(recorder, clickedAt) {
    return {
      chunk: (chunk) => this.heard(recorder(), chunk),
      begun: () => this.begun(recorder(), clickedAt),
      muted: (silent) => this.set({ silent }),
      unplugged: () => this.stop("unplugged"),
      stalled: () => this.fail("stalled"),
    };
  }

  /**
   * @param {Recorder} recorder
   * @param {number} clickedAt
   */
  begun(recorder, clickedAt) {
    if (this.recorder !== recorder) return;
    const { browser } = this;
    const { settings, label } = recorder;
    const startDelay = (performance.now() - clickedAt) / 1000;
    const rate = Number(settings.sampleRate);
    this.quiet = 0;
    this.clippedAt = -Infinity;
    this.word();
    this.set({ phase: "recording", settings });
    const asked = this.state.processing;
    if (!this.uplink.start({ rate, label, settings, asked, startDelay, browser })) return void this.stop("kernel");
    if (this.keepsSound) this.keeper.begin({ rate, label, settings, asked });
    this.remember();
  }

  /**
   * @param {Recorder} recorder
   * @param {import("./recorder.js").Chunk} chunk
   */
  heard(recorder, chunk) {
    if (this.recorder !== recorder) return;
    const length = chunk.pcm.byteLength / 2 / this.uplink.rate;
    const seconds = this.state.seconds + length;
    this.quiet = chunk.peak > 0 ? 0 : this.quiet + length;
    if (chunk.clipped > 0) this.clippedAt = seconds;
    this.keeper.take(chunk);
    if (this.keeper.full) void this.stop("kernel");
    this.set({
      seconds,
      peak: this.state.phase === "recording" ? chunk.peak : 0,
      silent: this.quiet >= SILENT_SECONDS,
      clipping: seconds - this.clippedAt < CLIP_SHOWN_SECONDS,
      quiet: this.isQuiet,
    });
  }

  async pause() {
    if (this.state.phase !== "recording" || !this.recorder) return;
    this.set({ phase: "paused", peak: 0 });
    await this.recorder.pause();
    this.uplink.reach("pause");
  }

  resume() {
    if (this.state.phase !== "paused" || !this.recorder) return;
    this.uplink.reach("resume");
    this.recorder.resume();
    this.set({ phase: "recording" });
  }

  /** @param {"stopped" | "closed" | "unplugged" | "kernel"} reason */
  async stop(reason) {
    const { recorder } = this;
    const { phase } = this.state;
    if (!recorder || phase === "stopping" || phase === "idle") return;
    if (phase === "starting") return this.finish(recorder);
    this.attended(); // what ends is not to be taken over
    this.set({ phase: "stopping", peak: 0 });
    const chunks = await recorder.stop();
    const told = this.keeper.stop(chunks, reason);
    this.finish(recorder);
    if (!told || reason === "kernel") this.fail("kernel");
    else if (reason === "unplugged") this.fail(reason);
  }

  /** Whether what the kernel has not taken is kept in the page; where it is not, a kernel that is gone ends it. */
  get keepsSound() {
    return true;
  }

  /** @param {Recorder} recorder */
  finish(recorder) {
    recorder.release();
    this.attended();
    this.becomeIdle();
  }

  /** Nothing is recorded here any more. */
  becomeIdle() {
    this.recorder = undefined;
    this.uplink.close();
    this.forgetLock();
    storage("sessionStorage")?.removeItem(this.memory);
    this.set({ phase: "idle", peak: 0, silent: false, clipping: false, quiet: false });
  }

  /**
   * @param {ProblemCode} code
   * @param {string} [detail]
   */
  fail(code, detail = "") {
    const { seconds } = this.state;
    this.keeper.abandon();
    if (this.recorder) this.finish(this.recorder);
    this.forgetLock();
    this.set({ phase: "idle", problem: { code, detail, seconds } });
    this.uplink.reach("problem", { code, detail });
  }

  /**
   * The kernel cannot take what this page sent; nothing of it is kept.
   * @param {ProblemCode} code
   * @param {string} detail
   */
  refused(code, detail) {
    if (code !== "othertab") {
      this.files.drop();
      return this.set({ problem: { code, detail, seconds: 0 } });
    }
    if (this.state.phase === "idle") return;
    this.set({ seconds: 0 });
    this.fail(code, detail);
  }

  /** @param {File} file */
  async open(file) {
    return this.files.open(file);
  }

  async listDevices() {
    const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    const inputs = found.filter((device) => device.kind === "audioinput" && device.label);
    const devices = inputs.map((device) => ({ id: device.deviceId, label: device.label }));
    const wanted = this.state.deviceId || this.missing;
    const known = devices.some((device) => device.id === wanted);
    this.missing = known ? "" : wanted;
    this.set({ devices, deviceId: known ? wanted : "" });
  }

  /**
   * Only one tab may record for this widget; the lock goes with the tab, however that ends.
   * @returns {Promise<boolean>}
   */
  takeLock() {
    const name = `qaw-microphone-${this.uid}`;
    return new Promise((answer) => {
      const held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
        this.browser = lock ? browserName() : "";
        answer(lock !== null);
        return lock && new Promise((free) => { this.forgetLock = () => free(undefined); });
      });
      // A sandboxed frame has no locks, and no second tab that shares its storage either.
      held.catch(() => answer(true));
    });
  }

  get memory() {
    return `qaw-recording-${this.uid}`;
  }

  /** Note in this tab that a recording runs, so that the page can say after a reload what became of it. */
  remember() {
    const { session, rate } = this.uplink;
    const noted = { seconds: this.state.seconds, session, rate, chunks: this.recorder?.chunks ?? 0 };
    storage("sessionStorage")?.setItem(this.memory, JSON.stringify(noted));
  }

  /** @returns {State["problem"]} */
  leftBehind() {
    const noted = storage("sessionStorage")?.getItem(this.memory) ?? null;
    storage("sessionStorage")?.removeItem(this.memory);
    if (noted === null) return null;
    const before = JSON.parse(noted);
    if (this.keepsSound) void this.keeper.sayGone(before);
    return { code: "interrupted", detail: "", seconds: before.seconds };
  }

  /** The widget is gone from the page. */
  async dispose() {
    this.files.upload?.giveUp();
    await this.stop("closed");
    await this.keeper.dispose();
    this.views.clear();
    this.ending.abort();
    this.uplink.close();
  }
}

/**
 * A name for this browser, as far as its locks reach: the same in all pages that share its storage.
 * @returns {string}
 */
function browserName() {
  const memory = storage("localStorage");
  const name = memory?.getItem("qaw-browser") || newId();
  memory?.setItem("qaw-browser", name);
  return memory ? name : "";
}

/**
 * @param {"localStorage" | "sessionStorage"} which
 * @returns {Storage | null} null where there is none: in a sandboxed frame, or as the browser is set
 */
function storage(which) {
  try {
    return window[which];
  } catch {
    return null;
  }
}

/** What `pageProblem` looks at. */
export function thisPage() {
  const policy = /** @type {{featurePolicy?: {allowsFeature: (name: string) => boolean}}} */ (document).featurePolicy;
  return {
    secure: window.isSecureContext,
    devices: Boolean(navigator.mediaDevices?.getUserMedia),
    allowed: policy?.allowsFeature("microphone") ?? true,
    protocol: window.location.protocol,
    classes: document.body.className,
  };
}

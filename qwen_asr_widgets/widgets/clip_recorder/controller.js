/**
 * One clip at a time for a widget in a page: recorded whole by ipywebrtc, and sent to the kernel after the stop.
 *
 * @import { AudioRecorderModel, ClipMessage, ClipTraits, Model } from "../shared/messages.js"
 */
import { pageProblem } from "../capture/capture.js";
import { CaptureController, thisPage } from "../capture/controller.js";
import { listenTo } from "../shared/dom.js";
import { ClipTake } from "./take.js";

/** Seconds after which the end is announced, and at which a clip ends by itself: at about 648 s a message is full. */
export const WARN_SECONDS = 540;
export const LONGEST_SECONDS = 600;
/** Seconds after which a kernel that has not taken a clip is said to be busy; it takes 0.03 to 0.14 s otherwise. */
const LATE_SECONDS = 8;

const TICK_MS = 100;
const SILENT_SECONDS = 3;
const CLIP_SHOWN_SECONDS = 2;
const CLIPPED = 0.999;

/**
 * @typedef {"" | "recording" | "ending" | "waiting" | "late"} Stage   what there is to say beside a problem
 * @typedef {Model<ClipTraits, ClipMessage>} ClipModel
 */

export class ClipController extends CaptureController {
  /**
   * @param {import("../capture/uplink.js").Sender} sender to the kernel
   * @param {string} uid of the widget, the same in every tab
   * @param {AudioRecorderModel | null} recorder null where the front end cannot load it
   * @param {ClipModel} told the widget: what the kernel says of clips
   */
  constructor(sender, uid, recorder, told) {
    super(sender, uid);
    this.model = recorder;
    /** @type {number | null} when the kernel was sent a clip that it has not taken yet */
    this.sentAt = null;
    /** Whether the last clip ended at the limit. */
    this.full = false;
    /** Whether the kernel has the last clip. */
    this.arrived = false;
    this.tickedAt = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
    this.told = told;
    listenTo(told, "msg:custom", (/** @type {ClipMessage} */ message) => this.answered(message), this.ending.signal);
    if (this.state.problem) this.uplink.reach("problem", this.state.problem);
  }

  /** @returns {Stage} */
  get stage() {
    if (this.sentAt !== null) return performance.now() - this.sentAt > 1000 * LATE_SECONDS ? "late" : "waiting";
    const { phase, seconds } = this.state;
    if (phase !== "recording" && phase !== "paused") return "";
    return seconds >= WARN_SECONDS ? "ending" : "recording";
  }

  /** @param {number} clickedAt */
  async start(clickedAt) {
    if (this.state.phase !== "idle" || this.sentAt !== null) return;
    const { model } = this;
    if (!model) return this.fail("noclips");
    const forbidden = this.forbidden();
    if (forbidden) return this.fail(forbidden);
    this.full = this.arrived = false;
    this.set({ phase: "starting", problem: null, seconds: 0, settings: null, silent: false, clipping: false });
    if (!(await this.takeLock())) return this.fail("othertab");
    const take = new ClipTake({
      chunk() {}, begun() {}, muted: (silent) => this.set({ silent }), unplugged: () => void this.stop("unplugged"),
    }, model);
    this.recorder = take;
    this.uplink.open();
    const problem = await take.start(this.state.deviceId, this.state.processing);
    if (this.recorder !== take) return;
    if (problem) return this.fail(problem.code, problem.detail);
    this.begun(take, clickedAt);
    this.tickedAt = performance.now();
    this.timer = window.setInterval(() => this.tick(take), TICK_MS);
    await this.listDevices();
  }

  /** A clip is kept by the recorder itself, and sent whole. */
  get keepsSound() {
    return false;
  }

  /** What there is no use recording against. */
  forbidden() {
    return this.told.get("can_decode") ? pageProblem(thisPage()) : "nodecoder";
  }

  /** Count, listen, and end at the limit. @param {ClipTake} take */
  tick(take) {
    const now = performance.now();
    const passed = (now - this.tickedAt) / 1000;
    this.tickedAt = now;
    if (this.state.phase !== "recording") return;
    const seconds = this.state.seconds + passed;
    const { peak } = take;
    this.quiet = peak === 0 ? this.quiet + passed : 0;
    if (peak !== null && peak >= CLIPPED) this.clippedAt = seconds;
    this.set({
      seconds, peak: peak ?? 0, silent: this.quiet >= SILENT_SECONDS,
      clipping: seconds - this.clippedAt < CLIP_SHOWN_SECONDS,
    });
    if (seconds < LONGEST_SECONDS) return;
    this.full = true;
    void this.stop("stopped");
  }

  /** @param {"stopped" | "closed" | "unplugged" | "kernel"} reason */
  async stop(reason) {
    const take = this.recorder;
    const { phase } = this.state;
    if (!(take instanceof ClipTake) || (phase !== "recording" && phase !== "paused")) return super.stop(reason);
    window.clearInterval(this.timer);
    await super.stop(reason);
    if (this.state.problem?.code === "kernel") return;
    if (take.lost) {
      this.set({ seconds: 0 }); // nothing of it is kept
      return this.fail(take.lost);
    }
    this.sentAt = performance.now();
    this.timer = window.setInterval(() => this.set({}), 1000);
    this.set({});
  }

  /** What the kernel says. @param {ClipMessage} message */
  answered(message) {
    const { kind } = message;
    if (kind === "refused") {
      if (message.client === this.uplink.client) this.refused(message.code, message.detail);
    } else if (kind === "begin") void this.beginIfFree();
    else if (kind === "halt") void this.stop("stopped");
    else {
      const mine = this.sentAt !== null;
      this.sentAt = null;
      this.arrived = kind === "arrived" && mine;
      window.clearInterval(this.timer);
      if (mine) this.set(kind === "failed" ? { problem: { code: message.code, detail: message.detail, seconds: 0 } } : { file: null });
    }
  }

  /** Start from code: of several tabs one does, the others have nothing to say. */
  async beginIfFree() {
    await this.start(performance.now());
    if (this.state.problem?.code === "othertab") this.set({ problem: null });
  }

  /** After a reload nothing of a clip is left. @returns {import("../capture/controller.js").State["problem"]} */
  leftBehind() {
    const before = super.leftBehind();
    return before && { ...before, code: "reloaded", seconds: 0 };
  }

  async dispose() {
    await super.dispose();
    window.clearInterval(this.timer);
  }
}

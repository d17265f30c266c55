/**
 * The two ways of recording in a page, live and clip first, and which of them the record button stands for.
 *
 * @import { CaptureController } from "../capture/controller.js"
 * @import { ClipController } from "../clip_recorder/controller.js"
 * @import { Kernel } from "./logic.js"
 */
import { clipController } from "../clip_recorder/clips.js";

export class Recorders {
  /** @param {CaptureController} live @param {boolean} offered whether the front end has other widgets at all */
  constructor(live, offered) {
    this.live = live;
    this.offered = offered;
    /** @type {ClipController | null} */
    this.clip = null;
    this.chosen = false;
    this.uid = "";
    /** @type {Map<() => void, AbortSignal>} */
    this.views = new Map();
  }

  /** What the record button acts on. @returns {CaptureController} */
  get current() {
    return this.chosen && this.clip ? this.clip : this.live;
  }

  /** The clip controller, where it is what the button acts on. */
  get clipping() {
    return this.chosen ? this.clip : null;
  }

  /** Whether clips are chosen and their recorder has not come yet. */
  get preparing() {
    return this.chosen && this.clip === null;
  }

  /** Follow what the kernel says. @param {Kernel} kernel */
  follow({ clips, clip_uid: uid }) {
    this.chosen = clips && this.offered;
    if (!uid || uid === this.uid) return;
    this.uid = uid;
    void clipController(uid).then((clip) => {
      this.clip = clip;
      for (const [view, signal] of this.views) if (!signal.aborted) clip.attach(view, signal);
    });
  }

  /** @param {() => void} draw called now and after every change @param {AbortSignal} signal */
  attach(draw, signal) {
    const view = () => {
      this.mirror();
      draw();
    };
    this.views.set(view, signal);
    signal.addEventListener("abort", () => this.views.delete(view), { once: true });
    this.live.attach(view, signal);
    this.clip?.attach(view, signal);
  }

  /** Device and processing are chosen once for both. */
  mirror() {
    const { deviceId, processing } = this.live.state;
    const clip = this.clip?.state;
    if (!clip || (clip.deviceId === deviceId && clip.processing === processing)) return;
    this.clip?.set({ deviceId, processing });
  }

  /** Take back what went wrong with either. */
  forgive() {
    for (const one of [this.live, this.clip]) if (one?.state.problem) one.set({ problem: null });
  }
}

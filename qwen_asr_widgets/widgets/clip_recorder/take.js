/**
 * One clip, recorded by ipywebrtc in this page from start to stop: for a clip what `Recorder` is for live sound.
 *
 * @import { AudioRecorderModel } from "../shared/messages.js"
 */
import { constraintsFor, problemOf } from "../capture/capture.js";
import { Recorder } from "../capture/recorder.js";

/** Bytes of sound that one message to the kernel holds, its head aside; Jupyter drops longer ones in silence. */
export const LARGEST = (10 << 20) - (64 << 10);

/** Reading a whole clip takes a browser a few ten milliseconds. */
const READING_MS = 5000;
const GIVEN_UP_MS = 300;
/** What a browser may take at most until it keeps sound; Firefox takes 1.2 s at first use. */
const STARTING_MS = 3000;
/** Steps of other promises within which ipywebrtc has made its media recorder. */
const TURNS = 100;
const METER_SAMPLES = 4096;

/**
 * @typedef {import("../capture/capture.js").Problem} Problem
 * @typedef {import("../capture/capture.js").Processing} Processing
 */

export class ClipTake extends Recorder {
  /** @param {import("../capture/recorder.js").Listener} listener @param {AudioRecorderModel} model */
  constructor(listener, model) {
    super(listener);
    this.model = model;
    /** @type {"nosound" | "large" | null} */
    this.lost = null;
  }

  /**
   * Open the device and let ipywebrtc record it. ipywebrtc says of no error what it was, so each step is looked at.
   * @param {string} deviceId
   * @param {Processing} processing
   * @returns {Promise<Problem | null>}
   */
  async start(deviceId, processing) {
    const camera = this.model.get("stream");
    camera.set("constraints", constraintsFor(deviceId, processing));
    this.forget();
    try {
      this.stream = /** @type {MediaStream} */ (await camera.captureStream());
    } catch (error) {
      this.forget();
      return problemOf(error);
    }
    if (this.ending.signal.aborted) {
      this.release();
      return null;
    }
    this.watch(this.stream);
    this.measure(this.stream);
    const before = this.media;
    try {
      this.model.set("recording", true);
    } catch (error) {
      return this.refused(problemOf(error).detail);
    }
    await this.begun(before);
    return this.media?.state === "recording" ? null : this.refused("MediaRecorder did not start");
  }

  /**
   * Wait until sound is kept. ipywebrtc makes its media recorder in a promise of its own, and Firefox keeps nothing for a
   * second or more after that was told to start: the time shown must not run before.
   * @param {MediaRecorder | null} before the one of the last clip
   */
  async begun(before) {
    for (let turn = 0; turn < TURNS && this.media === before; turn += 1) await null;
    const { media } = this;
    if (!media || media === before) return new Promise((done) => { window.setTimeout(done); });
    const { signal } = this.ending;
    await new Promise((done) => {
      for (const name of ["start", "error", "stop"]) media.addEventListener(name, done, { once: true, signal });
      signal.addEventListener("abort", done, { once: true });
      window.setTimeout(done, STARTING_MS);
    });
  }

  /** @param {string} detail @returns {Problem} */
  refused(detail) {
    this.model.set("recording", false, { silent: true });
    this.release();
    return { code: "format", detail };
  }

  /** Hear how loud it is. @param {MediaStream} stream */
  measure(stream) {
    this.context = new AudioContext();
    this.meter = this.context.createAnalyser();
    this.meter.fftSize = METER_SAMPLES;
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.meter);
    this.heard = new Float32Array(METER_SAMPLES);
  }

  /** The largest magnitude of the last moment, in [0, 1]; null where the browser does not let us hear it. */
  get peak() {
    if (!this.meter || !this.heard || this.context?.state !== "running") return null;
    this.meter.getFloatTimeDomainData(this.heard);
    return Math.min(1, this.heard.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  }

  /** @returns {MediaRecorder | null} ipywebrtc's */
  get media() {
    return this.model.mediaRecorder;
  }

  async pause() {
    this.media?.pause();
    return 0;
  }

  resume() {
    this.media?.resume();
  }

  /** End the clip: ipywebrtc sends it to the kernel. `lost` says afterwards why it did not. */
  async stop() {
    const bytes = await this.whole();
    this.lost = bytes === 0 ? "nosound" : bytes > LARGEST ? "large" : null;
    this.release();
    return 0;
  }

  /** Stop ipywebrtc and wait for what it has; resolves with the number of bytes. @returns {Promise<number>} */
  whole() {
    const audio = this.model.get("audio");
    return new Promise((resolve) => {
      const none = window.setTimeout(() => resolve(0), READING_MS);
      audio.once("change:value", () => {
        window.clearTimeout(none);
        const { byteLength } = audio.get("value");
        // Sent all the same it would cost the kernel's connection.
        if (byteLength > LARGEST) audio.set("value", new DataView(new ArrayBuffer(0)));
        resolve(byteLength);
      });
      try {
        this.model.set("recording", false);
      } catch {
        // An unplugged device has ended the media recorder already: what it has is read without it.
        window.setTimeout(() => this.media?.onstop?.(new Event("stop")), GIVEN_UP_MS);
      }
    });
  }

  /** ipywebrtc keeps a stream, and a refusal too, for ever. */
  forget() {
    this.model.get("stream").cameraStream = undefined;
  }

  release() {
    super.release();
    this.meter = undefined;
    this.forget();
  }
}

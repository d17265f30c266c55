// Owns the microphone's stream, audio context and worklet from start to stop.

import { constraintsFor, problemOf, realSettings } from "./capture.js";
import worklet from "./worklet.js?text";

const FLUSH_MS = 500;
const STALLED_MS = 8000;

/**
 * @typedef {import("./capture.js").Problem} Problem
 * @typedef {import("./capture.js").Processing} Processing
 * @typedef {{seq: number, pcm: ArrayBuffer, peak: number, clipped: number}} Chunk
 * @typedef {({kind: "chunk"} & Chunk) | {kind: "begun"} | {kind: "flushed", chunks: number}} WorkletMessage
 * @typedef {object} Listener
 * @property {(chunk: Chunk) => void} chunk
 * @property {() => void} begun the first sample has been heard
 * @property {(muted: boolean) => void} muted the system or a key silences the device
 * @property {() => void} unplugged the device went away
 * @property {() => void} [stalled] the device is open, and nothing is heard of it for seconds
 */

export class Recorder {
  /**
   * @param {Listener} listener told what is heard; another may take its place
   */
  constructor(listener) {
    this.listener = listener;
    this.chunks = 0;
    /** @type {((chunks: number) => void) | null} */
    this.flushed = null;
    this.ending = new AbortController();
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  /**
   * Open the device and start to listen; the device and the worklet are made ready at the same time.
   * @param {string} deviceId
   * @param {Processing} processing
   * @returns {Promise<Problem | null>}
   */
  async start(deviceId, processing) {
    this.context = new AudioContext();
    wake(this.context); // while the device opens: some browsers take long
    const [stream, module] = await Promise.allSettled([
      navigator.mediaDevices.getUserMedia(constraintsFor(deviceId, processing)),
      loadWorklet(this.context),
    ]);
    if (stream.status === "fulfilled") this.stream = stream.value;
    const givenUp = this.ending.signal.aborted;
    if (givenUp || stream.status === "rejected" || module.status === "rejected") {
      this.release();
      if (givenUp) return null;
      if (stream.status === "rejected") return problemOf(stream.reason);
      if (module.status === "rejected") return { code: "worklet", detail: problemOf(module.reason).detail };
      return null;
    }
    this.listen(stream.value, this.context);
    wake(this.context); // a page that captures may start what it could not before
    this.timer = window.setTimeout(() => this.listener.stalled?.(), STALLED_MS);
    return null;
  }

  /**
   * Follow what becomes of the device.
   * @param {MediaStream} stream
   */
  watch(stream) {
    const { signal } = this.ending;
    this.track = stream.getAudioTracks()[0];
    this.track.addEventListener("ended", () => this.listener.unplugged(), { signal });
    this.track.addEventListener("mute", () => this.listener.muted(true), { signal });
    this.track.addEventListener("unmute", () => this.listener.muted(false), { signal });
  }

  /**
   * @param {MediaStream} stream
   * @param {AudioContext} context
   */
  listen(stream, context) {
    this.watch(stream);
    this.source = context.createMediaStreamSource(stream);
    this.node = new AudioWorkletNode(context, "qaw-capture", { numberOfInputs: 1, numberOfOutputs: 0 });
    this.node.port.onmessage = (event) => this.hear(event.data);
    this.source.connect(this.node);
  }

  /** @param {WorkletMessage} message */
  hear(message) {
    if (message.kind === "chunk") {
      this.chunks = message.seq + 1;
      this.listener.chunk(message);
    } else if (message.kind === "begun") {
      window.clearTimeout(this.timer);
      this.listener.begun();
    } else {
      this.flushed?.(message.chunks);
    }
  }

  get label() {
    return this.track?.label ?? "";
  }

  get settings() {
    return realSettings(this.track?.getSettings() ?? {}, this.context?.sampleRate ?? 0);
  }

  /** Hand over what is in the buffer and record nothing until `resume`. */
  pause() {
    return this.flush("pause");
  }

  resume() {
    this.node?.port.postMessage("resume");
  }

  /**
   * Hand over the last samples and let everything go.
   * @returns {Promise<number>} how many chunks there were
   */
  async stop() {
    const chunks = await this.flush("stop");
    this.release();
    return chunks;
  }

  /**
   * @param {"pause" | "stop"} order
   * @returns {Promise<number>}
   */
  async flush(order) {
    const { node } = this;
    if (!node) return this.chunks;
    /** @type {number | undefined} */
    let timer;
    const chunks = await new Promise((resolve) => {
      this.flushed = resolve;
      timer = window.setTimeout(() => resolve(this.chunks), FLUSH_MS);
      node.port.postMessage(order);
    });
    window.clearTimeout(timer);
    this.flushed = null;
    return chunks;
  }

  /** Stop at once; safe to call at any time and twice. */
  release() {
    this.ending.abort();
    window.clearTimeout(this.timer);
    this.source?.disconnect();
    if (this.node) {
      // Closing the port alone keeps the listener, and with it the whole audio graph, alive.
      this.node.port.onmessage = null;
      this.node.port.close();
    }
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    const { context } = this;
    this.node = this.source = this.stream = this.context = undefined;
    if (context && context.state !== "closed") void context.close(); // once: Firefox marks it closed later, and complains
  }
}

/**
 * Ask a context to run. Nobody waits for it: one that never does is found stalled.
 * @param {AudioContext} context
 */
function wake(context) {
  if (context.state !== "suspended") return;
  context.resume().catch((error) => console.debug("qwen_asr_widgets: the audio does not start", error));
}

/** @param {AudioContext} context */
async function loadWorklet(context) {
  const url = URL.createObjectURL(new Blob([worklet], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

// Runs on the audio thread: averages the channels, makes int16 chunks of 100 ms, numbers them.
// It is loaded as text into an AudioWorklet and therefore imports nothing.

const CHUNK_SECONDS = 0.1;
const FULL_SCALE = 32768;
const CLIPPED = 0.999;

class CaptureProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.size = Math.round(sampleRate * CHUNK_SECONDS);
    this.seq = 0;
    this.paused = false;
    this.begun = false;
    this.over = false;
    this.buffer = new Int16Array(this.size);
    this.filled = 0;
    this.peak = 0;
    this.clipped = 0;
    this.port.onmessage = (event) => this.obey(event.data);
  }

  /** @param {"pause" | "resume" | "stop"} order */
  obey(order) {
    if (order !== "resume") this.post();
    this.paused = order === "pause";
    this.over = order === "stop";
    if (order !== "resume") this.port.postMessage({ kind: "flushed", chunks: this.seq });
  }

  post() {
    if (this.filled === 0) return;
    const pcm = this.buffer.buffer.slice(0, this.filled * 2);
    const { peak, clipped } = this;
    this.port.postMessage({ kind: "chunk", seq: this.seq, pcm, peak, clipped }, [pcm]);
    this.seq += 1;
    this.filled = this.peak = this.clipped = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    if (this.over) return false;
    const channels = inputs[0];
    if (this.paused || channels.length === 0) return true;
    if (!this.begun) {
      this.begun = true;
      this.port.postMessage({ kind: "begun" });
    }
    for (let i = 0; i < channels[0].length; i += 1) this.take(channels, i);
    return true;
  }

  /**
   * @param {Float32Array[]} channels
   * @param {number} i
   */
  take(channels, i) {
    let sum = 0;
    for (const channel of channels) {
      sum += channel[i];
      if (Math.abs(channel[i]) >= CLIPPED) this.clipped += 1;
    }
    const value = sum / channels.length;
    this.peak = Math.max(this.peak, Math.abs(value));
    const scaled = Math.round(value * FULL_SCALE);
    this.buffer[this.filled] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, scaled));
    this.filled += 1;
    if (this.filled === this.size) this.post();
  }
}

registerProcessor("qaw-capture", CaptureProcessor);

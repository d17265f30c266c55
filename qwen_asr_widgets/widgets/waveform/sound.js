/**
 * The sound of a waveform view as far as the kernel has told it: length, tiles, scores, and the player.
 *
 * @import { KernelMessage, ScoreMessage, Send, SoundMessage } from "../shared/messages.js"
 * @import { View } from "../shared/axis/time_axis.js"
 */
import { Playback } from "../shared/axis/playback.js";
import { TileStore } from "../shared/axis/tiles.js";

/** Milliseconds after which tiles that did not come are asked for again. */
const ASK_AGAIN = 1500;

export class WaveSound {
  /** @param {Send} send @param {(playing: boolean) => void} playingChanged */
  constructor(send, playingChanged) {
    this.send = send;
    this.playingChanged = playingChanged;
    this.source = "";
    this.rate = 0;
    this.duration = 0;
    /** @type {TileStore | null} */
    this.tiles = null;
    /** @type {Playback | null} */
    this.playback = null;
    /** @type {{values: Float32Array, hop: number} | null} */
    this.score = null;
    /** @type {number | null} */
    this.threshold = null;
    /** @type {Map<string, number>} */
    this.asked = new Map();
  }

  get playing() {
    return this.playback?.playing ?? false;
  }

  /**
   * Take a message of the kernel.
   * @param {KernelMessage} message @param {DataView[]} buffers
   * @returns {"opened" | "longer" | "changed" | "none"}
   */
  receive(message, buffers) {
    if (message.kind === "sound") return this.open(message);
    if (message.kind === "score") return this.takeScore(message, buffers);
    if (!("source" in message) || message.source !== this.source || !this.tiles) return "none";
    if (message.kind === "tiles") {
      for (const [k, { level, first }] of message.parts.entries()) this.tiles.put(level, first, int16(buffers[k]), message.length);
      return "changed";
    }
    if (message.kind === "grow") {
      this.tiles.append(message.level, message.first, int16(buffers[0]), message.length);
      this.duration = Math.max(this.duration, message.length / this.rate);
      return "longer";
    }
    if (message.kind === "pcm") this.playback?.take(message.start, int16(buffers[0]));
    return "none";
  }

  /** @param {SoundMessage} message @returns {"opened" | "longer"} */
  open(message) {
    const known = this.tiles !== null && this.source === message.source && this.rate === message.rate;
    if (!known) {
      this.playback?.destroy();
      this.source = message.source;
      this.rate = message.rate;
      this.duration = 0;
      this.tiles = new TileStore(message.bin_sizes, message.tile_bins);
      this.playback = new Playback({ rate: message.rate, ask: this.send, changed: this.playingChanged });
      this.asked.clear();
    }
    this.tiles?.grow(message.length);
    this.duration = Math.max(this.duration, message.length / this.rate);
    return known ? "longer" : "opened";
  }

  /** @param {ScoreMessage} message @param {DataView[]} buffers @returns {"changed"} */
  takeScore(message, buffers) {
    if (message.total !== undefined && this.score?.values.length !== message.total) {
      // One that grows takes what there is along, one that begins anew does not.
      const before = message.first > 0 ? this.score?.values.subarray(0, message.first) : undefined;
      this.score = message.total ? { values: new Float32Array(message.total).fill(NaN), hop: message.hop } : null;
      if (before) this.score?.values.set(before);
    }
    if (buffers.length && this.score) {
      const codes = new Int8Array(buffers[0].buffer, buffers[0].byteOffset, buffers[0].byteLength);
      this.score.values.set(Float32Array.from(codes, (code) => code / 127), message.first);
    }
    if (message.threshold !== undefined) this.threshold = message.threshold;
    return "changed";
  }

  /** Ask for what a view of so many device pixels lacks. @param {View} view @param {number} pixels */
  askFor(view, pixels) {
    if (!this.tiles || !this.rate || !pixels) return;
    const from = view.start * this.rate;
    const level = this.tiles.levelFor((view.span * this.rate) / pixels);
    const now = performance.now();
    const ranges = this.tiles.missing(level, from, from + view.span * this.rate).filter((range) => {
      const key = `${range.level}/${range.first}`;
      if (now - (this.asked.get(key) ?? -Infinity) < ASK_AGAIN) return false;
      this.asked.set(key, now);
      return true;
    });
    if (ranges.length) this.send({ kind: "tiles", ranges });
  }

  destroy() {
    this.playback?.destroy();
  }
}

/** @param {DataView} view */
function int16(view) {
  return new Int16Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

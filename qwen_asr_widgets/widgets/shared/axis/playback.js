/**
 * Plays sound that comes from the kernel in slices, and says at any moment where it is.
 *
 * @typedef {object} PlaybackOptions
 * @property {number} rate
 * @property {(request: {kind: "audio", start: number, stop: number}) => void} ask
 * @property {(playing: boolean) => void} changed
 * @property {() => AudioContext} [makeContext]
 */

/** Seconds of sound asked for at once: the first slice short, so that playing begins soon. */
const FIRST_SLICE = 1;
const SLICE = 5;
/** Seconds of sound kept ahead of the moment that is heard. */
const AHEAD = 6;
/** Seconds after the click at which the first sample is heard. */
const LEAD = 0.03;

/** A context at the sound's own rate, so that slices join without a seam. @param {number} rate */
function contextAt(rate) {
  try {
    return new AudioContext({ sampleRate: rate });
  } catch {
    return new AudioContext(); // the browser refuses this rate and resamples each slice instead
  }
}

export class Playback {
  /** @param {PlaybackOptions} options */
  constructor(options) {
    this.options = options;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {Set<AudioBufferSourceNode>} */
    this.nodes = new Set();
    this.playing = false;
    this.asked = 0;
    this.have = 0;
    this.stopAt = 0;
    /** Seconds of the context's clock minus those that the sound takes; null until the first slice is here. */
    this.offset = /** @type {number | null} */ (null);
    this.from = 0;
    /** How many seconds of the sound pass in one; other than 1 shifts its pitch, as a tape does. */
    this.speed = 1;
  }

  /** Play [from, to) seconds. @param {number} from @param {number} to @param {number} [speed] */
  play(from, to, speed = 1) {
    this.pause();
    this.speed = speed;
    const { rate, makeContext } = this.options;
    this.context ??= (makeContext ?? (() => contextAt(rate)))();
    if (this.context.state === "suspended") void this.context.resume();
    this.from = from;
    this.asked = Math.round(from * rate);
    this.have = this.asked;
    this.stopAt = Math.round(to * rate);
    if (this.stopAt <= this.asked) return;
    this.playing = true;
    this.askNext(FIRST_SLICE);
    this.options.changed(true);
  }

  /** @param {number} seconds */
  askNext(seconds) {
    const stop = Math.min(this.stopAt, this.asked + Math.round(seconds * this.options.rate));
    if (stop <= this.asked) return;
    this.options.ask({ kind: "audio", start: this.asked, stop });
    this.asked = stop;
  }

  /**
   * Take a slice; one that nobody waits for any more is left aside.
   * @param {number} start first sample @param {Int16Array} samples
   */
  take(start, samples) {
    if (!this.playing || !this.context || start !== this.have || !samples.length) return;
    const buffer = this.context.createBuffer(1, samples.length, this.options.rate);
    const channel = buffer.getChannelData(0);
    for (let k = 0; k < samples.length; k += 1) channel[k] = samples[k] / 32768;
    this.schedule(buffer, start / this.options.rate);
    this.have = start + samples.length;
    this.tick();
  }

  /** @param {AudioBuffer} buffer @param {number} time seconds of the sound */
  schedule(buffer, time) {
    const context = /** @type {AudioContext} */ (this.context);
    const earliest = context.currentTime + LEAD;
    const due = time / this.speed;
    if (this.offset === null || due + this.offset < context.currentTime) this.offset = earliest - due;
    const node = context.createBufferSource();
    node.buffer = buffer;
    if (this.speed !== 1) node.playbackRate.value = this.speed;
    node.connect(context.destination);
    node.onended = () => {
      this.nodes.delete(node);
      node.disconnect();
    };
    this.nodes.add(node);
    node.start(due + this.offset);
  }

  /** Where we are, in seconds of the sound. Call once a frame while playing. */
  tick() {
    if (!this.playing || !this.context || this.offset === null) return this.from;
    const { rate } = this.options;
    const played = (this.context.currentTime - this.offset) * this.speed;
    const now = Math.max(this.from, Math.min(played, this.have / rate));
    if (now >= this.stopAt / rate) {
      this.from = this.stopAt / rate;
      this.stop();
      return this.from;
    }
    if (this.asked <= this.have && this.asked / rate - now < AHEAD * this.speed) this.askNext(SLICE);
    return now;
  }

  /** Stop, and stay where we are. */
  pause() {
    if (!this.playing) return;
    this.from = this.tick();
    if (this.playing) this.stop();
  }

  stop() {
    this.playing = false;
    this.offset = null;
    for (const node of this.nodes) {
      node.onended = null;
      node.stop();
      node.disconnect();
    }
    this.nodes.clear();
    this.options.changed(false);
  }

  /** End for good. */
  destroy() {
    if (this.playing) this.stop();
    if (this.context) void this.context.close();
    this.context = null;
  }
}

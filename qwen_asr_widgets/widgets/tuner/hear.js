/**
 * Plays a soft cue at every endpoint while the sound plays: one hears who is interrupted and who waits.
 *
 * A cue starts on the very sample of its event, on the clock the sound itself is scheduled by. Settings A (in
 * force) sound higher than B (trying); changing over takes back what was scheduled and not yet heard.
 *
 * @import { Playback } from "../shared/axis/playback.js"
 */

const TONES = { a: 880, b: 660 };
const SECONDS = 0.09;
const LEVEL = 0.1;
/** Seconds ahead of the moment heard for which cues are scheduled. */
const AHEAD = 0.8;

/** A tone that swells and fades, so that it does not click. @param {number} rate @param {number} pitch */
export function toneSamples(rate, pitch) {
  const samples = new Float32Array(Math.round(SECONDS * rate));
  for (let k = 0; k < samples.length; k += 1) {
    const time = k / rate;
    samples[k] = LEVEL * (0.5 - 0.5 * Math.cos((2 * Math.PI * time) / SECONDS)) * Math.cos(2 * Math.PI * pitch * time);
  }
  return samples;
}

export class Cues {
  constructor() {
    /** @type {{a: number[], b: number[]}} seconds of the sound */
    this.times = { a: [], b: [] };
    /** @type {"a" | "b"} */
    this.active = "b";
    this.on = false;
    /** @type {Map<number, AudioBufferSourceNode>} */
    this.scheduled = new Map();
  }

  /** @param {{a: number[], b: number[]}} times */
  set(times) {
    this.silence();
    this.times = times;
  }

  /** Change over to the other settings. @param {"a" | "b"} which */
  choose(which) {
    this.silence();
    this.active = which;
  }

  /** Schedule what comes next. Call once a frame while the sound plays. @param {Playback} playback */
  tick(playback) {
    const { context, offset } = playback;
    if (!this.on || !playback.playing || !context || offset === null) return;
    const now = context.currentTime - offset;
    for (const time of this.times[this.active]) {
      if (time < now || time < playback.from || time > now + AHEAD || this.scheduled.has(time)) continue;
      this.scheduled.set(time, this.sound(context, time + offset, time));
    }
  }

  /** @param {AudioContext} context @param {number} at @param {number} time */
  sound(context, at, time) {
    const samples = toneSamples(context.sampleRate, TONES[this.active]);
    const buffer = context.createBuffer(1, samples.length, context.sampleRate);
    buffer.getChannelData(0).set(samples);
    const node = context.createBufferSource();
    node.buffer = buffer;
    node.connect(context.destination);
    node.onended = () => {
      this.scheduled.delete(time);
      node.disconnect();
    };
    node.start(at);
    return node;
  }

  /** Take back what was scheduled. */
  silence() {
    for (const node of this.scheduled.values()) {
      node.onended = null;
      node.stop();
      node.disconnect();
    }
    this.scheduled.clear();
  }
}

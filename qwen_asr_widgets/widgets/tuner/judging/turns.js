/**
 * Turns from scores, in the browser: so that they move under the hand whatever the way to the kernel takes. It
 * is the rule of `vad/turns.py`, to the frame; a test holds both to each other. The kernel's answer replaces
 * what stands here as soon as it comes.
 *
 * @import { Settings } from "../scales.js"
 */

export const RATE = 16_000;
export const HOP = 512;
const MAX_TURN_FRAMES = 1875;
/** Samples after which an open turn is closed. */
export const MAX_TURN = MAX_TURN_FRAMES * HOP;
const FRAME_MS = 32;

/** Frames below the threshold that close a turn. @param {number} milliseconds */
export function silenceFrames(milliseconds) {
  return Math.ceil(milliseconds / FRAME_MS);
}

/**
 * @param {Float32Array} values scores, exactly as the kernel has them @param {Settings} settings
 * @returns {Int32Array} onset, start, end of each turn in samples
 */
export function detectTurns(values, { threshold, silence, padding }) {
  const frames = turnFrames(values, Math.fround(threshold), silenceFrames(silence));
  const before = Math.floor((padding * RATE) / 1000);
  const turns = new Int32Array((frames.length / 2) * 3);
  let previous = 0;
  for (let k = 0; 2 * k < frames.length; k += 1) {
    const onset = frames[2 * k] * HOP;
    const end = frames[2 * k + 1] * HOP;
    turns.set([onset, Math.max(onset - before, previous), end], 3 * k);
    previous = end;
  }
  return turns;
}

/**
 * Onset frame, and the frame after the last speech frame, of each turn.
 * @param {Float32Array} values @param {number} level @param {number} silence frames @returns {number[]}
 */
function turnFrames(values, level, silence) {
  const turns = [];
  let onset = -1;
  let end = 0;
  let first = false;
  for (let frame = 0; frame < values.length; frame += 1) {
    const speech = values[frame] >= level;
    if (onset < 0) {
      if (speech && first) {
        onset = frame - 1;
        end = frame + 1;
        first = false;
      } else {
        first = speech;
      }
      continue;
    }
    if (speech) end = frame + 1;
    if (frame + 1 - end < silence && frame + 1 - onset < MAX_TURN_FRAMES) continue;
    turns.push(onset, end);
    onset = -1;
  }
  if (onset >= 0) turns.push(onset, end);
  return turns;
}

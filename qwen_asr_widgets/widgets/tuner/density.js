/**
 * The score of a long stretch as a density band: under each pixel how many of its frames have which score. A line
 * from the lowest to the highest of a hundred frames would be a solid block that says nothing.
 *
 * @import { Box } from "../shared/axis/layout.js"
 * @import { View } from "../shared/axis/time_axis.js"
 * @import { Pen } from "../waveform/draw.js"
 * @typedef {{values: Float32Array, hop: number}} Score
 */
import { drawGrid, drawScoreCurve, drawThresholds, scoreToY } from "./draw.js";

/** From so many frames under one pixel on: on a plot of 900 pixels from six minutes on. */
export const CROWDED = 12;
/** Steps of the score from −1 to 1. */
export const LEVELS = 25;
/** Shades of the band. */
const SHADES = 6;

/** Whether a pixel holds too many frames for a line. @param {Score} score @param {View} view @param {number} width */
export function isCrowded({ hop }, view, width) {
  return view.span / hop / width >= CROWDED;
}

/**
 * The share of the frames under each pixel that lie in each step of the score.
 * @param {Score} score NaN where there is none yet
 * @param {View} view @param {number} width
 * @returns {Float32Array} `LEVELS` shares a pixel, from −1 upwards; their sum is 1, or 0 where nothing is scored
 */
export function scoreDensity({ values, hop }, view, width) {
  const shares = new Float32Array(LEVELS * width);
  const first = view.start / hop;
  const step = view.span / hop / width;
  for (let x = 0; x < width; x += 1) {
    const from = Math.max(0, Math.floor(first + x * step));
    const to = Math.min(values.length, Math.floor(first + (x + 1) * step));
    let known = 0;
    for (let k = from; k < to; k += 1) {
      if (Number.isNaN(values[k])) continue;
      shares[LEVELS * x + levelOf(values[k])] += 1;
      known += 1;
    }
    for (let level = 0; known && level < LEVELS; level += 1) shares[LEVELS * x + level] /= known;
  }
  return shares;
}

/** @param {number} score in [-1, 1] */
function levelOf(score) {
  return Math.min(LEVELS - 1, Math.max(0, Math.floor(((score + 1) / 2) * LEVELS)));
}

/** Keeps the band of the last picture: while a threshold is dragged the sound stands still. */
export class ScorePicture {
  /** @type {{of: (Score | number)[], shares: Float32Array} | null} */
  #last = null;

  /** @param {Score} score @param {number} scored share that has scores @param {View} view @param {number} width */
  band(score, scored, { start, span }, width) {
    const asked = [score, scored, start, span, width];
    if (!this.#last?.of.every((one, k) => one === asked[k])) {
      this.#last = { of: asked, shares: scoreDensity(score, { start, span }, width) };
    }
    return this.#last.shares;
  }

  /**
   * Draw the score, as a line or as a band, with the thresholds tried and in force.
   * @param {Pen} pen @param {Box} box @param {Score} score @param {number} scored
   * @param {number} threshold @param {number | null} inForce
   */
  draw(pen, box, score, scored, threshold, inForce) {
    const width = Math.ceil(pen.width);
    drawGrid(pen, box);
    if (isCrowded(score, pen.view, width)) drawDensity(pen, box, this.band(score, scored, pen.view, width), threshold);
    else drawScoreCurve(pen, box, score, threshold);
    drawThresholds(pen, box, threshold, inForce);
  }
}

/**
 * Draw the band; what reaches the threshold in the colour of turns.
 * @param {Pen} pen @param {Box} box @param {Float32Array} shares @param {number} threshold
 */
export function drawDensity({ ctx, colours }, box, shares, threshold) {
  const high = (scoreToY(-1, box) - scoreToY(1, box)) / LEVELS;
  for (const reached of [false, true]) {
    ctx.fillStyle = reached ? colours.turn : colours.score;
    for (let shade = 1; shade <= SHADES; shade += 1) {
      ctx.globalAlpha = 0.12 + (0.78 * shade) / SHADES;
      ctx.beginPath();
      for (let k = 0; k < shares.length; k += 1) {
        const level = k % LEVELS;
        const bottom = -1 + (2 * level) / LEVELS;
        if (shadeOf(shares[k]) !== shade || bottom + 1 / LEVELS >= threshold !== reached) continue;
        ctx.rect((k - level) / LEVELS, scoreToY(bottom, box) - high, 1, high);
      }
      ctx.fill();
    }
  }
  ctx.globalAlpha = 1;
}

/** The shade of a share: the root, so that the few that are loud or quiet are still seen. @param {number} share */
function shadeOf(share) {
  return Math.ceil(SHADES * Math.sqrt(share));
}

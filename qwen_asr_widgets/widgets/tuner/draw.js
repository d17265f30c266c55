/**
 * Draws the tuner's rows: lanes with what is wrong in them, the score with its lines, differences, cues.
 *
 * @import { Box } from "../shared/axis/layout.js"
 * @import { Pen } from "../waveform/draw.js"
 * @import { Problem, Kind } from "./state.js"
 */
import { toX } from "../shared/axis/time_axis.js";
import { scoreColumns } from "../waveform/draw.js";

/** What is wrong, as signs: told apart without colour. @type {Record<Kind, string>} */
const SIGNS = { cut: "✂", merged: "∪", missed: "∅", invented: "?" };
const SIGN_WIDTH = 13;
const MARGIN = 5;

/** Height of a score in its row. @param {number} score @param {Box} box */
export function scoreToY(score, box) {
  return box.y + MARGIN + ((1 - score) / 2) * (box.height - 2 * MARGIN);
}

/** The score at a height, within [-1, 1]. @param {number} y @param {Box} box */
export function yToScore(y, box) {
  return Math.min(1, Math.max(-1, 1 - (2 * (y - box.y - MARGIN)) / (box.height - 2 * MARGIN)));
}

/**
 * The score from −1 to 1, filled where it reaches the threshold.
 * @param {Pen} pen @param {Box} box @param {{values: Float32Array, hop: number}} score @param {number} threshold
 */
export function drawScoreCurve(pen, box, score, threshold) {
  const { ctx, colours, width } = pen;
  const columns = scoreColumns(score, pen.view, Math.ceil(width));
  const level = scoreToY(threshold, box);
  ctx.fillStyle = colours["turn-fill"];
  for (let x = 0; 2 * x < columns.length; x += 1) {
    if (columns[2 * x + 1] >= threshold) ctx.fillRect(x, scoreToY(columns[2 * x + 1], box), 1, level - scoreToY(columns[2 * x + 1], box));
  }
  ctx.strokeStyle = colours.score;
  ctx.lineWidth = 1.25;
  ctx.lineJoin = "round";
  ctx.beginPath();
  for (let x = 0; 2 * x < columns.length; x += 1) {
    if (Number.isNaN(columns[2 * x])) continue;
    ctx.lineTo(x + 0.5, scoreToY(columns[2 * x], box));
    ctx.lineTo(x + 0.5, scoreToY(columns[2 * x + 1], box));
  }
  ctx.stroke();
}

/**
 * The threshold tried as a solid line, the one in force as a dashed one.
 * @param {Pen} pen @param {Box} box @param {number} threshold @param {number | null} inForce
 */
export function drawThresholds(pen, box, threshold, inForce) {
  if (inForce !== null) line(pen, scoreToY(inForce, box), pen.colours.ink, 1, [2, 4]);
  line(pen, scoreToY(threshold, box), pen.colours.turn, 1.75, []);
}

/** Lines at −1, 0 and 1. @param {Pen} pen @param {Box} box */
export function drawGrid({ ctx, colours, width }, box) {
  ctx.strokeStyle = colours.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const score of [-1, 0, 1]) {
    const y = Math.round(scoreToY(score, box)) + 0.5;
    ctx.moveTo(0, y);
    ctx.lineTo(width, y);
  }
  ctx.stroke();
}

/** @param {Pen} pen @param {number} y @param {string} colour @param {number} thick @param {number[]} dash */
function line({ ctx, width }, y, colour, thick, dash) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = thick;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(0, y);
  ctx.lineTo(width, y);
  ctx.stroke();
  ctx.setLineDash([]);
}

/**
 * The signs of errors at their places; where they crowd, ticks at the lane's edge.
 * @param {Pen} pen @param {Box} box @param {Problem[]} problems @param {number | null} chosen
 */
export function drawProblems(pen, box, problems, chosen) {
  const { ctx, colours, view, width } = pen;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  let taken = -Infinity;
  problems.forEach((one, k) => {
    const from = toX(one.start, view, width);
    const to = toX(one.end, view, width);
    if (to < -SIGN_WIDTH || from > width + SIGN_WIDTH) return;
    const x = Math.min(Math.max((from + to) / 2, 7), width - 7);
    if (k === chosen) frame(pen, box, from, to);
    if (x - SIGN_WIDTH < taken && k !== chosen) {
      ctx.fillStyle = colours.alarm;
      ctx.fillRect(x - 0.75, box.y + box.height - 4, 1.5, 4);
      return;
    }
    disc(pen, x, box.y + box.height / 2, SIGNS[one.kind]);
    taken = x;
  });
  ctx.textAlign = "left";
}

/** A sign in a ring: something is wrong here. @param {Pen} pen @param {number} x @param {number} y @param {string} sign */
export function disc({ ctx, colours, font }, x, y, sign) {
  ctx.fillStyle = colours.ground;
  ctx.beginPath();
  ctx.arc(x, y, 7.5, 0, 2 * Math.PI);
  ctx.fill();
  ctx.strokeStyle = colours.alarm;
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.fillStyle = colours.alarm;
  ctx.font = `700 11px ${font}`;
  ctx.fillText(sign, x, y + 0.5);
}

/** @param {Pen} pen @param {Box} box @param {number} from @param {number} to */
function frame({ ctx, colours }, box, from, to) {
  ctx.strokeStyle = colours.alarm;
  ctx.lineWidth = 2;
  ctx.strokeRect(from - 2, box.y + 1, Math.max(to - from, 1) + 4, box.height - 2);
}

/**
 * Where the turns differ from those of the service: small marks that point at the axis.
 * @param {Pen} pen @param {Box} box @param {Problem[]} differences
 */
export function drawDifferences({ ctx, colours, view, width }, box, differences) {
  ctx.fillStyle = colours.ink;
  ctx.beginPath();
  for (const one of differences) {
    const x = toX((one.start + one.end) / 2, view, width);
    if (x < -4 || x > width + 4) continue;
    ctx.moveTo(x - 4, box.y);
    ctx.lineTo(x + 4, box.y);
    ctx.lineTo(x, box.y + box.height - 1);
  }
  ctx.fill();
}

/**
 * The moments at which a cue sounds.
 * @param {Pen} pen
 * @param {Box} box
 * @param {number[]} times
 * @param {string} colour
 * @param {boolean} dashed
 */
export function drawCues({ ctx, view, width }, box, times, colour, dashed) {
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = 1.5;
  ctx.setLineDash(dashed ? [2, 2] : []);
  for (const time of times) {
    const x = Math.round(toX(time, view, width)) + 0.5;
    if (x < -4 || x > width + 4) continue;
    ctx.beginPath();
    ctx.moveTo(x, box.y);
    ctx.lineTo(x, box.y + box.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, box.y + 3, 3, 0, 2 * Math.PI);
    if (dashed) ctx.stroke();
    else ctx.fill();
  }
  ctx.setLineDash([]);
}

/** What to do in a lane that is still empty. @param {Pen} pen @param {Box} box @param {string} text */
export function drawHint({ ctx, colours, width, font }, box, text) {
  ctx.strokeStyle = colours["line-strong"];
  ctx.setLineDash([3, 3]);
  ctx.strokeRect(0.5, box.y + 1.5, width - 1, box.height - 3);
  ctx.setLineDash([]);
  ctx.fillStyle = colours.dim;
  ctx.font = `11px ${font}`;
  ctx.textBaseline = "middle";
  ctx.fillText(text, 8, box.y + box.height / 2 + 0.5, width - 16);
}

/**
 * The turn being edited.
 * @param {Pen} pen
 * @param {Box} box
 * @param {number} from seconds
 * @param {number} to
 * @param {"start" | "end"} edge
 */
export function drawEdited({ ctx, colours, view, width }, box, from, to, edge) {
  const x0 = toX(from, view, width);
  const x1 = toX(to, view, width);
  ctx.strokeStyle = colours.reference;
  ctx.lineWidth = 2;
  ctx.strokeRect(x0 + 1, box.y + 2, Math.max(x1 - x0 - 2, 1), box.height - 4);
  ctx.fillStyle = colours.reference;
  ctx.fillRect((edge === "start" ? x0 : x1) - 2.5, box.y, 5, box.height);
}

/**
 * The rows of the tuner's axis on the ends of turns: the turns that the policy makes, and its pauses with what a model
 * says at each. Holds are rings and open strips, ends are discs and full ones; what goes wrong has a sign.
 *
 * @import { Row } from "../../waveform/rows.js"
 * @import { Box } from "../../shared/axis/layout.js"
 * @import { Pen } from "../../waveform/draw.js"
 * @import { Pauses, Policy } from "./judge.js"
 * @import { EndsState, Judged } from "./state.js"
 * @import { Translate } from "../../shared/strings.js"
 * @typedef {{state: EndsState, isOpen: boolean, t: Translate, pick: (pause: number) => void,
 *   turn: (change: Partial<Policy>) => void}} Marked
 */
import { RATE } from "../judging/turns.js";
import { layBands } from "../../shared/axis/lanes.js";
import { toX } from "../../shared/axis/time_axis.js";
import { drawLane } from "../../waveform/draw.js";
import { disc } from "../draw.js";
import { wrongAt } from "./judge.js";

const LANE = 22;
const SCALE = 64;
/** Pixels of the strips under the scale, and around the line in which it is taken hold of. */
const STRIP = 7;
const GRIP = 7;
const MARGIN = 4;
const SIGNS = { cut: "✂", late: "…" };
const SIGN_WIDTH = 15;
/** Pixels in which one pause of a kind is drawn, and that each needs in the mean for its head to be seen. */
const CROWDED = 2;
const HEAD = 4;

/** @param {Marked} ends @returns {Row[]} over the time axis */
export function endRows(ends) {
  return [turnsRow(ends), pausesRow(ends)];
}

/** @param {Marked} ends @returns {Row} */
function turnsRow(ends) {
  const { state, t } = ends;
  return {
    id: "tuner:ends",
    height: () => (ends.isOpen && !state.byDetector && state.pauses ? LANE : 0),
    label: () => t("tuner.ends.lane"),
    draw(pen, box) {
      const { bands, density, ticks } = layBands(state.judged()?.turns ?? [], pen.view, pen.width, 0);
      drawLane(pen, box, bands, "service", { density, ticks });
    },
  };
}

/** Height of a probability. @param {number} value @param {Box} box */
function yOf(value, box) {
  return box.y + MARGIN + (1 - value) * (box.height - STRIP - 2 * MARGIN);
}

/** @param {Marked} ends @returns {Row} */
function pausesRow(ends) {
  const { state, t } = ends;
  return {
    id: "tuner:pauses",
    height: () => (!ends.isOpen || !state.pauses ? 0 : state.byModel ? SCALE : LANE),
    label: () => t("tuner.ends.pauses"),
    draw: (pen, box) => draw(pen, box, state),
    grab(_x, y, _time, box) {
      const threshold = state.policy?.threshold ?? null;
      if (!state.byModel || threshold === null || Math.abs(y - yOf(threshold, box)) > GRIP) return null;
      const valueAt = (/** @type {number} */ py) => 1 - (py - box.y - MARGIN) / (box.height - STRIP - 2 * MARGIN);
      return { move: (_px, py) => ends.turn({ threshold: Math.min(1, Math.max(0, Math.round(100 * valueAt(py)) / 100)) }), end: () => {} };
    },
    click(_x, _y, time) {
      const { pauses } = state;
      const found = pauses ? pauseAt(pauses, time * RATE) : -1;
      if (found >= 0) ends.pick(found);
      return found >= 0;
    },
  };
}

/** The pause in which a sample lies, −1 without one. @param {Pauses} pauses @param {number} sample */
function pauseAt({ rows, count }, sample) {
  for (let k = 0; k < count; k += 1) {
    if (rows[4 * k] <= sample && sample < rows[4 * k + 1]) return k;
  }
  return -1;
}

/** @param {Pen} pen @param {Box} box @param {EndsState} state */
function draw(pen, box, state) {
  const { pauses } = state;
  if (!pauses) return;
  const judged = state.judged();
  if (state.byModel) drawScale(pen, box, state.policy?.threshold ?? null);
  const wrong = judged ? wrongOf(judged, pauses, state.limit) : new Map();
  const groups = inSight(pen, pauses, wrong);
  for (const { colour, isHold, members } of groups) {
    drawStrips(pen, box, pauses, members, isHold, colour);
    if (pauses.said.length) drawSaid(pen, box, pauses, members, isHold, colour);
  }
  if (judged) drawAnswers(pen, box, pauses, groups.flatMap(({ members }) => members), judged);
  drawSigns(pen, box, pauses, wrong, state.chosen?.pause ?? -1);
}

/**
 * What goes wrong at which pause, in order of time.
 * @param {Judged} judged @param {Pauses} pauses @param {number} limit seconds @returns {Map<number, "cut" | "late">}
 */
function wrongOf({ outcome }, pauses, limit) {
  const found = /** @type {[number, "cut" | "late"][]} */ ([]);
  for (let k = 0; k < pauses.count; k += 1) {
    const wrong = wrongAt(pauses, outcome, k, limit);
    if (wrong) found.push([k, wrong]);
  }
  return new Map(found.sort((a, b) => pauses.rows[4 * a[0]] - pauses.rows[4 * b[0]]));
}

/** Lines at 0 and 1, and the threshold. @param {Pen} pen @param {Box} box @param {number | null} threshold */
function drawScale({ ctx, colours, width }, box, threshold) {
  const line = (/** @type {number} */ value, /** @type {string} */ colour, /** @type {number} */ thick) => {
    const y = Math.round(yOf(value, box)) + 0.5;
    ctx.strokeStyle = colour;
    ctx.lineWidth = thick;
    ctx.beginPath();
    ctx.moveTo(0, y);
    ctx.lineTo(width, y);
    ctx.stroke();
  };
  line(0, colours.line, 1);
  line(1, colours.line, 1);
  if (threshold !== null) line(threshold, colours.turn, 1.75);
}

/**
 * The pauses in sight by how they are drawn. Where they crowd, one of each group in every two pixels stands for all: an hour
 * has a thousand, and each costs time at every step of a drag.
 * @param {Pen} pen @param {Pauses} pauses @param {Map<number, "cut" | "late">} wrong
 */
function inSight(pen, pauses, wrong) {
  const { colours } = pen;
  const groups = [true, false].flatMap((isHold) => [true, false].map((isWrong) => ({
    isHold, colour: isWrong ? colours.alarm : isHold ? colours.wait : colours.service,
    members: /** @type {number[]} */ ([]), last: -1,
  })));
  for (let k = 0; k < pauses.count; k += 1) {
    if (!inView(pen, pauses, k)) continue;
    const group = groups[(k < pauses.holds ? 0 : 2) + (wrong.has(k) ? 0 : 1)];
    const cell = Math.floor(xOf(pen, pauses.rows[4 * k + 1]) / CROWDED);
    if (cell !== group.last) group.members.push(k);
    group.last = cell;
  }
  return groups;
}

/** Whether a pause, or its sign, can be seen. @param {Pen} pen @param {Pauses} pauses @param {number} k */
function inView(pen, { rows }, k) {
  return xOf(pen, rows[4 * k + 1]) > -SIGN_WIDTH && xOf(pen, rows[4 * k]) < pen.width + SIGN_WIDTH;
}

/** Where on the axis a sample stands. @param {Pen} pen @param {number} sample */
function xOf({ view, width }, sample) {
  return toX(sample / RATE, view, width);
}

/** @param {Pen} pen @param {Box} box @param {Pauses} pauses @param {number[]} members @param {boolean} isHold @param {string} colour */
function drawStrips(pen, box, { rows }, members, isHold, colour) {
  const { ctx } = pen;
  const y = box.y + box.height - STRIP;
  ctx.fillStyle = ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.globalAlpha = isHold ? 1 : 0.45;
  for (const k of members) {
    const from = xOf(pen, rows[4 * k]);
    const wide = Math.max(xOf(pen, rows[4 * k + 1]) - from, 1.5);
    if (!isHold) ctx.fillRect(from, y + 1, wide, STRIP - 2);
    else if (wide > 4) ctx.strokeRect(from + 0.5, y + 1.5, wide - 1, STRIP - 3);
    else ctx.fillRect(from, y + 3, wide, 1.5);
  }
  ctx.globalAlpha = 1;
}

/**
 * A stem and its head for each probability.
 * @param {Pen} pen @param {Box} box @param {Pauses} pauses @param {number[]} members @param {boolean} isHold @param {string} colour
 */
function drawSaid(pen, box, { instants, said, rows }, members, isHold, colour) {
  const { ctx, colours } = pen;
  const stems = new Path2D();
  const heads = new Path2D();
  for (const k of members) {
    instants.forEach((instant, j) => {
      const value = said[k * instants.length + j];
      if (Number.isNaN(value)) return;
      const x = xOf(pen, rows[4 * k] + instant);
      stems.moveTo(x, yOf(0, box));
      stems.lineTo(x, yOf(value, box));
      heads.moveTo(x + 3, yOf(value, box));
      heads.arc(x, yOf(value, box), 3, 0, 2 * Math.PI);
    });
  }
  ctx.strokeStyle = colour;
  ctx.fillStyle = isHold ? colours.ground : colour;
  ctx.lineWidth = 1.25;
  ctx.stroke(stems);
  if (members.length * HEAD > pen.width) return;
  ctx.fill(heads);
  if (isHold) ctx.stroke(heads);
}

/**
 * When the answers come, where the pauses last so long.
 * @param {Pen} pen @param {Box} box @param {Pauses} pauses @param {number[]} members @param {Judged} judged
 */
function drawAnswers(pen, box, { rows, length }, members, { outcome }) {
  const { ctx } = pen;
  ctx.strokeStyle = pen.colours.ink;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (const k of members) {
    const answer = outcome.answer[k];
    const [start, end] = [rows[4 * k], rows[4 * k + 1]];
    if (Number.isNaN(answer) || (start + answer > end && end < length)) continue;
    const x = Math.round(xOf(pen, start + answer)) + 0.5;
    ctx.moveTo(x, box.y + box.height - STRIP - 4);
    ctx.lineTo(x, box.y + box.height);
  }
  ctx.stroke();
}

/**
 * What goes wrong, as signs; where there are too many for it the colour alone says so.
 * @param {Pen} pen @param {Box} box @param {Pauses} pauses @param {Map<number, "cut" | "late">} wrong @param {number} chosen
 */
function drawSigns(pen, box, pauses, wrong, chosen) {
  const { ctx, colours, width } = pen;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  let taken = -Infinity;
  const y = box.y + (box.height - STRIP) / 2;
  const seen = [...wrong.keys()].filter((k) => inView(pen, pauses, k));
  const crowded = seen.length * SIGN_WIDTH > width;
  for (const k of seen) {
    const [from, to] = [xOf(pen, pauses.rows[4 * k]), xOf(pen, pauses.rows[4 * k + 1])];
    const x = Math.min(Math.max((from + to) / 2, 8), width - 8);
    if (k === chosen) {
      ctx.strokeStyle = colours.alarm;
      ctx.lineWidth = 2;
      ctx.strokeRect(from - 2, box.y + 1, Math.max(to - from, 1) + 4, box.height - 2);
    }
    if ((crowded || x - SIGN_WIDTH < taken) && k !== chosen) continue;
    disc(pen, x, y, SIGNS[wrong.get(k) ?? "cut"]);
    taken = x;
  }
  ctx.textAlign = "left";
}

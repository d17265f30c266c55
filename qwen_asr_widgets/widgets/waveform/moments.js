/**
 * Draws what has a moment rather than a stretch: the ticks of the axis, settings that took effect, the live edge.
 *
 * @import { Box } from "../shared/axis/layout.js"
 * @import { Pen } from "./draw.js"
 */
import { layMarks } from "../shared/axis/lanes.js";
import { ticks, toX } from "../shared/axis/time_axis.js";

/** @param {Pen} pen @param {Box} box */
export function drawAxis(pen, box) {
  const { ctx, colours } = pen;
  ctx.strokeStyle = colours.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(0, box.y + 0.5);
  ctx.lineTo(pen.width, box.y + 0.5);
  ctx.stroke();
  ctx.strokeStyle = colours["line-strong"];
  ctx.fillStyle = colours.dim;
  ctx.font = `11px ${pen.font}`;
  ctx.textBaseline = "middle";
  ctx.beginPath();
  for (const { x, label } of ticks(pen.view, pen.width).marks) {
    ctx.moveTo(Math.round(x) + 0.5, box.y);
    ctx.lineTo(Math.round(x) + 0.5, box.y + 4);
    if (x + 3 + ctx.measureText(label).width <= pen.width) ctx.fillText(label, x + 3, box.y + 11);
  }
  ctx.stroke();
}

/** One dim line. @param {Pen} pen @param {Box} box @param {string} text @param {"left" | "center"} [align] */
export function drawNote({ ctx, colours, font, width }, box, text, align = "left") {
  ctx.font = `11px ${font}`;
  ctx.textBaseline = "middle";
  ctx.fillStyle = colours.dim;
  ctx.textAlign = align;
  ctx.fillText(text, align === "left" ? 2 : width / 2, box.y + box.height / 2, width - 4);
  ctx.textAlign = "left";
}

/** Height of a line of a mark's words. */
export const MARK_LINE = 15;
/** Lines of words: marks that stand close need a second one. */
const MARK_LINES = 2;

/**
 * How many lines the words of all marks take where the whole run is in sight; closer they stand further apart, so that
 * what is under them keeps its place while one moves about.
 * @param {CanvasRenderingContext2D} ctx @param {string} font @param {{time: number, label: string}[]} marks
 * @param {number} whole seconds @param {number} width pixels
 */
export function markLines(ctx, font, marks, whole, width) {
  ctx.font = `11px ${font}`;
  const measure = (/** @type {{label: string}} */ { label }) => ctx.measureText(label).width;
  const placed = layMarks(marks, { start: 0, span: whole }, width, MARK_LINES, measure);
  return placed.reduce((most, { words }) => Math.max(most, words ? words.level + 1 : MARK_LINES), 0);
}

/**
 * Lines through the sound at the moments at which something took effect: settings, a lost connection.
 * @param {Pen} pen @param {Box} box @param {{time: number, kind: string}[]} marks
 */
export function drawMarkLines(pen, box, marks) {
  for (const { mark, x } of layMarks(marks, pen.view, pen.width, 0, () => 0)) {
    markLine(pen, x, box.y, box.y + box.height, colourOf(pen, mark.kind, "line-strong"));
  }
}

/**
 * What took effect there, in a row of its own: over the sound it could not be read where that is loud.
 * @param {Pen} pen @param {Box} box @param {{time: number, label: string, kind: string}[]} marks
 */
export function drawMarks(pen, box, marks) {
  const { ctx } = pen;
  ctx.font = `11px ${pen.font}`;
  ctx.textBaseline = "middle";
  const lines = box.height / MARK_LINE;
  for (const { mark, x, words } of layMarks(marks, pen.view, pen.width, lines, ({ label }) => ctx.measureText(label).width)) {
    const bottom = box.y + ((words?.level ?? 0) + 1) * MARK_LINE;
    markLine(pen, x, box.y, bottom, colourOf(pen, mark.kind, "line-strong"));
    if (!words) continue;
    ctx.fillStyle = colourOf(pen, mark.kind, "dim");
    ctx.fillText(mark.label, words.x0, bottom - MARK_LINE / 2);
  }
}

/** @param {Pen} pen @param {string} kind @param {"dim" | "line-strong"} plain */
function colourOf({ colours }, kind, plain) {
  return kind === "lost" || kind === "gap" ? colours.alarm : colours[plain];
}

/** @param {Pen} pen @param {number} x @param {number} top @param {number} bottom @param {string} colour */
function markLine({ ctx }, x, top, bottom, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.setLineDash([2, 3]);
  ctx.beginPath();
  ctx.moveTo(x + 0.5, top);
  ctx.lineTo(x + 0.5, bottom);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The moving end of a growing recording. @param {Pen} pen @param {number} top @param {number} bottom @param {number} time */
export function drawLiveEdge(pen, top, bottom, time) {
  const x = toX(time, pen.view, pen.width);
  if (x < 0 || x > pen.width) return;
  pen.ctx.fillStyle = pen.colours.alarm;
  pen.ctx.fillRect(Math.min(x, pen.width - 2), top, 2, bottom - top);
}

/**
 * Draws what has a moment rather than a stretch: the ticks of the axis, settings that took effect, the live edge.
 *
 * @import { Box } from "./layout.js"
 * @import { Pen } from "./waveform_draw.js"
 */
import { ticks, toX } from "./time_axis.js";

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

/**
 * Moments at which something took effect: settings, a lost connection.
 * @param {Pen} pen @param {Box} box @param {{time: number, label: string, kind: string}[]} marks
 */
export function drawMarks(pen, box, marks) {
  const { ctx, colours } = pen;
  ctx.font = `11px ${pen.font}`;
  ctx.textBaseline = "bottom";
  let taken = -Infinity;
  for (const mark of marks) {
    const x = Math.round(toX(mark.time, pen.view, pen.width)) + 0.5;
    if (x < 0 || x > pen.width) continue;
    ctx.strokeStyle = mark.kind !== "lost" ? colours["line-strong"] : colours.alarm;
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 3]);
    ctx.beginPath();
    ctx.moveTo(x, box.y);
    ctx.lineTo(x, box.y + box.height);
    ctx.stroke();
    ctx.setLineDash([]);
    const width = ctx.measureText(mark.label).width;
    if (x < taken || x + 4 + width > pen.width) continue;
    ctx.fillStyle = mark.kind !== "lost" ? colours.dim : colours.alarm;
    ctx.fillText(mark.label, x + 4, box.y + box.height - 1);
    taken = x + 8 + width;
  }
}

/** The moving end of a growing recording. @param {Pen} pen @param {number} top @param {number} bottom @param {number} time */
export function drawLiveEdge(pen, top, bottom, time) {
  const x = toX(time, pen.view, pen.width);
  if (x < 0 || x > pen.width) return;
  pen.ctx.fillStyle = pen.colours.alarm;
  pen.ctx.fillRect(Math.min(x, pen.width - 2), top, 2, bottom - top);
}

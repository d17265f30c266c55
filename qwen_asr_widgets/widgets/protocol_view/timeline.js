/**
 * The strip over the chart: all events on the time axis, sent above and received below, what went wrong in red; the
 * stretch of the rows in sight stands out, and a click goes to a moment.
 *
 * @import { EventRow } from "./rows.js"
 */
import { make, pixelRatio, pointIn } from "../shared/dom.js";
import { colours } from "../shared/theme.js";
import { ticks } from "../shared/axis/time_axis.js";
import { sized } from "../waveform/overview.js";

const LANE = 14;
const AXIS = 16;
const INKS = /** @type {const} */ (["turn", "service", "wave", "alarm", "line", "dim"]);

/**
 * @param {HTMLElement} host @param {(time: number) => void} go @param {AbortSignal} signal
 */
export function createTimeline(host, go, signal) {
  const canvas = make("canvas", { "aria-hidden": "true", class: "qaw-events-strip" });
  const sight = make("div", { class: "qaw-events-sight" });
  sight.style.height = `${2 * LANE}px`;
  host.append(make("div", { class: "qaw-events-place" }, canvas, sight));
  let duration = 0;
  canvas.addEventListener("click", (event) => go((pointIn(canvas, event).x / Math.max(canvas.clientWidth, 1)) * duration), { signal });
  return {
    /** Say which stretch is in sight. @param {number} from seconds @param {number} to */
    place(from, to) {
      sight.style.left = `${(100 * from) / Math.max(duration, 0.001)}%`;
      sight.style.width = `${(100 * (to - from)) / Math.max(duration, 0.001)}%`;
    },
    /** @param {EventRow[]} rows @param {number} whole seconds of the axis */
    draw(rows, whole) {
      const width = canvas.clientWidth;
      if (!width) return;
      duration = Math.max(0.001, whole);
      const ctx = sized(canvas, width, 2 * LANE + AXIS, pixelRatio(canvas));
      const ink = colours(canvas, INKS);
      const x = (/** @type {number} */ time) => (time / duration) * width;
      ctx.fillStyle = ink.line;
      ctx.fillRect(0, LANE, width, 1);
      for (const row of rows) drawRow(ctx, row, x, ink);
      drawAxis(ctx, { start: 0, span: duration }, width, ink.dim, getComputedStyle(canvas).fontFamily);
    },
  };
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {EventRow} row @param {(time: number) => number} x
 * @param {Record<typeof INKS[number], string>} ink
 */
function drawRow(ctx, { way, time, until, samples, mark }, x, ink) {
  const top = way === "out" ? 2 : LANE + 2;
  if (samples) {
    ctx.fillStyle = ink.wave;
    ctx.fillRect(x(time), LANE - 4, Math.max(1, x(until) - x(time)), 3);
    return;
  }
  ctx.fillStyle = mark ? ink.alarm : way === "out" ? ink.turn : way === "in" ? ink.service : ink.dim;
  const whole = mark || way === "wire";
  ctx.fillRect(x(time), whole ? 0 : top, mark ? 2 : 1, whole ? 2 * LANE : LANE - 4);
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {{start: number, span: number}} view @param {number} width
 * @param {string} colour @param {string} font
 */
function drawAxis(ctx, view, width, colour, font) {
  ctx.font = `11px ${font}`;
  ctx.fillStyle = colour;
  ctx.textBaseline = "bottom";
  for (const { x, label } of ticks(view, width).marks) {
    const room = ctx.measureText(label).width;
    ctx.fillRect(x, 2 * LANE, 1, 3);
    ctx.fillText(label, Math.min(Math.max(0, x - room / 2), width - room), 2 * LANE + AXIS);
  }
}

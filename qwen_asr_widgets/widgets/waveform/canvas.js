/**
 * The canvas under all rows of a waveform view: gives each row its place, draws it, finds it under a pointer; and the
 * colours and the font it is drawn in.
 *
 * @import { Band } from "../shared/axis/lanes.js"
 * @import { Box } from "../shared/axis/layout.js"
 * @import { Mark } from "../shared/run/state.js"
 * @import { Row, Scene } from "./rows.js"
 * @import { View } from "../shared/axis/time_axis.js"
 * @import { Colours } from "./draw.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { stackRows, wrapParts } from "../shared/axis/layout.js";
import { toTime } from "../shared/axis/time_axis.js";
import { markLines } from "./moments.js";
import { sized } from "./overview.js";
import { colours, whenRestyled } from "../shared/theme.js";
import { COLOURS, textHeight } from "./draw.js";

/** CSS pixels for the names of rows: left of the axis, or over the row on a narrow page. */
const GUTTER = 84;
const LABEL = 14;
const NARROW = 560;

export class WaveCanvas {
  /** @param {HTMLCanvasElement} canvas @param {Translate} t */
  constructor(canvas, t) {
    this.canvas = canvas;
    this.t = t;
    this.gutter = 0;
    this.width = 0;
    this.height = 0;
    /** @type {{row: Row, box: Box}[]} */
    this.placed = [];
  }

  /**
   * Give every row its place.
   * @param {Row[]} rows @param {Scene} scene @param {number} whole CSS pixels
   */
  layOut(rows, scene, whole) {
    const labelled = rows.some((row) => row.label && row.height(scene, whole) > 0);
    this.gutter = labelled && whole >= NARROW ? GUTTER : 0;
    this.width = whole - this.gutter;
    const shown = rows.map((row) => ({ row, height: row.height(scene, this.width) })).filter(({ height }) => height > 0);
    const above = (/** @type {Row} */ row) => (row.label && !this.gutter ? LABEL : 0);
    const { boxes, height } = stackRows(shown.map((one) => ({ id: one.row.id, height: one.height + above(one.row) })));
    this.height = height;
    this.placed = shown.map(({ row, height: own }) => {
      const { y } = /** @type {Box} */ (boxes.get(row.id));
      return { row, box: { y: y + above(row), height: own } };
    });
  }

  /** @param {Scene} scene @param {View} view @param {Colours} colours @param {string} font @param {number} ratio */
  draw(scene, view, colours, font, ratio) {
    const ctx = sized(this.canvas, this.gutter + this.width, this.height, ratio);
    const pen = { ctx, width: this.width, ratio, view, colours, font };
    for (const { row, box } of this.placed) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(this.gutter, box.y, this.width, box.height);
      ctx.clip();
      ctx.translate(this.gutter, 0);
      row.draw(pen, box, scene);
      ctx.restore();
      if (!row.label) continue;
      ctx.font = `11px ${font}`;
      ctx.textBaseline = "middle";
      ctx.fillStyle = colours.dim;
      const y = this.gutter ? box.y + box.height / 2 : box.y - LABEL / 2;
      const room = this.gutter ? GUTTER - 8 : this.width;
      const most = this.gutter ? Math.max(Math.floor(box.height / LABEL), 1) : 1;
      const measure = (/** @type {string} */ text) => ctx.measureText(text).width;
      const lines = wrapParts(row.label(scene, this.t), "", this.gutter || room, measure, measure, most);
      for (const [at, { settled }] of lines.entries()) {
        ctx.fillText(settled.trim(), 0, y + (at - (lines.length - 1) / 2) * LABEL, room);
      }
    }
  }

  /**
   * Lines that the words of marks need, see `markLines`.
   * @param {Mark[]} marks @param {number} whole seconds @param {string} font @param {number} width
   */
  markLines(marks, whole, font, width) {
    return markLines(/** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d")), font, marks, whole, width);
  }

  /**
   * Pixels that the words of some turns need, see `textHeight`.
   * @param {Band[]} bands @param {string} font @param {number} width
   */
  textHeight(bands, font, width) {
    return textHeight(/** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d")), font, bands, width);
  }

  /** The row under a pointer. @param {number} x @param {number} y @param {View} view */
  at(x, y, view) {
    const hit = this.placed.find(({ box }) => y >= box.y && y < box.y + box.height);
    return hit ? { ...hit, x: x - this.gutter, time: toTime(x - this.gutter, view, this.width) } : null;
  }
}

/**
 * @param {HTMLElement} root @param {HTMLElement} plot what is drawn again after a change of its size
 * @param {() => void} changed @param {AbortSignal} signal
 * @returns {{read: () => {ink: Colours, font: string}, unseen: () => void}} `unseen`: it had no size to draw in
 */
export function followStyle(root, plot, changed, signal) {
  /** @type {{ink: Colours, font: string} | null} an element not yet on the page has none */
  let known = null;
  const restyled = () => {
    known = null;
    changed();
  };
  whenRestyled(root, restyled, signal);
  const resized = new ResizeObserver(() => {
    if (plot.clientWidth) restyled();
  });
  resized.observe(plot);
  signal.addEventListener("abort", () => resized.disconnect(), { once: true });
  return {
    read: () => (known ??= { ink: colours(root, COLOURS), font: getComputedStyle(root).fontFamily }),
    unseen: () => {
      resized.unobserve(plot);
      resized.observe(plot);
    },
  };
}

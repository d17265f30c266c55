/**
 * Draws the rows of a waveform on a canvas. Everything it draws was computed elsewhere.
 *
 * @import { View } from "../shared/axis/time_axis.js"
 * @import { Box } from "../shared/axis/layout.js"
 * @import { Band, LatencyBar } from "../shared/axis/lanes.js"
 *
 * @typedef {Record<typeof COLOURS[number], string>} Colours
 * @typedef {{
 *   ctx: CanvasRenderingContext2D, width: number, ratio: number, view: View, colours: Colours, font: string,
 * }} Pen  The context's origin stands at the left of the time axis; width in CSS pixels.
 */
import { layBadges, layLatency, layPartials, stackBars, textSlots } from "../shared/axis/lanes.js";
import { isRightToLeft, wrapParts } from "../shared/axis/layout.js";

export const COLOURS = /** @type {const} */ ([
  "ground", "ink", "dim", "line", "line-strong", "accent", "on-accent", "turn", "turn-fill", "turn-open-fill",
  "service", "service-fill", "reference", "reference-fill", "wait", "decode", "wave", "score", "alarm",
]);

const LATENCY_ROW = 14;
const TEXT_ROW = 18;
const TEXT_LINE = 16;
/** Lines of the words of a turn that is alone in sight: enough for a minute of speech on a wide page. */
const MOST_LINES = 8;
const BADGE = 14;

/**
 * Columns of smallest and largest samples around the middle; neighbours are joined so that no zoom tears them.
 * @param {Pen} pen @param {Box} box @param {Float32Array} columns @param {number} peak full height
 * @param {number} step CSS pixels a column
 */
export function drawWave(pen, box, columns, peak, step) {
  const { ctx } = pen;
  const middle = box.y + box.height / 2;
  const scale = (box.height / 2 - 3) / Math.max(peak, 1);
  ctx.fillStyle = pen.colours.wave;
  ctx.beginPath();
  let before = NaN;
  for (let k = 0; 2 * k < columns.length; k += 1) {
    let low = columns[2 * k];
    let high = columns[2 * k + 1];
    if (Number.isNaN(low)) {
      before = NaN;
      continue;
    }
    const centre = (low + high) / 2;
    if (before < low) low = before;
    if (before > high) high = before;
    before = centre;
    const height = Math.max((high - low) * scale, step);
    ctx.rect(k * step, middle - ((high + low) / 2) * scale - height / 2, step, height);
  }
  ctx.fill();
}

/** @param {Pen} pen @param {Box} box @param {Band[]} bands @param {number | null} selected */
export function drawBands(pen, box, bands, selected) {
  const { ctx, colours } = pen;
  for (const { turn, x0, x1, tier } of bands) {
    const open = turn.end === null;
    ctx.fillStyle = open ? colours["turn-open-fill"] : colours["turn-fill"];
    ctx.fillRect(x0, box.y, x1 - x0, box.height);
    if (tier === "band") continue;
    const bold = turn.number === selected;
    ctx.strokeStyle = colours.turn;
    ctx.lineWidth = bold ? 2 : 1;
    ctx.globalAlpha = bold ? 1 : 0.6;
    drawFrame(ctx, new DOMRect(x0 + 0.5, box.y + 0.5, Math.max(x1 - x0 - 1, 1), box.height - 1), 2, turn);
    ctx.globalAlpha = 1;
  }
}

/** Dashes of an edge that is no more than an estimate. */
const ESTIMATED = [3, 3];

/**
 * The frame of a turn: dashed all round while it is open, at its end alone where that is an estimate.
 * @param {CanvasRenderingContext2D} ctx @param {DOMRect} frame @param {number} radius @param {Band["turn"]} turn
 */
function drawFrame(ctx, { left, top, right, bottom, width, height }, radius, turn) {
  ctx.setLineDash(turn.end === null ? [4, 3] : []);
  ctx.beginPath();
  if (turn.end === null || !turn.end_estimated) {
    ctx.roundRect(left, top, width, height, radius);
  } else {
    for (const [x, y] of [[right, top], [left, top], [left, bottom], [right, bottom]]) ctx.lineTo(x, y);
    ctx.stroke();
    ctx.setLineDash(ESTIMATED);
    ctx.beginPath();
    ctx.moveTo(right, top);
    ctx.lineTo(right, bottom);
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

/** Numbers over the wave, ticks for problems without room for one. @param {Pen} pen @param {Box} box @param {Band[]} bands */
export function drawBadges(pen, box, bands) {
  const { ctx, colours } = pen;
  ctx.font = `600 11px ${pen.font}`;
  ctx.textBaseline = "middle";
  const { badges, ticks } = layBadges(bands, ({ number }) => Math.max(BADGE, ctx.measureText(String(number)).width + 7));
  ctx.textAlign = "center";
  for (const { turn, x, width } of badges) {
    ctx.fillStyle = turn.problem ? colours.alarm : colours.turn;
    ctx.beginPath();
    ctx.roundRect(x, box.y, width, BADGE, 3);
    ctx.fill();
    ctx.fillStyle = colours["on-accent"];
    ctx.fillText(String(turn.number), x + width / 2, box.y + BADGE / 2 + 0.5);
  }
  ctx.textAlign = "left";
  drawDensity(pen, { y: box.y, height: 6 }, null, ticks);
}

/** Where the first words of each turn came. @param {Pen} pen @param {Box} box @param {Band[]} bands */
export function drawPartials(pen, box, bands) {
  pen.ctx.fillStyle = pen.colours.turn;
  for (const x of layPartials(bands, pen.view, pen.width)) pen.ctx.fillRect(x - 1, box.y + box.height - 8, 2, 8);
}

/**
 * The strip that stands for turns too small to see one by one.
 * @param {Pen} pen @param {Box} box @param {Float32Array | null} density @param {number[]} errors
 */
export function drawDensity(pen, box, density, errors) {
  const { ctx, colours } = pen;
  if (density) {
    ctx.fillStyle = colours.turn;
    for (let x = 0; x < density.length; x += 1) {
      if (density[x] === 0) continue;
      ctx.globalAlpha = 0.25 + 0.75 * density[x];
      ctx.fillRect(x, box.y, 1, box.height);
    }
    ctx.globalAlpha = 1;
  }
  ctx.fillStyle = colours.alarm;
  for (const x of errors) {
    ctx.beginPath();
    ctx.moveTo(x - 3.5, box.y);
    ctx.lineTo(x + 3.5, box.y);
    ctx.lineTo(x, box.y + Math.max(box.height, 6));
    ctx.fill();
  }
}

/**
 * How long each final took: plain to the endpoint, hatched to the final, the total beside it.
 * @param {Pen} pen @param {Box} box @param {LatencyBar[]} bars @param {(seconds: number) => string} written
 */
export function drawLatency(pen, box, bars, written) {
  const { ctx, colours } = pen;
  ctx.font = `11px ${pen.font}`;
  ctx.textBaseline = "middle";
  const label = (/** @type {LatencyBar} */ bar) => written(bar.to - bar.from);
  const room = (/** @type {LatencyBar} */ bar) => ctx.measureText(label(bar)).width + 8;
  const rows = Math.max(1, Math.floor(box.height / LATENCY_ROW));
  const hatch = hatching(pen);
  for (const { bar, x0, middle, to, x1, row, labelled } of layLatency(bars, pen.view, pen.width, rows, room)) {
    const y = box.y + row * LATENCY_ROW + 2;
    const height = LATENCY_ROW - 5;
    ctx.fillStyle = colours.wait;
    ctx.fillRect(x0, y, middle - x0, height);
    if (to > middle) {
      ctx.fillStyle = hatch;
      ctx.fillRect(middle, y, to - middle, height);
      ctx.strokeStyle = colours.decode;
      ctx.lineWidth = 1;
      if (to - middle > 2) ctx.strokeRect(middle + 0.5, y + 0.5, to - middle - 1, height - 1);
    }
    if (!labelled) continue;
    ctx.fillStyle = colours.dim;
    const atLeft = x1 === to;
    ctx.textAlign = atLeft ? "right" : "left";
    ctx.fillText(label(bar), atLeft ? x0 - 4 : to + 4, y + height / 2 + 0.5);
  }
  ctx.textAlign = "left";
}

/** @param {LatencyBar[]} bars @returns {number} rows needed so that no two bars cover each other */
export function latencyRows(bars) {
  const stacked = stackBars(bars.map((bar) => ({ x0: bar.from, x1: bar.to })), 3, 0);
  return 1 + stacked.reduce((most, bar) => Math.max(most, bar.row), 0);
}

export const LATENCY_ROW_HEIGHT = LATENCY_ROW;

/** @type {WeakMap<Colours, {ratio: number, pattern: CanvasPattern}>} by the colours as they were read last */
const hatchings = new WeakMap();

/** @param {Pen} pen */
function hatching(pen) {
  const known = hatchings.get(pen.colours);
  if (known?.ratio === pen.ratio) return known.pattern;
  const size = Math.max(4, Math.round(5 * pen.ratio));
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const ctx = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  ctx.fillStyle = pen.colours.ground;
  ctx.fillRect(0, 0, size, size);
  ctx.strokeStyle = pen.colours.decode;
  ctx.lineWidth = 1.6 * pen.ratio;
  ctx.beginPath();
  for (const shift of [-size, 0, size]) {
    ctx.moveTo(shift - 1, size + 1);
    ctx.lineTo(shift + size + 1, -1);
  }
  ctx.stroke();
  const pattern = /** @type {CanvasPattern} */ (pen.ctx.createPattern(tile, "repeat"));
  pattern.setTransform(new DOMMatrix().scale(1 / pen.ratio));
  hatchings.set(pen.colours, { ratio: pen.ratio, pattern });
  return pattern;
}

/** @param {CanvasRenderingContext2D} ctx @param {string} face */
function textMeasures(ctx, face) {
  return [`12px ${face}`, `italic 12px ${face}`].map((font) => (/** @type {string} */ text) => {
    ctx.font = font;
    return ctx.measureText(text).width;
  });
}

/**
 * Height of the words under a waveform: one line, and as many as it needs for a turn that is alone in sight.
 * @param {CanvasRenderingContext2D} ctx @param {string} face @param {Band[]} bands @param {number} width
 */
export function textHeight(ctx, face, bands, width) {
  if (bands.length !== 1) return TEXT_ROW;
  const [measure, measureDraft] = textMeasures(ctx, face);
  const lines = textSlots(bands, width).map(({ turn, width: room }) =>
    wrapParts(turn.settled ?? "", turn.draft ?? "", room - 4, measure, measureDraft, MOST_LINES).length);
  return TEXT_ROW + TEXT_LINE * (Math.max(1, ...lines) - 1);
}

/**
 * Settled words plain, the draft dim and italic, in as many lines as the box has room for; of a turn whose words are
 * still coming the newest.
 * @param {Pen} pen @param {Box} box @param {Band[]} bands @returns {boolean} whether there was room for any
 */
export function drawTexts(pen, box, bands) {
  const { ctx, colours } = pen;
  ctx.textBaseline = "middle";
  const [measure, measureDraft] = textMeasures(ctx, pen.font);
  const most = 1 + Math.floor((box.height - TEXT_ROW) / TEXT_LINE);
  const needed = (/** @type {Band["turn"]} */ { settled = "", draft = "" }) => measure(settled) + measureDraft(draft) + 4;
  let drawn = false;
  for (const { turn, x, width } of textSlots(bands, pen.width, needed)) {
    const settled = turn.settled ?? "";
    const draft = turn.draft ?? "";
    drawn ||= settled + draft !== "";
    ctx.direction = isRightToLeft(settled + draft) ? "rtl" : "ltr";
    ctx.textAlign = "left";
    const coming = turn.end === null || draft !== "";
    for (const [k, line] of wrapParts(settled, draft, width - 4, measure, measureDraft, most, coming).entries()) {
      const y = box.y + TEXT_ROW / 2 + k * TEXT_LINE;
      ctx.font = `12px ${pen.font}`;
      ctx.fillStyle = colours.ink;
      ctx.fillText(line.settled, x + 2, y);
      ctx.font = `italic 12px ${pen.font}`;
      ctx.fillStyle = colours.dim;
      ctx.fillText(line.draft, x + 2 + line.draftX, y);
    }
  }
  ctx.direction = "ltr";
  return drawn;
}

/**
 * One lane of turns: rounded boxes in its role's colour, handles at the edges of the reference's.
 * @param {Pen} pen @param {Box} box @param {Band[]} bands @param {"reference" | "service" | "estimated"} role
 * @param {{density: Float32Array | null, ticks: number[]}} rest
 */
export function drawLane(pen, box, bands, role, rest) {
  const { ctx, colours } = pen;
  const name = role === "estimated" ? "turn" : role;
  drawDensity(
    { ...pen, colours: { ...colours, turn: colours[name] } },
    { y: box.y + 4, height: box.height - 8 }, rest.density, rest.ticks,
  );
  for (const { turn, x0, x1, tier } of bands) {
    ctx.fillStyle = colours[`${name}-fill`];
    ctx.strokeStyle = colours[name];
    ctx.lineWidth = 1;
    const frame = new DOMRect(x0 + 0.5, box.y + 1.5, Math.max(x1 - x0 - 1, 1), box.height - 3);
    ctx.beginPath();
    ctx.roundRect(frame.x, frame.y, frame.width, frame.height, 3);
    ctx.fill();
    drawFrame(ctx, frame, 3, turn);
    if (role === "reference" && tier !== "band") {
      ctx.fillStyle = colours[name];
      ctx.fillRect(x0 - 0.5, box.y + 3, 3, box.height - 6);
      ctx.fillRect(x1 - 2.5, box.y + 3, 3, box.height - 6);
    }
    if (!turn.mark) continue;
    ctx.fillStyle = colours.alarm;
    ctx.font = `600 12px ${pen.font}`;
    ctx.textBaseline = "middle";
    ctx.fillText(turn.mark, x1 + 2, box.y + box.height / 2);
  }
}

/** Where a score stands in its row. @param {number} score in [-1, 1] @param {Box} box */
function scoreY(score, box) {
  return box.y + 2 + ((1 - score) / 2) * (box.height - 4);
}

/**
 * The score from −1 to 1, filled where it reaches the threshold, and the threshold as a dashed line.
 * @param {Pen} pen @param {Box} box @param {{values: Float32Array, hop: number}} score
 * @param {number | null} threshold
 */
export function drawScore(pen, box, score, threshold) {
  const { ctx, colours, view, width } = pen;
  const yOf = (/** @type {number} */ value) => scoreY(value, box);
  const columns = scoreColumns(score, view, Math.ceil(width));
  if (threshold !== null) {
    ctx.fillStyle = colours["turn-fill"];
    for (let x = 0; 2 * x < columns.length; x += 1) {
      const high = columns[2 * x + 1];
      if (high >= threshold) ctx.fillRect(x, yOf(high), 1, yOf(threshold) - yOf(high));
    }
  }
  ctx.strokeStyle = colours.score;
  ctx.lineWidth = 1.25;
  ctx.beginPath();
  for (let x = 0; 2 * x < columns.length; x += 1) {
    if (Number.isNaN(columns[2 * x])) continue;
    ctx.lineTo(x + 0.5, yOf(columns[2 * x]));
    ctx.lineTo(x + 0.5, yOf(columns[2 * x + 1]));
  }
  ctx.stroke();
  if (threshold === null) return;
  ctx.strokeStyle = colours.turn;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([5, 4]);
  ctx.beginPath();
  ctx.moveTo(0, yOf(threshold));
  ctx.lineTo(width, yOf(threshold));
  ctx.stroke();
  ctx.setLineDash([]);
  drawPill(pen, box, yOf(threshold), threshold.toFixed(2));
}

/** The threshold in numbers, at the right end of its line. @param {Pen} pen @param {Box} box @param {number} y @param {string} text */
function drawPill({ ctx, colours, width, font }, box, y, text) {
  const height = 16;
  ctx.font = `600 11px ${font}`;
  const room = ctx.measureText(text).width + 12;
  const top = Math.min(Math.max(y - height / 2, box.y), box.y + box.height - height);
  ctx.fillStyle = colours.turn;
  ctx.beginPath();
  ctx.roundRect(width - room, top, room, height, height / 2);
  ctx.fill();
  ctx.fillStyle = colours["on-accent"];
  ctx.textBaseline = "middle";
  ctx.fillText(text, width - room + 6, top + height / 2 + 0.5);
}

/**
 * Lowest and highest score under each pixel; NaN beyond the scored part.
 * @param {{values: Float32Array, hop: number}} score @param {View} view @param {number} width
 */
export function scoreColumns(score, view, width) {
  const { values, hop } = score;
  const columns = new Float32Array(2 * width).fill(NaN);
  const step = view.span / width / hop;
  for (let x = 0; x < width; x += 1) {
    const from = Math.max(0, Math.floor(view.start / hop + x * step));
    const to = Math.min(values.length, Math.max(from + 1, Math.floor(view.start / hop + (x + 1) * step)));
    if (from >= to) continue;
    let low = values[from];
    let high = low;
    for (let k = from + 1; k < to; k += 1) {
      low = Math.min(low, values[k]);
      high = Math.max(high, values[k]);
    }
    columns[2 * x] = low;
    columns[2 * x + 1] = high;
  }
  return columns;
}

/**
 * The rows of a waveform view: how high each is, what it draws, what in it can be dragged.
 * A view takes further rows of this shape, so that other tools stand over the same axis.
 *
 * @import { Box } from "../shared/axis/layout.js"
 * @import { Band, LatencyBar } from "../shared/axis/lanes.js"
 * @import { Drag } from "../shared/axis/gestures.js"
 * @import { Pen } from "./draw.js"
 * @import { Lane, Mark, RunInfo, RunState, Utterance } from "../shared/run/state.js"
 * @import { TileStore } from "../shared/axis/tiles.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {object} Scene   what there is to draw, the same for every row of a frame
 * @property {RunState} run
 * @property {Utterance[]} turns      sorted by onset
 * @property {LatencyBar[]} bars
 * @property {Mark[]} marks           their labels in the reader's language
 * @property {(width: number) => number} markLines  lines that their words need on an axis so wide
 * @property {(width: number) => number} textHeight  CSS pixels that the words on screen need on an axis so wide
 * @property {number} duration        seconds
 * @property {number} rate
 * @property {TileStore | null} tiles
 * @property {{values: Float32Array, hop: number} | null} score
 * @property {number | null} threshold
 * @property {number} waveHeight      CSS pixels
 * @property {string} [note]          why there are no latency bars
 * @property {(seconds: number) => string} written  a duration in the reader's language
 * @property {string} noWords         what is to be said where no turn has room for its words
 * @property {string} [empty]         what is to be said where there is no sound
 * @property {{bands: Band[], density: Float32Array | null, ticks: number[]}} laid  the turns on screen
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {(scene: Scene, width: number) => number} height   0 hides the row; width of the axis in CSS pixels
 * @property {number} [until]   seconds up to which it shows something, where that is beyond the sound
 * @property {(pen: Pen, box: Box, scene: Scene) => void} draw
 * @property {(scene: Scene, t: Translate) => string} [label]  stands left of the axis
 * @property {(x: number, y: number, time: number, box: Box, scene: Scene) => Drag | null} [grab]
 *   x and y in the plot; the returned drag owns the pointer until it is lifted
 * @property {(x: number, y: number, time: number, box: Box, scene: Scene) => boolean} [click]  whether it was used
 */
import { layBands } from "../shared/axis/lanes.js";
import { toX } from "../shared/axis/time_axis.js";
import { textOf } from "../shared/run/state.js";
import { drawAxis, drawLiveEdge, drawMarkLines, drawMarks, drawNote, MARK_LINE } from "./moments.js";
import {
  LATENCY_ROW_HEIGHT, drawBadges, drawBands, drawDensity, drawLane, drawLatency, drawPartials, drawScore,
  drawTexts, drawWave, latencyRows,
} from "./draw.js";

const STRIP = 6;
const LANE = 20;

/** @type {Row} */
export const waveRow = {
  id: "wave",
  height: (scene) => scene.waveHeight,
  draw(pen, box, scene) {
    const { bands, density, ticks } = scene.laid;
    drawBands(pen, box, bands, scene.run.selected);
    if (scene.tiles) {
      const count = Math.ceil(Math.min(pen.width, Math.max(0, toX(scene.duration, pen.view, pen.width))) * pen.ratio);
      const perColumn = (pen.view.span * scene.rate) / (pen.width * pen.ratio);
      const columns = scene.tiles.columns(pen.view.start * scene.rate, perColumn, count, columnsOf(count));
      drawWave(pen, box, columns, scene.tiles.peak, 1 / pen.ratio);
    }
    drawMarkLines(pen, box, scene.marks);
    // The words have a time on this axis only where the sound was sent in real time.
    if (scene.run.info.waits) drawPartials(pen, box, bands);
    drawBadges(pen, box, bands);
    drawDensity(pen, { y: box.y, height: STRIP }, density, ticks);
    if (scene.run.info.growing) drawLiveEdge(pen, box.y, box.y + box.height, scene.duration);
    if (scene.empty) drawNote(pen, box, scene.empty, "center");
  },
};

let scratch = new Float32Array(0);

/** @param {number} count */
function columnsOf(count) {
  if (scratch.length < 2 * count) scratch = new Float32Array(2 * count);
  return scratch.subarray(0, 2 * count);
}

/** @type {Row} */
export const marksRow = {
  id: "marks",
  height: (scene, width) => scene.markLines(width) * MARK_LINE,
  draw: (pen, box, scene) => drawMarks(pen, box, scene.marks),
};

/** @type {Row} */
export const latencyRow = {
  id: "latency",
  height: (scene) => (scene.run.utterances.length ? latencyRows(scene.bars) * LATENCY_ROW_HEIGHT : 0),
  draw(pen, box, scene) {
    drawLatency(pen, box, scene.bars, scene.written);
    if (scene.note) drawNote(pen, box, scene.note);
  },
};

/**
 * Why no waits are drawn, where that is so: they have no place on the axis of a sound that was not sent in real time.
 * @param {RunInfo} info @param {Utterance[]} turns @param {Translate} t
 */
export function noteOf(info, turns, t) {
  if (info.waits || !turns.some((turn) => (turn.finalization ?? turn.decode_delay) !== null)) return "";
  const pace = info.pace === null ? t("wave.pace.free") : t("wave.pace.times", { pace: info.pace });
  return t("wave.noWaits", { pace });
}

/** @type {Row} */
export const textRow = {
  id: "text",
  height: (scene, width) => (scene.run.utterances.length ? scene.textHeight(width) : 0),
  draw(pen, box, scene) {
    const { bands, density } = scene.laid;
    const small = density !== null && scene.turns.some(textOf);
    const words = bands.some(({ turn }) => (turn.settled ?? "") + (turn.draft ?? "") !== "");
    if (!drawTexts(pen, box, bands) && (small || words)) drawNote(pen, box, scene.noWords);
  },
};

/** @type {Row} */
export const scoreRow = {
  id: "score",
  height: (scene) => (scene.score ? 88 : 0),
  label: (_, t) => t("wave.score"),
  draw(pen, box, scene) {
    if (scene.score) drawScore(pen, box, scene.score, scene.threshold);
  },
};

/**
 * The score as a low strip, for a view in which it is looked at in passing. What a service scores is not published: this is
 * the score of the detector that runs here.
 * @type {Row}
 */
export const scoreStrip = {
  ...scoreRow,
  height: (scene) => (scene.score || scene.run.info.growing ? 44 : 0),
  label: (_, t) => t("wave.score.here"),
};

/** @type {Row} */
export const axisRow = { id: "axis", height: () => 18, draw: (pen, box) => drawAxis(pen, box) };

/**
 * Our rows with those of a tool: one with a known id takes that row's place, others stand over the axis.
 * @param {Row[]} ours the time axis last @param {Row[]} theirs
 */
export function withRows(ours, theirs) {
  const known = ours.map((row) => theirs.find(({ id }) => id === row.id) ?? row);
  const further = theirs.filter((row) => !known.includes(row));
  return [...known.slice(0, -1), ...further, ...known.slice(-1)];
}

/** A row for one lane of turns. @param {Lane} lane @returns {Row} */
export function laneRow(lane) {
  return {
    id: `lane:${lane.role}:${lane.name}`,
    height: () => LANE,
    label: (_, t) => lane.name || t(`wave.lane.${lane.role}`),
    draw(pen, box, scene) {
      const { bands, density, ticks } = layBands(lane.turns, pen.view, pen.width, scene.duration);
      drawLane(pen, box, bands, lane.role, { density, ticks });
    },
  };
}

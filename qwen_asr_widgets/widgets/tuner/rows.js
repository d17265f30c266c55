/**
 * The tuner's rows over the time axis: reference (editable), service, estimate, cues, score, differences.
 *
 * @import { Row } from "../waveform/rows.js"
 * @import { TunerView } from "./tuner.js"
 * @import { Turn } from "../shared/axis/lanes.js"
 * @import { Pen } from "../waveform/draw.js"
 * @import { Box } from "../shared/axis/layout.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { TunerState } from "./state.js"
 */
import { ScorePicture } from "./density.js";
import { layBands } from "../shared/axis/lanes.js";
import { toTime, toX } from "../shared/axis/time_axis.js";
import { drawCues, drawDifferences, drawEdited, drawHint, drawProblems, scoreToY } from "./draw.js";
import { drawLane } from "../waveform/draw.js";

const LANE = 22;
/** Pixels around an edge or a line in which it is taken hold of. */
const GRIP = 7;
const LEAST_DRAWN = 6;

/** @param {Pen} pen @param {Box} box @param {Turn[]} turns @param {"reference" | "service" | "estimated"} role */
function lane(pen, box, turns, role) {
  const { bands, density, ticks } = layBands(turns, pen.view, pen.width, 0);
  drawLane(pen, box, bands, role, { density, ticks });
}

/** @param {TunerView} tuner @returns {Row[]} */
export function tunerRows(tuner) {
  return [referenceRow(tuner), serviceRow(tuner), estimateRow(tuner), cueRow(tuner), scoreRow(tuner), differenceRow(tuner)];
}

/** @param {TunerView} tuner @returns {Row} */
function referenceRow(tuner) {
  const { state, t, labels } = tuner;
  return {
    id: "tuner:reference",
    height: () => LANE,
    label: () => t("wave.lane.reference"),
    draw(pen, box) {
      if (!state.reference.length && !labels.drawing) return drawHint(pen, box, t("tuner.draw"));
      lane(pen, box, labels.shown(), "reference");
      const held = labels.held();
      if (held) drawEdited(pen, box, held.from, held.to, labels.edge);
    },
    grab: (x, _y, time) => grabReference(tuner, x, time),
    click: (_x, _y, time) => labels.select(time),
  };
}

/** Take hold of an edge, or draw a new turn where there is none. @param {TunerView} tuner @param {number} x @param {number} time */
function grabReference({ labels, wave }, x, time) {
  const { view, canvas } = wave;
  const timeAt = (/** @type {number} */ px) => toTime(px - canvas.gutter, view, canvas.width);
  const edge = labels.edgeAt(x, (seconds) => toX(seconds, view, canvas.width), GRIP);
  if (edge) return { move: (/** @type {number} */ px) => labels.drag(edge, timeAt(px)), end: () => labels.drop(edge) };
  if (labels.turnAt(time)) return null;
  const least = (LEAST_DRAWN / canvas.width) * view.span;
  return {
    move: (/** @type {number} */ px) => labels.draw(time, timeAt(px)),
    end: () => labels.finish(least),
  };
}

/** What the lane of the turns judged is called: by whose settings, and what they are worth. @param {TunerView} tuner */
export function triedLane({ state, shown, t }) {
  const estimate = state.about?.estimate ?? "estimated";
  return shown === "in_force" ? t(`tuner.lane.in_force.${estimate}`) : t(`tuner.lane.trying.${estimate}`);
}

/** What the lane of real turns is called: of a recording, or of the last replay. @param {TunerState} state @param {Translate} t */
export function serviceLane({ about }, t) {
  return t(about?.service?.replayed ? "tuner.lane.replay" : "wave.lane.service");
}

/** @param {TunerView} tuner @returns {Row} */
function serviceRow({ state, t }) {
  return {
    id: "tuner:service",
    height: () => (state.about?.service ? LANE : 0),
    label: () => serviceLane(state, t),
    draw: (pen, box) => lane(pen, box, state.service, "service"),
  };
}

/** @param {TunerView} tuner @returns {Row} */
function estimateRow(tuner) {
  const { state } = tuner;
  return {
    id: "tuner:estimate",
    height: () => LANE,
    label: () => triedLane(tuner),
    draw(pen, box) {
      lane(pen, box, state.turns, "estimated");
      drawProblems(pen, box, state.problems, state.chosen);
    },
    click(_x, _y, time) {
      const within = (8 / tuner.wave.canvas.width) * tuner.wave.view.span;
      const found = state.problems.findIndex((one) => time >= one.start - within && time <= one.end + within);
      if (found < 0) return false;
      tuner.choose(found);
      return true;
    },
  };
}

/** @param {TunerView} tuner @returns {Row} */
function cueRow({ hear, t }) {
  return {
    id: "tuner:cues",
    height: () => (hear.on ? 14 : 0),
    label: () => t("tuner.cues"),
    draw(pen, box) {
      const a = hear.active === "a";
      drawCues(pen, box, hear.times[hear.active], a ? pen.colours.ink : pen.colours.turn, a);
    },
  };
}

/** @param {TunerView} tuner @returns {Row} */
function scoreRow(tuner) {
  const { state, t } = tuner;
  const picture = new ScorePicture();
  return {
    id: "tuner:score",
    height: () => 108,
    label: () => t("wave.score"),
    draw(pen, box) {
      if (!state.score || !tuner.wanted) return;
      const { threshold } = tuner.wanted;
      const inForce = state.inForce && state.inForce.threshold !== threshold ? state.inForce.threshold : null;
      picture.draw(pen, box, state.score, state.scored, threshold, inForce);
    },
    grab(_x, y, _time, box) {
      if (!tuner.wanted || Math.abs(y - scoreToY(tuner.wanted.threshold, box)) > GRIP) return null;
      return { move: (_px, py) => tuner.dragThreshold(py), end: () => {} };
    },
  };
}

/** @param {TunerView} tuner @returns {Row} */
function differenceRow({ state, t }) {
  return {
    id: "tuner:differences",
    height: () => (state.about?.service && state.differences.length ? 8 : 0),
    label: () => t("tuner.differs"),
    draw: (pen, box) => drawDifferences(pen, box, state.differences),
  };
}

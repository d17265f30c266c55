/**
 * Runs of one sound that are compared: what each is called, its settings in words, its turns over the time axis.
 *
 * @import { Utterance } from "../shared/run/state.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { Lane } from "../shared/run/state.js"
 * @import { Row } from "../waveform/rows.js"
 *
 * @typedef {{from: number, config: import("../transcriber/logic.js").Config}} Held  settings, and the second from which on they held
 * @typedef {object} ComparedRun
 * @property {string} name     empty where the page names it, by its role
 * @property {"" | "before" | "baseline" | "now"} role
 * @property {string} engine
 * @property {Held[]} settings
 * @property {number | null} pace
 * @property {boolean} waits   whether its waits say what a person would wait
 * @property {number} count    of turns
 * @property {number} n        of those that have a wait to count
 * @property {number | null} median   seconds
 * @property {number | null} longest
 * @property {"" | "free" | "turns" | "manual" | "silence" | "pace" | "speed" | "unknown"} no_wait  why it has no wait to state
 * @property {NonNullable<import("../shared/run/state.js").Summary>["source"]} source
 * @property {boolean} complete
 * @property {number | null} rate      of errors
 * @property {number | null} whisper   the same after Whisper's normalisation of English
 * @property {Utterance[] | null} utterances  null: the run on show, which is in the run store
 *
 * @typedef {object} Comparison
 * @property {number} shown  index of the run that the waveform shows
 * @property {boolean} over  whether all runs are; of one under way there are no figures yet
 * @property {ComparedRun[]} runs  the others are compared with the first
 * @property {"" | "WER" | "CER"} metric
 * @property {"" | "shown" | "missing"} whisper
 * @property {import("./figures.js").Difference[]} differences
 * @property {Lane["turns"] | null} reference
 * @property {import("./words.js").Words | null} words
 */
import { clock } from "../shared/format.js";
import { layBands } from "../shared/axis/lanes.js";
import { latencyBars, placed } from "../shared/run/state.js";
import { settingsText } from "../transcriber/logic.js";
import { LATENCY_ROW_HEIGHT, drawBadges, drawLane, drawLatency, drawTexts, latencyRows } from "../waveform/draw.js";
import { laneRow, waveRow } from "../waveform/rows.js";

/** So many settings of one run are listed; of more, the first and the last two. */
const MOST_CHANGES = 4;
const LANE = 20;
const TEXT = 18;

const ROLES = /** @type {const} */ ({ before: "transcriber.before", baseline: "transcriber.baseline", now: "transcriber.now" });

/** @param {Pick<ComparedRun, "name" | "role">} run @param {Translate} t */
export function runName({ name, role }, t) {
  return name || (role ? t(ROLES[role]) : "");
}

/** What a sentence calls a run. @param {Pick<ComparedRun, "name" | "role">} run @param {Translate} t */
export function saidName({ name, role }, t) {
  return name || (role ? t(`compare.said.${role}`) : "");
}

/** The same where the sentence begins with it. @param {Pick<ComparedRun, "name" | "role">} run @param {Translate} t */
export function beginning(run, t) {
  return run.name || saidName(run, t).replace(/^./, (letter) => letter.toUpperCase());
}

/**
 * The settings of a run; where they changed midway, each with its place on the axis, and that they did.
 * @param {Held[]} settings @param {Translate} t
 */
export function heldText(settings, t) {
  const texts = settings.map(({ config }) => settingsText(config, t));
  const listed = settings.flatMap(({ from }, k) => {
    if (k === 0) return [texts[0]];
    return texts[k] === texts[k - 1] ? [] : [t("compared.from", { time: clock(from), settings: texts[k] })];
  });
  if (listed.length > MOST_CHANGES) listed.splice(1, listed.length - 3, "…");
  const said = listed.join(t("compared.semicolon"));
  return settings.length > 1 ? t("compared.changed", { settings: said }) : said;
}

/**
 * The rows of a comparison: the sound with the turns of the run on show, under it the reference and the other runs.
 * @param {Comparison} comparison @returns {Row[]}
 */
export function comparedRows({ runs, shown, reference }) {
  /** @type {Row} */
  const wave = { ...waveRow, label: (_, t) => runName(runs[shown], t) };
  const lane = reference ? [laneRow({ name: "", role: "reference", turns: reference })] : [];
  const others = runs.flatMap((run, k) => (run.utterances ? [runRow(run, run.utterances, `run:${k}`)] : []));
  return [wave, ...lane, ...others];
}

/**
 * A run that is not on show: its turns with their numbers, under them its waits and, dimmed, its words.
 * @param {ComparedRun} run @param {Utterance[]} utterances @param {string} id
 * @returns {Row}
 */
function runRow(run, utterances, id) {
  const turns = placed(utterances);
  const bars = latencyBars(turns, run.waits);
  const waits = bars.length ? latencyRows(bars) * LATENCY_ROW_HEIGHT : 0;
  return {
    id,
    until: Math.max(0, ...bars.map((bar) => bar.to)),
    height: () => LANE + 2 + waits + TEXT,
    label: (_, t) => runName(run, t),
    draw(pen, box, scene) {
      const { bands, density, ticks } = layBands(turns, pen.view, pen.width, scene.duration);
      drawLane(pen, { y: box.y, height: LANE }, bands, "service", { density, ticks });
      const colours = { ...pen.colours, turn: pen.colours.service };
      drawBadges({ ...pen, colours }, { y: box.y + 3, height: LANE - 6 }, bands);
      drawLatency(pen, { y: box.y + LANE + 2, height: waits }, bars, scene.written);
      const dimmed = { ...pen, colours: { ...pen.colours, ink: pen.colours.dim } };
      drawTexts(dimmed, { y: box.y + LANE + 2 + waits, height: TEXT }, bands);
    },
  };
}

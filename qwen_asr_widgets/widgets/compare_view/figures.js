/**
 * The figures of runs that are compared: a sentence on each difference of waits, a table, and how both were obtained.
 *
 * @import { Comparison, ComparedRun } from "./runs.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {object} Difference  how much longer or shorter a run waits than the first one
 * @property {number} run      index
 * @property {number} n        of utterances that both have a wait for
 * @property {number | null} seconds  null where there is none; negative: it waits less
 * @property {number | null} low      95 % of the bootstrap; null of too few
 * @property {number | null} high
 * @property {boolean} apart   whether that leaves out 0
 * @property {number | null} cut_off  of the reference's turns, by this run
 * @property {number | null} cut_off_other
 * @property {number | null} turns    of the reference
 */
import { make } from "../shared/dom.js";
import { duration } from "../shared/format.js";
import { paceText } from "../transcriber/logic.js";
import { heldText, runName, saidName } from "./runs.js";

/** Seconds to which differences are stated. */
const HUNDREDTH = 0.01;

/** @param {Translate} t */
export function createFigures(t) {
  const element = make("div", { class: "qaw-compared", hidden: true });
  return {
    element,
    /** @param {Comparison | null} comparison */
    update(comparison) {
      element.hidden = !comparison?.over;
      if (comparison?.over) {
        const said = comparison.differences.map((one) => differenceText(one, comparison.runs, t));
        element.replaceChildren(
          ...said.map((text) => make("p", { class: "qaw-compared-said" }, text)),
          figuresTable(comparison, t), ...notes(comparison, t),
        );
      }
    },
  };
}

/**
 * By how much a run waits longer, how sure that is, and how many turns it cuts off.
 * @param {Difference} difference @param {ComparedRun[]} runs @param {Translate} t
 */
export function differenceText(difference, runs, t) {
  const names = { name: saidName(runs[difference.run], t), other: saidName(runs[0], t) };
  const { seconds, cut_off: cut, cut_off_other: other, turns } = difference;
  const waits = seconds === null
    ? t("compare.waits.none", names)
    : t(Math.abs(seconds) < HUNDREDTH / 2 ? "compare.waits.same" : seconds < 0 ? "compare.waits.less" : "compare.waits.more",
      { ...names, time: duration(Math.abs(seconds), t), sure: sureText(difference, t) });
  if (cut === null || other === null || turns === null) return t("compare.sentence", { said: waits });
  const cuts = cut === other ? t("compare.cuts.same", { count: cut, turns }) : t("compare.cuts", { count: cut, turns, other });
  return t("compare.sentence", { said: [waits, cuts].join(t("compared.semicolon")) });
}

/** @param {Difference} difference @param {Translate} t */
function sureText({ n, low, high, apart }, t) {
  if (low === null || high === null) return t("compare.sure.few", { n });
  const [near, far] = [low, high].map((end) => duration(Math.abs(end), t));
  if (!apart) return t("compare.sure.both", { low: near, high: far, n });
  return high <= 0 ? t("compare.sure.less", { low: far, high: near, n }) : t("compare.sure.more", { low: near, high: far, n });
}

/** @param {Comparison} comparison @param {Translate} t */
function figuresTable({ runs, metric, whisper }, t) {
  const rates = metric ? [metric, ...(whisper === "shown" ? [t("compare.whisper", { metric })] : [])] : [];
  const head = [t("compare.run"), t("transcriber.endpoint"), t("transcriber.settings"), t("transcriber.turns"), ...rates,
    t("transcriber.median"), t("compared.longest")];
  const rows = runs.map((run) => {
    const figures = [String(run.count), ...[run.rate, run.whisper].slice(0, rates.length).map(percent), ...waitsOf(run, t)];
    const texts = [run.engine, `${heldText(run.settings, t)} · ${paceText(run.pace, t)}`, ...figures];
    const cells = texts.map((text, k) => make("td", { "data-label": head[k + 1] }, text));
    if (run.median === null) noWait(cells[cells.length - 1]);
    return make("tr", {}, make("th", { scope: "row" }, runName(run, t), run.complete ? "" : ` (${t("runs.incomplete")})`), ...cells);
  });
  return make("table", { class: "qaw-table" },
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows));
}

/** Median and longest wait; or one text that says why there is none. @param {ComparedRun} run @param {Translate} t */
function waitsOf({ median, longest, n, no_wait: none }, t) {
  if (median === null || longest === null) return [t(`compared.none.${none || "unknown"}`)];
  return [t("compared.figure", { time: duration(median, t), n }), duration(longest, t)];
}

/** @param {HTMLTableCellElement} cell that stands for both waits */
function noWait(cell) {
  cell.colSpan = 2;
  cell.className = "qaw-compared-none";
}

/** @param {number | null} share */
function percent(share) {
  return share === null ? "–" : `${(100 * share).toFixed(1)} %`;
}

/** How waits and errors were counted. @param {Comparison} comparison @param {Translate} t */
function notes({ runs, metric, whisper }, t) {
  const sources = sourcesText(runs, t);
  const texts = [
    sources && t("compared.note", { sources }),
    metric && t("compare.note", { metric }),
    metric && whisper === "shown" && t("compare.note.whisper", { metric }),
    metric && whisper === "missing" && t("compare.note.missing"),
  ];
  return texts.filter(Boolean).map((text) => make("p", { class: "qaw-dim" }, String(text)));
}

/**
 * Where the ends of speech come from that waits count from: once where all runs have them from the same.
 * @param {Pick<ComparedRun, "no_wait" | "source" | "name" | "role">[]} runs @param {Translate} t
 */
export function sourcesText(runs, t) {
  const waited = runs.filter(({ no_wait: none }) => !none);
  if (new Set(waited.map(({ source }) => source)).size < 2) return waited.length ? t(`run.source.${waited[0].source}`) : "";
  return waited.map((run) => t("compare.source", { name: runName(run, t), source: t(`run.source.${run.source}`) })).join(t("run.comma"));
}

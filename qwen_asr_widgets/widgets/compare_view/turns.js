/**
 * Every turn of runs of one sound side by side: what the canvas shows of them, to be read and heard.
 *
 * @import { Utterance } from "../shared/run/state.js"
 * @import { RunStore } from "../shared/run/store.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { Comparison, ComparedRun } from "./runs.js"
 * @typedef {{from: number | null, to: number | null, runs: Utterance[][]}} Stretch  seconds; of each run what was heard there
 */
import { make } from "../shared/dom.js";
import { clock } from "../shared/format.js";
import { textOf } from "../shared/run/state.js";
import { latencyChips, problemText } from "../transcript/rows.js";
import { runName } from "./runs.js";

/**
 * Bring together what runs heard at the same time: a turn that one of them split stands beside its parts.
 * @param {Utterance[][]} runs @returns {Stretch[]}
 */
export function pairTurns(runs) {
  const begin = (/** @type {Utterance} */ u) => u.onset ?? u.start ?? Infinity;
  const all = runs.flatMap((turns, run) => turns.map((turn) => ({ turn, run })));
  all.sort((a, b) => (begin(a.turn) < begin(b.turn) ? -1 : begin(a.turn) > begin(b.turn) ? 1 : 0));
  /** @type {Stretch[]} */
  const stretches = [];
  for (const { turn, run } of all) {
    const from = begin(turn);
    const placed = from < Infinity;
    let stretch = stretches[stretches.length - 1];
    if (!stretch || !placed || from >= Number(stretch.to)) {
      stretch = { from: placed ? from : null, to: placed ? from : null, runs: runs.map(() => []) };
      stretches.push(stretch);
    }
    stretch.runs[run].push(turn);
    if (placed) stretch.to = Math.max(Number(stretch.to), turn.end ?? from);
  }
  return stretches;
}

/**
 * What is known of a turn's waits, and how it ended where no silence closed it.
 * @param {Utterance} turn @param {boolean} waits whether they say what a person would wait @param {Translate} t
 */
export function turnFacts(turn, waits, t) {
  const said = latencyChips(turn, t, waits).map(({ text }) => text);
  if (turn.ended_by === "commit" && (!waits || turn.decode_delay === null)) said.push(closedText(turn, t));
  if (turn.ended_by === "finish") said.push(t("compared.ended.finish"));
  return [...said, problemText(turn, t)].filter(Boolean);
}

/** What a commit was sent for. @param {Utterance} turn @param {Translate} t */
function closedText({ commit }, t) {
  if (commit === "limit") return t("transcript.limit", { seconds: 60 });
  return t(commit === "finish" ? "compared.ended.finish" : "compared.ended.commit");
}

/**
 * A table of them, made when it is opened.
 * @param {{run: RunStore, t: Translate, signal: AbortSignal}} options
 */
export function createTurnTable({ run, t, signal }) {
  const body = make("tbody");
  const titles = make("tr");
  const table = make("table", { class: "qaw-table" }, make("thead", {}, titles), body);
  const details = make("details", { class: "qaw-wave-details qaw-pairs", hidden: true }, make("summary", {}, t("compared.turns")),
    make("div", { class: "qaw-table-scroll", tabindex: "0", role: "region", "aria-label": t("compared.turns") }, table));
  /** @type {Comparison | null} */
  let latest = null;
  const fill = () => {
    details.hidden = latest === null || run.state.info.growing;
    if (!latest || details.hidden || !details.open) return;
    const { runs } = latest;
    const head = [t("transcript.time"), ...runs.map((one) => runName(one, t))];
    titles.replaceChildren(...head.map((text) => make("th", { scope: "col" }, text)));
    const turns = runs.map((one) => one.utterances ?? run.state.utterances);
    body.replaceChildren(...pairTurns(turns).map((stretch) => stretchRow(stretch, runs, head, t)));
  };
  details.addEventListener("toggle", fill, { signal });
  run.subscribe({ changed: fill }, signal);
  return {
    element: details,
    /** @param {Comparison | null} comparison */
    update(comparison) {
      latest = comparison;
      fill();
    },
  };
}

/** @param {Stretch} stretch @param {ComparedRun[]} runs @param {string[]} head @param {Translate} t */
function stretchRow(stretch, runs, head, t) {
  const time = stretch.from === null ? "" : `${clock(stretch.from)} – ${clock(Number(stretch.to))}`;
  const cells = stretch.runs.map((turns, k) => make("td", { "data-label": head[k + 1] }, ...(turns.length
    ? turns.map((turn) => turnCell(turn, runs[k].waits, t))
    : [make("span", { class: "qaw-dim" }, t("compared.nothing"))])));
  return make("tr", {}, make("th", { scope: "row", class: "qaw-row-time" }, time), ...cells);
}

/** @param {Utterance} turn @param {boolean} waits @param {Translate} t */
function turnCell(turn, waits, t) {
  const facts = turnFacts(turn, waits, t).flatMap((fact, k) => [k ? " · " : "", make("span", {}, fact)]);
  return make("div", { class: "qaw-pair" }, make("b", { class: "qaw-row-number" }, String(turn.number)), " ",
    make("span", { dir: "auto" }, textOf(turn)), " ", make("small", { class: "qaw-dim" }, ...facts));
}

/**
 * Two runs of the same sound, one above the other: the figures of each, and every turn with its words and waits.
 *
 * @import { Utterance } from "../shared/run/state.js"
 * @import { RunStore } from "../shared/run/store.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {{from: number, config: import("./logic.js").Config}} Held  settings, and the second from which on they held
 * @typedef {{engine: string, settings: Held[], pace: number | null, count: number,
 *   n: number, median: number | null, longest: number | null, source: NonNullable<import("../shared/run/state.js").Summary>["source"],
 *   no_wait: "" | "free" | "turns" | "manual" | "silence" | "pace" | "speed" | "unknown", pinned: boolean,
 *   complete: boolean, metric: "" | "WER" | "CER", rate: number | null}} ComparedRun  `no_wait`: why it has no wait to state
 * @typedef {{utterances: Utterance[], waits: boolean, pinned?: boolean}} RunTurns
 * @typedef {{from: number | null, to: number | null, runs: [Utterance[], Utterance[]]}} Pair  seconds; of each run what was heard there
 */
import { make } from "../shared/dom.js";
import { clock, duration } from "../shared/format.js";
import { textOf } from "../shared/run/state.js";
import { paceText, percentText, settingsText } from "./logic.js";
import { latencyChips, problemText } from "../transcript/rows.js";

/**
 * Bring together what two runs heard at the same time: a turn that one of them split stands beside its parts.
 * @param {Utterance[]} before @param {Utterance[]} now @returns {Pair[]}
 */
export function pairTurns(before, now) {
  const begin = (/** @type {Utterance} */ u) => u.onset ?? u.start ?? Infinity;
  const all = [before, now].flatMap((turns, run) => turns.map((turn) => ({ turn, run })));
  all.sort((a, b) => (begin(a.turn) < begin(b.turn) ? -1 : begin(a.turn) > begin(b.turn) ? 1 : 0));
  /** @type {Pair[]} */
  const pairs = [];
  for (const { turn, run } of all) {
    const from = begin(turn);
    const placed = from < Infinity;
    let pair = pairs[pairs.length - 1];
    if (!pair || !placed || from >= Number(pair.to)) {
      pair = { from: placed ? from : null, to: placed ? from : null, runs: [[], []] };
      pairs.push(pair);
    }
    pair.runs[run].push(turn);
    if (placed) pair.to = Math.max(Number(pair.to), turn.end ?? from);
  }
  return pairs;
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

/** So many settings of one run are listed; of more, the first and the last two. */
const MOST_CHANGES = 4;

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

/** What the run is called with which the present one is compared. @param {{pinned?: boolean}} run @param {Translate} t */
export function beforeText({ pinned = false }, t) {
  return t(pinned ? "transcriber.baseline" : "transcriber.before");
}

/** The figures of both runs. @param {Translate} t */
export function createComparison(t) {
  const element = make("div", { class: "qaw-compared", hidden: true });
  let shown = "";
  return {
    element,
    /** @param {ComparedRun[]} runs */
    update(runs) {
      const key = JSON.stringify(runs);
      if (shown === key) return;
      shown = key;
      element.hidden = runs.length === 0;
      if (runs.length) element.replaceChildren(figuresTable(runs, t), ...noteOf(runs, t));
    },
  };
}

/** @param {ComparedRun[]} runs @param {Translate} t */
function figuresTable(runs, t) {
  const names = [beforeText(runs[0], t), t("transcriber.now")];
  const head = ["", t("transcriber.endpoint"), t("transcriber.settings"), t("transcriber.turns"),
    t("transcriber.median"), t("compared.longest")];
  const metric = runs.find((run) => run.metric)?.metric;
  const cell = (/** @type {number} */ at, /** @type {string} */ text) => make("td", { "data-label": head[at] }, text);
  const rows = runs.map((run, k) => {
    const settings = `${heldText(run.settings, t)} · ${paceText(run.pace, t)}`;
    const waits = run.median === null || run.longest === null
      ? [make("td", { colspan: 2, class: "qaw-compared-none" }, t(`compared.none.${run.no_wait || "unknown"}`))]
      : [cell(4, t("compared.figure", { time: duration(run.median, t), n: run.n })), cell(5, duration(run.longest, t))];
    return make("tr", {}, make("th", { scope: "row" }, names[k] ?? "", run.complete ? "" : ` (${t("runs.incomplete")})`),
      cell(1, run.engine), cell(2, settings), cell(3, String(run.count)), ...waits,
      ...(metric ? [make("td", { "data-label": metric }, run.rate === null ? "" : percentText(run.rate))] : []));
  });
  return make("table", { class: "qaw-table" },
    make("thead", {}, make("tr", {}, ...head.concat(metric ?? []).map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows));
}

/** How the waits were obtained. @param {ComparedRun[]} runs @param {Translate} t */
function noteOf(runs, t) {
  const sources = sourcesText(runs, t);
  return sources ? [make("p", { class: "qaw-dim" }, t("compared.note", { sources }))] : [];
}

/**
 * Where the ends of speech come from that waits count from: once where both runs have them from the same.
 * @param {Pick<ComparedRun, "no_wait" | "source">[]} runs the earlier one first @param {Translate} t
 */
export function sourcesText(runs, t) {
  const [before, now] = runs.map(({ no_wait: none, source }) => (none ? "" : t(`run.source.${source}`)));
  if (!before || !now || before === now) return before || now;
  return t("compared.sources", { before, now });
}

/**
 * Every turn of both runs side by side, made when it is opened: what the canvas shows of them, to be read and heard.
 * @param {HTMLElement} host @param {{run: RunStore, t: Translate, signal: AbortSignal}} options
 */
export function createTurnTable(host, { run, t, signal }) {
  const body = make("tbody");
  const head = [t("transcript.time"), t("transcriber.before"), t("transcriber.now")];
  const headings = head.map((text) => make("th", { scope: "col" }, text));
  const table = make("table", { class: "qaw-table" }, make("thead", {}, make("tr", {}, ...headings)), body);
  const details = make("details", { class: "qaw-wave-details qaw-pairs", hidden: true }, make("summary", {}, t("compared.turns")),
    make("div", { class: "qaw-table-scroll", tabindex: "0", role: "region", "aria-label": t("compared.turns") }, table));
  host.append(details);
  /** @type {RunTurns | null} */
  let earlier = null;
  const fill = () => {
    const { info, utterances } = run.state;
    details.hidden = earlier === null || info.growing;
    if (!earlier || details.hidden || !details.open) return;
    const runs = [earlier, { utterances, waits: info.waits }];
    body.replaceChildren(...pairTurns(earlier.utterances, utterances).map((pair) => pairRow(pair, runs, head, t)));
  };
  details.addEventListener("toggle", fill, { signal });
  run.subscribe({ changed: fill }, signal);
  return {
    /** @param {RunTurns | null} turns of the run beside this one, if there is one */
    take(turns) {
      earlier = turns;
      headings[1].textContent = head[1] = beforeText(turns ?? {}, t);
      fill();
    },
  };
}

/** @param {Pair} pair @param {RunTurns[]} runs @param {string[]} head @param {Translate} t */
function pairRow(pair, runs, head, t) {
  const time = pair.from === null ? "" : `${clock(pair.from)} – ${clock(Number(pair.to))}`;
  const cells = pair.runs.map((turns, k) => make("td", { "data-label": head[k + 1] }, ...(turns.length
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

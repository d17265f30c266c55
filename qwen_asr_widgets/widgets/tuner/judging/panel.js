/**
 * The column of consequences: the wait first, then the errors, each with what it was; what differs from the service;
 * what a replay has shown; and under everything the figures of each clip, where there are several.
 *
 * @import { Translate } from "../../shared/strings.js"
 * @import { ClipRow, Replay, TunerAbout } from "../../shared/messages.js"
 * @import { TunerView } from "../tuner.js"
 * @import { Settings } from "../scales.js"
 * @import { FigureRow } from "./figures.js"
 * @import { Problem, TunerState } from "../state.js"
 */
import { button, make, setText } from "../../shared/dom.js";
import { clock } from "../../shared/format.js";
import { helpMark } from "../../shared/help.js";
import { TERMS, fieldRows, mainRows, waitRow } from "./figures.js";
import { brief } from "../scales.js";
import { verdictOf } from "../state.js";
import { agreementSentence, replayName } from "../why.js";

const SHOWN = 8;
const REPLAYS = 4;
const SETTINGS = /** @type {const} */ (["threshold", "silence", "padding"]);
const COLUMNS = /** @type {const} */ (["turns", "cut", "merged", "missed", "invented", "wait"]);

/** @param {HTMLElement} host @param {HTMLElement} under what concerns the service @param {TunerView} tuner @param {AbortSignal} signal */
export function createPanel(host, under, tuner, signal) {
  const { t } = tuner;
  const wait = make("div", { class: "qaw-tuner-figures" });
  const basis = make("p", { class: "qaw-dim qaw-tuner-basis" });
  const heading = make("h3", {}, t("tuner.against"));
  const main = make("div", { class: "qaw-tuner-figures" });
  const field = make("div", { class: "qaw-tuner-figures" });
  const more = make("details", { class: "qaw-tuner-more" }, make("summary", {}, t("tuner.more")), field);
  const worth = make("p", { class: "qaw-tuner-worth" });
  const differences = make("div", { class: "qaw-tuner-list" });
  const differHeading = make("h3");
  const meaning = make("p", { class: "qaw-dim" }, t("tuner.differs.meaning"));
  const differ = make("section", { class: "qaw-tuner-differ", hidden: true }, differHeading, differences, meaning);
  const replays = make("div", { class: "qaw-tuner-list" });
  const verified = make("section", { hidden: true }, make("h3", {}, t("tuner.verified")), replays);
  host.append(make("h3", {}, t("tuner.felt")), wait, basis, heading, main, more, verified, worth);
  under.append(differ);
  let listed = /** @type {unknown[]} */ ([]);

  function describe() {
    const { state } = tuner;
    const { about, figures, was } = state;
    if (!about) return;
    if (!figures || !was) return setText(basis, t("tuner.scoring", { percent: Math.floor(100 * state.scored) }));
    fill(wait, [waitRow(figures, was)], t, signal);
    setText(basis, basisText(about, tuner));
    setText(heading, state.hasReference ? t("tuner.against") : t("tuner.blind"));
    fill(main, mainRows(figures, was, state.hasReference), t, signal);
    more.hidden = !state.hasReference;
    fill(field, fieldRows(figures, was), t, signal);
    setText(worth, worthText(about, state.settings, t));
    worth.dataset.kind = about.estimate;
    if (listed[0] !== state.differences || listed[1] !== state.problems) list(about);
  }

  /** @param {TunerAbout} about */
  function list(about) {
    const { state } = tuner;
    listed = [state.differences, state.problems];
    differ.hidden = !about.service;
    const real = about.service?.settings;
    setText(differHeading, t(about.service?.replayed ? "tuner.differs.replay" : "tuner.differs.long") + (real ? ` (${brief(real)})` : ""));
    const rows = state.differences.slice(0, SHOWN).map((one) => spot(one, differenceText(one, state, t)));
    const rest = state.differences.length - SHOWN;
    const tail = !state.differences.length ? t("tuner.differs.none") : rest > 0 ? t("tuner.differs.more", { count: rest }) : "";
    differences.replaceChildren(...rows, ...(tail ? [make("p", { class: "qaw-dim" }, tail)] : []));
    meaning.hidden = !state.differences.some((one) => verdictOf(one, state) === "agrees");
  }

  /** A place that is heard at a click. @param {Problem} one @param {string} words */
  function spot(one, words) {
    const name = `${clock(one.start)} ${words}`;
    const row = button("", () => tuner.playSpot(one.start, one.end), signal, { class: "qaw-tuner-spot", "aria-label": name });
    row.append(make("span", {}, clock(one.start)), make("span", {}, `${words} ▶`));
    return row;
  }

  return {
    describe,
    /** @param {Replay[]} results */
    showReplays(results) {
      verified.hidden = !results.length;
      const shown = Math.max(REPLAYS, tuner.state.about?.cases.length ?? 0);
      const lines = results.slice(-shown).map((one) => make(
        "p", { class: "qaw-tuner-replay", "data-exact": String(one.exact) },
        make("b", {}, `${one.exact ? "✓ " : ""}${replayName(one)}`), ` ${one.engine}: ${agreementSentence(one, t)}`,
      ));
      replays.replaceChildren(...lines);
    },
  };
}

/** @param {HTMLElement} host @param {FigureRow[]} rows @param {Translate} t @param {AbortSignal} signal */
function fill(host, rows, t, signal) {
  while (host.children.length > rows.length) host.lastElementChild?.remove();
  rows.forEach((row, k) => {
    const line = host.children[k] ?? host.appendChild(
      make("div", { class: "qaw-tuner-figure" }, make("span"), make("span", { class: "qaw-dim" }), make("b"), make("span")),
    );
    line.setAttribute("data-name", row.name);
    line.setAttribute("data-verdict", row.verdict ?? "");
    const [name, note, value, was] = /** @type {HTMLElement[]} */ ([...line.children]);
    if (name.dataset.figure !== row.name) {
      name.dataset.figure = row.name;
      name.replaceChildren(t(`tuner.figure.${row.name}`), helpMark((part) => t(`term.tuner.${TERMS[row.name]}.${part}`), t, signal));
    }
    setText(note, noteText(row, t));
    setText(value, row.value);
    const word = row.verdict === "better" || row.verdict === "worse" ? t(`tuner.verdict.${row.verdict}`) : "";
    setText(was, !row.was ? "" : t(word ? "tuner.was.judged" : "tuner.was", { value: row.was, word }));
  });
}

/** What a count counts: of how many, at how many places, how often. @param {FigureRow} row @param {Translate} t */
export function noteText({ name, places, total, note }, t) {
  const counted = name === "cut" || name === "merged" || name === "missed" || name === "invented";
  const parts = [
    counted && total !== null ? t(`tuner.counted.${name}`, { total }) : "",
    places ? t("tuner.figure.places", { count: places }) : "", note,
  ];
  return parts.filter(Boolean).join(" · ");
}

/**
 * How turns differ from the service's at a place, and what the reference says to it.
 * @param {Problem} one @param {Pick<TunerState, "problems" | "hasReference" | "judge">} state @param {Translate} t
 */
export function differenceText(one, state, t) {
  const what = t(`tuner.differs.${one.kind}`);
  const verdict = verdictOf(one, state);
  return verdict ? t(`tuner.differs.${verdict}`, { what }) : what;
}

/** What the wait is made of. @param {TunerAbout} about @param {TunerView} tuner */
function basisText({ overhead, fit }, { t, state }) {
  const { settings } = state;
  if (!settings) return "";
  const silence = Math.ceil(Math.max(settings.silence, fit?.floor ?? 0) / 32) * 32;
  const parts = [t("tuner.basis.silence", { value: silence })];
  if (overhead.n) {
    parts.push(t("tuner.basis.service", { value: Math.round(1000 * Math.max(0, overhead.endpoint)) }));
    parts.push(t("tuner.basis.decode", { value: Math.round(1000 * overhead.decode) }));
  }
  const sum = t("tuner.basis.sum", { parts: parts.join(" + ") });
  const made = sum.charAt(0).toUpperCase() + sum.slice(1);
  const { waits, censored } = state.figures ?? {};
  const from = waits ? t("tuner.basis.reference", { count: waits }) : t("tuner.basis.frame");
  const open = censored ? ` ${t("tuner.basis.censored", { count: censored })}` : "";
  return `${made} ${from}${open} ${overhead.n ? t("tuner.basis.seen", { count: overhead.n }) : t("tuner.basis.unseen")}`;
}

/** What the turns shown are worth. @param {TunerAbout} about @param {Settings | null} settings @param {Translate} t */
export function worthText({ estimate, fit }, settings, t) {
  if (estimate !== "calibrated" || !fit) return t(estimate === "exact" ? "tuner.worth.exact" : "tuner.worth.estimated");
  const said = [t("tuner.worth.calibrated", { error: Math.round(1000 * fit.error), count: fit.turns })];
  if (settings && fit.floor && settings.silence < fit.floor) said.push(t("tuner.worth.floor", { floor: fit.floor }));
  const unseen = settings ? SETTINGS.filter((name) => settings[name] < fit.seen[name][0] || settings[name] > fit.seen[name][1]) : [];
  if (unseen.length) said.push(t("tuner.worth.outside", { names: unseen.map((name) => t(`tuner.setting.${name}`)).join(", ") }));
  return said.join(" ");
}

/** @param {HTMLElement} host @param {TunerView} tuner @param {AbortSignal} signal */
export function createClipTable(host, tuner, signal) {
  const { t } = tuner;
  const body = make("tbody");
  const head = make("tr", {}, make("th", { scope: "col" }, t("tuner.clip")), make("th", { scope: "col" }, t("tuner.clip.length")),
    ...COLUMNS.map((name) => make("th", { scope: "col" }, t(`tuner.figure.${name}`))));
  const root = make("section", { class: "qaw-tuner-clips", hidden: true, "aria-label": t("tuner.clips") },
    make("h3", {}, t("tuner.clips")), make("table", { class: "qaw-table" }, make("thead", {}, head), body));
  host.append(root);
  let filled = /** @type {ClipRow[] | null | undefined} */ (undefined);
  return {
    describe() {
      const { table, about } = tuner.state;
      if (filled === table || !about) return;
      filled = table;
      root.hidden = !table;
      if (table) body.replaceChildren(...table.map((row) => line(tuner, signal, row, about)));
    },
  };
}

/** @param {TunerView} tuner @param {AbortSignal} signal @param {ClipRow} row @param {TunerAbout} about */
function line(tuner, signal, row, about) {
  const { t } = tuner;
  const index = row.case;
  const one = index === null ? null : about.cases[index];
  const name = index === null || !one
    ? make("b", {}, t("tuner.clips.all"))
    : button(one.name, () => tuner.send({ kind: "case", index }), signal, {
      class: "qaw-button-plain", "aria-pressed": String(index === about.at),
    });
  const cells = COLUMNS.map((column) => make("td", { "data-name": t(`tuner.figure.${column}`) },
    value(row.figures[column], column), ...change(row.figures[column], row.was[column], column, t)));
  const length = make("td", { "data-name": t("tuner.clip.length") }, one ? clock(one.duration, 0) : "");
  return make("tr", { class: one ? "" : "qaw-tuner-total" }, make("th", { scope: "row" }, name), length, ...cells);
}

/** @param {number | null} number @param {string} column */
function value(number, column) {
  if (number === null || number === undefined) return "–";
  return column === "wait" ? `${number.toFixed(2)} s` : String(number);
}

/** @param {number | null} now @param {number | null} was @param {string} column @param {Translate} t */
function change(now, was, column, t) {
  if (now === null || was === null || value(now, column) === value(was, column)) return [];
  const verdict = column === "turns" ? "" : now < was ? "better" : "worse";
  return [" ", make("small", { "data-verdict": verdict }, t("tuner.was", { value: value(was, column) }))];
}

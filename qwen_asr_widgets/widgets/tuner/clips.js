/**
 * Several clips at once: the figures of each and of all together.
 *
 * @import { TunerView } from "./tuner.js"
 * @import { Key } from "../shared/strings.js"
 */
import { button, make } from "../shared/dom.js";
import { clock } from "../shared/format.js";

const COLUMNS = /** @type {const} */ (["turns", "cut", "merged", "missed", "invented", "wait"]);

/** @param {HTMLElement} host @param {TunerView} tuner @param {AbortSignal} signal */
export function createClipTable(host, tuner, signal) {
  const { t } = tuner;
  const body = make("tbody");
  const head = make("tr", {}, make("th", { scope: "col" }, t("tuner.clip")), make("th", { scope: "col" }, t("tuner.clip.length")),
    ...COLUMNS.map((name) => make("th", { scope: "col" }, t(/** @type {Key} */ (`tuner.figure.${name}`)))));
  const root = make("section", { class: "qaw-tuner-clips", hidden: true, "aria-label": t("tuner.clips") },
    make("h3", {}, t("tuner.clips")), make("table", { class: "qaw-table" }, make("thead", {}, head), body));
  host.append(root);
  let filled = /** @type {any} */ (undefined);
  return {
    describe() {
      const { table, about } = tuner.state;
      if (filled === table) return;
      filled = table;
      root.hidden = !table;
      if (table) body.replaceChildren(...table.map((row) => line(tuner, signal, row, about)));
    },
  };
}

/** @param {TunerView} tuner @param {AbortSignal} signal @param {any} row @param {any} about */
function line(tuner, signal, row, about) {
  const { t } = tuner;
  const one = row.case === null ? null : about.cases[row.case];
  const name = one
    ? button(one.name, () => tuner.send({ kind: "case", index: row.case }), signal, { class: "qaw-button-plain", "aria-pressed": String(row.case === about.at) })
    : make("b", {}, t("tuner.clips.all"));
  const cells = COLUMNS.map((column) => make("td", { "data-name": t(/** @type {Key} */ (`tuner.figure.${column}`)) },
    value(row.figures[column], column), ...change(row.figures[column], row.was[column], column, t)));
  const length = make("td", { "data-name": t("tuner.clip.length") }, one ? clock(one.duration, 0) : "");
  return make("tr", { class: one ? "" : "qaw-tuner-total" }, make("th", { scope: "row" }, name), length, ...cells);
}

/** @param {number | null} number @param {string} column */
function value(number, column) {
  if (number === null || number === undefined) return "–";
  return column === "wait" ? `${number.toFixed(2)} s` : String(number);
}

/** @param {number | null} now @param {number | null} was @param {string} column @param {import("../shared/strings.js").Translate} t */
function change(now, was, column, t) {
  if (now === null || was === null || value(now, column) === value(was, column)) return [];
  const verdict = column === "turns" ? "" : now < was ? "better" : "worse";
  return [" ", make("small", { "data-verdict": verdict }, t("tuner.was", { value: value(was, column) }))];
}

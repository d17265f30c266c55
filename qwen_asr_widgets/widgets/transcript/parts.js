/**
 * The elements a transcript consists of, before anything stands in them.
 *
 * @import { Translate } from "../shared/strings.js"
 */
import { make } from "../shared/dom.js";

/** @param {Translate} t @param {number} height most CSS pixels of the list */
export function transcriptParts(t, height) {
  const press = (/** @type {string} */ label, /** @type {boolean} */ hidden) =>
    make("button", { type: "button", class: "qaw-button", hidden }, label);
  const search = make("input", {
    type: "search", class: "qaw-input qaw-search", placeholder: t("transcript.search"),
    "aria-label": t("transcript.search"),
  });
  const problems = press(t("transcript.problems"), true);
  problems.setAttribute("aria-pressed", "false");
  const live = press(t("wave.live"), true);
  const copy = press(t("transcript.copy"), false);
  const count = make("span", { class: "qaw-dim" });
  const bar = make("div", { class: "qaw-bar" }, search, problems, count, make("span", { class: "qaw-space" }), live, copy);
  const rows = make("div", { class: "qaw-rows", role: "presentation" });
  const spacer = make("div", { class: "qaw-spacer", role: "presentation" }, rows);
  const list = make("div", {
    class: "qaw-list", role: "listbox", tabindex: "0", "aria-label": t("transcript.label"),
    "aria-keyshortcuts": "ArrowUp ArrowDown Home End Enter",
  }, spacer);
  list.style.maxHeight = `${height}px`;
  const empty = make("div", { class: "qaw-empty qaw-dim" });
  const said = make("div", { class: "qaw-foot-said" });
  const foot = make("div", { class: "qaw-foot qaw-dim" }, said);
  const spoken = make("div", { class: "qaw-only-spoken", "aria-live": "polite", role: "status" });
  const legend = legendOf(t);
  const root = make("div", { class: "qaw-transcript" }, bar, heading(t, legend), list, empty, foot, spoken);
  return { root, legend, search, problems, live, copy, count, rows, spacer, list, empty, said, foot, spoken };
}

/** @param {Translate} t @param {HTMLElement} legend */
function heading(t, legend) {
  return make("div", { class: "qaw-row qaw-row-head qaw-dim", "aria-hidden": "true" },
    make("span"), make("span", {}, t("transcript.time")), make("span", {}, t("transcript.text")),
    legend);
}

/** What the two parts of a wait look like. @param {Translate} t */
function legendOf(t) {
  const part = (/** @type {"wait" | "decode"} */ kind, /** @type {string} */ name) =>
    make("span", { class: "qaw-legend-part" }, make("i", { class: `qaw-swatch qaw-swatch-${kind}` }), name);
  return make("span", { class: "qaw-legend" }, t("transcript.latency"),
    part("wait", t("transcript.endpoint")), part("decode", t("transcript.decode")));
}

/**
 * What a transcript is built of: the elements it consists of, and the marks at the end of a row.
 *
 * @import { Translate } from "../shared/strings.js"
 * @import { Chip } from "./rows.js"
 */
import { make } from "../shared/dom.js";
import { duration } from "../shared/format.js";
import { helpMark } from "../shared/help.js";

/** @param {Translate} t @param {number} height most CSS pixels of the list @param {AbortSignal} signal */
export function transcriptParts(t, height, signal) {
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
  const correct = press(t("transcript.correct"), true);
  correct.title = t("transcript.correct.text");
  const count = make("span", { class: "qaw-dim" });
  const bar = make("div", { class: "qaw-bar" }, search, problems, count, make("span", { class: "qaw-space" }), live, correct, copy);
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
  const legend = legendOf(t, signal);
  const root = make("div", { class: "qaw-transcript" }, bar, heading(t, legend), list, empty, foot, spoken);
  return { root, legend, search, problems, live, copy, correct, count, rows, spacer, list, empty, said, foot, spoken };
}

/** @param {Translate} t @param {HTMLElement} legend */
function heading(t, legend) {
  const word = (/** @type {string} */ text) => make("span", { "aria-hidden": "true" }, text);
  return make("div", { class: "qaw-row qaw-row-head qaw-dim" }, word(""), word(t("transcript.time")), word(t("transcript.text")), legend);
}

/** What the two parts of a wait look like, and what each is. @param {Translate} t @param {AbortSignal} signal */
function legendOf(t, signal) {
  const part = (/** @type {"wait" | "decode"} */ kind, /** @type {string} */ name, /** @type {string} */ term) =>
    make("span", { class: "qaw-legend-part" }, make("i", { class: `qaw-swatch qaw-swatch-${kind}` }), name, figureHelp(term, t, signal));
  return make("span", { class: "qaw-legend" }, make("span", {}, t("transcript.latency"), figureHelp("finalization", t, signal)),
    part("wait", t("transcript.endpoint"), "endpoint_delay"), part("decode", t("transcript.decode"), "decode_delay"));
}

/** The "?" of a figure of a run. @param {string} term @param {Translate} t @param {AbortSignal} signal */
export function figureHelp(term, t, signal) {
  return helpMark((part) => t(`term.run.${term}.${part}`), t, signal);
}

/** Seconds of waiting at which the small bar is full. */
const FULL = 1;

/** @param {Chip} one @param {Translate} t */
export function chip(one, t) {
  const element = make("span", { class: "qaw-chip", "data-kind": one.kind }, one.text);
  if (one.wait) element.append(waitBar(one.wait, t));
  return element;
}

/**
 * A wait as it stands under the waveform: plain to the endpoint, hatched to the final, as long as the wait. Where nothing
 * waited for silence there is no endpoint delay, not one of 0 s.
 * @param {NonNullable<Chip["wait"]>} wait @param {Translate} t
 */
function waitBar({ endpoint, total }, t) {
  /** @type {["wait" | "decode", string, number][]} */
  const parts = [["decode", t("transcript.decode"), total - (endpoint ?? 0)]];
  if (endpoint !== null) parts.unshift(["wait", t("transcript.endpoint"), endpoint]);
  const said = parts.map(([, name, time]) => `${name} ${duration(time, t)}`).join(", ");
  const title = `${said}\n${t("transcript.bar", { time: duration(FULL, t) })}`;
  const bar = make("span", { class: "qaw-wait-bar", role: "img", "aria-label": said, title });
  for (const [kind, , time] of parts) {
    const part = make("i", { class: `qaw-swatch-${kind}` });
    part.style.width = `${(100 * time) / Math.max(total, FULL)}%`;
    bar.append(part);
  }
  return bar;
}

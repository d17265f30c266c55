/**
 * Words of several runs under each other, what differs marked: by a band, bold where a word is another, a dash where
 * there is none. A screen reader hears each text in turn, where they differ.
 *
 * @import { RunStore } from "../shared/run/store.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { Comparison } from "./runs.js"
 *
 * @typedef {[string, (string | null)[]]} Column  of each row but the first how it differs from it: "=", "~" another word,
 *   "+" added, "-" left out, " " neither has one; and what stands in each row
 * @typedef {{number: number | null, from: number | null, columns: Column[]}} Block  with which turn of the run on show it
 *   begins, if with one; and the second at which that or another run's begins
 * @typedef {{same: number, replaced: number, left_out: number, added: number}} Counts
 * @typedef {object} Words
 * @property {boolean} reference  whether the first row is the reference; else it is the first run
 * @property {boolean} character  whether characters stand in place of words
 * @property {Block[]} blocks
 * @property {Counts[]} counts    of each row but the first
 */
import { button, make } from "../shared/dom.js";
import { isRightToLeft } from "../shared/axis/layout.js";
import { clock } from "../shared/format.js";
import { beginning, runName, saidName } from "./runs.js";

/** Blocks from which on those out of sight are not laid out. */
const MANY = 100;

/** @param {{run: RunStore, t: Translate, signal: AbortSignal}} options */
export function createWords({ run, t, signal }) {
  const counts = make("div", { class: "qaw-words-counts" });
  const list = make("div", { class: "qaw-table-scroll qaw-words-list", tabindex: "0", role: "region", "aria-label": t("compare.words") });
  const only = button(t("compare.words.only"), () => {
    const on = only.getAttribute("aria-pressed") !== "true";
    only.setAttribute("aria-pressed", String(on));
    list.toggleAttribute("data-only", on);
  }, signal, { "aria-pressed": "false" });
  const head = make("div", { class: "qaw-words-head" }, counts, only);
  const details = make("details", { class: "qaw-wave-details qaw-words", open: true, hidden: true },
    make("summary", {}, t("compare.words")), head, list);
  list.addEventListener("click", (event) => {
    const pressed = /** @type {HTMLElement} */ (event.target).closest("button");
    if (pressed?.dataset.number) run.select(Number(pressed.dataset.number), true);
  }, { signal });
  return {
    element: details,
    /** @param {Comparison | null} comparison */
    update(comparison) {
      const words = comparison?.words ?? null;
      details.hidden = words === null || words.blocks.length === 0;
      if (!comparison || !words) return;
      const names = comparison.runs.map((one) => runName(one, t));
      const said = comparison.runs.map((one) => saidName(one, t));
      const first = comparison.runs.map((one) => beginning(one, t));
      if (words.reference) {
        for (const each of [names, first]) each.unshift(t("wave.lane.reference"));
        said.unshift(t("compare.said.reference"));
      }
      counts.replaceChildren(...words.counts.map((one, k) => make("p", {}, countsText(one, first[k + 1], said[0], words.character, t))));
      list.classList.toggle("qaw-words-characters", words.character);
      list.toggleAttribute("data-long", words.blocks.length > MANY);
      list.replaceChildren(...words.blocks.map((block) => blockElement(block, names, words.character, t)));
    },
  };
}

/**
 * In how many words a text differs, and how.
 * @param {Counts} counts @param {string} name @param {string} base @param {boolean} character @param {Translate} t
 */
export function countsText({ same, replaced, left_out: leftOut, added }, name, base, character, t) {
  const places = replaced + leftOut + added;
  if (!places) return t("compare.words.same", { name, base });
  const length = same + replaced + leftOut;
  const share = length ? t("compare.words.share", { share: ((100 * places) / length).toFixed(1) }) : "";
  const unit = t(character ? "compare.words.characters" : "compare.words.words", { count: length });
  return t("compare.words.differs", { name, base, unit, share, replaced, left: leftOut, added });
}

/** @param {Column} column */
function differs([marks]) {
  return /[-~+]/.test(marks);
}

/** @param {Block} block @param {string[]} names @param {boolean} character @param {Translate} t */
function blockElement({ number, from, columns }, names, character, t) {
  const when = from === null ? "" : clock(from);
  const time = number === null
    ? make("span", { class: "qaw-words-time qaw-dim" }, when)
    : make("button", {
      type: "button", class: "qaw-button qaw-button-plain qaw-words-time", "data-number": number, title: t("compare.words.play"),
    }, when);
  const line = make("div", { class: "qaw-words-line", "aria-hidden": "true", style: `--rows: ${names.length}` },
    make("span", { class: "qaw-word qaw-words-names" }, ...names.map((name) => make("span", { title: name }, name))),
    ...columns.map(columnElement));
  if (columns.some(([, words]) => isRightToLeft(words.find((word) => word !== null) ?? ""))) line.dir = "rtl";
  return make("div", { class: "qaw-words-block", "data-differs": columns.some(differs) },
    time, make("p", { class: "qaw-only-spoken" }, spokenText(columns, names, character ? "" : " ", t)), line);
}

/** @param {Column} column */
function columnElement(column) {
  const [marks, words] = column;
  const cells = words.map((word, k) => make("span", { "data-mark": k ? marks[k - 1].trim() || null : null }, word ?? "–"));
  return make("span", { class: "qaw-word", "data-differs": differs(column) }, ...cells);
}

/**
 * What is heard of a block: its words once where all rows have them, else those of each row after its name.
 * @param {Column[]} columns @param {string[]} names @param {string} space @param {Translate} t
 */
export function spokenText(columns, names, space, t) {
  const texts = names.map((_, row) => columns.flatMap(([, words]) => words[row] ?? []).join(space));
  if (!columns.some(differs)) return texts[0];
  return texts.map((text, row) => t("compare.words.spoken", { name: names[row], text: text || t("compare.words.nothing") })).join(" ");
}

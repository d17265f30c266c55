/**
 * The waits of a run taken apart: a bar an utterance, the spread of each part, and the lines of the one that is selected
 * as a flip-book.
 *
 * @import { DelaysMessage, KernelMessage, Send, SpreadFigures } from "../shared/messages.js"
 * @import { RunStore } from "../shared/run/store.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { Wait } from "./rows.js"
 */
import { make, newId, scrolling, setText } from "../shared/dom.js";
import { duration } from "../shared/format.js";
import { FlipBook } from "./flipbook.js";
import { LEGEND, bars, longestWait, partText, percentileText, saidOf, ticks, unknownParts } from "./rows.js";

export class DelaysPanel {
  /** @param {HTMLElement} host @param {{run: RunStore, send: Send, t: Translate, signal: AbortSignal}} options */
  constructor(host, options) {
    this.options = options;
    const { t, signal } = options;
    /** @type {DelaysMessage | null} */
    this.message = null;
    this.asked = 0;
    this.id = `qaw-delays-${newId()}`;
    const legend = make("span", { class: "qaw-delays-legend" });
    const axis = make("div", { class: "qaw-delays-axis qaw-dim", "aria-hidden": "true" });
    const list = make("div", { class: "qaw-delays-list", role: "listbox", tabindex: "0", "aria-label": t("delays.list") });
    const note = make("p", { class: "qaw-dim qaw-delays-note", role: "status" });
    const spread = make("div", { class: "qaw-delays-spread" });
    const flip = make("div");
    const root = make("section", { class: "qaw-delays", "aria-label": t("delays.title") },
      make("div", { class: "qaw-bar" }, make("b", {}, t("delays.title")), legend), list, axis, note, flip, spread);
    host.append(root);
    this.parts = { root, legend, axis, list, note, spread };
    this.book = new FlipBook(flip, { t, signal });
    list.addEventListener("click", ({ target }) => {
      const row = /** @type {HTMLElement} */ (target).closest(".qaw-delays-row");
      if (row instanceof HTMLElement) options.run.select(Number(row.dataset.number));
    }, { signal });
    list.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && this.key(event.key)) event.preventDefault();
    }, { signal });
    options.run.subscribe({ selected: ({ number }) => this.choose(number) }, signal);
  }

  /** @param {string} key @returns {boolean} whether it was used */
  key(key) {
    const waits = this.message?.waits ?? [];
    const at = waits.findIndex(({ number }) => number === this.asked);
    /** @type {Record<string, number>} */
    const places = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: waits.length - 1 };
    const wanted = places[key];
    if (wanted === undefined || !waits.length) return false;
    this.options.run.select(waits[Math.min(Math.max(wanted, 0), waits.length - 1)].number);
    return true;
  }

  /** @param {KernelMessage} message */
  receive(message) {
    if (message.kind === "delays") this.take(message);
    else if (message.kind === "revisions" && message.number === this.asked) this.book.open(message);
  }

  /** @param {DelaysMessage} message */
  take(message) {
    this.message = message;
    this.draw();
    this.choose(this.options.run.state.selected ?? message.waits[0]?.number ?? null);
  }

  /** Mark the row of an utterance and ask for its lines. @param {number | null} number */
  choose(number) {
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (this.parts.list.querySelectorAll(".qaw-delays-row"))) {
      const chosen = Number(row.dataset.number) === number;
      row.setAttribute("aria-selected", String(chosen));
      if (chosen) this.reveal(row);
    }
    if (number === null || !this.message) return;
    this.asked = number;
    this.options.send({ kind: "revisions", number });
  }

  /** Scroll the list, and nothing else, no further than it takes to see a row. @param {HTMLElement} row */
  reveal(row) {
    const { list } = this.parts;
    const top = row.offsetTop - list.offsetTop;
    list.setAttribute("aria-activedescendant", row.id);
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + row.offsetHeight - list.clientHeight;
  }

  draw() {
    const { message, parts } = this;
    if (!message) return;
    const waits = message.stated ? message.waits : [];
    const longest = longestWait(waits);
    parts.list.replaceChildren(...waits.map((wait) => this.row(wait, longest)));
    parts.list.hidden = parts.axis.hidden = waits.length === 0;
    parts.axis.replaceChildren(...ticks(longest).map((tick) =>
      make("span", { style: `inset-inline-start:${(100 * tick) / (longest || 1)}%` }, String(tick))));
    setText(parts.note, this.noteText(waits));
    parts.legend.replaceChildren(...this.legend(waits));
    parts.spread.replaceChildren(...this.tables(message));
  }

  /** @param {Wait[]} waits */
  legend(waits) {
    const { t } = this.options;
    const mark = (/** @type {string} */ part, /** @type {string} */ basis, /** @type {string} */ text, /** @type {string} */ title) =>
      make("span", { class: "qaw-delays-key", title },
        make("i", { class: "qaw-delays-part", "data-part": part, "data-basis": basis, "aria-hidden": "true" }), text);
    const known = waits.flatMap(({ parts }) => parts.filter(([, , seconds]) => seconds !== null));
    const marks = LEGEND.filter((name) => known.some(([part]) => part === name))
      .map((name) => mark(name, "measured", t(`delays.short.${name}`), t(`delays.about.${name}`)));
    const some = known.some(([, , , basis]) => basis === "inferred");
    return some ? [...marks, mark("pale", "inferred", t("delays.pale"), "")] : marks;
  }

  /** @param {Wait} wait @param {number} longest */
  row(wait, longest) {
    const { t } = this.options;
    const { number } = wait;
    const total = wait.total === null ? "" : duration(wait.total, t);
    const said = wait.parts.map((part) => saidOf(part, t)).join("; ");
    const parts = bars(wait, longest || 1).map(({ name, left, width, basis }) => make("i", {
      class: "qaw-delays-part", "data-part": name, "data-basis": basis, style: `inset-inline-start:${left}%;width:${width}%`,
    }));
    return make("div", {
      class: "qaw-delays-row", role: "option", id: `${this.id}-${number}`, "data-number": number, title: said,
      "data-counts": String(wait.counts), "aria-label": `${number}: ${total}. ${said}`, "aria-selected": "false",
    },
    make("b", {}, String(number)), make("span", { class: "qaw-delays-track" }, ...parts),
    make("span", { class: "qaw-number" }, total));
  }

  /** @param {Wait[]} waits */
  noteText(waits) {
    const { t } = this.options;
    if (!this.message?.stated) return t("delays.none.pace");
    if (!waits.length) return t("delays.none");
    const unknown = unknownParts(waits).map((part) => saidOf(part, t));
    return [t("delays.adds"), ...unknown.map((one) => `${one}.`)].join(" ");
  }

  /** @param {DelaysMessage} message */
  tables({ spread, words, revised }) {
    const { t } = this.options;
    const parts = spread.map(([part, basis, ...figures]) =>
      this.figures(`${partText(part, t)}${basis === "inferred" ? " ≈" : ""}`, figures));
    const settled = words.map(([name, ...figures]) => this.figures(t(`delays.words.${name}`), figures));
    const taken = revised === null ? t("delays.unrevised") : t("delays.revised", { share: Math.round(100 * revised) });
    const few = parts.length ? t("delays.intervals") : "";
    return [
      ...(parts.length ? [this.table(t("delays.spread"), parts)] : []),
      ...(settled.length ? [this.table(t("delays.words"), settled)] : []),
      make("p", { class: "qaw-dim" }, `${taken} ${few}`.trim()),
    ];
  }

  /** @param {string} name @param {HTMLElement[]} rows */
  table(name, rows) {
    const head = [name, this.options.t("delays.n"), "p50", "p95", "p99"].map((text) => make("th", { scope: "col" }, text));
    return scrolling(name, make("table", { class: "qaw-delays-table" },
      make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
  }

  /** A row of a table. @param {string} name @param {SpreadFigures} figures */
  figures(name, [n, ...rest]) {
    const texts = [0, 3, 6].map((k) => percentileText(Number(rest[k]), rest[k + 1], rest[k + 2]));
    return make("tr", {}, ...[name, String(n), ...texts].map((text, k) => (k ? make("td", {}, text) : make("th", { scope: "row" }, text))));
  }
}

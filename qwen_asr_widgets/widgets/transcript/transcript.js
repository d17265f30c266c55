/**
 * The transcript: one row an utterance, linked with every waveform of the same recording.
 *
 * @import { RunStore } from "../shared/run/store.js"
 * @import { Utterance } from "../shared/run/state.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {object} TranscriptOptions
 * @property {RunStore} run
 * @property {Translate} t
 * @property {AbortSignal} signal
 * @property {number} [height]   most CSS pixels of the list before it scrolls
 * @property {(number: number, text: string | null) => void} [correct] told what was truly said in an utterance; with it
 *   rows can be corrected
 * @property {HTMLElement} [aside] what stands at the end of the foot
 */
import { copyText, make, newId } from "../shared/dom.js";
import { endNote } from "../shared/format.js";
import { textOf } from "../shared/run/state.js";
import { engineText, summaryText } from "../shared/run/summary.js";
import { asText, emptyText, filtered, languageBefore, latencyChips, noteChips, splitMatches, timeOf } from "./rows.js";
import { chip, transcriptParts } from "./parts.js";
import { Correcting } from "./correcting.js";
import { RowHeights } from "../shared/virtual_list.js";

const ROW_GUESS = 34;
const HEIGHT = 360;
/** How often rows are measured and placed anew before a frame is painted. */
const PASSES = 4;

export class TranscriptView {
  /** @param {HTMLElement} host @param {TranscriptOptions} options */
  constructor(host, options) {
    this.options = options;
    this.t = options.t;
    this.run = options.run;
    this.end = new AbortController();
    const { signal } = this.end;
    options.signal.addEventListener("abort", () => this.destroy(), { once: true, signal });
    this.id = `qaw-transcript-${newId()}`;
    this.heights = new RowHeights(ROW_GUESS);
    this.resized = new ResizeObserver(() => this.widthChanged());
    this.query = "";
    this.problemsOnly = false;
    this.frame = 0;
    this.listWidth = 0;
    /** @type {Utterance[]} */
    this.shown = [];
    /** @type {Map<number, {element: HTMLElement, utterance: Utterance, key: string}>} */
    this.drawn = new Map();
    /** @type {Set<number> | null} */
    this.announced = null;
    this.stick = false;
    this.growing = false;
    /** The row that is being brought into sight, until every height on the way is known. */
    this.goal = /** @type {number | null} */ (null);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.copyTimer = undefined;
    this.parts = transcriptParts(this.t, options.height ?? HEIGHT, signal);
    this.correcting = new Correcting(this.t, signal, {
      decided: (number, text) => options.correct?.(number, text), changed: () => this.relaid(),
      closed: () => this.parts.list.focus({ preventScroll: true }),
    });
    this.parts.correct.hidden = !options.correct;
    if (options.aside) this.parts.foot.append(options.aside);
    host.append(this.parts.root);
    this.listen(signal);
    this.run.subscribe({ changed: () => this.changed(), selected: ({ number }) => this.chosen(number) }, signal);
    if (this.run.state.version >= 0) this.changed();
    else this.schedule();
  }

  /** @param {AbortSignal} signal */
  listen(signal) {
    const { search, problems, live, copy, list } = this.parts;
    search.addEventListener("input", () => this.filter(search.value, this.problemsOnly), { signal });
    problems.addEventListener("click", () => this.filter(this.query, !this.problemsOnly), { signal });
    live.addEventListener("click", () => this.toEnd(), { signal });
    copy.addEventListener("click", () => void this.copy(), { signal });
    this.parts.correct.addEventListener("click", () => this.correctSelected(), { signal });
    list.addEventListener("dblclick", () => this.correctSelected(), { signal });
    list.addEventListener("scroll", () => this.schedule(), { signal, passive: true });
    list.addEventListener("click", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest(".qaw-row");
      const reading = window.getSelection()?.type === "Range";
      if (row instanceof HTMLElement && !reading) this.run.select(Number(row.dataset.number), true);
    }, { signal });
    list.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && this.key(event.key)) event.preventDefault();
    }, { signal });
    this.resized.observe(list);
    signal.addEventListener("abort", () => this.resized.disconnect(), { once: true });
  }

  /** Rows of another width have other heights. */
  widthChanged() {
    const width = this.parts.list.clientWidth;
    if (!width) return;
    if (width !== this.listWidth) {
      this.listWidth = width;
      this.stick ||= this.parts.list.scrollTop > 0 && this.atEnd();
      this.heights.forget();
    }
    this.schedule();
  }

  /** There was no size to draw in, perhaps for less than a frame, as while JupyterLab changes its theme: ask for the next one. */
  unseen() {
    const { list } = this.parts;
    this.resized.unobserve(list);
    this.resized.observe(list);
  }

  /** @param {string} key @returns {boolean} whether it was used */
  key(key) {
    const at = this.shown.findIndex((u) => u.number === this.run.state.selected);
    const last = this.shown.length - 1;
    const page = 8;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowDown: at + 1, ArrowUp: at < 0 ? last : at - 1, Home: 0, End: last, PageDown: at + page, PageUp: at - page,
    };
    const target = targets[key];
    if (target !== undefined && last >= 0) {
      this.run.select(this.shown[Math.min(Math.max(target, 0), last)].number);
      return true;
    }
    if (key === "F2" && at >= 0) return this.correctSelected();
    if ((key === "Enter" || key === " ") && at >= 0) {
      this.run.select(this.run.state.selected, true);
      return true;
    }
    return false;
  }

  /** Rows have another content, and perhaps another height. */
  relaid() {
    this.heights.forget();
    this.schedule();
  }

  /** Show what was truly said. @param {import("./correcting.js").Corrections} corrections */
  takeCorrections(corrections) {
    if (this.correcting.take(corrections)) this.relaid();
  }

  /** Have what was heard in the selected row corrected. @returns {boolean} whether it can be */
  correctSelected() {
    const { selected, info } = this.run.state;
    const at = this.shown.findIndex(({ number }) => number === selected);
    if (!this.options.correct || at < 0 || info.growing) return false;
    this.correcting.open(this.shown[at]);
    this.goal = at;
    this.draw();
    this.correcting.field.focus({ preventScroll: true });
    return true;
  }

  changed() {
    const { utterances } = this.run.state;
    this.announce(utterances);
    const wrong = utterances.filter((u) => u.problem).length;
    this.parts.problems.hidden = wrong === 0 && !this.problemsOnly;
    this.parts.problems.textContent = `${this.t("transcript.problems")} (${wrong})`;
    this.refresh();
  }

  /** @param {string} query @param {boolean} problemsOnly */
  filter(query, problemsOnly) {
    this.query = query;
    this.problemsOnly = problemsOnly;
    this.parts.problems.setAttribute("aria-pressed", String(problemsOnly));
    this.heights.forget();
    this.refresh();
  }

  refresh() {
    const { utterances, info } = this.run.state;
    const stuck = this.atEnd();
    this.shown = filtered(utterances, this.query, this.problemsOnly);
    this.heights.resize(this.shown.length);
    const some = this.shown.length < utterances.length;
    this.parts.count.textContent = some
      ? this.t("transcript.some", { shown: this.shown.length, count: utterances.length })
      : "";
    this.parts.empty.textContent = emptyText(this.shown.length, utterances.length, info, this.t);
    this.parts.empty.hidden = !this.parts.empty.textContent;
    this.parts.list.hidden = this.shown.length === 0;
    this.parts.said.replaceChildren(
      make("span", {}, this.t("transcript.count", { count: utterances.length })),
      make("span", {}, engineText(info, this.t)), make("span", {}, summaryText(info, this.t)),
    );
    this.parts.legend.hidden = !info.waits;
    this.lookAtSelected();
    const ended = this.growing && !info.growing;
    this.growing = info.growing;
    this.stick = stuck && (info.growing || (ended && info.live));
    // A sound that was there before is read from its top, what was just spoken goes on from its end.
    if (ended && stuck && !info.live && this.run.state.selected === null) this.parts.list.scrollTop = 0;
    this.schedule();
  }

  atEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.parts.list;
    return scrollTop + clientHeight >= scrollHeight - 8;
  }

  toEnd() {
    this.parts.list.scrollTop = this.parts.list.scrollHeight;
  }

  schedule() {
    if (this.frame || this.end.signal.aborted) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    const { list } = this.parts;
    if (!list.clientWidth && !list.hidden) return this.unseen();
    let moved = true;
    for (let pass = 0; moved && pass < PASSES; pass += 1) moved = this.arrange();
    if (moved) {
      this.schedule();
    } else {
      this.stick = false;
      this.goal = null;
    }
    this.parts.live.hidden = !this.run.state.info.growing || this.atEnd();
  }

  /** Put the rows in sight where they belong by what is known of their heights. @returns {boolean} whether more is known now */
  arrange() {
    const { heights } = this;
    const { list } = this.parts;
    const sight = Math.min(heights.total, this.options.height ?? HEIGHT);
    const end = heights.restAt(heights.total - sight);
    this.parts.spacer.style.height = `${Math.max(heights.total, end + sight)}px`;
    if (this.stick) list.scrollTop = end;
    else if (this.goal !== null) this.bring(this.goal);
    const [first, last] = heights.window(list.scrollTop, list.clientHeight || (this.options.height ?? HEIGHT));
    this.parts.rows.style.transform = `translateY(${heights.top(first)}px)`;
    const rows = this.shown.slice(first, last).map((utterance, k) => this.row(utterance, first + k));
    this.place(rows);
    let moved = false;
    rows.forEach((element, k) => {
      if (element.offsetHeight) moved = heights.measure(first + k, element.offsetHeight) || moved;
    });
    return moved;
  }

  /** Put these rows on the page, touching only what differs. @param {HTMLElement[]} rows */
  place(rows) {
    const wanted = new Set(rows);
    for (const [number, { element }] of this.drawn) {
      if (wanted.has(element)) continue;
      element.remove();
      this.drawn.delete(number);
    }
    rows.forEach((element, k) => {
      if (this.parts.rows.children[k] !== element) this.parts.rows.insertBefore(element, this.parts.rows.children[k] ?? null);
    });
  }

  /** @param {Utterance} utterance @param {number} position */
  row(utterance, position) {
    const known = this.drawn.get(utterance.number);
    const element = known?.element ?? make("div", {
      class: "qaw-row", role: "option", id: `${this.id}-${utterance.number}`, "data-number": utterance.number,
    });
    element.setAttribute("aria-posinset", String(position + 1));
    element.setAttribute("aria-setsize", String(this.shown.length));
    const selected = this.run.state.selected === utterance.number;
    element.setAttribute("aria-selected", String(selected));
    const key = JSON.stringify([
      this.query, this.run.state.info.waits, this.correcting.number === utterance.number, this.correcting.of(utterance),
    ]);
    if (known?.utterance === utterance && known.key === key) return element;
    element.classList.toggle("qaw-row-problem", utterance.problem);
    element.replaceChildren(...this.cells(utterance));
    this.drawn.set(utterance.number, { element, utterance, key });
    return element;
  }

  /** @param {Utterance} u */
  cells(u) {
    const text = make("span", { class: "qaw-text", dir: "auto" }, ...this.marked(u.settled));
    if (u.draft) text.append(make("i", { class: "qaw-draft" }, ...this.marked(u.draft)));
    const notes = noteChips(u, this.t, languageBefore(u, this.run.state.utterances));
    const wrong = notes.filter(({ kind }) => kind === "alarm");
    const known = notes.filter(({ kind }) => kind !== "alarm");
    const waits = latencyChips(u, this.t, this.run.state.info.waits);
    if (u.status === "final" && !u.settled) text.append(make("span", { class: "qaw-dim" }, this.t("transcript.wordless")));
    if (wrong.length) text.append(" ", ...wrong.map((one) => chip(one, this.t)));
    const under = this.correcting.under(u);
    if (under) text.append(under);
    return [
      make("b", { class: "qaw-row-number" }, String(u.number)),
      make("span", { class: "qaw-row-time qaw-dim", title: endNote(u, this.t) }, timeOf(u)),
      text,
      make("span", { class: "qaw-chips" }, ...[...known, ...waits].map((one) => chip(one, this.t))),
    ];
  }

  /** @param {string} text */
  marked(text) {
    return splitMatches(text, this.query).map((part, k) => (k % 2 ? make("mark", {}, part) : part));
  }

  /** Bring the selected row into sight. @param {number | null} number */
  chosen(number) {
    const at = this.shown.findIndex((u) => u.number === number);
    if (at < 0) {
      this.parts.list.removeAttribute("aria-activedescendant");
    } else {
      this.parts.list.setAttribute("aria-activedescendant", `${this.id}-${number}`);
      this.goal = at;
    }
    this.stick = false;
    this.lookAtSelected();
    this.schedule();
  }

  /** A row can be corrected once it is selected, and nothing more comes. */
  lookAtSelected() {
    const { selected, info } = this.run.state;
    this.parts.correct.disabled = info.growing || !this.shown.some(({ number }) => number === selected);
  }

  /** Scroll no further than it takes to see a row, and whole rows. @param {number} row */
  bring(row) {
    const { list } = this.parts;
    const top = this.heights.top(row);
    const bottom = this.heights.top(row + 1);
    if (top < list.scrollTop) list.scrollTop = top;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = Math.min(top, this.heights.restAt(bottom - list.clientHeight));
  }

  /** Say what has become final since the last time. @param {Utterance[]} utterances */
  announce(utterances) {
    const finals = utterances.filter((u) => u.status === "final");
    const before = this.announced;
    this.announced = new Set(finals.map((u) => u.number));
    if (!before) return;
    const fresh = finals.filter((u) => !before.has(u.number) && u.settled);
    if (fresh.length) this.parts.spoken.textContent = fresh.map((u) => `${u.number}: ${textOf(u)}`).join(" ");
  }

  async copy() {
    const done = await copyText(asText(this.shown));
    this.parts.copy.textContent = this.t(done ? "transcript.copied" : "transcript.notCopied");
    clearTimeout(this.copyTimer);
    this.copyTimer = setTimeout(() => { this.parts.copy.textContent = this.t("transcript.copy"); }, 2000);
  }

  /** End everything this view has started. */
  destroy() {
    if (this.end.signal.aborted) return;
    this.end.abort();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.copyTimer);
    this.parts.root.remove();
  }
}

/** @param {HTMLElement} host an element inside `.qaw` @param {TranscriptOptions} options */
export function createTranscript(host, options) {
  return new TranscriptView(host, options);
}

/**
 * The protocol view: a virtual list of events between two lifelines, a strip with all of them over it, filter, search,
 * events in full, and the exercise in which the next event is to be predicted.
 *
 * @import { EventMessage, KernelMessage, Send } from "../shared/messages.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { EventRow, Filter } from "./rows.js"
 */
import { button, make, newId, setText } from "../shared/dom.js";
import { clock, size } from "../shared/format.js";
import { whenRestyled } from "../shared/theme.js";
import { RowHeights } from "../shared/virtual_list.js";
import { aboutEvent, drawDetail } from "./detail.js";
import { createExercise } from "./exercise.js";
import { FILTERS, Prediction, bandOf, filteredRows, shortType, takeRows } from "./rows.js";
import { createTimeline } from "./timeline.js";

const ROW_GUESS = 27;
const PASSES = 4;
const PAGE = 12;

export class ProtocolChart {
  /** @param {HTMLElement} host @param {{send: Send, t: Translate, signal: AbortSignal, height: number}} options */
  constructor(host, options) {
    this.options = options;
    this.t = options.t;
    this.id = `qaw-events-${newId()}`;
    this.source = "";
    this.rate = 16_000;
    this.growing = false;
    /** @type {EventRow[]} */
    this.rows = [];
    /** @type {EventRow[]} */
    this.shown = [];
    this.filter = /** @type {Filter} */ ("all");
    this.query = "";
    this.selected = -1;
    /** @type {Map<number, EventMessage | null>} rows in full; null: asked for */
    this.opened = new Map();
    /** @type {Prediction | null} */
    this.prediction = null;
    this.heights = new RowHeights(ROW_GUESS);
    this.frame = 0;
    this.goal = -1;
    this.lit = -1;
    /** Whether the strip shows less than there is. */
    this.stale = true;
    /** @type {Map<number, {row: EventRow, detail: EventMessage | null | undefined, element: HTMLElement}>} */
    this.drawn = new Map();
    this.parts = this.build(host);
    this.timeline = createTimeline(this.parts.strip, (time) => this.goToTime(time), options.signal);
    this.exercise = createExercise(this.parts.exercise, options.t, options.signal, (type) => this.guess(type));
    this.listen();
    this.refresh();
  }

  /** @param {HTMLElement} host */
  build(host) {
    const { t, options } = this;
    const { signal } = options;
    const filter = make("select", { class: "qaw-select", "aria-label": t("protocol.filter") },
      ...FILTERS.map((name) => make("option", { value: name }, t(`protocol.filter.${name}`))));
    const search = make("input", {
      type: "search", class: "qaw-input qaw-search", placeholder: t("protocol.search"), "aria-label": t("protocol.search"),
    });
    const count = make("span", { class: "qaw-dim", role: "status" });
    const predict = button(t("protocol.predict"), () => this.predict(), signal, {
      "aria-pressed": "false", title: t("protocol.predict.text"),
    });
    const live = button(t("wave.live"), () => this.toEnd(), signal, { hidden: true });
    const bar = make("div", { class: "qaw-bar" }, make("b", {}, t("protocol.title")), filter, search, count,
      make("span", { class: "qaw-space" }), live, predict);
    const strip = make("div", { class: "qaw-events-over" });
    const head = make("div", { class: "qaw-events-head qaw-dim", "aria-hidden": "true" },
      make("span", {}, t("protocol.time")), make("span", {}, t("protocol.client")), make("span", {}, t("protocol.service")));
    const place = make("div", { class: "qaw-rows", role: "presentation" });
    const spacer = make("div", { class: "qaw-spacer", role: "presentation" }, place);
    const list = make("div", {
      class: "qaw-list qaw-events", role: "tree", tabindex: "0", "aria-label": t("protocol.label"),
      "aria-keyshortcuts": "ArrowUp ArrowDown Home End PageUp PageDown Enter P",
    }, spacer);
    list.style.height = `${options.height}px`;
    const spoken = make("p", { class: "qaw-only-spoken", role: "status" });
    const exercise = make("div", { class: "qaw-exercise", hidden: true });
    const root = make("div", { class: "qaw-protocol", role: "group", "aria-label": t("protocol.label") },
      bar, strip, head, list, spoken, exercise);
    host.append(root);
    return { root, filter, search, count, predict, live, strip, list, spacer, place, spoken, exercise };
  }

  listen() {
    const { signal } = this.options;
    const { filter, search, list } = this.parts;
    filter.addEventListener("change", () => this.choose(/** @type {Filter} */ (filter.value), this.query), { signal });
    search.addEventListener("input", () => this.choose(this.filter, search.value), { signal });
    list.addEventListener("scroll", () => this.schedule(), { signal, passive: true });
    list.addEventListener("click", (event) => {
      const element = /** @type {HTMLElement} */ (event.target);
      const row = element.closest(".qaw-event");
      if (!(row instanceof HTMLElement) || element.closest(".qaw-event-detail")) return;
      this.select(Number(row.dataset.number));
      this.toggle(Number(row.dataset.number));
    }, { signal });
    list.addEventListener("pointerover", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest(".qaw-event");
      this.light(row instanceof HTMLElement ? Number(row.dataset.number) : -1);
    }, { signal });
    list.addEventListener("pointerleave", () => this.light(-1), { signal });
    list.addEventListener("keydown", (event) => {
      const inside = event.target !== list;
      if (!inside && !event.ctrlKey && !event.metaKey && !event.altKey && this.key(event.key)) event.preventDefault();
    }, { signal });
    const restyled = () => {
      this.stale = true;
      this.remeasure();
    };
    const resized = new ResizeObserver(restyled);
    resized.observe(list);
    whenRestyled(list, restyled, signal);
    signal.addEventListener("abort", () => {
      resized.disconnect();
      cancelAnimationFrame(this.frame);
      this.parts.root.remove();
    }, { once: true });
  }

  /** @param {string} key @returns {boolean} whether it was used */
  key(key) {
    const at = this.shown.findIndex(({ number }) => number === this.selected);
    const last = this.shown.length - 1;
    /** @type {Record<string, number>} */
    const targets = { ArrowDown: at + 1, ArrowUp: at < 0 ? last : at - 1, Home: 0, End: last, PageDown: at + PAGE, PageUp: at - PAGE };
    const target = targets[key];
    if (target !== undefined && last >= 0) this.select(this.shown[Math.min(Math.max(target, 0), last)].number);
    else if ((key === "Enter" || key === " ") && at >= 0) this.toggle(this.selected);
    else if (key === "Escape") this.close(this.selected);
    else if (key === "p" || key === "P") this.goToPartner();
    else return false;
    return true;
  }

  // ---- what the kernel says

  /** @param {KernelMessage} message */
  receive(message) {
    if (message.kind === "protocol") {
      if (message.base === 0 && message.source !== this.source) {
        this.source = message.source;
        this.opened.clear();
        this.selected = -1;
      }
      if (message.source !== this.source) return;
      this.rate = message.rate;
      this.growing = message.growing;
      const end = this.atEnd();
      if (!takeRows(this.rows, message)) this.options.send({ kind: "hello" });
      else this.refresh(end && this.growing);
    } else if (message.kind === "event" && message.source === this.source && this.opened.has(message.row)) {
      this.opened.set(message.row, message);
      setText(this.parts.spoken, this.t("protocol.opened", { about: aboutEvent(message.message, this.t) }));
      this.remeasure();
    }
  }

  // ---- what is shown

  /** @param {Filter} filter @param {string} query */
  choose(filter, query) {
    this.filter = filter;
    this.query = query;
    this.heights.forget();
    this.parts.list.scrollTop = 0;
    this.refresh();
  }

  /** @param {boolean} [follow] whether the end is to stay in sight */
  refresh(follow = false) {
    const known = this.prediction ? this.rows.slice(0, this.prediction.shown) : this.rows;
    this.shown = filteredRows(known, this.filter, this.query);
    this.heights.resize(this.shown.length);
    const { shown, rows } = this;
    setText(this.parts.count, shown.length === rows.length
      ? this.t("protocol.count", { count: rows.length })
      : this.t("protocol.some", { shown: shown.length, count: rows.length }));
    if (follow) this.goal = shown.length - 1;
    this.stale = true;
    this.schedule();
  }

  schedule() {
    if (this.frame || this.options.signal.aborted) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Rows have other heights. */
  remeasure() {
    this.heights.forget();
    this.schedule();
  }

  draw() {
    const { list } = this.parts;
    if (!list.clientWidth) return;
    let moved = true;
    for (let pass = 0; moved && pass < PASSES; pass += 1) moved = this.arrange();
    if (moved) this.schedule();
    else this.goal = -1;
    const [first, last] = this.heights.window(list.scrollTop, list.clientHeight, 0);
    if (this.stale) this.timeline.draw(this.prediction ? this.shown : this.rows, this.rows[this.rows.length - 1]?.until ?? 0);
    this.stale = false;
    this.timeline.place(this.shown[first]?.time ?? 0, this.shown[last - 1]?.until ?? 0);
    this.parts.live.hidden = !this.growing || this.atEnd();
  }

  /** Put the rows in sight in their place. @returns {boolean} whether more is known of their heights now */
  arrange() {
    const { heights } = this;
    const { list, spacer, place } = this.parts;
    spacer.style.height = `${Math.max(heights.total, 1)}px`;
    if (this.goal >= 0) this.bring(this.goal);
    const [first, last] = heights.window(list.scrollTop, list.clientHeight);
    place.style.transform = `translateY(${heights.top(first)}px)`;
    const elements = this.shown.slice(first, last).map((row, k) => this.element(row, first + k));
    this.place(elements);
    let moved = false;
    elements.forEach((element, k) => {
      if (element.offsetHeight) moved = heights.measure(first + k, element.offsetHeight) || moved;
    });
    return moved;
  }

  /** Put these elements on the page, touching only what differs: what has the focus keeps it. @param {HTMLElement[]} elements */
  place(elements) {
    const { place } = this.parts;
    const wanted = new Set(elements);
    for (const [number, { element }] of this.drawn) {
      if (wanted.has(element)) continue;
      element.remove();
      this.drawn.delete(number);
    }
    elements.forEach((element, k) => {
      if (place.children[k] !== element) place.insertBefore(element, place.children[k] ?? null);
    });
  }

  /**
   * The element of a row: the one there is, where nothing about it has changed.
   * @param {EventRow} row @param {number} at its place among the rows shown
   */
  element(row, at) {
    const detail = this.opened.get(row.number);
    const known = this.drawn.get(row.number);
    const same = known && known.row === row && known.detail === detail;
    const element = same ? known.element : this.fresh(row, detail ?? null, known?.element);
    element.setAttribute("aria-selected", String(this.selected === row.number));
    element.setAttribute("aria-posinset", String(at + 1));
    element.setAttribute("aria-setsize", String(this.shown.length));
    element.dataset.lit = String(this.lit >= 0 && (this.lit === row.partner || this.lit === row.number) && row.partner >= 0);
    if (!same) this.drawn.set(row.number, { row, detail, element });
    return element;
  }

  /** @param {EventRow} row @param {EventMessage | null} detail @param {HTMLElement} [before] an older element of it */
  fresh(row, detail, before) {
    const { t } = this;
    const element = before ?? make("div", {
      class: "qaw-event", role: "treeitem", "aria-level": 1, id: `${this.id}-${row.number}`, "data-number": row.number,
    });
    element.dataset.way = row.way;
    element.classList.toggle("qaw-event-wrong", row.mark !== "");
    const text = this.said(row);
    const spoken = [clock(row.time, 3), t(`protocol.way.${row.way}`), row.type, text, row.mark, this.answers(row)];
    element.setAttribute("aria-label", spoken.filter(Boolean).join(", "));
    element.setAttribute("aria-expanded", String(this.opened.has(row.number)));
    const label = make("span", { class: "qaw-event-label", title: row.type },
      make("b", {}, shortType(row.type)), ...(text ? [" ", make("span", { dir: "auto" }, text)] : []),
      ...(row.mark && row.mark !== text ? [" ", make("span", { class: "qaw-event-mark" }, `⚠ ${row.mark}`)] : []));
    const arrow = make("i", { class: row.samples ? "qaw-event-arrow qaw-event-band" : "qaw-event-arrow" });
    element.replaceChildren(
      make("span", { class: "qaw-event-time qaw-dim" }, clock(row.time, 3)),
      make("span", { class: "qaw-event-lane" }, label, arrow),
      ...(detail ? [drawDetail(detail, t, this.options.signal)] : []));
    return element;
  }

  /** What a row answers; in the exercise too, since that is before it. @param {EventRow} row */
  answers({ partner, number }) {
    const asked = partner >= 0 && partner < number ? this.rows[partner] : null;
    return asked ? this.t("protocol.answers", { type: asked.type, time: clock(asked.time, 3) }) : "";
  }

  /** What a row says beside its type. @param {EventRow} row */
  said(row) {
    if (!row.samples) return row.text;
    const { seconds, bytes, pace } = bandOf(row, this.rate);
    const values = { count: row.count, seconds: seconds.toFixed(1), size: size(bytes) };
    return pace === null ? this.t("protocol.band", values) : this.t("protocol.band.pace", { ...values, pace: pace.toFixed(1) });
  }

  atEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.parts.list;
    return scrollTop + clientHeight >= scrollHeight - 8;
  }

  toEnd() {
    this.parts.list.scrollTop = this.parts.list.scrollHeight;
  }

  /** Scroll no further than it takes to see a row. @param {number} at */
  bring(at) {
    const { list } = this.parts;
    const top = this.heights.top(at);
    const bottom = this.heights.top(at + 1);
    if (top < list.scrollTop) list.scrollTop = top;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = Math.min(top, bottom - list.clientHeight);
  }

  // ---- what is done

  /** @param {number} number */
  select(number) {
    this.selected = number;
    this.lit = number;
    this.goal = this.shown.findIndex((row) => row.number === number);
    if (this.goal < 0) this.parts.list.removeAttribute("aria-activedescendant");
    else this.parts.list.setAttribute("aria-activedescendant", `${this.id}-${number}`);
    this.schedule();
  }

  /** Open a row, or close it. @param {number} number */
  toggle(number) {
    if (this.opened.has(number)) return this.close(number);
    this.opened.set(number, null);
    this.options.send({ kind: "event", row: number });
  }

  /** @param {number} number */
  close(number) {
    this.opened.delete(number);
    this.remeasure();
  }

  /** Light up what a row answers, or what answers it. @param {number} number −1: none but the selected one's */
  light(number) {
    const lit = number >= 0 ? number : this.selected;
    if (lit === this.lit) return;
    this.lit = lit;
    this.schedule();
  }

  goToPartner() {
    const partner = this.rows[this.selected]?.partner ?? -1;
    if (partner >= 0 && this.shown.some(({ number }) => number === partner)) this.select(partner);
  }

  /** @param {number} time */
  goToTime(time) {
    const row = this.shown.find(({ until }) => until >= time);
    if (row) this.select(row.number);
  }

  // ---- the exercise

  /** Begin to predict, or end that. */
  predict() {
    this.prediction = this.prediction ? null : new Prediction(this.rows);
    this.parts.predict.setAttribute("aria-pressed", String(this.prediction !== null));
    setText(this.parts.predict, this.t(this.prediction ? "protocol.predict.end" : "protocol.predict"));
    this.parts.filter.disabled = this.parts.search.disabled = this.prediction !== null;
    this.parts.search.value = "";
    this.parts.filter.value = "all";
    this.opened.clear();
    this.choose("all", "");
    this.exercise.ask(this.prediction, null);
    if (this.prediction) this.select(this.prediction.shown - 1);
  }

  /** @param {string | null} type what comes next; null: show it */
  guess(type) {
    if (!this.prediction) return;
    const { row, right } = this.prediction.guess(type);
    this.refresh();
    this.select(row.number);
    this.exercise.ask(this.prediction, { row, right });
  }
}

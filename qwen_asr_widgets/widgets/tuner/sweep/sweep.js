/**
 * The sweep: a map of errors by threshold and silence, and cut-offs against the wait. A click, or Enter, takes
 * the settings; the same stands beside in tables.
 *
 * @import { KernelMessage, SweepMessage } from "../../shared/messages.js"
 * @import { TunerView } from "../tuner.js"
 * @import { Sweep, Cell } from "./map.js"
 * @import { Settings } from "../scales.js"
 */
import { button, make, pixelRatio, pointIn, scrolling, setText } from "../../shared/dom.js";
import { cellAt, cellBox, indexOf, moveCell, nearestCell, settingsAt, shades, tradeOffRange } from "./map.js";
import { brief, score } from "../scales.js";
import { floats } from "../state.js";
import { bestSentence } from "../why.js";
import { sized } from "../../waveform/overview.js";
import { colours } from "../../shared/theme.js";
import { COLOURS } from "../../waveform/draw.js";

const HEIGHT = 200;
const LEFT = 44;
const BOTTOM = 20;
/** Of the table of the trade-off. */
const COLUMNS = /** @type {const} */ (["threshold", "silence", "wait", "cut", "errors", "waits", "try"]);

export class SweepPanel {
  /** @param {TunerView} tuner @param {HTMLElement} host @param {AbortSignal} signal */
  constructor(tuner, host, signal) {
    const { t } = tuner;
    this.tuner = tuner;
    this.signal = signal;
    /** @type {Sweep | null} */
    this.sweep = null;
    /** @type {Float32Array} */
    this.shade = new Float32Array(0);
    /** @type {Settings | null} */
    this.best = null;
    /** @type {Cell | null} */
    this.cursor = null;
    /** @type {{x: number, y: number, settings: Settings}[]} */
    this.points = [];
    this.meter = make("progress", { max: "1", value: "0", "aria-label": t("tuner.sweep") });
    this.running = make("div", { class: "qaw-tuner-running", hidden: true }, make("span", {}, `${t("tuner.sweep.running")} `), this.meter);
    this.map = make("canvas", { tabindex: "0", role: "application", "aria-label": t("tuner.map.label") });
    this.front = make("canvas", { "aria-hidden": "true" });
    this.said = make("p", { class: "qaw-dim", role: "status" });
    this.chosen = make("p", { class: "qaw-tuner-best" });
    this.mapTable = table(t("tuner.map.table"), signal, () => this.mapRows());
    this.frontTable = table(t("tuner.front.table"), signal, () => this.frontRows());
    this.mapTitle = make("h3");
    this.frontCell = make("div", {}, make("h3", {}, t("tuner.front.title")),
      this.front, this.bestTools(), this.chosen, this.frontTable.root);
    this.body = make("div", { class: "qaw-tuner-sweep", hidden: true },
      make("div", {}, this.mapTitle, this.map, this.said, this.mapTable.root), this.frontCell);
    host.append(this.running, this.body);
    this.map.addEventListener("pointermove", (event) => this.point(this.cellUnder(event)), { signal });
    this.map.addEventListener("click", (event) => this.take(this.cellUnder(event)), { signal });
    this.map.addEventListener("keydown", (event) => this.key(event), { signal });
    this.front.addEventListener("click", (event) => this.takePoint(event), { signal });
    const resized = new ResizeObserver(() => this.draw());
    resized.observe(this.body);
    signal.addEventListener("abort", () => resized.disconnect(), { once: true });
  }

  /** The best within limits. */
  bestTools() {
    const { t } = this.tuner;
    const box = { type: "number", class: "qaw-input", min: "0" };
    const wait = make("input", { ...box, step: "0.05", placeholder: "–", "aria-label": t("tuner.best.wait") });
    const cut = make("input", { ...box, max: "100", step: "1", placeholder: "0", "aria-label": t("tuner.best.cut") });
    const number = (/** @type {HTMLInputElement} */ { value }) => (value === "" ? null : Number(value));
    const ask = () => {
      const percent = number(cut);
      this.tuner.send({ kind: "best", max_wait: number(wait), max_cut: percent === null ? null : percent / 100 });
    };
    return make("div", { class: "qaw-tuner-tools" },
      make("label", {}, `${t("tuner.best.wait")} `, wait, " s"), make("label", {}, `${t("tuner.best.cut")} `, cut, " %"),
      button(t("tuner.best.use"), ask, this.signal));
  }

  /** @param {KernelMessage} message @param {DataView[]} buffers @returns {boolean} whether it was for this panel */
  receive(message, buffers) {
    if (message.kind === "tuner-problem") this.running.hidden = true;
    if (message.kind === "best") {
      this.best = message.best?.settings ?? null;
      setText(this.chosen, message.best ? bestSentence(message.best, this.tuner.t) : "");
      this.draw();
      return true;
    }
    if (message.kind !== "sweep") return false;
    this.running.hidden = message.state !== "running";
    if (message.state === "running") this.meter.value = message.done;
    else this.open(message, buffers);
    return true;
  }

  /** @param {Extract<SweepMessage, {state: "done"}>} message @param {DataView[]} buffers */
  open(message, buffers) {
    const [errors, waits, cuts] = buffers.map(floats);
    this.sweep = { ...message, errors, waits, cuts: cuts ?? null };
    // Fewest errors are fullest; where only turns are counted, most turns are.
    this.shade = message.known ? shades(errors) : shades(errors).map((shade) => 1 - shade);
    this.body.hidden = false;
    this.frontCell.hidden = !message.known;
    setText(this.mapTitle, this.tuner.t(message.known ? "tuner.map.title" : "tuner.map.blind"));
    this.mapTable.fill();
    this.frontTable.fill();
    this.draw();
  }

  /** @param {MouseEvent} event @returns {Cell | null} */
  cellUnder(event) {
    if (!this.sweep) return null;
    const { x, y } = pointIn(this.map, event);
    return cellAt(this.sweep, x - LEFT, y, this.map.clientWidth - LEFT, HEIGHT - BOTTOM);
  }

  /** @param {Cell | null} cell */
  point(cell) {
    if (!cell || !this.sweep) return;
    this.cursor = cell;
    setText(this.said, this.saying(cell));
  }

  /** @param {Cell} cell */
  saying(cell) {
    const { t } = this.tuner;
    const sweep = /** @type {Sweep} */ (this.sweep);
    const k = indexOf(sweep, cell);
    const at = brief(settingsAt(sweep, cell));
    const wait = Number.isNaN(sweep.waits[k]) ? "–" : sweep.waits[k].toFixed(2);
    if (!sweep.known || !sweep.cuts) return t("tuner.map.turns", { at, turns: sweep.errors[k].toFixed(1) });
    return t("tuner.map.said", { at, errors: sweep.errors[k].toFixed(1), wait, cut: (100 * sweep.cuts[k]).toFixed(0) });
  }

  /** @param {Cell | null} cell */
  take(cell) {
    if (!cell || !this.sweep || !this.tuner.wanted) return;
    this.tuner.try({ ...settingsAt(this.sweep, cell), padding: this.tuner.wanted.padding });
    this.point(cell);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.sweep || !this.tuner.wanted) return;
    const cell = this.cursor ?? nearestCell(this.sweep, this.tuner.wanted);
    if (event.key === "Enter" || event.key === " ") this.take(cell);
    else {
      const moved = moveCell(this.sweep, cell, event.key);
      if (!moved) return;
      this.point(moved);
      this.draw();
    }
    event.preventDefault();
  }

  /** @param {MouseEvent} event */
  takePoint(event) {
    const { x, y } = pointIn(this.front, event);
    const away = (/** @type {{x: number, y: number}} */ point) => Math.hypot(point.x - x, point.y - y);
    const [nearest] = [...this.points].sort((a, b) => away(a) - away(b));
    if (nearest && away(nearest) < 24) this.tryOnFront(nearest.settings);
  }

  /** Try a point of the front, with the padding that is tried now. @param {{threshold: number, silence: number}} point */
  tryOnFront({ threshold, silence }) {
    const { tuner } = this;
    if (tuner.wanted) tuner.try({ threshold, silence, padding: tuner.wanted.padding });
  }

  /** The three settings that both pictures mark. */
  marks() {
    const { state, wanted, t } = this.tuner;
    return [
      { settings: state.inForce, colour: "ink", dash: [3, 2], word: t("tuner.mark.inForce") },
      { settings: this.best, colour: "service", dash: [], word: t("tuner.mark.best") },
      { settings: wanted, colour: "turn", dash: [], word: t("tuner.mark.trying") },
    ].flatMap((one) => (one.settings ? [{ ...one, settings: one.settings }] : []));
  }

  draw() {
    if (!this.sweep || this.body.hidden || !this.map.clientWidth) return;
    const ink = colours(this.tuner.root, COLOURS);
    const font = getComputedStyle(this.body).fontFamily;
    this.drawMap(this.sweep, ink, font);
    if (this.sweep.known && this.front.clientWidth) this.drawFront(this.sweep, ink, font);
  }

  /** @param {Sweep} sweep @param {Record<string, string>} ink @param {string} font */
  drawMap(sweep, ink, font) {
    const whole = this.map.clientWidth;
    const [width, height] = [whole - LEFT, HEIGHT - BOTTOM];
    const ctx = sized(this.map, whole, HEIGHT, pixelRatio(this.map));
    ctx.translate(LEFT, 0);
    for (let t = 0; t < sweep.thresholds.length; t += 1) {
      for (let s = 0; s < sweep.silences.length; s += 1) {
        const box = cellBox(sweep, { t, s }, width, height);
        const shade = this.shade[indexOf(sweep, { t, s })];
        ctx.fillStyle = Number.isNaN(shade) ? ink.line : ink.turn;
        ctx.globalAlpha = Number.isNaN(shade) ? 0.5 : 0.06 + 0.88 * shade;
        ctx.fillRect(box.x, box.y, box.width - 0.5, box.height - 0.5);
      }
    }
    ctx.globalAlpha = 1;
    const cursor = this.cursor && document.activeElement === this.map ? [{ cell: this.cursor, colour: "alarm", dash: [] }] : [];
    const marked = this.marks().map(({ settings, ...rest }) => ({ ...rest, cell: nearestCell(sweep, settings) }));
    for (const { cell, colour, dash } of [...marked, ...cursor]) frame(ctx, cellBox(sweep, cell, width, height), ink, colour, dash);
    ctx.fillStyle = ink.dim;
    ctx.font = `11px ${font}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    for (const silence of [200, 400, 800, 1500, 3000, 6000].filter((one) => sweep.silences.includes(one))) {
      const box = cellBox(sweep, { t: 0, s: sweep.silences.indexOf(silence) }, width, height);
      ctx.fillText(String(silence), -5, Math.min(Math.max(box.y + box.height / 2, 7), height - 7));
    }
    ctx.textAlign = "center";
    ctx.textBaseline = "alphabetic";
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const t = Math.round(share * (sweep.thresholds.length - 1));
      const x = cellBox(sweep, { t, s: 0 }, width, height);
      ctx.fillText(score(sweep.thresholds[t]), Math.min(Math.max(x.x + x.width / 2, 14), width - 14), HEIGHT - 5);
    }
  }

  /** @param {Sweep} sweep @param {Record<string, string>} ink @param {string} font */
  drawFront(sweep, ink, font) {
    const whole = this.front.clientWidth;
    const [width, height] = [whole - LEFT - 8, HEIGHT - BOTTOM];
    const ctx = sized(this.front, whole, HEIGHT, pixelRatio(this.front));
    const cuts = /** @type {Float32Array} */ (sweep.cuts);
    const marks = this.marks().map((mark) => ({ ...mark, k: indexOf(sweep, nearestCell(sweep, mark.settings)) }));
    const range = tradeOffRange([...sweep.front.map((p) => p.wait), ...marks.map((m) => sweep.waits[m.k])],
      [...sweep.front.map((p) => p.cut_off), ...marks.map((m) => cuts[m.k])]);
    const xOf = (/** @type {number} */ wait) => LEFT + ((wait - range.low) / (range.high - range.low)) * width;
    const yOf = (/** @type {number} */ cut) => 6 + (1 - cut / range.most) * (height - 12);
    axes(ctx, ink, font, range, { xOf, yOf, width, height, whole });
    ctx.fillStyle = ink["line-strong"];
    for (let k = 0; k < sweep.waits.length; k += 1) {
      if (sweep.waits[k] <= range.high && cuts[k] <= range.most) dot(ctx, xOf(sweep.waits[k]), yOf(cuts[k]), 1.4);
    }
    ctx.strokeStyle = ctx.fillStyle = ink.turn;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    for (const point of sweep.front) ctx.lineTo(xOf(point.wait), yOf(point.cut_off));
    ctx.stroke();
    this.points = sweep.front.map((point) => ({ x: xOf(point.wait), y: yOf(point.cut_off), settings: point }));
    for (const { x, y } of this.points) dot(ctx, x, y, 3);
    ctx.font = `11px ${font}`;
    /** @type {{x: number, y: number}[]} */
    const words = [];
    for (const mark of marks) ring(ctx, xOf(sweep.waits[mark.k]), yOf(cuts[mark.k]), ink, mark, words, whole);
  }

  /** @returns {Node[][]} */
  mapRows() {
    const { sweep } = this;
    if (!sweep) return [];
    const head = [make("span", {}, this.tuner.t("tuner.map.corner")), ...sweep.thresholds.map((one) => make("span", {}, score(one)))];
    const rows = sweep.silences.map((silence, s) => [
      make("span", {}, String(silence)),
      ...sweep.thresholds.map((_, t) => make("span", {}, sweep.errors[indexOf(sweep, { t, s })].toFixed(1))),
    ]);
    return [head, ...rows];
  }

  /** @returns {Node[][]} */
  frontRows() {
    const { sweep, tuner } = this;
    if (!sweep) return [];
    const head = COLUMNS.map((one) => make("span", {}, tuner.t(`tuner.front.${one}`)));
    return [head, ...sweep.front.map((point) => [
      make("span", {}, score(point.threshold)), make("span", {}, `${point.silence} ms`), make("span", {}, `${point.wait.toFixed(2)} s`),
      make("span", {}, `${(100 * point.cut_off).toFixed(1)} %`), make("span", {}, point.errors.toFixed(2)),
      make("span", {}, point.censored ? tuner.t("tuner.front.open", { waits: point.waits, count: point.censored }) : String(point.waits)),
      button(tuner.t("tuner.front.try"), () => this.tryOnFront(point), this.signal),
    ])];
  }
}

/** A table that is made when it is opened. @param {string} title @param {AbortSignal} signal @param {() => Node[][]} rows */
function table(title, signal, rows) {
  const body = make("table", { class: "qaw-table" });
  const root = make("details", { class: "qaw-wave-details" }, make("summary", {}, title),
    scrolling(title, body));
  const fill = () => {
    if (!root.open) return;
    body.replaceChildren(...rows().map((cells, k) => make("tr", {}, ...cells.map((cell, at) => make(k && at ? "td" : "th", {}, cell)))));
  };
  root.addEventListener("toggle", fill, { signal });
  return { root, fill };
}

/**
 * The frame of a setting that is marked in the map.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{x: number, y: number, width: number, height: number}} box
 * @param {Record<string, string>} ink
 * @param {string} colour
 * @param {number[]} dash
 */
function frame(ctx, box, ink, colour, dash) {
  const rect = /** @type {const} */ ([box.x - 0.5, box.y - 0.5, box.width + 1, box.height + 1]);
  ctx.strokeStyle = ink.ground;
  ctx.lineWidth = 4;
  ctx.strokeRect(...rect);
  ctx.strokeStyle = ink[colour];
  ctx.lineWidth = 2;
  ctx.setLineDash(dash);
  ctx.strokeRect(...rect);
  ctx.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} radius */
function dot(ctx, x, y, radius) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

/**
 * A setting that is marked in the front: a ring and its word, which makes way for the words before it.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {Record<string, string>} ink
 * @param {{colour: string, dash: number[], word: string}} mark
 * @param {{x: number, y: number}[]} words where words are already
 * @param {number} whole the width of the picture
 */
function ring(ctx, x, y, ink, { colour, dash, word }, words, whole) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return;
  ctx.strokeStyle = ctx.fillStyle = ink[colour];
  ctx.lineWidth = 2;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.arc(x, y, 6 + 2.5 * words.length, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.textBaseline = "middle";
  const room = ctx.measureText(word).width;
  let at = y - 10;
  while (words.some((one) => Math.abs(one.x - x) < 90 && Math.abs(one.y - at) < 13)) at -= 13;
  if (at < 8) at = y + 12;
  while (words.some((one) => Math.abs(one.x - x) < 90 && Math.abs(one.y - at) < 13)) at += 13;
  words.push({ x, y: at });
  ctx.textAlign = "left";
  const left = x + 14 + room > whole ? x - 14 - room : x + 14;
  ctx.fillText(word, left, at);
}

/**
 * The axes of the front, with their figures.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Record<string, string>} ink
 * @param {string} font
 * @param {{low: number, high: number, most: number}} range
 * @param {{xOf: (v: number) => number, yOf: (v: number) => number, width: number, height: number, whole: number}} plot
 */
function axes(ctx, ink, font, range, { xOf, yOf, height, whole }) {
  ctx.strokeStyle = ink.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(LEFT + 0.5, 4);
  ctx.lineTo(LEFT + 0.5, height + 0.5);
  ctx.lineTo(whole, height + 0.5);
  ctx.stroke();
  ctx.fillStyle = ink.dim;
  ctx.font = `11px ${font}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    const cut = (share * range.most) / 1.15;
    ctx.fillText(`${(100 * cut).toFixed(cut && cut < 0.095 ? 1 : 0)} %`, LEFT - 5, yOf(cut));
  }
  ctx.textBaseline = "alphabetic";
  const step = [0.1, 0.2, 0.5, 1, 2].find((one) => (range.high - range.low) / one <= 5) ?? 5;
  ctx.textAlign = "center";
  for (let wait = Math.ceil(range.low / step) * step; wait <= range.high; wait += step) {
    ctx.fillText(`${wait.toFixed(1)} s`, Math.min(xOf(wait), whole - 14), HEIGHT - 5);
  }
  ctx.textAlign = "left";
}

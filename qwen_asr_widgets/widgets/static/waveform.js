/**
 * The waveform view: sound, turns, words, waits and whatever else has a time, over one axis.
 *
 * `createWaveform(host, options)` builds it inside an element of the design system; it needs a run store, a
 * way to send, and a signal that ends it. Messages from the kernel go to `receive`.
 *
 * @import { View } from "./time_axis.js"
 * @import { Row, Scene } from "./wave_rows.js"
 * @import { RunStore } from "./run_store.js"
 * @import { Translate } from "./strings.js"
 * @import { Colours } from "./waveform_draw.js"
 *
 * @typedef {object} WaveformOptions
 * @property {RunStore} run
 * @property {(message: any) => void} send
 * @property {Translate} t
 * @property {AbortSignal} signal
 * @property {number} [height]     CSS pixels of the wave itself
 * @property {boolean} [table]     whether a table stands under it (a transcript list elsewhere replaces it)
 * @property {boolean} [toolbar]
 * @property {Row[]} [rows]        further rows, between the lanes and the axis
 * @property {(view: View) => void} [viewed]   told whenever another stretch is shown
 * @property {(playing: boolean) => void} [played]
 */
import { make } from "./dom.js";
import { clock } from "./format.js";
import { listen } from "./gestures.js";
import { layBands, turnAt } from "./lanes.js";
import { stackRows } from "./layout.js";
import { Playback } from "./playback.js";
import { latencyBars, placed, textOf } from "./run_state.js";
import { colours, followTheme } from "./theme.js";
import { TileStore } from "./tiles.js";
import { clampView, followEnd, panBy, reveal, toTime, toX, zoomAt } from "./time_axis.js";
import { createOverview, sized } from "./wave_overview.js";
import { axisRow, laneRow, latencyRow, scoreRow, textRow, waveRow } from "./wave_rows.js";
import { createWaveBar } from "./wave_bar.js";
import { createWaveTable } from "./wave_table.js";
import { waveKey } from "./wave_keys.js";
import { COLOURS } from "./waveform_draw.js";

/** Seconds across a live view at first. */
const LIVE_SPAN = 24;
/** CSS pixels for the names of rows: left of the axis, or over the row. */
const GUTTER = 84;
const LABEL = 14;
/** Below this width labels stand over their row instead of left of it. */
const NARROW = 560;
/** Milliseconds after which tiles that did not come are asked for again. */
const ASK_AGAIN = 1500;

export class WaveformView {
  /** @param {HTMLElement} host @param {WaveformOptions} options */
  constructor(host, options) {
    this.options = options;
    this.t = options.t;
    this.run = options.run;
    this.end = new AbortController();
    const { signal } = this.end;
    options.signal.addEventListener("abort", () => this.destroy(), { once: true, signal });
    /** @type {View} */
    this.view = { start: 0, span: LIVE_SPAN };
    this.duration = 0;
    this.rate = 0;
    this.cursor = 0;
    this.following = false;
    this.shown = false;
    /** @type {Colours | null} read again when null: an element not yet on the page has none */
    this.colours = null;
    this.font = "sans-serif";
    this.gutter = 0;
    this.width = 0;
    this.frame = 0;
    this.overviewStale = true;
    /** @type {Map<string, number>} */
    this.asked = new Map();
    /** @type {{values: Float32Array, hop: number} | null} */
    this.score = null;
    this.threshold = /** @type {number | null} */ (null);
    /** @type {ReturnType<typeof stackRows>} */
    this.layout = { boxes: new Map(), height: 0 };
    this.labelHeight = 0;
    /** @type {Row[]} */
    this.rowsDrawn = [];
    /** @type {Scene | null} */
    this.sceneDrawn = null;
    /** @type {Playback | null} */
    this.playback = null;
    /** @type {TileStore | null} */
    this.tiles = null;
    this.motion = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.build(host, signal);
    this.turns = placed(this.run.state.utterances);
    this.bars = latencyBars(this.turns);
    this.run.subscribe({ changed: () => this.runChanged(), selected: (chosen) => this.chosen(chosen) }, signal);
    this.watch(signal);
  }

  /** @param {HTMLElement} host @param {AbortSignal} signal */
  build(host, signal) {
    const { t } = this;
    this.root = make("div", { class: "qaw-wave" });
    this.bar = createWaveBar(this.root, this, signal, this.options.toolbar ?? true);
    this.body = make("div", { class: "qaw-wave-body" });
    this.root.append(this.body);
    this.overview = createOverview(this.body, {
      view: () => this.view,
      whole: () => Math.max(this.duration, this.growing ? this.view.span : 0, 0.001),
      moved: (start) => this.show({ start, span: this.view.span }),
    }, signal);
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.playhead = make("div", { class: "qaw-playhead", hidden: true });
    this.plot = make("div", {
      class: "qaw-plot", tabindex: "0", role: "slider", "aria-label": t("wave.label"),
      "aria-keyshortcuts": "Space + - ArrowLeft ArrowRight ArrowUp ArrowDown Home End 0 L E",
      "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0",
    }, this.canvas, this.playhead);
    this.caption = make("div", { class: "qaw-caption", hidden: true });
    this.body.append(this.plot, this.caption);
    if (this.options.table ?? true) {
      this.table = createWaveTable(this.body, { t, select: (number) => this.run.select(number, true) }, signal);
    }
    host.append(this.root);
  }

  /** @param {AbortSignal} signal */
  watch(signal) {
    const root = /** @type {HTMLElement} */ (this.root.closest(".qaw") ?? this.root);
    const restyled = () => {
      this.colours = null;
      this.overviewStale = true;
      this.schedule();
    };
    followTheme(root, signal, restyled);
    const resized = new ResizeObserver(restyled);
    resized.observe(this.plot);
    signal.addEventListener("abort", () => resized.disconnect(), { once: true });
    listen(this.plot, {
      grab: (x, y) => this.grab(x, y),
      click: (x, y) => this.click(x, y),
      pan: (pixels) => this.pan((pixels / this.width) * this.view.span),
      zoom: (factor, x) => this.zoom(factor, toTime(x - this.gutter, this.view, this.width)),
      key: (event) => waveKey(this, event),
    }, signal);
  }

  get growing() {
    return this.run.state.info.growing;
  }

  /** Seconds shown beyond the end, so that what is about to come has room. */
  get room() {
    return this.growing ? Math.max(0, LIVE_SPAN - this.duration) + this.view.span * 0.1 : 0;
  }

  /**
   * Take a message of the kernel; messages for others are left alone.
   * @param {any} message @param {DataView[]} buffers
   */
  receive(message, buffers) {
    if (message.kind === "sound") this.takeSound(message);
    else if (message.kind === "tiles") this.takeTiles(message, buffers);
    else if (message.kind === "grow") this.takeGrowth(message, buffers);
    else if (message.kind === "pcm") this.playback?.take(message.start, int16(buffers[0]));
    else if (message.kind === "score") this.takeScore(message, buffers);
    else if (message.kind === "show") this.showRange(message.start, message.end);
    else if (message.kind === "play") this.play(message.start, message.end ?? undefined);
    else if (message.kind === "pause") this.pause();
  }

  /** @param {any} message */
  takeSound(message) {
    if (this.run.state.version < 0) return; // we came in the middle of an announcement; ours is on its way
    const same = this.sound === message.source && this.tiles;
    this.sound = message.source;
    if (!same) {
      this.playback?.destroy();
      this.rate = message.rate;
      this.duration = 0;
      this.tiles = new TileStore(message.bin_sizes, message.tile_bins);
      this.playback = new Playback({
        rate: message.rate, ask: (request) => this.options.send(request), changed: (on) => this.playingChanged(on),
      });
      this.shown = false;
      this.asked.clear();
    }
    this.lengthen(message.length);
    if (this.shown) return;
    this.shown = true;
    this.following = message.growing;
    this.view = message.growing
      ? followEnd({ start: 0, span: LIVE_SPAN }, this.duration)
      : { start: 0, span: Math.max(this.duration, 0.02) };
  }

  /** @param {number} length samples */
  lengthen(length) {
    this.tiles?.grow(length);
    this.duration = Math.max(this.duration, length / this.rate);
    if (this.following) this.view = followEnd(this.view, this.duration, this.motion.matches);
    this.overviewStale = true;
    this.schedule();
  }

  /** @param {any} message @param {DataView[]} buffers */
  takeTiles(message, buffers) {
    if (message.source !== this.sound || !this.tiles) return;
    message.parts.forEach((/** @type {any} */ part, /** @type {number} */ k) => {
      this.tiles?.put(part.level, part.first, int16(buffers[k]), message.length);
    });
    this.overviewStale = true;
    this.schedule();
  }

  /** @param {any} message @param {DataView[]} buffers */
  takeGrowth(message, buffers) {
    if (message.source !== this.sound || !this.tiles) return;
    this.tiles.append(message.level, message.first, int16(buffers[0]), message.length);
    this.lengthen(message.length);
  }

  /** @param {any} message @param {DataView[]} buffers */
  takeScore(message, buffers) {
    if (message.total !== undefined && this.score?.values.length !== message.total) {
      this.score = { values: new Float32Array(message.total).fill(NaN), hop: message.hop };
    }
    if (buffers.length && this.score) {
      const codes = new Int8Array(buffers[0].buffer, buffers[0].byteOffset, buffers[0].byteLength);
      this.score.values.set(Float32Array.from(codes, (code) => code / 127), message.first);
    }
    if (message.threshold !== undefined) this.threshold = message.threshold;
    this.schedule();
  }

  /** Move the threshold line. @param {number | null} threshold in [-1, 1] */
  setThreshold(threshold) {
    this.threshold = threshold;
    this.schedule();
  }

  runChanged() {
    this.turns = placed(this.run.state.utterances);
    this.bars = latencyBars(this.turns);
    if (!this.growing) this.following = false;
    this.overviewStale = true;
    this.schedule();
  }

  /** @returns {Row[]} */
  rows() {
    const lanes = this.run.state.lanes.map(laneRow);
    return [waveRow, latencyRow, textRow, ...lanes, scoreRow, ...(this.options.rows ?? []), axisRow];
  }

  /** @returns {Scene} */
  scene() {
    const laid = layBands(this.turns, this.view, this.width, this.duration);
    return {
      run: this.run.state, turns: this.turns, bars: this.bars, duration: this.duration, rate: this.rate,
      tiles: this.tiles, score: this.score, threshold: this.threshold, waveHeight: this.options.height ?? 96, laid,
    };
  }

  /** Draw at the next animation frame. */
  schedule() {
    if (this.frame || this.end.signal.aborted) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    const whole = this.plot.clientWidth;
    if (!whole) return;
    const ink = this.readStyle();
    const ratio = window.devicePixelRatio || 1;
    const rows = this.rows();
    const scene = this.layOut(rows, whole);
    const ctx = sized(this.canvas, whole, this.layout.height, ratio);
    const pen = { ctx, width: this.width, ratio, view: this.view, colours: ink, font: this.font };
    this.drawRows(pen, rows, scene);
    if (this.overviewStale) {
      this.overview.draw(scene, ink, ratio, pen.font, this.gutter);
      this.table?.update(scene);
      this.overviewStale = false;
      this.describe();
    }
    this.overview.place();
    this.placePlayhead();
    this.bar.update();
    this.askForTiles(ratio);
    this.options.viewed?.(this.view);
    if (this.playback?.playing) this.schedule();
  }

  readStyle() {
    if (!this.colours) {
      this.colours = colours(this.root, COLOURS);
      this.font = getComputedStyle(this.root).fontFamily;
    }
    return this.colours;
  }

  /**
   * Give every row its place; names stand left of the axis, on a narrow page over their row.
   * @param {Row[]} rows @param {number} whole CSS pixels
   */
  layOut(rows, whole) {
    this.width = whole;
    const labelled = rows.filter((row) => row.label && row.height(this.scene()) > 0);
    this.gutter = labelled.length && whole >= NARROW ? GUTTER : 0;
    this.width = whole - this.gutter;
    this.view = clampView(this.view, this.duration, this.room);
    const scene = this.scene();
    this.labelHeight = this.gutter ? 0 : LABEL;
    const above = (/** @type {Row} */ row) => (row.label ? this.labelHeight : 0);
    const heights = rows.map((row) => ({ row, height: row.height(scene) }));
    this.layout = stackRows(heights.map(({ row, height }) => ({ id: row.id, height: height && height + above(row) })));
    for (const { row } of heights) {
      const box = this.layout.boxes.get(row.id);
      if (box) this.layout.boxes.set(row.id, { y: box.y + above(row), height: box.height - above(row) });
    }
    this.rowsDrawn = rows;
    this.sceneDrawn = scene;
    return scene;
  }

  /** @param {import("./waveform_draw.js").Pen} pen @param {Row[]} rows @param {Scene} scene */
  drawRows(pen, rows, scene) {
    const { ctx } = pen;
    for (const row of rows) {
      const box = this.layout.boxes.get(row.id);
      if (!box) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(this.gutter, box.y, this.width, box.height);
      ctx.clip();
      ctx.translate(this.gutter, 0);
      row.draw(pen, box, scene);
      ctx.restore();
      if (row.label) this.drawLabel(pen, box, row.label(scene, this.t));
    }
  }

  /** @param {import("./waveform_draw.js").Pen} pen @param {import("./layout.js").Box} box @param {string} label */
  drawLabel({ ctx, colours: ink, font }, box, label) {
    ctx.font = `11px ${font}`;
    ctx.textBaseline = "middle";
    const y = this.gutter ? box.y + box.height / 2 : box.y - LABEL / 2;
    ctx.fillStyle = ink.dim;
    ctx.fillText(label, 0, y, this.gutter ? GUTTER - 8 : this.width);
  }

  /** @param {number} ratio */
  askForTiles(ratio) {
    if (!this.tiles || !this.rate) return;
    const perColumn = (this.view.span * this.rate) / (this.width * ratio);
    const level = this.tiles.levelFor(perColumn);
    const from = this.view.start * this.rate;
    const now = performance.now();
    const ranges = this.tiles.missing(level, from, from + this.view.span * this.rate).filter((range) => {
      const key = `${range.level}/${range.first}`;
      if (now - (this.asked.get(key) ?? -Infinity) < ASK_AGAIN) return false;
      this.asked.set(key, now);
      return true;
    });
    if (ranges.length) this.options.send({ kind: "tiles", ranges });
  }

  /** @param {number} x @param {number} y */
  rowAt(x, y) {
    const time = toTime(x - this.gutter, this.view, this.width);
    for (const row of this.rowsDrawn) {
      const box = this.layout.boxes.get(row.id);
      if (box && y >= box.y && y < box.y + box.height) return { row, box, time };
    }
    return null;
  }

  /** @param {number} x @param {number} y */
  grab(x, y) {
    const hit = this.rowAt(x, y);
    if (!hit || !this.sceneDrawn) return null;
    return hit.row.grab?.(x - this.gutter, y, hit.time, hit.box, this.sceneDrawn) ?? null;
  }

  /** @param {number} x @param {number} y */
  click(x, y) {
    const hit = this.rowAt(x, y);
    const scene = this.sceneDrawn;
    if (hit && scene && hit.row.click?.(x - this.gutter, y, hit.time, hit.box, scene)) return;
    const time = Math.min(Math.max(toTime(x - this.gutter, this.view, this.width), 0), this.duration);
    const turn = turnAt(this.turns, time, this.duration);
    if ((turn?.number ?? null) !== this.run.state.selected) this.run.select(turn?.number ?? null);
    this.seek(time);
  }

  /** Stand at a moment; what plays goes on from there. @param {number} time */
  seek(time) {
    const playing = this.playback?.playing;
    this.cursor = Math.min(Math.max(time, 0), this.duration);
    if (playing) this.play(this.cursor);
    this.describe();
    this.schedule();
  }

  /** Play from a moment, to the end if no other is given. @param {number} [from] @param {number} [to] */
  play(from = this.cursor, to = this.duration) {
    const start = from >= this.duration - 0.01 ? 0 : from;
    this.cursor = start;
    this.playback?.play(start, Math.min(to, this.duration));
    this.schedule();
  }

  pause() {
    this.playback?.pause();
  }

  togglePlay() {
    if (this.playback?.playing) this.pause();
    else this.play();
  }

  /** @param {boolean} playing */
  playingChanged(playing) {
    if (!playing && this.playback) this.cursor = this.playback.from;
    this.options.played?.(playing);
    this.describe();
    this.schedule();
  }

  placePlayhead() {
    if (this.playback?.playing) {
      this.cursor = this.playback.tick();
      if (this.cursor > this.view.start + this.view.span || this.cursor < this.view.start) {
        this.view = clampView({ start: this.cursor, span: this.view.span }, this.duration, this.room);
      }
    }
    const x = toX(this.cursor, this.view, this.width);
    const hidden = x < 0 || x > this.width || (this.cursor === 0 && !this.playback?.playing) || this.following;
    this.playhead.hidden = hidden;
    this.playhead.style.transform = `translateX(${this.gutter + x}px)`;
  }

  /** Show another stretch; following ends. @param {View} view */
  show(view) {
    this.view = clampView(view, this.duration, this.room);
    this.following = false;
    this.schedule();
  }

  /** Show [start, end] seconds. @param {number} start @param {number} end */
  showRange(start, end) {
    this.show({ start, span: end - start });
  }

  /** Show everything. */
  fit() {
    this.show({ start: 0, span: Math.max(this.duration, 0.02) });
  }

  /** Follow the end of a growing recording again. */
  followLive() {
    this.following = true;
    this.view = followEnd({ start: this.view.start, span: Math.min(this.view.span, LIVE_SPAN) }, this.duration);
    this.schedule();
  }

  /** @param {number} seconds */
  pan(seconds) {
    this.show(panBy(this.view, seconds, this.duration, this.room));
  }

  /** @param {number} factor @param {number} [anchor] @returns {boolean} whether the view has changed */
  zoom(factor, anchor = this.anchor()) {
    const view = zoomAt(this.view, factor, anchor, this.duration, this.room);
    if (view.span === this.view.span && view.start === this.view.start) return false;
    if (this.following) this.view = followEnd({ start: view.start || 1e-9, span: view.span }, this.duration);
    else this.view = view;
    this.schedule();
    return true;
  }

  anchor() {
    const inside = this.cursor > this.view.start && this.cursor < this.view.start + this.view.span;
    return inside ? this.cursor : this.view.start + this.view.span / 2;
  }

  /** @param {import("./run_store.js").Selection} selection */
  chosen({ number, play }) {
    const turn = this.turns.find((one) => one.number === number);
    this.showCaption(turn);
    if (turn) {
      const end = turn.end ?? this.duration;
      const view = reveal(this.view, turn.onset, end, this.duration);
      if (view !== this.view) this.show(view);
      if (play) this.play(turn.onset, end + 0.15);
    }
    this.schedule();
  }

  /** @param {import("./run_state.js").Utterance | undefined} turn */
  showCaption(turn) {
    this.caption.hidden = !turn;
    if (!turn) return;
    const end = turn.end === null ? "…" : clock(turn.end);
    this.caption.replaceChildren(
      make("b", { class: "qaw-caption-number" }, String(turn.number)),
      make("span", { class: "qaw-dim" }, `${clock(turn.onset)} – ${end}`),
      make("span", { dir: "auto" }, turn.settled, make("i", { class: "qaw-dim" }, turn.draft)),
    );
  }

  /** Say to screen readers where we are. */
  describe() {
    const turn = turnAt(this.turns, this.cursor, this.duration);
    const place = this.t("wave.position", { time: clock(this.cursor), total: clock(this.duration) });
    this.plot.setAttribute("aria-valuemax", this.duration.toFixed(1));
    this.plot.setAttribute("aria-valuenow", this.cursor.toFixed(1));
    this.plot.setAttribute("aria-valuetext", turn ? `${place}, ${turn.number}: ${textOf(/** @type {any} */ (turn))}` : place);
    this.showCaption(this.turns.find((one) => one.number === this.run.state.selected));
  }

  /** End everything this view has started. */
  destroy() {
    if (this.end.signal.aborted) return;
    this.end.abort();
    cancelAnimationFrame(this.frame);
    this.playback?.destroy();
    this.root.remove();
  }
}

/** @param {DataView} view */
function int16(view) {
  return new Int16Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** @param {HTMLElement} host an element inside `.qaw` @param {WaveformOptions} options */
export function createWaveform(host, options) {
  return new WaveformView(host, options);
}

/**
 * The waveform view: sound, turns, words, waits and whatever else has a time, over one axis.
 *
 * `createWaveform(host, options)` builds it inside an element of the design system; it needs a run store, a
 * way to send, and a signal that ends it. Messages from the kernel go to `receive`.
 *
 * @import { View } from "./time_axis.js"
 * @import { Row, Scene } from "./wave_rows.js"
 * @import { Utterance } from "./run_state.js"
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
 * @property {boolean} [toolbar]
 * @property {boolean} [caption]   whether the selected turn's whole text stands under the axis
 * @property {boolean} [table]     whether a table stands under it (a transcript list elsewhere replaces it)
 * @property {Row[]} [rows]        further rows, over the time axis; one with the id of a row of ours replaces it
 * @property {(view: View) => void} [viewed]      told with every frame which stretch is shown
 * @property {(playing: boolean) => void} [played]
 */
import { make } from "./dom.js";
import { clock } from "./format.js";
import { listen } from "./gestures.js";
import { layBands, turnAt } from "./lanes.js";
import { latencyBars, placed, textOf } from "./run_state.js";
import { colours } from "./theme.js";
import { clampView, followEnd, panBy, reveal, toTime, toX, zoomAt } from "./time_axis.js";
import { createWaveBar } from "./wave_bar.js";
import { WaveCanvas } from "./wave_canvas.js";
import { createOverview } from "./wave_overview.js";
import { waveKey } from "./wave_keys.js";
import { axisRow, laneRow, latencyRow, scoreRow, textRow, waveRow, withRows } from "./wave_rows.js";
import { WaveSound } from "./wave_sound.js";
import { createWaveTable } from "./wave_table.js";
import { COLOURS } from "./waveform_draw.js";

/** Seconds across a live view at first. */
const LIVE_SPAN = 24;
const HEIGHT = 96;

export class WaveformView {
  /** @param {HTMLElement} host @param {WaveformOptions} options */
  constructor(host, options) {
    const { run, t } = options;
    this.options = options;
    this.run = run;
    this.t = t;
    this.end = new AbortController();
    const { signal } = this.end;
    options.signal.addEventListener("abort", () => this.destroy(), { once: true, signal });
    /** @type {View} */
    this.view = { start: 0, span: LIVE_SPAN };
    this.cursor = 0;
    this.following = false;
    this.frame = 0;
    this.overviewStale = true;
    /** @type {Colours | null} read again when null: an element not yet on the page has none */
    this.colours = null;
    this.font = "sans-serif";
    this.motion = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.sound = new WaveSound(options.send, (playing) => this.playingChanged(playing));
    this.turns = placed(run.state.utterances);
    this.bars = latencyBars(this.turns, run.state.info.pace);

    this.root = make("div", { class: "qaw-wave" });
    this.bar = createWaveBar(this.root, this, signal, options.toolbar ?? true);
    const body = make("div", { class: "qaw-wave-body" });
    this.root.append(body);
    this.overview = createOverview(body, {
      view: () => this.view,
      whole: () => Math.max(this.growing ? Math.max(this.duration, this.view.span) : this.duration + this.room, 0.001),
      moved: (start) => this.show({ start, span: this.view.span }),
    }, signal);
    const canvas = make("canvas", { "aria-hidden": "true" });
    this.canvas = new WaveCanvas(canvas, t);
    this.playhead = make("div", { class: "qaw-playhead", hidden: true });
    this.plot = make("div", {
      class: "qaw-plot", tabindex: "0", role: "slider", "aria-label": t("wave.label"),
      "aria-keyshortcuts": "Space + - ArrowLeft ArrowRight ArrowUp ArrowDown Home End 0 L E",
      "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0",
    }, canvas, this.playhead);
    this.caption = make("div", { class: "qaw-caption", hidden: true });
    body.append(this.plot, this.caption);
    this.table = (options.table ?? true)
      ? createWaveTable(body, { t, select: (number) => run.select(number, true) }, signal)
      : null;
    host.append(this.root);
    run.subscribe({ changed: () => this.runChanged(), selected: (chosen) => this.chosen(chosen) }, signal);
    this.watch(signal);
  }

  /** @param {AbortSignal} signal */
  watch(signal) {
    const restyled = () => {
      this.colours = null;
      this.overviewStale = true;
      this.schedule();
    };
    const themed = new MutationObserver(restyled);
    themed.observe(this.root.closest(".qaw") ?? this.root, { attributes: true, attributeFilter: ["data-theme"] });
    signal.addEventListener("abort", () => themed.disconnect(), { once: true });
    const resized = new ResizeObserver(restyled);
    resized.observe(this.plot);
    signal.addEventListener("abort", () => resized.disconnect(), { once: true });
    listen(this.plot, {
      grab: (x, y) => this.grab(x, y),
      click: (x, y) => this.click(x, y),
      pan: (pixels) => this.pan((pixels / this.canvas.width) * this.view.span),
      zoom: (factor, x) => this.zoom(factor, toTime(x - this.canvas.gutter, this.view, this.canvas.width)),
      key: (event) => waveKey(this, event),
    }, signal);
  }

  /** Seconds of sound there are. */
  get duration() {
    return this.sound.duration;
  }

  get growing() {
    return this.run.state.info.growing;
  }

  /** Seconds shown beyond the end: room for what is about to come, else for the waits that reach beyond it. */
  get room() {
    if (this.growing) return Math.max(0, LIVE_SPAN - this.duration) + this.view.span * 0.1;
    const until = this.bars.reduce((most, bar) => Math.max(most, bar.to), this.duration);
    return Math.max(until, ...(this.options.rows ?? []).map((row) => row.until ?? 0)) - this.duration;
  }

  /**
   * Take a message of the kernel; messages for others are left alone.
   * @param {any} message @param {DataView[]} buffers
   */
  receive(message, buffers) {
    if (message.kind === "show") this.showRange(message.start, message.end);
    else if (message.kind === "play") this.play(message.start, message.end ?? undefined);
    else if (message.kind === "pause") this.pause();
    // A view that comes in the middle of an announcement waits for its own, which begins with the run.
    else if (this.run.state.version >= 0) this.takeSound(this.sound.receive(message, buffers));
  }

  /** @param {ReturnType<WaveSound["receive"]>} result */
  takeSound(result) {
    if (result === "none") return;
    if (result === "opened") {
      this.following = this.growing;
      this.view = { start: 0, span: this.growing ? LIVE_SPAN : Math.max(this.duration + this.room, 0.02) };
    }
    if (this.following) this.view = followEnd(this.view, this.duration, this.motion.matches);
    this.overviewStale = true;
    this.schedule();
  }

  runChanged() {
    this.turns = placed(this.run.state.utterances);
    this.bars = latencyBars(this.turns, this.run.state.info.pace);
    if (!this.growing && this.following) this.fit();
    this.overviewStale = true;
    this.schedule();
  }

  /** Move the threshold line. @param {number | null} threshold in [-1, 1] */
  setThreshold(threshold) {
    this.sound.threshold = threshold;
    this.schedule();
  }

  /** @returns {Row[]} */
  rows() {
    const lanes = this.run.state.lanes.map(laneRow);
    return withRows([waveRow, latencyRow, textRow, ...lanes, scoreRow, axisRow], this.options.rows ?? []);
  }

  /** @returns {Scene} */
  scene() {
    const { tiles, rate, score, threshold } = this.sound;
    return {
      run: this.run.state, turns: this.turns, bars: this.bars, duration: this.duration, rate, tiles, score,
      threshold, waveHeight: this.options.height ?? HEIGHT, note: this.note(),
      laid: layBands(this.turns, this.view, this.canvas.width, this.duration),
    };
  }

  /** Why no waits are drawn, where that is so. */
  note() {
    const { info } = this.run.state;
    if (info.pace === 1 || !this.turns.some((turn) => (turn.finalization ?? turn.decode_delay) !== null)) return "";
    return this.t("wave.noWaits", { pace: info.pace === null ? this.t("wave.pace.free") : this.t("wave.pace.times", { pace: info.pace }) });
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
    this.view = clampView(this.view, this.duration, this.room);
    this.canvas.layOut(this.rows(), this.scene(), whole);
    const scene = this.scene();
    this.canvas.draw(scene, this.view, ink, this.font, ratio);
    if (this.overviewStale) {
      this.overviewStale = false;
      this.overview.draw(scene, ink, ratio, this.font, this.canvas.gutter);
      this.table?.update(scene);
      this.describe();
    }
    this.overview.place();
    this.placePlayhead();
    this.bar.update();
    this.sound.askFor(this.view, this.canvas.width * ratio);
    this.options.viewed?.(this.view);
    if (this.sound.playing) this.schedule();
  }

  readStyle() {
    if (!this.colours) {
      this.colours = colours(this.root, COLOURS);
      this.font = getComputedStyle(this.root).fontFamily;
    }
    return this.colours;
  }

  /** @param {number} x @param {number} y */
  grab(x, y) {
    const hit = this.canvas.at(x, y, this.view);
    return hit?.row.grab?.(hit.x, y, hit.time, hit.box, this.scene()) ?? null;
  }

  /** @param {number} x @param {number} y */
  click(x, y) {
    const hit = this.canvas.at(x, y, this.view);
    if (hit?.row.click?.(hit.x, y, hit.time, hit.box, this.scene())) return;
    const time = toTime(x - this.canvas.gutter, this.view, this.canvas.width);
    const turn = turnAt(this.turns, time, this.duration);
    if ((turn?.number ?? null) !== this.run.state.selected) this.run.select(turn?.number ?? null);
    this.seek(time);
  }

  /** Stand at a moment; what plays goes on from there. @param {number} time */
  seek(time) {
    const { playing } = this.sound;
    this.cursor = Math.min(Math.max(time, 0), this.duration);
    if (playing) this.play(this.cursor);
    this.describe();
    this.schedule();
  }

  /** Play from a moment, to the end if no other is given. @param {number} [from] @param {number} [to] */
  play(from = this.cursor, to = this.duration) {
    const start = from >= this.duration - 0.01 ? 0 : from;
    this.cursor = start;
    this.sound.playback?.play(start, Math.min(to, this.duration));
    this.schedule();
  }

  pause() {
    this.sound.playback?.pause();
  }

  togglePlay() {
    if (this.sound.playing) this.pause();
    else this.play();
  }

  /** @param {boolean} playing */
  playingChanged(playing) {
    if (!playing && this.sound.playback) this.cursor = this.sound.playback.from;
    this.options.played?.(playing);
    this.describe();
    this.schedule();
  }

  placePlayhead() {
    const { playback, playing } = this.sound;
    if (playing && playback) {
      this.cursor = playback.tick();
      if (this.cursor > this.view.start + this.view.span || this.cursor < this.view.start) {
        this.show({ start: this.cursor, span: this.view.span });
      }
    }
    const x = toX(this.cursor, this.view, this.canvas.width);
    const resting = !playing && (this.cursor === 0 || this.following);
    this.playhead.hidden = x < 0 || x > this.canvas.width || resting;
    this.playhead.style.transform = `translateX(${this.canvas.gutter + x}px)`;
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
    this.show({ start: 0, span: Math.max(this.duration + this.room, 0.02) });
  }

  /** Follow the end of a growing recording again. */
  followLive() {
    if (!this.growing) return;
    this.following = true;
    this.view = followEnd({ start: this.view.start, span: Math.min(this.view.span, LIVE_SPAN) }, this.duration);
    this.schedule();
  }

  /** @param {number} seconds */
  pan(seconds) {
    this.show(panBy(this.view, seconds, this.duration, this.room));
  }

  /** @param {number} factor @param {number} [anchor] seconds @returns {boolean} whether the view has changed */
  zoom(factor, anchor = this.anchor()) {
    const view = zoomAt(this.view, factor, anchor, this.duration, this.room);
    if (view.span === this.view.span && view.start === this.view.start) return false;
    this.view = this.following ? followEnd(view, this.duration) : view;
    this.schedule();
    return true;
  }

  /** Where keys and buttons zoom: at the cursor if it is in sight, else in the middle. */
  anchor() {
    const inside = this.cursor > this.view.start && this.cursor < this.view.start + this.view.span;
    return inside ? this.cursor : this.view.start + this.view.span / 2;
  }

  /** @param {import("./run_store.js").Selection} selection */
  chosen({ number, play }) {
    const turn = this.turns.find((one) => one.number === number);
    if (turn) {
      const end = turn.end ?? this.duration;
      const view = reveal(this.view, turn.onset, end, this.duration);
      if (view !== this.view) this.show(view);
      this.cursor = turn.onset;
      if (play) this.play(turn.onset, end + 0.15);
    }
    this.describe();
    this.schedule();
  }

  /** Say where we are, to screen readers and under the axis. */
  describe() {
    const { duration, plot } = this;
    const turn = /** @type {Utterance | null} */ (turnAt(this.turns, this.cursor, duration));
    const place = this.t("wave.position", { time: clock(this.cursor), total: clock(duration) });
    plot.setAttribute("aria-valuemax", duration.toFixed(1));
    plot.setAttribute("aria-valuenow", this.cursor.toFixed(1));
    plot.setAttribute("aria-valuetext", turn ? `${place}, ${turn.number}: ${textOf(turn)}` : place);
    const selected = this.turns.find((one) => one.number === this.run.state.selected);
    this.caption.hidden = !this.turns.length || !(this.options.caption ?? true);
    this.caption.replaceChildren(...(selected ? captionOf(selected) : [this.t("wave.choose")]));
  }

  /** End everything this view has started. */
  destroy() {
    if (this.end.signal.aborted) return;
    this.end.abort();
    cancelAnimationFrame(this.frame);
    this.sound.destroy();
    this.root.remove();
  }
}

/** @param {Utterance} turn */
function captionOf(turn) {
  const end = turn.end === null ? "…" : clock(turn.end);
  return [
    make("b", { class: "qaw-caption-number" }, String(turn.number)),
    make("span", {}, `${clock(turn.onset ?? 0)} – ${end}`),
    make("span", { class: "qaw-caption-text", dir: "auto" }, turn.settled, make("i", { class: "qaw-dim" }, turn.draft)),
  ];
}

/** @param {HTMLElement} host an element inside `.qaw` @param {WaveformOptions} options */
export function createWaveform(host, options) {
  return new WaveformView(host, options);
}

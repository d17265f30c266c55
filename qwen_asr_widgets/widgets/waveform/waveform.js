/**
 * The waveform view: sound, turns, words, waits and whatever else has a time, over one axis.
 *
 * `createWaveform(host, options)` builds it inside an element of the design system; it needs a run store, a
 * way to send, and a signal that ends it. Messages from the kernel go to `receive`.
 *
 * @import { KernelMessage, Send } from "../shared/messages.js"
 * @import { View } from "../shared/axis/time_axis.js"
 * @import { Region } from "./overview.js"
 * @import { Row, Scene } from "./rows.js"
 * @import { Mark } from "../shared/run/state.js"
 * @import { RunStore } from "../shared/run/store.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {object} WaveformOptions
 * @property {RunStore} run
 * @property {Send} send
 * @property {Translate} t
 * @property {AbortSignal} signal
 * @property {number} [height]     CSS pixels of the wave itself
 * @property {boolean} [toolbar]
 * @property {boolean} [caption]   whether the selected turn's whole text stands under the axis
 * @property {boolean} [table]     whether a table stands under it (a transcript list elsewhere replaces it)
 * @property {HTMLElement} [aside] what stands in the same line as that table's head
 * @property {Row[]} [rows]        further rows, over the time axis; one with the id of a row of ours replaces it
 * @property {(view: View) => void} [viewed]      told with every frame which stretch is shown
 * @property {(playing: boolean) => void} [played]
 * @property {(region: Region | null, looping: boolean) => void} [regioned] told which stretch is selected; with it one can be,
 *   by a drag on the strip above, or R for the selected turn, else for what is in sight
 * @property {() => void} [transport]  what Space does in place of playing the sound; the bar then has no Play
 */
import { make, pixelRatio } from "../shared/dom.js";
import { duration } from "../shared/format.js";
import { listen } from "../shared/axis/gestures.js";
import { layBands, turnAt } from "../shared/axis/lanes.js";
import { latencyBars, placed } from "../shared/run/state.js";
import { markText } from "../shared/run/summary.js";
import { toTime, toX } from "../shared/axis/time_axis.js";
import { createWaveBar } from "./controls.js";
import { WaveCanvas } from "./canvas.js";
import { createCaption, createLegend } from "./words.js";
import { createOverview } from "./overview.js";
import { waveKey } from "./controls.js";
import { axisRow, laneRow, latencyRow, marksRow, noteOf, scoreRow, textRow, waveRow, withRows } from "./rows.js";
import { WaveSound } from "./sound.js";
import { followStyle } from "./canvas.js";
import { createWaveTable } from "./words.js";
import { WaveWindow } from "./window.js";

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
    this.cursor = 0;
    /** Seconds of the sound that are shown: what follows is not there yet, as in a run that is seen again. */
    this.limit = Infinity;
    this.frame = 0;
    this.overviewStale = true;
    const motion = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.window = new WaveWindow(() => this.extent(), () => motion.matches);
    this.sound = new WaveSound(options.send, (playing) => this.playingChanged(playing));
    this.turns = placed(run.state.utterances);
    this.bars = latencyBars(this.turns, run.state.info.waits);
    /** @type {Mark[]} */
    this.marks = [];
    /** A stretch that is selected, to be heard by itself. @type {Region | null} */
    this.region = null;
    this.looping = false;

    this.root = make("div", { class: "qaw-wave" });
    this.bar = createWaveBar(this.root, this, signal, options.toolbar ?? true);
    const body = make("div", { class: "qaw-wave-body" });
    this.root.append(body);
    this.overview = createOverview(body, {
      view: () => this.view,
      whole: () => this.window.whole,
      moved: (start) => this.show({ start, span: this.view.span }),
      selects: () => this.selects, selected: (region) => this.selectRegion(region),
    }, signal);
    const canvas = make("canvas", { "aria-hidden": "true" });
    this.canvas = new WaveCanvas(canvas, t);
    this.playhead = make("div", { class: "qaw-playhead", hidden: true });
    this.shade = make("div", { class: "qaw-plot-region", hidden: true });
    this.plot = make("div", {
      class: "qaw-plot", tabindex: "0", role: "slider", "aria-label": t("wave.label"),
      "aria-keyshortcuts": `Space + - ArrowLeft ArrowRight ArrowUp ArrowDown Home End 0 L E${options.regioned ? " R" : ""}`,
      "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0",
    }, canvas, this.shade, this.playhead);
    body.append(this.plot);
    this.caption = createCaption(this.plot, t, options.caption ?? true);
    this.legend = createLegend(body, t);
    const foot = make("div", { class: "qaw-wave-foot" });
    this.table = (options.table ?? true)
      ? createWaveTable(foot, { t, select: (number) => run.select(number, true) }, signal)
      : null;
    if (options.aside) foot.append(options.aside);
    body.append(foot);
    host.append(this.root);
    run.subscribe({ changed: () => this.runChanged(), selected: (chosen) => this.chosen(chosen) }, signal);
    this.style = followStyle(this.root, this.plot, () => this.redraw(), signal);
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
    return Math.min(this.sound.duration, this.limit);
  }

  /** Show no more of the sound than this; following goes on from there. @param {number} seconds */
  limitTo(seconds) {
    this.limit = seconds;
    this.window.grow();
    this.redraw();
  }

  get growing() {
    return this.run.state.info.growing;
  }

  get view() {
    return this.window.view;
  }

  get following() {
    return this.window.following;
  }

  /** How much there is to show: sound, and the waits and rows that reach beyond its end. */
  extent() {
    const { duration, growing } = this;
    const waits = this.bars.reduce((most, bar) => Math.max(most, bar.to), duration);
    return { duration, growing, until: Math.max(waits, ...(this.options.rows ?? []).map((row) => row.until ?? 0)) };
  }

  /**
   * Take a message of the kernel; messages for others are left alone.
   * @param {KernelMessage} message @param {DataView[]} buffers
   */
  receive(message, buffers) {
    if (message.kind === "show") this.show({ start: message.start, span: message.end - message.start });
    else if (message.kind === "play") this.play(message.start, message.end ?? undefined);
    else if (message.kind === "pause") this.pause();
    // A view that comes in the middle of an announcement waits for its own, which begins with the run.
    else if (this.run.state.version >= 0) this.takeSound(this.sound.receive(message, buffers));
  }

  /** @param {ReturnType<WaveSound["receive"]>} result */
  takeSound(result) {
    if (result === "none") return;
    if (result === "opened") this.window.open();
    else this.window.grow();
    this.redraw();
  }

  runChanged() {
    this.turns = placed(this.run.state.utterances);
    this.bars = latencyBars(this.turns, this.run.state.info.waits);
    this.marks = this.run.state.marks.map((mark) => ({ ...mark, label: markText(mark, this.t) }));
    this.window.settle();
    this.redraw();
  }

  /** Move the threshold line. @param {number | null} threshold in [-1, 1] */
  setThreshold(threshold) {
    this.sound.threshold = threshold;
    this.schedule();
  }

  /** @returns {Row[]} */
  rows() {
    const lanes = this.run.state.lanes.map(laneRow);
    return withRows([waveRow, marksRow, latencyRow, textRow, ...lanes, scoreRow, axisRow], this.options.rows ?? []);
  }

  /** @returns {Scene} */
  scene() {
    const { tiles, rate, score, threshold } = this.sound;
    const laid = (/** @type {number} */ width) => layBands(this.turns, this.view, width, this.duration);
    return {
      run: this.run.state, turns: this.turns, bars: this.bars, marks: this.marks, duration: this.duration, rate, tiles, score,
      markLines: (width) => this.canvas.markLines(this.marks, this.window.whole, this.style.read().font, width),
      written: (seconds) => duration(seconds, this.t), noWords: this.t("wave.noWords"), threshold,
      waveHeight: this.options.height ?? HEIGHT, note: noteOf(this.run.state.info, this.turns, this.t),
      empty: this.duration || !this.sound.tiles ? "" : this.t(this.growing ? "wave.waiting" : "wave.silent"),
      textHeight: (width) => this.canvas.textHeight(laid(width).bands, this.style.read().font, width),
      laid: laid(this.canvas.width),
    };
  }

  /** Draw everything anew, the overview and the table too. */
  redraw() {
    this.overviewStale = true;
    this.schedule();
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
    if (!whole) return this.style.unseen();
    const { ink, font } = this.style.read();
    const ratio = pixelRatio(this.plot);
    this.window.clamp();
    this.canvas.layOut(this.rows(), this.scene(), whole);
    const scene = this.scene();
    this.canvas.draw(scene, this.view, ink, font, ratio);
    if (this.overviewStale) {
      this.overviewStale = false;
      this.overview.draw(scene, ink, ratio, font, this.canvas.gutter);
      this.table?.update(scene);
      this.legend.update(scene.turns);
      this.describe();
    }
    this.overview.place();
    this.placeRegion();
    this.placePlayhead();
    this.bar.update();
    this.sound.askFor(this.view, this.canvas.width * ratio);
    this.options.viewed?.(this.view);
    if (this.sound.playing) this.schedule();
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
    if (this.options.transport) this.options.transport();
    else if (this.sound.playing) this.pause();
    else this.play();
  }

  /** Whether a stretch can be selected: of a sound that grows no more. */
  get selects() {
    return this.options.regioned !== undefined && !this.growing;
  }

  /** Select a stretch, or none. @param {Region | null} region */
  selectRegion(region) {
    this.region = region && { start: Math.max(0, region.start), end: Math.min(region.end, this.duration) };
    if (this.looping) this.loop(region !== null);
    this.options.regioned?.(this.region, this.looping);
    this.schedule();
  }

  /** Select the turn that is selected, else what is in sight. */
  selectInSight() {
    if (!this.selects) return;
    const turn = this.turns.find((one) => one.number === this.run.state.selected);
    const { start, span } = this.view;
    this.selectRegion(turn ? { start: turn.onset, end: turn.end ?? this.duration } : { start, end: start + span });
  }

  /** Play the selected stretch again and again, or no longer. @param {boolean} on */
  loop(on) {
    this.looping = on && this.region !== null;
    if (this.looping && this.region) this.play(this.region.start, this.region.end);
    else this.pause();
    this.options.regioned?.(this.region, this.looping);
  }

  placeRegion() {
    this.overview.mark(this.region);
    this.shade.hidden = this.region === null;
    if (!this.region) return;
    const { gutter, width } = this.canvas;
    const [from, to] = [this.region.start, this.region.end].map((time) => Math.min(Math.max(toX(time, this.view, width), 0), width));
    this.shade.style.left = `${gutter + from}px`;
    this.shade.style.width = `${to - from}px`;
  }

  /** @param {boolean} playing */
  playingChanged(playing) {
    if (!playing && this.sound.playback) this.cursor = this.sound.playback.from;
    const { region, looping } = this;
    if (!playing && looping && region && this.cursor >= region.end - 0.01) return this.play(region.start, region.end);
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
    this.window.show(view);
    this.schedule();
  }

  /** Show everything. */
  fit() {
    this.window.fit();
    this.schedule();
  }

  /** Follow the end of a growing recording again. */
  followLive() {
    if (this.window.follow()) this.schedule();
  }

  /** @param {number} seconds */
  pan(seconds) {
    this.window.pan(seconds);
    this.schedule();
  }

  /** @param {number} factor @param {number} [anchor] seconds @returns {boolean} whether the view has changed */
  zoom(factor, anchor = this.window.anchor(this.cursor)) {
    const changed = this.window.zoom(factor, anchor);
    if (changed) this.schedule();
    return changed;
  }

  /** @param {import("../shared/run/store.js").Selection} selection */
  chosen({ number, play }) {
    const turn = this.turns.find((one) => one.number === number);
    if (turn) {
      const end = turn.end ?? this.duration;
      this.window.reveal(turn.onset, end);
      this.cursor = turn.onset;
      if (play) this.play(turn.onset, end + 0.15);
    }
    this.describe();
    this.schedule();
  }

  /** Say where we are, to screen readers and under the axis. */
  describe() {
    const { cursor, duration, turns, marks } = this;
    this.caption.update({ cursor, duration, turns, marks, selected: this.run.state.selected });
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

/** @param {HTMLElement} host an element inside `.qaw` @param {WaveformOptions} options */
export function createWaveform(host, options) {
  return new WaveformView(host, options);
}

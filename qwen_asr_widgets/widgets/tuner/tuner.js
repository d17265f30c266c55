/**
 * The VAD tuner: settings are tried here, judged in the kernel, and drawn over one time axis.
 *
 * @import { JudgedMessage, KernelMessage, Send, Surface } from "../shared/messages.js"
 * @import { Settings } from "./scales.js"
 * @import { RunStore } from "../shared/run/store.js"
 * @import { Translate } from "../shared/strings.js"
 * @typedef {object} TunerOptions
 * @property {HTMLElement} root
 * @property {RunStore} run
 * @property {Send} send
 * @property {Translate} t
 * @property {AbortSignal} signal
 * @property {number} height
 */
import { button, make, saveFile, scrolling, setText } from "../shared/dom.js";
import { createControls, createHandle } from "./controls.js";
import { createTunerBar } from "./bar.js";
import { createClipTable, createPanel } from "./judging/panel.js";
import { yToScore } from "./draw.js";
import { Cues } from "./hear.js";
import { Labels, createLabelTools } from "./labels.js";
import { serviceLane, triedLane, tunerRows } from "./rows.js";
import { same } from "./scales.js";
import { cueTimes, emptyTuner, judgeHere, stepProblem, takeTuner } from "./state.js";
import { SweepPanel } from "./sweep/sweep.js";
import { SecondLane } from "./lanes/second_lane.js";
import { OtherSpeaker } from "./lanes/other_speaker.js";
import { Tries } from "./tries.js";
import { endRows } from "./turn_ends/marks.js";
import { TurnEndsPanel } from "./turn_ends/panel.js";
import { VerifyPanel } from "./verify.js";
import { shownValue, whySentence } from "./why.js";
import { createWaveform } from "../waveform/waveform.js";
import { translator } from "../shared/strings.js";
import { hostView } from "../shared/view_host.js";

/** Seconds heard before and after a spot that is listened to. */
const AROUND = 0.8;
/** Columns of the table of turns. */
const TITLES = /** @type {const} */ (["lane", "begin", "end", "what"]);

export class TunerView {
  /** @param {TunerOptions} options */
  constructor(options) {
    const { root, run, send, t, signal } = options;
    this.root = root;
    this.send = send;
    this.t = t;
    this.state = emptyTuner();
    /** @type {Settings | null} what was tried before looking at what is in force */
    this.tried = null;
    this.shown = /** @type {"trying" | "in_force"} */ ("trying");
    this.hear = new Cues();
    this.labels = new Labels(this);
    this.second = new SecondLane(this);
    this.speaker = new OtherSpeaker(this);
    this.tries = new Tries({ send, signal, late: (waiting) => this.late(waiting) });
    signal.addEventListener("abort", () => this.hear.silence(), { once: true });

    const head = make("div");
    this.notice = make("div", { class: "qaw-notice", role: "alert", hidden: true });
    this.hint = make("div", { class: "qaw-notice qaw-tuner-late", "data-kind": "hint", hidden: true }, t("tuner.late"));
    const main = make("div", { class: "qaw-tuner-main" });
    const side = make("aside", { class: "qaw-tuner-panel", "aria-label": t("tuner.panel") });
    const below = make("div");
    root.classList.add("qaw-tuner");
    root.append(head, this.notice, this.hint, make("div", { class: "qaw-tuner-grid" }, main, side), below);
    this.verify = new VerifyPanel(this, head, signal);
    this.ends = new TurnEndsPanel(this, below, signal);
    this.wave = createWaveform(main, {
      run, send, t, signal, height: options.height, toolbar: false, caption: false, table: false,
      rows: [...tunerRows(this), ...endRows(this.ends), ...this.second.rows(), ...this.speaker.rows()],
      viewed: () => this.placed(), played: () => this.playedChanged(),
    });
    this.overlay = make("div", { class: "qaw-tuner-overlay" });
    /** @type {HTMLElement} */ (this.wave.plot.parentElement).append(this.overlay);
    this.bar = createTunerBar(head, this, signal);
    head.append(this.verify.root);
    this.handle = createHandle(this, signal);
    this.tools = createLabelTools(main, this, signal);
    this.why = make("div", { class: "qaw-tuner-why", "aria-live": "polite", hidden: true });
    main.append(this.why);
    this.signal = signal;
    this.controls = createControls(main, this, signal);
    this.second.open(main, signal);
    this.speaker.open(main);
    this.panel = createPanel(side, main, this, signal);
    this.clips = createClipTable(below, this, signal);
    this.sweep = new SweepPanel(this, below, signal);
    this.table = turnTable(below, this, signal);
    root.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  /** What the sliders show; the kernel follows. */
  get wanted() {
    return this.state.wanted;
  }

  /** @param {Settings | null} settings */
  set wanted(settings) {
    this.state.wanted = settings;
  }

  /** @param {KernelMessage} message @param {DataView[]} buffers */
  receive(message, buffers) {
    this.wave.receive(message, buffers);
    if (message.kind === "tuner-problem") this.say(message.text);
    if (message.kind === "file") {
      saveFile(new Blob([/** @type {DataView<ArrayBuffer>} */ (buffers[0])], { type: message.mime }), message.name);
    }
    if (message.kind === "tried") this.tries.answered(message.serial);
    if (message.kind === "cues") this.hear.set({ a: cueTimes(buffers[0]), b: cueTimes(buffers[1]) });
    if (message.kind === "verify") this.panel.showReplays(message.results);
    this.verify.receive(message);
    this.second.receive(message, buffers);
    this.speaker.receive(message, buffers);
    this.sweep.receive(message, buffers);
    this.ends.receive(message, buffers);
    if (!takeTuner(this.state, message, buffers)) return;
    if (message.kind === "tuner") {
      this.bar.open();
      this.controls.open();
    }
    if (message.kind === "reference") this.labels.answered();
    if (message.kind === "judged") this.judged(message);
    if (message.kind === "explanation") this.explain();
    this.describe();
    this.wave.schedule();
  }

  /** @param {JudgedMessage} message */
  judged(message) {
    if (message.serial === null) {
      this.wanted = message.settings;
      if (this.shown === "trying") this.tried = null;
    }
    this.tries.answered(message.serial);
    if (this.state.chosen !== null) this.askWhy();
    else this.explain();
    this.sweep.draw();
  }

  /** Try settings: drawn at once, judged by the kernel. @param {Settings} settings */
  try(settings) {
    const limited = { ...settings, threshold: Math.min(1, Math.max(-1, settings.threshold)) };
    if (this.wanted && same(limited, this.wanted)) return;
    this.wanted = limited;
    this.shown = "trying";
    this.tried = null;
    this.notice.hidden = true;
    judgeHere(this.state, limited);
    this.tries.want(limited);
    this.describe();
    this.sweep.draw();
    this.wave.schedule();
  }

  /** Look at what is in force, and back. @param {"trying" | "in_force"} which */
  flip(which) {
    const { inForce } = this.state;
    if (which === this.shown || !this.wanted || !inForce) return;
    const back = this.tried;
    const tried = this.wanted;
    this.try(which === "in_force" ? inForce : back ?? tried);
    this.shown = which;
    this.tried = which === "in_force" ? tried : null;
    this.describe();
    this.wave.schedule();
  }

  /** @param {number} y pixels in the plot */
  dragThreshold(y) {
    const box = this.box("tuner:score");
    if (box && this.wanted) this.try({ ...this.wanted, threshold: Math.round(yToScore(y, box) * 100) / 100 });
  }

  /** Where a row stands. @param {string} id */
  box(id) {
    return this.wave.canvas.placed.find(({ row }) => row.id === id)?.box ?? null;
  }

  /** Called with every frame. */
  placed() {
    const { plot, canvas } = this.wave;
    Object.assign(this.overlay.style, { top: `${plot.offsetTop}px`, left: `${plot.offsetLeft}px`, width: `${plot.clientWidth}px` });
    this.handle.place(this.box("tuner:score"), canvas.gutter);
    this.tools.place(this.box("tuner:reference"), canvas.gutter);
    if (this.wave.sound.playback) this.hear.tick(this.wave.sound.playback);
  }

  playedChanged() {
    if (!this.wave.sound.playing) this.hear.silence();
    this.bar.describe();
  }

  /** Bring what stands in words up to date. */
  describe() {
    if (!this.state.about) return;
    this.handle.describe();
    this.controls.describe();
    this.tools.describe();
    this.bar.describe();
    this.panel.describe();
    this.clips.describe();
    this.table.describe();
    this.ends.describe();
  }

  /** @param {1 | -1} step */
  step(step) {
    const next = stepProblem(this.state.problems, this.state.chosen, step, this.wave.cursor);
    if (next !== null) this.choose(next);
  }

  /** Choose an error: show it, stand before it, say why. @param {number} index */
  choose(index) {
    this.state.chosen = index;
    this.state.why = null;
    const one = this.state.problems[index];
    this.reveal(one.start - AROUND, one.end + AROUND);
    this.wave.seek(Math.max(0, one.start - AROUND));
    this.askWhy();
    this.describe();
  }

  askWhy() {
    const { chosen, problems } = this.state;
    if (chosen === null) return;
    const { start, end, kind } = problems[chosen];
    this.send({ kind: "explain", index: chosen, start, end, error: ["cut", "merged", "missed", "invented"].indexOf(kind) });
  }

  explain() {
    const { why } = this.state;
    this.why.hidden = !why;
    if (!why) return this.why.replaceChildren();
    const remedies = why.remedies.map((one) => button(
      `${this.t(`tuner.setting.${one.setting}`)} ${shownValue(one)}`,
      () => this.try({ threshold: one.threshold, silence: one.silence, padding: one.padding }), this.signal,
    ));
    const one = this.state.chosen === null ? null : this.state.problems[this.state.chosen];
    const listen = one ? [button(`▶ ${this.t("tuner.listen")}`, () => this.playSpot(one.start, one.end), this.signal)] : [];
    this.why.replaceChildren(make("p", {}, whySentence(why, this.t)), make("div", { class: "qaw-tuner-tools" }, ...remedies, ...listen));
  }

  /** @param {number} from seconds @param {number} to */
  reveal(from, to) {
    const { view, duration } = this.wave;
    if (from >= view.start && to <= view.start + view.span) return;
    const span = Math.max(view.span, to - from);
    this.wave.show({ start: Math.min(Math.max((from + to - span) / 2, 0), Math.max(duration - span, 0)), span });
  }

  /** Listen to a place. @param {number} start @param {number} end */
  playSpot(start, end) {
    this.reveal(start - AROUND, end + AROUND);
    this.wave.play(Math.max(0, start - AROUND), Math.min(end + AROUND, this.wave.duration));
  }

  toggleHear() {
    this.hear.on = !this.hear.on;
    this.hear.silence();
    this.send({ kind: "hear", on: this.hear.on });
    if (this.hear.on && !this.wave.sound.playing) this.wave.play();
    else if (!this.hear.on) this.wave.pause();
    this.describe();
    this.wave.schedule();
  }

  /** @param {"a" | "b"} which */
  hearWhich(which) {
    this.hear.choose(which);
    this.bar.describe();
    this.wave.schedule();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const typing = /** @type {HTMLElement} */ (event.target).matches("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (this.hear.on && (key === "a" || key === "b")) this.hearWhich(key);
    else if (key === "n") this.step(event.shiftKey ? -1 : 1);
    else if (key === "i") this.flip(this.shown === "trying" ? "in_force" : "trying");
    else if (!this.ends.key(event)) return;
    event.preventDefault();
  }

  /** Say what could not be done; it goes with the next try. @param {string} text */
  say(text) {
    this.notice.hidden = false;
    setText(this.notice, text);
    this.labels.answered();
    this.wave.schedule();
  }

  /** @param {boolean} waiting whether the kernel has not answered for a while */
  late(waiting) {
    this.hint.hidden = !waiting;
  }
}

/** Everything on the axis as a table. @param {HTMLElement} host @param {TunerView} tuner @param {AbortSignal} signal */
function turnTable(host, tuner, signal) {
  const { t } = tuner;
  const body = make("tbody");
  const heads = TITLES.map((name) => make("th", { scope: "col" }, t(`tuner.table.${name}`)));
  const root = make("details", { class: "qaw-wave-details qaw-tuner-table" }, make("summary", {}, t("wave.table")),
    scrolling(t("wave.table"),
      make("table", { class: "qaw-table" }, make("thead", {}, make("tr", {}, ...heads)), body)));
  host.append(root);
  const row = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number | null} */ to, /** @type {string} */ what) =>
    make("tr", {}, make("th", { scope: "row" }, name),
      ...[from.toFixed(3), (to ?? 0).toFixed(3), what].map((text) => make("td", {}, text)));
  const describe = () => {
    if (!root.open) return;
    const { state } = tuner;
    const lanes = /** @type {const} */ ([
      [t("wave.lane.reference"), state.reference], [serviceLane(state, t), state.service], [triedLane(tuner), state.turns],
    ]);
    body.replaceChildren(
      ...state.problems.map((one) => row(t("tuner.table.error"), one.start, one.end, t(`tuner.figure.${one.kind}`))),
      ...lanes.flatMap(([lane, turns]) => turns.map(
        (turn) => row(`${lane} ${turn.number}`, turn.onset, turn.end, turn.settled ?? ""),
      )),
    );
  };
  root.addEventListener("toggle", describe, { signal });
  return { describe };
}

/** @param {Surface} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, run, send, signal }) => [
    new TunerView({ root, run, send, signal, t: translator(model.get("lang")), height: model.get("height") }),
  ]);
}

export default { render };

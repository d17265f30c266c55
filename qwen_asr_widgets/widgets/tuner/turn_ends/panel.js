/**
 * What decides that a turn is over, under the tuner: the handles of a policy, what it does, the worst of it one by one,
 * and what would heal it; purposes; the trade-off and the lengths of pauses as small pictures.
 *
 * @import { KernelMessage, PageCommand } from "../../shared/messages.js"
 * @import { Policy } from "./judge.js"
 * @import { Judged } from "./state.js"
 * @import { TunerView } from "../tuner.js"
 */
import { RATE } from "../judging/turns.js";
import { button, make, setText } from "../../shared/dom.js";
import { helpMark } from "../../shared/help.js";
import { createHandles } from "./handles.js";
import { figuresOf, judgeTimers, lengthOf, remedies, startOf, wrongAt } from "./judge.js";
import { createPlots } from "./plots.js";
import { createPurposes } from "./purposes.js";
import { EndsState } from "./state.js";
import { detectorName, effectText, handleText, inSeconds, pauseSentence, percent } from "./words.js";

/** Seconds heard before and after a place. */
const BEFORE = 2;
const AFTER = 1.5;
/** Milliseconds without a change after which the kernel is told the policy. */
const REST = 160;
const LISTS = /** @type {const} */ (["cuts", "waits"]);
/** The keys that go through the lists; with Shift backwards. */
const KEYS = { c: "cuts", w: "waits" };

export class TurnEndsPanel {
  /** @param {TunerView} tuner @param {HTMLElement} host @param {AbortSignal} signal */
  constructor(tuner, host, signal) {
    const { t } = tuner;
    this.tuner = tuner;
    this.t = t;
    this.signal = signal;
    this.state = new EndsState(tuner.state);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    signal.addEventListener("abort", () => clearTimeout(this.timer), { once: true });

    this.decides = make("select", { class: "qaw-select", "aria-label": t("tuner.ends.decides") });
    this.decides.addEventListener("change", () => tuner.send({ kind: "decide", detector: this.decides.value }), { signal });
    this.asking = make("span", { class: "qaw-dim", role: "status" });
    this.source = make("p", { class: "qaw-dim" });
    this.warning = make("p", { class: "qaw-ends-warning", role: "note", hidden: true });
    this.problem = make("p", { class: "qaw-ends-warning", role: "alert", hidden: true });
    this.handles = createHandles(this.state, t, (handle, value) => this.turn({ [handle]: value }), signal);
    this.byTuner = make("p", { class: "qaw-dim" }, t("tuner.ends.detector.said"));
    this.purposes = createPurposes(this.state, t, (command) => this.trade(command), signal);
    this.figures = make("div", { class: "qaw-tuner-figures" });
    this.steps = LISTS.map((list) => this.stepper(list));
    this.why = make("div", { class: "qaw-tuner-why", "aria-live": "polite", hidden: true });
    this.plots = createPlots(this.state, tuner.root, t, signal);
    this.body = this.build();
    this.root = make("details", { class: "qaw-ends" }, make("summary", {}, t("tuner.ends.title")), this.body);
    this.root.addEventListener("toggle", () => this.redraw(), { signal });
    host.append(this.root);
  }

  build() {
    const { t } = this;
    const trade = button(t("tuner.ends.trade"), () => this.trade({ kind: "trade", purpose: "", limit: null }), this.signal);
    this.results = make("div", { class: "qaw-ends-results" }, this.figures, this.limitBox(), ...this.steps.map(({ root }) => root));
    this.settings = make("div", { class: "qaw-ends-settings" }, this.byTuner, this.handles.root, this.purposes.root, trade);
    return make("div", { class: "qaw-ends-body" },
      make("div", { class: "qaw-tuner-tools" }, make("label", {}, `${t("tuner.ends.decides")} `, this.decides), this.asking),
      this.problem, this.warning, this.source,
      make("div", { class: "qaw-ends-grid" }, this.settings, make("div", {}, this.results, this.why)), this.plots.root);
  }

  /** From when on a wait is long. */
  limitBox() {
    const { t, state } = this;
    const box = make("input", { type: "number", class: "qaw-input", min: 0.2, max: 6, step: 0.1, value: state.limit.toFixed(1) });
    box.addEventListener("input", () => {
      const value = Number(box.value);
      if (box.value === "" || !Number.isFinite(value)) return;
      state.limit = value;
      this.redraw();
    }, { signal: this.signal });
    return make("label", { class: "qaw-ends-limit" }, `${t("tuner.ends.limit")} `, box, " s");
  }

  /** Buttons that go through one of the lists. @param {"cuts" | "waits"} list */
  stepper(list) {
    const { t } = this;
    const key = list === "cuts" ? "C" : "W";
    const before = button("◀", () => this.step(list, -1), this.signal, {
      "aria-label": t(`tuner.ends.previous.${list}`), "aria-keyshortcuts": `Shift+${key}`, title: `Shift+${key}`,
    });
    const after = button("▶", () => this.step(list, 1), this.signal, {
      "aria-label": t(`tuner.ends.next.${list}`), "aria-keyshortcuts": key, title: key,
    });
    const said = make("span");
    return { list, before, after, said, root: make("div", { class: "qaw-ends-steps" }, said, before, after) };
  }

  get isOpen() {
    return this.root.open;
  }

  /** @param {KernelMessage} message @param {DataView[]} buffers */
  receive(message, buffers) {
    const opening = message.kind === "ends" && this.state.about === null;
    if (message.kind === "tuner-problem") this.purposes.wait("");
    if (!this.state.take(message, buffers)) return;
    if (opening && message.detector !== "vad") this.root.open = true;
    this.redraw();
  }

  /** @param {Extract<PageCommand, {kind: "trade"}>} command */
  trade(command) {
    this.purposes.wait(this.t("tuner.ends.trading"));
    this.tuner.send(command);
  }

  /** Turn a handle: judged and drawn at once, told to the kernel when it rests. @param {Partial<Policy>} change */
  turn(change) {
    this.state.turn(change);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), REST);
    this.redraw();
  }

  tell() {
    const { state } = this;
    if (!state.policy) return;
    const { threshold, delay, timeOut } = state.policy;
    state.serial += 1;
    this.tuner.send({ kind: "policy", threshold, delay, time_out: timeOut, serial: state.serial });
  }

  redraw() {
    this.describe();
    this.tuner.wave.schedule();
  }

  /** Bring what stands in words up to date. */
  describe() {
    const { state, t } = this;
    const { about } = state;
    if (!about || !this.isOpen) return;
    this.describeSource();
    this.handles.describe();
    this.purposes.describe();
    this.byTuner.hidden = !state.byDetector;
    const judged = state.judged();
    /** @type {HTMLElement} */ (this.settings).hidden = !about.known;
    /** @type {HTMLElement} */ (this.results).hidden = !judged;
    if (judged) this.fill(judged);
    this.steps.forEach(({ list, before, after, said }) => {
      const count = judged?.[list].length ?? 0;
      before.disabled = after.disabled = !count;
      const at = state.chosen?.list === list ? state.chosen.at + 1 : 0;
      setText(said, t(at && count ? `tuner.ends.at.${list}` : `tuner.ends.count.${list}`, { at, count }));
    });
    this.explain();
    this.plots.describe();
  }

  describeSource() {
    const { state, t } = this;
    const about = /** @type {NonNullable<EndsState["about"]>} */ (state.about);
    const names = about.detectors.map((name) => detectorName(name, t));
    if (this.decides.children.length !== names.length) {
      this.decides.replaceChildren(...names.map((name, k) => make("option", { value: about.detectors[k] }, name)));
    }
    this.decides.value = about.detector;
    setText(this.asking, about.asking && state.asking ? t("tuner.ends.asking", { ...state.asking, name: about.detector }) : "");
    setText(this.problem, about.problem);
    this.problem.hidden = !about.problem;
    setText(this.warning, t("tuner.ends.synthetic"));
    this.warning.hidden = !about.synthetic;
    const [least, most] = about.range;
    const ends = (state.pauses?.count ?? 0) - about.holds;
    const judged = t("tuner.ends.judged", { least, most, holds: about.holds, ends, out: about.left_out });
    setText(this.source, !about.known ? t("tuner.ends.noReference")
      : `${about.given ? t("tuner.ends.source.given") : t("tuner.ends.source.read", { threshold: about.threshold.toFixed(2) })} ${judged}`);
  }

  /** @param {Judged} judged */
  fill({ figures, turns }) {
    const { t, state } = this;
    const { holds, cuts } = figures;
    const share = holds ? t("tuner.ends.share", { share: percent(cuts, holds), count: holds }) : "";
    const answered = figures.ends ? t("tuner.ends.of", { count: figures.ends }) : "";
    const rows = /** @type {[string, string, string, string][]} */ ([
      [t("tuner.ends.figure.cuts"), share, String(cuts), "hold_cut_off"],
      [t("tuner.ends.figure.wait"), answered, inSeconds(figures.wait), "mean_wait"],
      [t("tuner.ends.figure.longest"), "", inSeconds(figures.longest), "longest_wait"],
      [t("tuner.ends.figure.late", { limit: state.limit.toFixed(1) }), answered, String(figures.late), "late_answers"],
      ...(state.byModel ? [[t("tuner.ends.figure.timedOut"), answered, String(figures.timedOut), "timed_out"]] : []),
      ...(figures.unseen ? [[t("tuner.ends.figure.unseen"), "", String(figures.unseen), "unseen_end"]] : []),
      [t("tuner.figure.turns"), t("tuner.ends.true", { count: (state.pauses?.turns.length ?? 0) / 2 }), String(turns.length), ""],
    ]);
    while (this.figures.children.length > rows.length) this.figures.lastElementChild?.remove();
    rows.forEach(([title, note, value, term], k) => {
      const line = this.figures.children[k] ?? this.figures.appendChild(
        make("div", { class: "qaw-tuner-figure" }, make("span"), make("span", { class: "qaw-dim" }), make("b")));
      const [name, ...cells] = /** @type {HTMLElement[]} */ ([...line.children]);
      if (name.dataset.title !== title) {
        name.dataset.title = title;
        name.replaceChildren(title, ...(term ? [helpMark((part) => t(`term.ends.${term}.${part}`), t, this.signal)] : []));
      }
      setText(cells[0], note);
      setText(cells[1], value);
    });
  }

  /** Go to the next of the worst, or the one before, and hear it. @param {"cuts" | "waits"} list @param {1 | -1} step */
  step(list, step) {
    this.root.open = true;
    const spot = this.state.step(list, step);
    if (spot) this.show(spot.pause, true);
  }

  /** Show why a pause went as it did. @param {number} pause */
  pick(pause) {
    this.state.pick(pause);
    this.show(pause, false);
  }

  /** @param {number} pause @param {boolean} play */
  show(pause, play) {
    const { state, tuner } = this;
    const { pauses } = state;
    if (!pauses) return;
    const answer = state.judged()?.outcome.answer[pause] ?? Number.NaN;
    const start = startOf(pauses, pause) / RATE;
    const end = (startOf(pauses, pause) + Math.max(lengthOf(pauses, pause), answer || 0)) / RATE;
    const [from, to] = [Math.max(0, start - BEFORE), Math.min(end + AFTER, tuner.wave.duration)];
    if (state.byDetector) this.chooseError(start, end);
    tuner.reveal(from, to);
    if (play) tuner.wave.play(from, to);
    this.redraw();
  }

  /** Let the tuner explain the cut of the turn detector in a stretch. @param {number} start seconds @param {number} end */
  chooseError(start, end) {
    const { tuner } = this;
    const found = tuner.state.problems.findIndex((one) => one.kind === "cut" && one.start < end && one.end > start);
    if (found >= 0) tuner.choose(found);
  }

  /** Say why, and which handle would heal it at which price. */
  explain() {
    const { state, t } = this;
    const { pauses, chosen, policy, about } = state;
    this.why.hidden = !chosen;
    if (!chosen || !pauses || !about) return this.why.replaceChildren();
    const judged = state.judged();
    const wrong = judged && wrongAt(pauses, judged.outcome, chosen.pause, state.limit);
    const rows = wrong && policy && !state.byDetector ? this.remedyRows(chosen.pause) : [];
    const hint = !wrong ? [] : state.byDetector ? [make("p", { class: "qaw-dim" }, t("tuner.ends.heal.detector"))]
      : rows.length ? [] : [make("p", { class: "qaw-dim" }, t("tuner.ends.heal.none"))];
    const listen = button(`▶ ${t("tuner.listen")}`, () => this.show(chosen.pause, true), this.signal);
    this.why.replaceChildren(make("p", {}, pauseSentence(state, pauses, chosen.pause, t)), ...hint, ...rows, listen);
  }

  /** A button for each handle that heals alone, and what else it changes. @param {number} pause */
  remedyRows(pause) {
    const { state, t } = this;
    const { pauses, inUse, about, policy } = state;
    const judged = state.judged();
    if (!pauses || !inUse || !about || !judged || !policy) return [];
    const ranges = { delay: about.ranges.delay, timeOut: about.ranges.time_out };
    return remedies(pauses, inUse, pause, state.limit, ranges).map(({ handle, policy: healing }) => {
      const then = figuresOf(pauses, judgeTimers(pauses, healing), state.limit);
      const change = { [handle]: healing[handle] };
      return make("div", { class: "qaw-ends-remedy" },
        button(handleText(handle, healing, t), () => this.turn(change), this.signal),
        make("span", {}, effectText(judged.figures, then, t)));
    });
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was for this panel */
  key(event) {
    const list = /** @type {Record<string, "cuts" | "waits" | undefined>} */ (KEYS)[event.key.toLowerCase()];
    if (!list || !this.state.about?.known) return false;
    this.step(list, event.shiftKey ? -1 : 1);
    return true;
  }
}

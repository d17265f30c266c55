/**
 * The second lane: the clip once more, in noise, at another level, over a telephone line or by another detector. Its
 * controls, its score and its turns; the kernel hears and judges it.
 *
 * @import { KernelMessage, SecondMessage } from "../../shared/messages.js"
 * @import { Problem } from "../state.js"
 * @import { Row } from "../../waveform/rows.js"
 * @import { TunerView } from "../tuner.js"
 * @import { Turn } from "../../shared/axis/lanes.js"
 * @typedef {{detector: string, noise: string, snr: number, level: number, telephone: boolean, threshold: number | null}} Hearing
 */
import { make, setText } from "../../shared/dom.js";
import { layBands } from "../../shared/axis/lanes.js";
import { drawLane } from "../../waveform/draw.js";
import { ScorePicture } from "../density.js";
import { drawProblems } from "../draw.js";
import { floats, ints, problemsOf, turnsOf } from "../state.js";
import { createSecondControls } from "./second_controls.js";
import { detectorName, noiseName, signed } from "./words.js";

const SCORE = 72;
const LANE = 22;
const ERRORS = /** @type {const} */ (["cut", "merged", "missed", "invented"]);
/** What a noise begins with when it is chosen: dB. */
const FIRST_SNR = 15;

export class SecondLane {
  /** @param {TunerView} tuner */
  constructor(tuner) {
    this.tuner = tuner;
    /** @type {SecondMessage | null} what the kernel hears */
    this.heard = null;
    /** @type {Hearing} what the controls show; the kernel follows */
    this.wanted = { detector: "silero", noise: "none", snr: FIRST_SNR, level: 0, telephone: false, threshold: null };
    /** @type {{values: Float32Array, hop: number} | null} */
    this.score = null;
    /** @type {Turn[]} */
    this.turns = [];
    /** @type {Problem[]} */
    this.problems = [];
    this.serial = 0;
    this.underWay = false;
    this.waiting = false;
    /** @type {ReturnType<typeof createSecondControls> | null} */
    this.controls = null;
  }

  /** Make the controls. @param {HTMLElement} host @param {AbortSignal} signal */
  open(host, signal) {
    this.controls = createSecondControls(host, this, signal);
    this.result = make("p", { class: "qaw-tuner-second-result", "aria-live": "polite" });
    this.controls.root.append(this.result);
  }

  /** Hear otherwise: the newest wish is sent, one at a time. @param {Partial<Hearing>} change */
  hear(change) {
    this.wanted = { ...this.wanted, ...change };
    if (this.wanted.detector === "silero") this.wanted.threshold = null;
    if (this.underWay) this.waiting = true;
    else this.ask();
    this.describe();
  }

  ask() {
    this.underWay = true;
    this.waiting = false;
    this.serial += 1;
    this.tuner.send({ kind: "second", serial: this.serial, ...this.wanted });
  }

  /** @param {KernelMessage} message @param {DataView[]} buffers */
  receive(message, buffers) {
    if (message.kind === "second-scores") this.score = { values: floats(buffers[0]), hop: message.hop };
    else if (message.kind === "tuner-problem" && this.underWay) this.refused();
    else if (message.kind === "second") this.take(message, buffers);
  }

  /** @param {SecondMessage} message @param {DataView[]} buffers */
  take(message, buffers) {
    this.heard = message;
    this.turns = message.settings ? turnsOf(ints(buffers[0])) : [];
    this.problems = message.settings ? problemsOf(buffers[1], buffers[2]) : [];
    if (message.serial === this.serial) this.underWay = false;
    if (this.waiting && !this.underWay) this.ask();
    if (!this.underWay) this.follow(message);
    this.describe();
    this.tuner.wave.schedule();
  }

  /** Show in the controls what the kernel hears: Python may have said so. @param {SecondMessage} message */
  follow({ detector, condition, threshold }) {
    const { noise, snr, level, telephone } = condition;
    this.wanted = { detector, noise, level, telephone, threshold, snr: snr ?? this.wanted.snr };
  }

  /** The kernel could not: show what it still hears. */
  refused() {
    this.underWay = this.waiting = false;
    if (this.heard) this.follow(this.heard);
    this.describe();
  }

  /** The threshold at which its turns are found. */
  get threshold() {
    return this.heard?.threshold ?? this.tuner.wanted?.threshold ?? 0;
  }

  describe() {
    this.controls?.describe();
    if (!this.result) return;
    const { t, state } = this.tuner;
    const { heard } = this;
    this.result.hidden = !heard?.on;
    if (!heard?.on) return;
    const name = this.title();
    if (heard.busy || !heard.figures) return setText(this.result, t("tuner.second.busy", { name }));
    const values = heard.figures;
    const here = state.figures;
    const parts = state.hasReference
      ? ERRORS.map((kind) => change(t(`tuner.figure.${kind}`), values[kind], here?.[kind] ?? null))
      : [change(t("tuner.figure.turns"), values.turns, here?.turns ?? null)];
    if (values.wait !== null && values.waits !== 0) parts.push(t("tuner.second.wait", { value: values.wait.toFixed(2) }));
    setText(this.result, t("tuner.second.result", { name, parts: parts.join(" · ") }));
  }

  /** What it hears, in words. */
  title() {
    const { t } = this.tuner;
    const { heard } = this;
    if (!heard) return "";
    const { noise, snr, level, telephone } = heard.condition;
    const parts = [
      heard.detector === "silero" ? "" : detectorName(heard.detector, t),
      noise === "none" ? "" : `${noiseName(noise, heard.recorded, t)} ${signed(snr ?? 0, false)} dB`,
      level ? t("tuner.second.levelAt", { value: signed(level, true) }) : "",
      telephone ? t("tuner.second.line") : "",
    ];
    return parts.filter(Boolean).join(", ");
  }

  /** @returns {Row[]} */
  rows() {
    const { t } = this.tuner;
    const shown = () => this.heard?.on === true && this.score !== null;
    const picture = new ScorePicture();
    return [{
      id: "tuner:second-score",
      height: () => (shown() ? SCORE : 0),
      label: () => (this.heard && this.heard.detector !== "silero" ? detectorName(this.heard.detector, t) : t("tuner.second.score")),
      draw: (pen, box) => { if (this.score) picture.draw(pen, box, this.score, 1, this.threshold, null); },
    }, {
      id: "tuner:second",
      height: () => (shown() ? LANE : 0),
      label: () => t("tuner.second.lane"),
      draw: (pen, box) => {
        const { bands, density, ticks } = layBands(this.turns, pen.view, pen.width, 0);
        drawLane(pen, box, bands, "estimated", { density, ticks });
        drawProblems(pen, box, this.problems, null);
      },
    }];
  }
}

/** A count, and by how much it is another here. @param {string} name @param {number | null} value @param {number | null} here */
function change(name, value, here) {
  const more = value === null || here === null ? 0 : value - here;
  return `${name} ${value ?? "–"}${more ? ` (${signed(more, true)})` : ""}`;
}

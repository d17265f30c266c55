/**
 * The other speaker of a call: the turns of the other channel, where both speak, backchannels and interruptions apart.
 *
 * @import { Box } from "../../shared/axis/layout.js"
 * @import { KernelMessage, SpeakerMessage } from "../../shared/messages.js"
 * @import { Pen } from "../../waveform/draw.js"
 * @import { Row } from "../../waveform/rows.js"
 * @import { TunerView } from "../tuner.js"
 * @import { Turn } from "../../shared/axis/lanes.js"
 * @typedef {{start: number, end: number, interrupts: boolean, other: boolean}} Event  seconds; whether the other began it
 */
import { make, scrolling, setText } from "../../shared/dom.js";
import { layBands } from "../../shared/axis/lanes.js";
import { toX } from "../../shared/axis/time_axis.js";
import { drawLane } from "../../waveform/draw.js";
import { RATE } from "../judging/turns.js";
import { ints, turnsOf } from "../state.js";

const LANE = 22;
const MARKS = 16;

export class OtherSpeaker {
  /** @param {TunerView} tuner */
  constructor(tuner) {
    this.tuner = tuner;
    /** @type {SpeakerMessage | null} */
    this.said = null;
    /** @type {Turn[]} */
    this.turns = [];
    /** @type {[number, number][]} seconds in which both speak */
    this.stretches = [];
    /** @type {Event[]} */
    this.events = [];
    /** @type {number | null} the clip in sight, whose other channel this is */
    this.at = null;
  }

  /** Make the table of counts. @param {HTMLElement} host */
  open(host) {
    const { t } = this.tuner;
    this.body = make("tbody");
    this.heading = make("h3");
    this.known = make("th", { scope: "col" }, t("tuner.speaker.true"));
    const head = make("tr", {}, make("td"), make("th", { scope: "col" }, t("tuner.speaker.tried")), this.known);
    const table = make("table", { class: "qaw-table" }, make("thead", {}, head), this.body);
    this.root = make("section", { class: "qaw-tuner-speaker", hidden: true }, this.heading, scrolling(t("tuner.speaker"), table),
      make("p", { class: "qaw-dim" }, t("tuner.speaker.legend")));
    host.append(this.root);
  }

  /** @param {KernelMessage} message @param {DataView[]} buffers */
  receive(message, buffers) {
    if (message.kind === "tuner" && message.at !== this.at) {
      this.at = message.at;
      this.said = null;
      this.describe();
    }
    if (message.kind !== "speaker") return;
    this.said = message;
    this.turns = turnsOf(ints(buffers[0]));
    this.stretches = spans(buffers[1]);
    this.events = spans(buffers[2]).map(([start, end], k) => (
      { start, end, interrupts: buffers[3].getUint8(k) === 1, other: buffers[4].getUint8(k) === 1 }
    ));
    this.describe();
    this.tuner.wave.schedule();
  }

  describe() {
    if (!this.root || !this.heading || !this.body || !this.known) return;
    const { t } = this.tuner;
    const { said } = this;
    this.root.hidden = !said;
    if (!said) return;
    setText(this.heading, t("tuner.speaker.with", { name: said.name }));
    const columns = said.true ? [said.tried, said.true] : [said.tried];
    this.known.hidden = !said.true;
    this.body.replaceChildren(
      row(t("tuner.speaker.atOnce"), columns.map(({ seconds, share }) => `${seconds.toFixed(2)} s (${(100 * share).toFixed(1)} %)`)),
      row(t("tuner.speaker.backchannels"), columns.map(({ backchannels }) => this.both(backchannels))),
      row(t("tuner.speaker.interruptions"), columns.map(({ interruptions }) => this.both(interruptions))),
    );
  }

  /** How many there are, and whose. @param {[number, number]} counts */
  both([here, other]) {
    return this.tuner.t("tuner.speaker.counts", { count: here + other, here, other });
  }

  /** @returns {Row[]} */
  rows() {
    const { t } = this.tuner;
    return [{
      id: "tuner:speaker",
      height: () => (this.said ? LANE : 0),
      label: () => this.said?.name ?? "",
      draw: (pen, box) => {
        const { bands, density, ticks } = layBands(this.turns, pen.view, pen.width, 0);
        drawLane(pen, box, bands, "service", { density, ticks });
        drawStretches(pen, box, this.stretches);
      },
    }, {
      id: "tuner:speaker-marks",
      height: () => (this.said && this.events.length ? MARKS : 0),
      label: () => t("tuner.speaker.marks"),
      draw: (pen, box) => drawEvents(pen, box, this.events),
    }];
  }
}

/** A row of the table. @param {string} name @param {string[]} cells */
function row(name, cells) {
  return make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((text) => make("td", {}, text)));
}

/** @param {DataView} buffer @returns {[number, number][]} */
function spans(buffer) {
  const samples = ints(buffer);
  return Array.from({ length: samples.length / 2 }, (_, k) => [samples[2 * k] / RATE, samples[2 * k + 1] / RATE]);
}

/** Where both speak: a bar under the lane. @param {Pen} pen @param {Box} box @param {[number, number][]} stretches */
function drawStretches({ ctx, colours, view, width }, box, stretches) {
  ctx.fillStyle = colours.alarm;
  for (const [start, end] of stretches) {
    const from = toX(start, view, width);
    ctx.fillRect(from, box.y + box.height - 4, Math.max(toX(end, view, width) - from, 1.5), 3);
  }
}

/**
 * A triangle where somebody breaks in, a ring where somebody says that they listen; filled where it is the other.
 * @param {Pen} pen @param {Box} box @param {Event[]} events
 */
function drawEvents({ ctx, colours, view, width }, box, events) {
  ctx.lineWidth = 1.5;
  for (const { start, interrupts, other } of events) {
    const x = toX(start, view, width);
    if (x < -6 || x > width + 6) continue;
    const y = box.y + box.height / 2;
    ctx.strokeStyle = ctx.fillStyle = interrupts ? colours.alarm : colours.turn;
    ctx.beginPath();
    if (interrupts) {
      ctx.moveTo(x - 4, y - 4.5);
      ctx.lineTo(x + 5, y);
      ctx.lineTo(x - 4, y + 4.5);
      ctx.closePath();
    } else ctx.arc(x, y, 4, 0, 2 * Math.PI);
    if (other) ctx.fill();
    ctx.stroke();
  }
}

/**
 * The bar over a run that is seen again: plays it, scrubs, steps from event to event; and what asks the kernel for the
 * state at each moment. One request is under way at a time, the newest moment wanted waits.
 *
 * @import { KernelMessage, MomentMessage, Send } from "../shared/messages.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { WaveformView } from "../waveform/waveform.js"
 */
import { button, make, setText } from "../shared/dom.js";
import { clock as written } from "../shared/format.js";
import { Playback } from "../shared/axis/playback.js";
import { textOf } from "../shared/run/state.js";
import { problemText } from "../transcript/rows.js";
import { ReplayClock, SPEEDS, soundSpeed } from "./clock.js";

/** Milliseconds between two moments that are asked for while time passes. */
const PERIOD = 50;
/** Milliseconds after which a moment that was not answered is asked for again. */
const ASK_AGAIN = 2000;
/** Seconds by which what is heard may be off what is seen. */
const OFF = 0.35;
/** Seconds that a key moves the scrubber, alone and with Shift. */
const KEY_STEP = /** @type {const} */ ([0.1, 5]);

export class Replay {
  /**
   * @param {HTMLElement} host @param {{send: Send, t: Translate, signal: AbortSignal}} options
   */
  constructor(host, options) {
    this.options = options;
    const { signal } = options;
    this.clock = new ReplayClock(() => performance.now() / 1000);
    /** @type {WaveformView | null} */
    this.wave = null;
    this.source = "";
    this.pace = /** @type {number | null} */ (null);
    this.heard = 0;
    /** Of the last request; begins elsewhere in each view, since answers go to all. */
    this.serial = Math.floor(Math.random() * 1e9);
    /** When the request under way was sent; null where there is none. */
    this.asked = /** @type {number | null} */ (null);
    this.wanted = /** @type {number | null} */ (null);
    this.shownTime = 0;
    this.frame = 0;
    /** @type {Playback | null} */
    this.playback = null;
    this.parts = this.build(host);
    signal.addEventListener("abort", () => this.destroy(), { once: true });
  }

  /** @param {HTMLElement} host */
  build(host) {
    const { t, signal } = this.options;
    const play = button("", () => this.toggle(), signal, { class: "qaw-replay-play", "aria-keyshortcuts": "Space" });
    const glyph = make("span", { "aria-hidden": "true" });
    const word = make("span");
    play.append(glyph, " ", word);
    const step = (/** @type {1 | -1} */ by, /** @type {string} */ sign, /** @type {string} */ name, /** @type {string} */ key) =>
      button(sign, () => this.step(by), signal, { "aria-label": name, title: name, "aria-keyshortcuts": key });
    const before = step(-1, "⇤", t("replay.before"), ",");
    const after = step(1, "⇥", t("replay.after"), ".");
    const back = button(t("replay.backwards"), () => this.change({ backwards: !this.clock.backwards }), signal, {
      "aria-pressed": "false",
    });
    const scrubber = make("input", {
      type: "range", class: "qaw-replay-scrubber", min: 0, max: 0, step: "any", value: 0, "aria-label": t("replay.scrubber"),
    });
    scrubber.addEventListener("input", () => this.goTo(Number(scrubber.value)), { signal });
    const place = make("span", { class: "qaw-number" });
    const speed = make("select", { class: "qaw-select", "aria-label": t("replay.speed") });
    speed.addEventListener("change", () => this.change({ speed: Number(speed.value) }), { signal });
    const note = make("span", { class: "qaw-dim qaw-replay-note", role: "status" });
    const spoken = make("span", { class: "qaw-only-spoken", role: "status" });
    const root = make("div", { class: "qaw-bar qaw-replay", role: "toolbar", "aria-label": t("replay.controls") },
      make("b", {}, t("replay.title")), play, before, after, back, speed, place, note, scrubber, spoken);
    root.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && this.key(event)) event.preventDefault();
    }, { signal });
    host.append(root);
    return { root, play, glyph, word, back, scrubber, place, speed, note, spoken };
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it was used */
  key({ key, shiftKey, target }) {
    const sliding = target === this.parts.scrubber;
    const by = KEY_STEP[shiftKey ? 1 : 0];
    if (key === ",") this.step(-1);
    else if (key === ".") this.step(1);
    else if (key === " " && sliding) this.toggle();
    else if (sliding && (key === "ArrowLeft" || key === "ArrowDown")) this.goTo(this.clock.time - by);
    else if (sliding && (key === "ArrowRight" || key === "ArrowUp")) this.goTo(this.clock.time + by);
    else return false;
    return true;
  }

  /** What the waveform under the bar does: Space plays the run, and a turn that is listened to holds it up. */
  get transport() {
    return {
      transport: () => this.toggle(),
      played: (/** @type {boolean} */ playing) => {
        if (playing && this.clock.playing) this.pause();
      },
    };
  }

  // ---- what is done

  toggle() {
    if (this.clock.playing) this.pause();
    else {
      this.clock.play();
      this.ask(this.clock.time);
      this.tick();
    }
    this.draw();
  }

  pause() {
    this.clock.pause();
    this.playback?.pause();
    this.ask(this.clock.time);
    this.draw();
  }

  /** @param {number} time */
  goTo(time) {
    this.playback?.pause();
    this.clock.set(time);
    this.ask(this.clock.time);
    this.draw();
  }

  /** Stand at the next event, or the one before; what plays stops. @param {1 | -1} by */
  step(by) {
    this.clock.pause();
    this.playback?.pause();
    this.wanted = null;
    this.asked = performance.now();
    this.serial += 1;
    this.options.send({ kind: "step", by, serial: this.serial });
  }

  /** @param {{speed?: number, backwards?: boolean}} how */
  change(how) {
    this.clock.change(how);
    this.playback?.pause();
    this.draw();
  }

  // ---- between page and kernel

  /** Ask for what was seen at a moment: now, or once what was asked for before is here. @param {number} time */
  ask(time) {
    const now = performance.now();
    if (this.asked !== null && now - this.asked < ASK_AGAIN) {
      this.wanted = time;
      return;
    }
    this.wanted = null;
    this.asked = now;
    this.serial += 1;
    this.options.send({ kind: "moment", time, serial: this.serial });
  }

  /** @param {KernelMessage} message @param {DataView[]} buffers */
  receive(message, buffers) {
    if (message.kind === "moment") this.take(message);
    else if (!("source" in message) || message.source !== this.source) return;
    else if (message.kind === "pcm") {
      const { buffer, byteOffset, byteLength } = buffers[0];
      this.playback?.take(message.start, new Int16Array(buffer.slice(byteOffset, byteOffset + byteLength)));
    }
  }

  /** @param {MomentMessage} message */
  take(message) {
    const opened = this.source !== message.source;
    this.source = message.source;
    this.pace = message.pace;
    this.clock.duration = message.duration;
    if (opened) this.open(message);
    if (message.serial === this.serial) this.asked = null;
    // What another view of the widget has asked for is followed too.
    if (!this.clock.playing && this.wanted === null && this.asked === null) this.clock.set(message.time);
    this.show(message, opened);
    if (this.asked !== null) return;
    if (this.wanted !== null) this.ask(this.wanted);
  }

  /** @param {MomentMessage} message */
  open({ speed, time, duration }) {
    const { t } = this.options;
    const speeds = SPEEDS.some((one) => one === speed) ? [...SPEEDS] : [...SPEEDS, speed].sort((a, b) => a - b);
    this.parts.speed.replaceChildren(...speeds.map((one) => make("option", { value: one }, t("replay.times", { speed: one }))));
    this.parts.speed.value = String(speed);
    this.parts.scrubber.max = String(duration);
    this.clock.speed = speed;
    this.clock.set(time);
  }

  /** @param {MomentMessage} message @param {boolean} opened whether it is the first of this run: nobody has moved */
  show({ heard, time }, opened) {
    this.heard = heard;
    this.shownTime = time;
    const { wave } = this;
    if (wave) {
      wave.limitTo(heard);
      const { start, span } = wave.view;
      if (wave.growing && (heard < start || heard > start + span)) wave.followLive();
    }
    this.followSound();
    this.draw();
    if (!this.clock.playing && !opened) setText(this.parts.spoken, this.momentText());
  }

  /** What stands there at the moment shown: when it is, and the newest words. */
  momentText() {
    const { t } = this.options;
    const newest = this.wave?.turns.at(-1);
    const words = newest && (textOf(newest) || problemText(newest, t));
    const time = written(this.shownTime);
    return words ? t("replay.said", { time, number: newest.number, words }) : t("replay.said.nothing", { time });
  }

  /** Let what is heard be what is seen. */
  followSound() {
    const rate = this.wave?.sound.rate;
    const speed = soundSpeed(this.clock, this.pace);
    if (!rate || !this.clock.playing || speed === null || this.heard <= 0) {
      this.playback?.pause();
      return;
    }
    this.playback ??= new Playback({ rate, ask: this.options.send, changed: () => {} });
    const off = this.playback.playing ? Math.abs(this.playback.tick() - this.heard) : Infinity;
    const end = this.wave?.sound.duration ?? 0;
    if (off > OFF * Math.max(1, speed) && end - this.heard > OFF) this.playback.play(this.heard, end, speed);
  }

  // ---- on the page

  /** Once a frame while time passes. */
  tick() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.clock.playing) return;
      this.playback?.tick();
      if (this.clock.over) this.pause();
      else if (Math.abs(this.clock.time - this.shownTime) * 1000 >= PERIOD * this.clock.speed) this.ask(this.clock.time);
      this.draw();
      this.tick();
    });
  }

  draw() {
    const { t } = this.options;
    const { clock } = this;
    const { parts } = this;
    setText(parts.glyph, clock.playing ? "❚❚" : clock.backwards ? "◀" : "▶");
    setText(parts.word, t(clock.playing ? "wave.pause" : "wave.play"));
    parts.back.setAttribute("aria-pressed", String(clock.backwards));
    parts.scrubber.value = String(clock.time);
    const place = t("wave.position", { time: written(clock.time), total: written(clock.duration) });
    parts.scrubber.setAttribute("aria-valuetext", place);
    setText(parts.place, `${written(clock.time)} / ${written(clock.duration)}`);
    const silent = soundSpeed(clock, this.pace) === null;
    setText(parts.note, silent ? t(this.pace === null ? "replay.silent.pace" : "replay.silent") : "");
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.clock.pause();
    this.playback?.destroy();
    this.parts.root.remove();
  }
}

/**
 * Sends what is dragged, at most one request under way: while the kernel judges one, only the latest of those
 * that follow is kept, so that nothing piles up. The view draws what it judged itself meanwhile; the kernel's
 * answer is what counts.
 *
 * @import { Send } from "../shared/messages.js"
 * @import { Settings } from "./scales.js"
 * @typedef {object} TriesOptions
 * @property {Send} send
 * @property {(waiting: boolean) => void} late  told when an answer takes long, and when it has come
 * @property {AbortSignal} signal
 */

const LATE = 1500;
const REST = 160;

export class Tries {
  /** @param {TriesOptions} options */
  constructor(options) {
    this.options = options;
    this.serial = 0;
    this.underWay = false;
    /** @type {Settings | null} */
    this.next = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    options.signal.addEventListener("abort", () => clearTimeout(this.timer), { once: true });
  }

  /** @param {Settings} settings */
  want(settings) {
    if (this.underWay) this.next = settings;
    else this.ask(settings);
  }

  /** @param {Settings} settings */
  ask(settings) {
    this.underWay = true;
    this.next = null;
    this.serial += 1;
    this.options.send({ kind: "try", serial: this.serial, ...settings });
    this.wait(() => this.options.late(true), LATE);
  }

  /** Take the number of an answer; null is one that nobody asked for. @param {number | null} serial */
  answered(serial) {
    if (serial === null || serial !== this.serial) return;
    this.underWay = false;
    this.options.late(false);
    clearTimeout(this.timer);
    if (this.next) this.ask(this.next);
    else this.wait(() => this.options.send({ kind: "rest" }), REST);
  }

  /** @param {() => void} then @param {number} milliseconds */
  wait(then, milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(then, milliseconds);
  }
}

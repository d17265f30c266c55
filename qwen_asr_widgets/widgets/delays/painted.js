/**
 * Tells the kernel when final words stand on the screen, which only the page knows.
 *
 * @import { RunMessage, Send } from "../shared/messages.js"
 */

export class PaintReports {
  /**
   * @param {Send} send
   * @param {{now?: () => number, painted?: (then: () => void) => void}} [page] its clock (ms), and what waits until
   *   the next frame was painted
   */
  constructor(send, { now = () => performance.now(), painted = afterPaint } = {}) {
    this.send = send;
    this.now = now;
    this.painted = painted;
    /** Numbers of the utterances whose finals were reported, or were there when the view opened. */
    this.known = /** @type {Set<number>} */ (new Set());
  }

  /** @param {RunMessage} message that views are about to draw */
  take(message) {
    const finals = message.utterances.filter(({ number, status }) => status === "final" && !this.known.has(number));
    for (const { number } of finals) this.known.add(number);
    if (message.base === null || !finals.length) return;
    const came = this.now();
    this.painted(() => {
      const took = (this.now() - came) / 1000;
      for (const { number } of finals) this.send({ kind: "painted", number, took });
    });
  }
}

/** Call once what is drawn in the next frame stands on the screen; a page that is hidden paints nothing. @param {() => void} then */
function afterPaint(then) {
  requestAnimationFrame(() => setTimeout(then));
}

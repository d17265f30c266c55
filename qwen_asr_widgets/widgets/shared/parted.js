/**
 * Whether a view has lost its kernel for good, as after a restart: only the cell, run again, makes another. Jupyter says that
 * something has happened to the way to the kernel; whether it is gone shows by its not answering.
 *
 * @import { Emitter } from "./messages.js"
 */
import { listenTo } from "./dom.js";

/** Milliseconds that a kernel is given to answer. */
const ANSWER_MS = 2000;

/**
 * @param {Emitter<{comm_live_update: () => void, "msg:custom": () => void}>} model
 * @param {() => void} ask says something to which the kernel answers
 * @param {(parted: boolean) => void} changed @param {AbortSignal} signal
 */
export function whenParted(model, ask, changed, signal) {
  let parted = false;
  /** @type {number | undefined} */
  let timer;
  const become = (/** @type {boolean} */ now) => {
    window.clearTimeout(timer);
    timer = undefined;
    if (parted === now) return;
    parted = now;
    changed(parted);
  };
  listenTo(model, "comm_live_update", () => {
    timer ??= window.setTimeout(() => become(true), ANSWER_MS);
    ask();
  }, signal);
  listenTo(model, "msg:custom", () => become(false), signal);
  signal.addEventListener("abort", () => window.clearTimeout(timer), { once: true });
}

/**
 * One run as every view of it on the page sees it: the state, who listens, and what is selected.
 *
 * Views of the same recording are linked in the browser, so that a click in one is seen in the other while
 * the kernel is busy.
 *
 * @import { KernelMessage, Send } from "../messages.js"
 * @typedef {{number: number | null, play: boolean}} Selection
 * @typedef {{changed?: () => void, selected?: (selection: Selection) => void}} RunListener
 */
import { emptyRun, takeRun } from "./state.js";

const SELECT = "qaw-select";
/** Milliseconds between two requests for a snapshot. */
const ASK_AGAIN = 500;

/**
 * @param {{ask: Send, signal: AbortSignal, now?: () => number}} options
 */
export function createRunStore({ ask, signal, now = () => performance.now() }) {
  const state = emptyRun();
  /** @type {Set<RunListener>} */
  const listeners = new Set();
  let source = "";
  let asked = -Infinity;

  /** @param {KernelMessage} message */
  function receive(message) {
    if (message.kind !== "run") return;
    if (source && source !== message.source) Object.assign(state, emptyRun());
    source = message.source;
    const result = takeRun(state, message);
    if (result === "gap" && now() - asked > ASK_AGAIN) {
      asked = now();
      ask({ kind: "hello" });
    }
    if (result === "taken") for (const listener of listeners) listener.changed?.();
  }

  /** @param {Selection} selection */
  function take(selection) {
    state.selected = selection.number;
    for (const listener of listeners) listener.selected?.(selection);
  }

  document.addEventListener(
    SELECT,
    (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      if (detail.source === source) take(detail);
    },
    { signal },
  );

  return {
    state,
    receive,
    /** @param {RunListener} listener @param {AbortSignal} ended */
    subscribe(listener, ended) {
      listeners.add(listener);
      ended.addEventListener("abort", () => listeners.delete(listener), { once: true });
    },
    /** Select in every view of this recording. @param {number | null} number @param {boolean} [play] */
    select(number, play = false) {
      document.dispatchEvent(new CustomEvent(SELECT, { detail: { source, number, play } }));
    },
  };
}

/** @typedef {ReturnType<typeof createRunStore>} RunStore */

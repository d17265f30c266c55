/**
 * The three handles of a policy: the model's threshold, the action delay, the time-out. Each is a slider with its number.
 *
 * @import { Handle } from "./judge.js"
 * @import { EndsState } from "./state.js"
 * @import { Translate } from "../../shared/strings.js"
 */
import { make } from "../../shared/dom.js";

export const HANDLES = /** @type {const} */ (["threshold", "delay", "timeOut"]);
const STEP = 0.01;

/**
 * @param {EndsState} state @param {Translate} t @param {(handle: Handle, value: number) => void} turned
 * @param {AbortSignal} signal
 */
export function createHandles(state, t, turned, signal) {
  const root = make("div", { class: "qaw-tuner-controls qaw-ends-handles" });
  const rows = HANDLES.map(row);

  /** @param {Handle} handle */
  function row(handle) {
    const title = t(`tuner.ends.handle.${handle}`);
    const range = make("input", { type: "range", "aria-label": title, step: STEP, class: "qaw-tuner-range", "data-handle": handle });
    const box = make("input", { type: "number", class: "qaw-input", "aria-label": title, step: STEP });
    const take = (/** @type {number} */ value) => {
      const [low, high] = rangeOf(handle);
      if (Number.isFinite(value)) turned(handle, Math.round(100 * Math.min(Math.max(value, low), high)) / 100);
    };
    range.addEventListener("input", () => take(Number(range.value)), { signal });
    box.addEventListener("change", () => {
      take(Number(box.value));
      box.value = (state.policy?.[handle] ?? 0).toFixed(2);
    }, { signal });
    const parts = [
      make("span", { "aria-hidden": "true" }, title), range,
      make("span", { class: "qaw-tuner-box" }, box, make("span", { class: "qaw-dim qaw-tuner-unit" }, handle === "threshold" ? "" : "s")),
    ];
    root.append(...parts);
    return { handle, range, box, parts };
  }

  /** @param {Handle} handle @returns {[number, number]} */
  function rangeOf(handle) {
    const { about } = state;
    if (handle === "threshold" || !about) return [0, 1];
    return handle === "delay" ? about.ranges.delay : about.ranges.time_out;
  }

  /** @type {unknown[]} what they show */
  let shown = [];
  return {
    root,
    describe() {
      const { policy, about } = state;
      root.hidden = state.byDetector || !policy;
      if (!policy || root.hidden || (shown[0] === policy && shown[1] === about)) return;
      shown = [policy, about];
      for (const { handle, range, box, parts } of rows) {
        const isUsed = state.byModel || handle === "timeOut";
        for (const part of parts) part.hidden = !isUsed;
        const [low, high] = rangeOf(handle);
        Object.assign(range, { min: String(low), max: String(high) });
        Object.assign(box, { min: String(low), max: String(high) });
        const value = policy[handle] ?? 0;
        range.value = String(value);
        range.style.setProperty("--at", `${(100 * (value - low)) / (high - low)}%`);
        range.setAttribute("aria-valuetext", handle === "threshold" ? value.toFixed(2) : `${value.toFixed(2)} s`);
        if (document.activeElement !== box) box.value = value.toFixed(2);
      }
    },
  };
}

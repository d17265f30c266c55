/**
 * The threshold as something to take hold of: a pill at the right end of its line, a slider for keys and for
 * screen readers.
 *
 * @import { TunerView } from "./tuner.js"
 * @import { Box } from "../shared/axis/layout.js"
 */
import { make } from "../shared/dom.js";
import { scoreToY } from "./draw.js";
import { score } from "./scales.js";

const STEPS = /** @type {Record<string, number>} */ ({
  ArrowUp: 0.01, ArrowRight: 0.01, ArrowDown: -0.01, ArrowLeft: -0.01, PageUp: 0.1, PageDown: -0.1,
});

/** @param {TunerView} tuner @param {AbortSignal} signal */
export function createHandle(tuner, signal) {
  const { t } = tuner;
  const text = make("span");
  const handle = make("div", {
    class: "qaw-tuner-handle", role: "slider", tabindex: "0", "aria-orientation": "vertical",
    "aria-label": t("tuner.setting.threshold"), "aria-valuemin": "-1", "aria-valuemax": "1", "aria-valuenow": "0",
  }, make("span", { class: "qaw-tuner-pill" }, make("span", { "aria-hidden": "true" }, "⇕ "), text));
  const ticks = ["1", "0", "−1"].map((text) => make("span", { class: "qaw-tuner-tick", "aria-hidden": "true" }, text));
  tuner.overlay.append(handle, ...ticks);
  let held = false;
  handle.addEventListener("pointerdown", (event) => {
    held = true;
    handle.setPointerCapture(event.pointerId);
  }, { signal });
  handle.addEventListener("pointermove", (event) => {
    if (held) tuner.dragThreshold(event.clientY - tuner.overlay.getBoundingClientRect().top);
  }, { signal });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    handle.addEventListener(name, () => { held = false; }, { signal });
  }
  handle.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const { wanted } = tuner;
    if (!wanted || event.ctrlKey || event.metaKey) return;
    if (event.key === "Home") tuner.try({ ...wanted, threshold: -1 });
    else if (event.key === "End") tuner.try({ ...wanted, threshold: 1 });
    else if (step) tuner.try({ ...wanted, threshold: Math.round((wanted.threshold + (event.shiftKey ? 10 : 1) * step) * 100) / 100 });
    else return;
    event.preventDefault();
  }, { signal });
  return {
    /** @param {Box | null} box @param {number} gutter */
    place(box, gutter) {
      ticks.forEach((tick, k) => {
        tick.hidden = !box || !gutter;
        if (box) Object.assign(tick.style, { top: `${scoreToY(1 - k, box)}px`, width: `${gutter - 4}px` });
      });
      const { wanted } = tuner;
      handle.hidden = !box || !wanted;
      if (!box || !wanted) return;
      handle.style.top = `${scoreToY(wanted.threshold, box)}px`;
    },
    describe() {
      const { wanted, state } = tuner;
      if (!wanted) return;
      const value = score(wanted.threshold);
      if (text.textContent !== value) text.textContent = value;
      handle.setAttribute("aria-valuenow", String(wanted.threshold));
      handle.setAttribute("aria-valuetext", t("tuner.threshold.said", { value, turns: state.turns.length }));
    },
  };
}

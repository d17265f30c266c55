/**
 * The settings as something to take hold of: the threshold's handle on its line over the score, three sliders with
 * their numbers, and the presets.
 *
 * @import { TunerView } from "./tuner.js"
 * @import { Scale, SettingName, Settings } from "./scales.js"
 * @import { Box } from "../shared/axis/layout.js"
 */
import { button, make, pointIn } from "../shared/dom.js";
import { helpMark } from "../shared/help.js";
import { POSITIONS, brief, same, scales, score } from "./scales.js";
import { scoreToY } from "./draw.js";

const PRESETS = /** @type {const} */ (["low", "balanced"]);
const NAMES = /** @type {const} */ (["threshold", "silence", "padding"]);

/** @param {HTMLElement} host @param {TunerView} tuner @param {AbortSignal} signal */
export function createControls(host, tuner, signal) {
  const { t } = tuner;
  const root = make("div", { class: "qaw-tuner-controls" });
  host.append(root);
  /** @type {Record<SettingName, Scale> | null} */
  let known = null;
  const inputs = Object.fromEntries(NAMES.map((name) => [name, row(name)]));
  const presets = make("div", { class: "qaw-tuner-presets" });
  const reset = button(t("tuner.preset.back"), () => tuner.state.inForce && tuner.try(tuner.state.inForce), signal);
  const sweep = button(t("tuner.sweep"), () => tuner.send({ kind: "sweep" }), signal);
  root.append(presets);

  /** @param {SettingName} name */
  function row(name) {
    const title = t(`tuner.setting.${name}`);
    const range = make("input", {
      type: "range", "aria-label": title, min: 0, max: POSITIONS, step: "any", class: "qaw-tuner-range",
    });
    const box = make("input", { type: "number", class: "qaw-input", "aria-label": title });
    const set = (/** @type {number} */ value) => {
      if (tuner.wanted && known && Number.isFinite(value)) {
        const limited = Math.min(Math.max(value, known[name].min), known[name].max);
        tuner.try({ ...tuner.wanted, [name]: limited });
      }
    };
    range.addEventListener("input", () => known && set(known[name].toValue(Number(range.value))), { signal });
    range.addEventListener("keydown", (event) => {
      const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
      if (!step || !known || !tuner.wanted) return;
      event.preventDefault();
      set(Number((tuner.wanted[name] + step * known[name].step * (event.shiftKey ? 10 : 1)).toFixed(6)));
    }, { signal });
    box.addEventListener("change", () => set(Number(box.value)), { signal });
    const unit = make("span", { class: "qaw-dim qaw-tuner-unit" }, name === "threshold" ? "" : "ms");
    const help = helpMark((part) => t(`term.setting.${name}.${part}`), t, signal);
    const named = make("span", { class: "qaw-tuner-setting" }, make("span", { "aria-hidden": "true" }, title), help);
    root.append(named, range, make("span", { class: "qaw-tuner-box" }, box, unit));
    return { range, box };
  }

  return {
    /** The ranges have come. */
    open() {
      const { about } = tuner.state;
      if (!about) return;
      known = scales(about.ranges);
      for (const name of NAMES) {
        const { min, max } = known[name];
        const step = name === "threshold" ? 0.01 : 10;
        Object.assign(inputs[name].box, { min: String(min), max: String(max), step: String(step) });
      }
      const choices = PRESETS.map((name) => preset(t(`tuner.preset.${name}`), about.presets[name]));
      presets.replaceChildren(...choices, reset, make("span", { class: "qaw-space" }), sweep);
    },
    describe() {
      const { wanted, state } = tuner;
      if (!wanted || !known) return;
      for (const name of NAMES) {
        const { range, box } = inputs[name];
        const position = known[name].toPosition(wanted[name]);
        if (document.activeElement !== range || Math.abs(Number(range.value) - position) > 5) range.value = String(position);
        range.style.setProperty("--at", `${position / (POSITIONS / 100)}%`);
        range.setAttribute("aria-valuetext", known[name].write(wanted[name]));
        if (document.activeElement !== box) box.value = name === "threshold" ? wanted[name].toFixed(2) : String(wanted[name]);
      }
      reset.disabled = !state.inForce || same(wanted, state.inForce);
    },
  };

  /** @param {string} label @param {Settings} settings */
  function preset(label, settings) {
    return button(`${label} ${brief(settings)}`, () => {
      if (tuner.wanted) tuner.try({ ...settings, padding: tuner.wanted.padding });
    }, signal);
  }
}

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
    if (held) tuner.dragThreshold(pointIn(tuner.overlay, event).y);
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

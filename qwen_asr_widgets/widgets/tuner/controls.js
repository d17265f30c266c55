/**
 * The settings in numbers: three sliders with their boxes, and the presets.
 *
 * @import { TunerView } from "./tuner.js"
 * @import { Scale, SettingName, Settings } from "./scales.js"
 */
import { button, make } from "../shared/dom.js";
import { copyCode } from "./bar.js";
import { setText } from "./panel.js";
import { POSITIONS, brief, same, scales } from "./scales.js";

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
  const copied = make("span", { class: "qaw-dim qaw-tuner-copied", role: "status" });
  /** @type {Settings | null} what was copied last */
  let copiedOf = null;
  const take = async () => {
    copiedOf = tuner.wanted;
    setText(copied, t(await copyCode(tuner, "sdk")));
  };
  const copy = button(t("tuner.copy"), take, signal, { "aria-label": t("tuner.copy.label"), title: t("tuner.copy.label") });
  root.append(presets);

  /** @param {SettingName} name */
  function row(name) {
    const range = make("input", { type: "range", "aria-label": t(`tuner.setting.${name}`), min: 0, max: POSITIONS, step: "any", class: "qaw-tuner-range" });
    const box = make("input", { type: "number", class: "qaw-input", "aria-label": t(`tuner.setting.${name}`) });
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
    root.append(make("span", { "aria-hidden": "true" }, t(`tuner.setting.${name}`)), range, make("span", { class: "qaw-tuner-box" }, box, unit));
    return { range, box };
  }

  return {
    /** The ranges have come. */
    open() {
      const about = tuner.state.about;
      known = scales(about.ranges);
      for (const name of NAMES) {
        Object.assign(inputs[name].box, { min: String(known[name].min), max: String(known[name].max), step: String(name === "threshold" ? 0.01 : 10) });
      }
      const choices = ["low", "balanced"].map((name) => preset(t(/** @type {"tuner.preset.low"} */ (`tuner.preset.${name}`)), about.presets[name]));
      presets.replaceChildren(...choices, reset, copy, make("span", { class: "qaw-space" }), sweep, copied);
    },
    describe() {
      const { wanted, state } = tuner;
      if (!wanted || !known) return;
      if (!copiedOf || !same(copiedOf, wanted)) setText(copied, "");
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

  /** @param {string} label @param {any} settings */
  function preset(label, settings) {
    return button(`${label} ${brief(settings)}`, () => {
      if (tuner.wanted) tuner.try({ ...settings, padding: tuner.wanted.padding });
    }, signal);
  }
}

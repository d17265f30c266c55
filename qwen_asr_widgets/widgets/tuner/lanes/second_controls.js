/**
 * The controls of the second lane: another detector with its threshold, noise and its distance, level, telephone line.
 *
 * @import { SecondLane } from "./second_lane.js"
 * @typedef {"threshold" | "snr" | "level"} SliderName
 */
import { button, make } from "../../shared/dom.js";
import { createReach } from "./reach.js";
import { detectorName, noiseName } from "./words.js";

const NOISES = /** @type {const} */ (["none", "pink", "babble", "recorded"]);
const THRESHOLD = /** @type {[number, number]} */ ([-1, 1]);

/** @param {HTMLElement} host @param {SecondLane} lane @param {AbortSignal} signal */
export function createSecondControls(host, lane, signal) {
  const { t } = lane.tuner;
  const grid = make("div", { class: "qaw-tuner-controls" });
  const detector = select(t("tuner.second.detector"), (value) => lane.hear({ detector: value, threshold: null }));
  const threshold = slider("threshold", 0.01);
  const noise = select(t("tuner.second.noise"), (value) => lane.hear({ noise: value }));
  const snr = slider("snr", 1);
  const reach = createReach(lane, signal);
  grid.append(...reach.parts);
  const level = slider("level", 1);
  const sliders = { threshold, snr, level };
  const telephone = make("input", { type: "checkbox" });
  telephone.addEventListener("change", () => lane.hear({ telephone: telephone.checked }), { signal });
  const reset = button(t("tuner.second.off"), () => lane.hear({ detector: "silero", noise: "none", level: 0, telephone: false }), signal);
  grid.append(make("div", { class: "qaw-tuner-presets" },
    make("label", { class: "qaw-check" }, telephone, make("span", {}, t("tuner.second.telephone"))),
    make("span", { class: "qaw-space" }), reset));
  const root = make("details", { class: "qaw-tuner-second" }, make("summary", {}, t("tuner.second")), grid);
  host.append(root);

  /** @param {string} title @param {(value: string) => void} chosen */
  function select(title, chosen) {
    const element = make("select", { class: "qaw-select", "aria-label": title });
    element.addEventListener("change", () => chosen(element.value), { signal });
    grid.append(make("span", { "aria-hidden": "true" }, title), element);
    return element;
  }

  /** @param {SliderName} name @param {number} step */
  function slider(name, step) {
    const title = t(`tuner.second.${name}`);
    const range = make("input", { type: "range", class: "qaw-tuner-range", "aria-label": title, step });
    const box = make("input", { type: "number", class: "qaw-input", "aria-label": title, step });
    const set = (/** @type {HTMLInputElement} */ input) => {
      const limited = Math.min(Math.max(Number(input.value), Number(range.min)), Number(range.max));
      if (input.value !== "" && Number.isFinite(limited)) lane.hear({ [name]: limited });
    };
    range.addEventListener("input", () => set(range), { signal });
    box.addEventListener("change", () => set(box), { signal });
    const unit = make("span", { class: "qaw-dim qaw-tuner-unit" }, name === "threshold" ? "" : "dB");
    const parts = [make("span", { "aria-hidden": "true" }, title), range, make("span", { class: "qaw-tuner-box" }, box, unit)];
    grid.append(...parts);
    return { range, box, parts };
  }

  /** Show a slider's value. @param {SliderName} name @param {number} value @param {[number, number]} limits */
  function place(name, value, [min, max]) {
    const { range, box } = sliders[name];
    for (const input of [range, box]) Object.assign(input, { min: String(min), max: String(max) });
    const written = name === "threshold" ? value.toFixed(2) : String(value);
    if (document.activeElement !== range || Number(range.value) !== value) range.value = written;
    range.style.setProperty("--at", `${((value - min) / (max - min)) * 100}%`);
    range.setAttribute("aria-valuetext", name === "threshold" ? written : `${written} dB`);
    if (document.activeElement !== box) box.value = written;
  }

  return {
    root,
    describe() {
      const { heard, wanted } = lane;
      if (!heard) return;
      fill(detector, Object.keys(heard.detectors), (id) => {
        const name = detectorName(id, t);
        return heard.detectors[id] ? name : t("tuner.second.detector.missing", { name });
      }, (id) => heard.detectors[id]);
      const noises = NOISES.filter((id) => id !== "recorded" || heard.recorded);
      fill(noise, noises, (id) => noiseName(id, heard.recorded, t), () => true);
      detector.value = wanted.detector;
      noise.value = wanted.noise;
      telephone.checked = wanted.telephone;
      place("threshold", wanted.threshold ?? lane.tuner.wanted?.threshold ?? 0, THRESHOLD);
      place("snr", wanted.snr, heard.ranges.snr);
      place("level", wanted.level, heard.ranges.level);
      for (const part of threshold.parts) part.hidden = wanted.detector === "silero";
      for (const part of snr.parts) part.hidden = wanted.noise === "none";
      reach.describe();
      reset.disabled = !heard.on;
    },
  };
}

/** Fill a list of choices once. @param {HTMLSelectElement} list @param {string[]} ids @param {(id: string) => string} name
 *  @param {(id: string) => boolean} usable */
function fill(list, ids, name, usable) {
  if (list.length === ids.length) return;
  list.replaceChildren(...ids.map((id) => make("option", { value: id, disabled: !usable(id) }, name(id))));
}

/**
 * The form of the settings: sliders and numbers side by side, who takes turns, language, context.
 *
 * @import { Config, Turns } from "./logic.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, make, newId, radio } from "../shared/dom.js";
import { LANGUAGES, SILENCE, languageHint, silenceToSlider, sliderToSilence } from "./logic.js";

const TURNS = /** @type {const} */ (["service", "client", "manual"]);
export const PRESETS = /** @type {const} */ ([["fast", { threshold: 0, silence: 400 }], ["balanced", { threshold: 0.2, silence: 800 }]]);

/**
 * @param {Translate} t @param {AbortSignal} signal
 * @param {(change: Partial<Config>) => void} changed told when a value is decided, not on the way there
 */
export function createSettings(t, signal, changed) {
  const threshold = sliderRow(t, signal, "threshold", {
    range: [-1, 1, 0.01], number: [-1, 1, 0.01], unit: "", toSlider: (v) => v, toValue: (v) => v,
    show: (v) => v.toFixed(2), changed,
  });
  const silence = sliderRow(t, signal, "silence", {
    range: [0, 1000, 1], number: [...SILENCE, 10], unit: t("common.ms"), toSlider: silenceToSlider, toValue: sliderToSilence,
    show: String, changed,
  });
  const padding = sliderRow(t, signal, "padding", {
    range: [0, 1000, 10], number: [0, 6000, 10], unit: t("common.ms"), toSlider: (v) => v, toValue: (v) => v,
    show: String, changed,
  });
  const rows = [threshold, silence, padding];
  const presets = make("div", { class: "qaw-presets" }, ...PRESETS.map(([name, values]) =>
    button(t(`transcriber.preset.${name}`), () => changed(values), signal)));
  const language = languageField(t, signal, changed);
  const context = make("textarea", { class: "qaw-input qaw-context", rows: 2, spellcheck: "false" });
  context.addEventListener("change", () => changed({ context: context.value }), { signal });
  const turns = turnsField(t, signal, changed);
  const when = make("p", { class: "qaw-dim" });
  const element = make("div", { class: "qaw-settings" }, ...rows.map((row) => row.element), presets,
    language.element,
    make("label", { class: "qaw-field qaw-field-wide" }, make("span", {}, t("transcriber.settings.context")), context),
    turns.element, when);
  return {
    element,
    /**
     * @param {Config} config @param {boolean} englishOnly what the recogniser in use knows
     * @param {boolean} running a run is under way
     * @param {boolean} renews a change then takes a new session
     */
    update(config, englishOnly, running, renews) {
      const fixed = running && config.turns === "client";
      const off = fixed || config.turns === "manual";
      for (const row of rows) row.update(config, off);
      for (const one of presets.children) /** @type {HTMLButtonElement} */ (one).disabled = off;
      turns.update(config.turns, running, config.ends ?? "");
      const said = t(fixed ? "transcriber.settings.whole" : renews ? "transcriber.settings.renews" : "transcriber.settings.when");
      if (when.textContent !== said) when.textContent = said;
      if (document.activeElement !== context) context.value = config.context;
      language.update(config.language, englishOnly);
    },
  };
}

/**
 * @param {Translate} t @param {AbortSignal} signal @param {"threshold" | "silence" | "padding"} name
 * @param {{range: readonly number[], number: readonly number[], unit: string, toSlider: (value: number) => number,
 *   toValue: (place: number) => number, show: (value: number) => string, changed: (change: Partial<Config>) => void}} kind
 */
function sliderRow(t, signal, name, kind) {
  const label = t(`transcriber.settings.${name}`);
  const [low, high, step] = kind.range;
  const slider = make("input", { type: "range", class: "qaw-slider", min: low, max: high, step, "aria-label": label });
  const [least, most, stride] = kind.number;
  const field = make("input", {
    type: "number", class: "qaw-input qaw-value", min: least, max: most, step: stride, "aria-label": label,
  });
  const say = (/** @type {number} */ value) => {
    slider.setAttribute("aria-valuetext", `${kind.show(value)} ${kind.unit}`.trim());
    const share = (Number(slider.value) - low) / (high - low);
    slider.style.setProperty("--qaw-share", `${(100 * share).toFixed(1)}%`);
  };
  slider.addEventListener("input", () => {
    const value = kind.toValue(Number(slider.value));
    field.value = kind.show(value);
    say(value);
  }, { signal });
  slider.addEventListener("change", () => kind.changed({ [name]: kind.toValue(Number(slider.value)) }), { signal });
  field.addEventListener("change", () => {
    if (field.value !== "" && Number.isFinite(Number(field.value))) kind.changed({ [name]: Number(field.value) });
  }, { signal });
  const element = make("div", { class: "qaw-slide" }, make("span", {}, label), slider,
    make("span", { class: "qaw-value-box" }, field, make("span", { class: "qaw-dim" }, kind.unit)));
  return {
    element,
    /** @param {Config} config @param {boolean} off */
    update(config, off) {
      slider.disabled = field.disabled = off;
      if (slider.matches(":active") || document.activeElement === field) return;
      slider.value = String(kind.toSlider(config[name]));
      field.value = kind.show(config[name]);
      say(config[name]);
    },
  };
}

/** @param {Translate} t @param {AbortSignal} signal @param {(change: Partial<Config>) => void} changed */
function turnsField(t, signal, changed) {
  const group = `qaw-turns-${newId()}`;
  const notes = TURNS.map((id) => t(`transcriber.turns.${id}.text`));
  const options = TURNS.map((id, k) => radio(group, id, t(`transcriber.turns.${id}`), notes[k], () => changed({ turns: id }), signal));
  const element = make("fieldset", { class: "qaw-choices qaw-field-wide" },
    make("legend", {}, t("transcriber.turns.who")), ...options.map((option) => option.element));
  return {
    element,
    /**
     * Between the client and the others one changes before a run only.
     * @param {Turns} turns @param {boolean} running @param {string} ends the model that ends the client's turns
     */
    update(turns, running, ends) {
      options.forEach(({ id, input, note }, k) => {
        input.checked = id === turns;
        input.disabled = running && (turns === "client") !== (id === "client");
        const what = id === "client" && ends ? t("transcriber.turns.client.ends", { model: ends }) : notes[k];
        const said = input.disabled ? t("transcriber.turns.before") : what;
        if (note.textContent !== said) note.textContent = said;
      });
    },
  };
}

/** @param {Translate} t @param {AbortSignal} signal @param {(change: Partial<Config>) => void} changed */
function languageField(t, signal, changed) {
  const names = new Intl.DisplayNames([t("transcriber.locale")], { type: "language" });
  const select = make("select", { class: "qaw-select" }, make("option", { value: "" }, t("transcriber.settings.detect")),
    ...LANGUAGES.map((code) => make("option", { value: code }, `${names.of(code)} (${code})`)));
  select.addEventListener("change", () => changed({ language: select.value }), { signal });
  const other = make("option");
  const hint = make("p", { class: "qaw-hint", role: "note", hidden: true });
  return {
    element: make("div", { class: "qaw-field" },
      make("label", { class: "qaw-field" }, make("span", {}, t("transcriber.settings.language")), select), hint),
    /** @param {string} language @param {boolean} englishOnly */
    update(language, englishOnly) {
      if (!language || LANGUAGES.includes(language)) other.remove();
      else if (other.value !== language || !other.isConnected) {
        other.value = other.textContent = language;
        select.append(other);
      }
      select.value = language;
      const said = languageHint(language, englishOnly, t);
      if (hint.textContent !== said) hint.textContent = said;
      hint.hidden = said === "";
    },
  };
}

/**
 * The recognisers of the embedded service as rows of the menu: what is installed and what could be, the languages, what
 * each takes on disk, and whether sound leaves this computer.
 *
 * @import { EndpointState, Recognizer } from "../logic.js"
 * @import { Translate } from "../../shared/strings.js"
 */
import { button, copyText, make, radio } from "../../shared/dom.js";
import { factsText, modelText, rowName } from "./recognizer_text.js";

/** How a recogniser that needs an address is chosen: in Python. */
const BY_ADDRESS = 'qaw.Transcriber(endpoint=qaw.embedded("openai", base_url="http://127.0.0.1:8000/v1"))';

/**
 * @param {Translate} t @param {AbortSignal} signal @param {string} group of radio buttons
 * @param {(id: string, model?: string) => void} pick
 */
export function createRecognizers(t, signal, group, pick) {
  const element = make("div", { class: "qaw-recognizers" });
  let rows = /** @type {ReturnType<typeof createRow>[]} */ ([]);
  let known = "";
  return {
    element,
    /** @param {EndpointState} endpoint @param {string} shown the choice that is shown as taken */
    update(endpoint, shown) {
      const told = JSON.stringify(endpoint.recognizers);
      if (told !== known) {
        known = told;
        rows = endpoint.recognizers.map((row) => createRow(row, t, signal, group, pick));
        element.replaceChildren(...rows.map((row) => row.element));
      }
      for (const row of rows) row.update(shown, endpoint.model);
    },
  };
}

/**
 * @param {Recognizer} facts @param {Translate} t @param {AbortSignal} signal @param {string} group
 * @param {(id: string, model?: string) => void} pick
 */
function createRow(facts, t, signal, group, pick) {
  const models = make("select", { class: "qaw-select", "aria-label": t("transcriber.recognizer.model") },
    ...facts.models.map((model) => make("option", { value: model.name }, modelText(model, t))));
  models.addEventListener("change", () => pick(facts.id, models.value), { signal });
  const chosen = () => pick(facts.id, facts.models.length > 0 ? models.value : "");
  const one = radio(group, facts.id, rowName(facts, t), factsText(facts, t), chosen, signal);
  const can = facts.installed && facts.id !== "";
  one.input.disabled = !can;
  const element = make("div", { class: "qaw-recognizer", "data-available": String(facts.installed) }, one.element);
  if (!facts.installed) element.append(command(t("transcriber.recognizer.install"), facts.command, t, signal));
  else if (facts.id === "") element.append(command(t("transcriber.recognizer.byAddress"), BY_ADDRESS, t, signal));
  else if (facts.models.length > 0) element.append(make("div", { class: "qaw-recognizer-more" }, models));
  return {
    element,
    /** @param {string} shown @param {string} model */
    update(shown, model) {
      one.input.checked = facts.id !== "" && facts.id === shown;
      if (one.input.checked && facts.models.some(({ name }) => name === model)) models.value = model;
    },
  };
}

/**
 * A line to be typed elsewhere, with a button that copies it.
 * @param {string} what @param {string} code @param {Translate} t @param {AbortSignal} signal
 */
function command(what, code, t, signal) {
  const copy = button(t("transcriber.recognizer.copy"), () => {
    void copyText(code).then((done) => { copy.textContent = t(done ? "transcript.copied" : "transcript.notCopied"); });
  }, signal);
  return make("div", { class: "qaw-recognizer-more" }, make("span", { class: "qaw-dim" }, what), make("code", {}, code), copy);
}

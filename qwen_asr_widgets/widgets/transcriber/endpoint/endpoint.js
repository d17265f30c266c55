/**
 * The choice of a recogniser: what it costs, whether sound leaves this computer, and the key.
 * A key goes to the kernel in a message and is gone from the page in the same moment.
 *
 * @import { Send } from "../../shared/messages.js"
 * @import { Kernel } from "../logic.js"
 * @import { Translate } from "../../shared/strings.js"
 */
import { button, make, newId, radio, setText } from "../../shared/dom.js";
import { addressHint, leavesText, noteText, shownEndpoint } from "../logic.js";
import { createRecognizers } from "./recognizers.js";

const CHOICES = /** @type {const} */ (["standin", "beijing", "singapore", "custom"]);

/**
 * @param {Translate} t @param {AbortSignal} signal @param {Send} send
 */
export function createEndpoint(t, signal, send) {
  const group = `qaw-endpoint-${newId()}`;
  const choose = (/** @type {string} */ id, model = "") => send({ kind: "endpoint", id, url: address.text(), model });
  const address = addressField(t, `${group}-hint`, signal, () => choose("custom"));
  const pick = (/** @type {string} */ id, model = "") => {
    address.want(id === "custom");
    if (id !== "custom" || address.text()) choose(id, model);
  };
  const given = radio(group, "given", "", "", () => pick("given"), signal);
  const options = CHOICES.map((id) => radio(group, id, t(`transcriber.endpoint.${id}`),
    id === "standin" ? t("transcriber.endpoint.standin.text") : "", () => pick(id), signal));
  const recognizers = createRecognizers(t, signal, group, pick);
  const key = keyForm(t, signal, send);
  const leaves = make("p", { class: "qaw-leaves" });
  const fieldset = make("fieldset", { class: "qaw-choices qaw-endpoints" },
    make("legend", { class: "qaw-only-spoken" }, t("transcriber.endpoint")), given.element,
    recognizers.element, ...options.map((option) => option.element), ...address.elements);
  const element = make("div", {}, fieldset, leaves, key.element);
  return {
    element,
    /** @type {HTMLInputElement} */
    keyField: key.field,
    /** @param {Kernel} kernel @param {boolean} locked a run is under way */
    update({ endpoint }, locked) {
      fieldset.disabled = locked;
      given.element.hidden = !endpoint.given;
      given.name.textContent = endpoint.given;
      const shown = address.update(endpoint, locked);
      for (const one of [given, ...options]) one.input.checked = one.id === shown;
      recognizers.update(endpoint, shown);
      for (const one of options) {
        if (endpoint.prices[one.id]) setText(one.note, noteText(endpoint, one.id, t));
      }
      leaves.hidden = !endpoint.cloud;
      setText(leaves, leavesText(endpoint, t));
      key.update(endpoint);
    },
  };
}

/**
 * The field of another address, with what is wrong beside it: it stays until the kernel has taken a good one, or
 * something else is chosen.
 * @param {Translate} t @param {string} id of the hint @param {AbortSignal} signal @param {() => void} typed
 */
function addressField(t, id, signal, typed) {
  const url = make("input", {
    type: "url", class: "qaw-input qaw-url", placeholder: "wss://host/api-ws/v1/realtime",
    "aria-label": t("transcriber.endpoint.url"), "aria-describedby": id,
  });
  const hint = make("p", { class: "qaw-hint qaw-url-hint", id, role: "alert" });
  let typing = false;
  let known = "";
  url.addEventListener("change", () => {
    typing = true;
    if (url.value.trim()) typed();
  }, { signal });
  return {
    elements: [url, hint],
    text: () => url.value.trim(),
    /** Another address is chosen, or something else. @param {boolean} chosen */
    want(chosen) {
      typing = chosen;
      url.hidden = !chosen;
      hint.hidden = !chosen || hint.textContent === "";
      if (chosen) url.focus();
    },
    /** @param {Kernel["endpoint"]} endpoint @param {boolean} locked @returns {string} the choice to be shown */
    update(endpoint, locked) {
      const told = JSON.stringify([endpoint.id, endpoint.url, endpoint.refused]);
      if (told !== known) typing = false;
      known = told;
      const shown = shownEndpoint(endpoint, typing, locked);
      if (document.activeElement !== url && !typing) url.value = endpoint.refused || endpoint.url;
      url.hidden = shown !== "custom";
      const said = addressHint(endpoint, t);
      if (hint.textContent !== said) hint.textContent = said;
      hint.hidden = said === "" || url.hidden;
      url.setAttribute("aria-invalid", String(said !== ""));
      return shown;
    },
  };
}

/** @param {Translate} t @param {AbortSignal} signal @param {Send} send */
function keyForm(t, signal, send) {
  const field = make("input", {
    type: "password", class: "qaw-input qaw-key", autocomplete: "off", spellcheck: "false",
    "aria-label": t("transcriber.key"), placeholder: t("transcriber.key"),
  });
  const use = () => {
    if (!field.value.trim()) return;
    send({ kind: "key", key: field.value.trim() });
    field.value = "";
  };
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") use(); }, { signal });
  const forget = button(t("transcriber.key.forget"), () => send({ kind: "key", key: "" }), signal);
  const note = make("span", { class: "qaw-dim" });
  const element = make("div", { class: "qaw-key-form" }, field, button(t("transcriber.key.use"), use, signal), forget, note);
  return {
    element, field,
    /** @param {Kernel["endpoint"]} endpoint */
    update(endpoint) {
      element.hidden = endpoint.offline;
      forget.hidden = !endpoint.has_key;
      note.textContent = t(endpoint.has_key ? "transcriber.key.there"
        : endpoint.dashscope ? "transcriber.key.missing" : "transcriber.key.optional");
    },
  };
}

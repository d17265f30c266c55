/**
 * The elements a transcriber consists of, before anything stands in them.
 *
 * @import { CaptureController } from "./capture_controller.js"
 * @import { Kernel } from "./transcriber_logic.js"
 * @import { Translate } from "./strings.js"
 *
 * @typedef {object} Acts
 * @property {Translate} t
 * @property {AbortSignal} signal
 * @property {CaptureController} controller
 * @property {(message: any) => void} send
 * @property {ReturnType<typeof import("./transcriber_save.js").createSaver>} saver
 * @property {() => void} record
 * @property {() => void} choose      opens the file picker
 * @property {() => void} understand  the sentence on privacy has been read
 */
import { button, make } from "./dom.js";
import { AUDIO_FILES, makeSound, pressPause } from "./microphone.js";
import { createBar } from "./transcriber_bar.js";
import { createDrawers } from "./transcriber_drawers.js";
import { createEndpoint } from "./transcriber_endpoint.js";
import { createFoot } from "./transcriber_foot.js";
import { createSettings } from "./transcriber_settings.js";

/** @param {Acts} acts */
export function buildParts(acts) {
  const { t, signal, controller, send } = acts;
  const picker = make("input", { type: "file", accept: AUDIO_FILES, hidden: true });
  picker.addEventListener("change", () => {
    if (picker.files?.[0]) void controller.open(picker.files[0]);
    picker.value = "";
  }, { signal });
  const bar = createBar(t, signal, {
    record: acts.record, pause: () => pressPause(controller), open: acts.choose, send,
  });
  const drawers = createDrawers(signal);
  const settings = createSettings(t, signal, (change) => send({ kind: "settings", config: change }));
  const endpoint = createEndpoint(t, signal, send);
  const { device, sound, content } = microphoneForm(acts);
  const micDrawer = drawers.add(t("mic.label"), content);
  const settingsDrawer = drawers.add(t("transcriber.settings"), [settings.element]);
  const endpointDrawer = drawers.add(t("transcriber.endpoint"), [endpoint.element]);
  bar.bar.append(micDrawer.button, make("div", { class: "qaw-together" }, settingsDrawer.button, endpointDrawer.button));
  const problem = make("div", { class: "qaw-notice", role: "alert", hidden: true });
  const notice = make("div", { class: "qaw-notice", role: "alert", hidden: true });
  const hint = make("div", { class: "qaw-notice qaw-tr-hint", "data-kind": "hint", role: "note", hidden: true },
    make("p", { class: "qaw-notice-text" }, t("transcriber.leaves")),
    button(t("transcriber.understood"), acts.understand, signal));
  const status = make("p", { class: "qaw-tr-line qaw-dim", role: "status", hidden: true });
  const warning = make("p", { class: "qaw-tr-line qaw-mic-warning", role: "status", hidden: true });
  const empty = make("div", { class: "qaw-tr-empty qaw-dim" });
  const place = make("div", { class: "qaw-tr-stage", hidden: true });
  const foot = createFoot(t, signal, send, acts.saver);
  const elements = [
    bar.bar, micDrawer.panel, settingsDrawer.panel, endpointDrawer.panel, problem, notice, hint, warning, status, empty,
    place, ...foot.elements, picker,
  ];
  return {
    elements, picker, bar, drawers, settings, endpoint, device, sound, micDrawer, settingsDrawer, endpointDrawer,
    problem, notice, hint, status, warning, empty, place, foot,
  };
}

/** @param {Acts} acts */
function microphoneForm({ t, signal, controller }) {
  const device = make("select", { class: "qaw-select qaw-mic-device" });
  device.addEventListener("change", () => controller.set({ deviceId: device.value }), { signal });
  const sound = makeSound(controller, t, signal);
  const label = make("label", { class: "qaw-field" }, make("span", {}, t("mic.device")), device);
  return { device, sound, content: [label, sound.panel] };
}

/** What to do when there is nothing yet. @param {HTMLElement} place @param {Kernel} kernel @param {Translate} t */
export function drawEmpty(place, kernel, t) {
  place.hidden = kernel.phase !== "empty";
  const offline = kernel.endpoint.english_only;
  if (place.dataset.shown === String(offline)) return;
  place.dataset.shown = String(offline);
  place.replaceChildren(make("p", {}, t("transcriber.empty")));
  if (offline) place.append(make("p", {}, t("transcriber.empty.offline")));
}

/**
 * The elements a transcriber consists of, before anything stands in them.
 *
 * @import { Send } from "../shared/messages.js"
 * @import { Recorders } from "./recorders.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {object} Acts
 * @property {Translate} t
 * @property {AbortSignal} signal
 * @property {Recorders} recorders
 * @property {Send} send
 * @property {ReturnType<typeof import("./save.js").createSaver>} saver
 * @property {HTMLElement} keep   the switch for what stays in the saved notebook
 * @property {() => void} record
 * @property {() => void} pause       or goes on
 * @property {() => void} redraw
 * @property {() => void} choose      opens the file picker
 * @property {(file: File) => void} opened  a file was picked
 * @property {(on: boolean) => void} clips  record a clip first, or live
 * @property {() => void} understand  the sentence on privacy has been read
 */
import { button, make, newId, radio } from "../shared/dom.js";
import { AUDIO_FILES, makeSound } from "../microphone/microphone.js";
import { createCancel, createPageLeft } from "../microphone/page_kept.js";
import { createBar } from "./bar.js";
import { createChannels } from "./notices.js";
import { createDrawers } from "./drawers.js";
import { createEndpoint } from "./endpoint/endpoint.js";
import { createFoot, createRerun } from "./foot.js";
import { createKept, createLeft } from "./kept.js";
import { createLong, createPart } from "./part/long.js";
import { createRuns } from "./runs/switcher.js";
import { createSaid } from "./said.js";
import { createSettings } from "./settings.js";

/** @param {Acts} acts */
export function buildParts(acts) {
  const { t, signal, recorders, send } = acts;
  const picker = make("input", { type: "file", accept: AUDIO_FILES, hidden: true });
  picker.addEventListener("change", () => {
    if (picker.files?.[0]) acts.opened(picker.files[0]);
    picker.value = "";
  }, { signal });
  const bar = createBar(t, signal, {
    record: acts.record, pause: acts.pause, open: acts.choose, giveUp: () => recorders.live.files.giveUp(), send,
  });
  const drawers = createDrawers(signal, acts.redraw);
  const settings = createSettings(t, signal, (change) => send({ kind: "settings", config: change }));
  const endpoint = createEndpoint(t, signal, send);
  const { ways, device, sound, content } = microphoneForm(acts);
  const micDrawer = drawers.add(t("mic.label"), content);
  const rerun = createRerun(t, signal, send);
  const settingsDrawer = drawers.add(t("transcriber.settings"), [settings.element, rerun.element]);
  const endpointDrawer = drawers.add(t("transcriber.endpoint"), [endpoint.element]);
  bar.bar.append(micDrawer.button, make("div", { class: "qaw-together" }, settingsDrawer.button, endpointDrawer.button));
  const [problem, notice] = [1, 2].map(() => make("div", { class: "qaw-notice qaw-tr-problem", role: "alert", hidden: true }));
  const leaves = make("p", { class: "qaw-notice-text" });
  const hint = make("div", { class: "qaw-notice qaw-tr-hint", "data-kind": "hint", role: "note", hidden: true }, leaves,
    button(t("transcriber.understood"), acts.understand, signal));
  const cancel = createCancel(recorders.live, t, signal);
  const clipsInstead = button(t("transcriber.slow.clips.way"), () => acts.clips(true), signal, {
    title: t("transcriber.record.clip.text"), hidden: true,
  });
  const said = createSaid([...bar.ways, cancel, clipsInstead], signal);
  const channels = createChannels(t, signal, (channel) => send({ kind: "channel", channel }));
  const empty = make("div", { class: "qaw-tr-empty qaw-dim" });
  const place = make("div", { class: "qaw-tr-stage", hidden: true });
  const foot = createFoot(t, signal, send, acts.saver, acts.keep);
  const kept = createKept(t, signal, send);
  const left = createLeft(t, signal, send);
  const runs = createRuns(t, signal, send);
  const long = createLong(t, signal, send);
  const part = createPart(t, signal, send);
  const pageLeft = createPageLeft(recorders.live, t, signal);
  const body = make("div", { class: "qaw-tr-body" }, micDrawer.panel, settingsDrawer.panel, endpointDrawer.panel,
    problem, notice, left.element, pageLeft.element, hint, channels.element,
    long.element, runs.element, part.element, empty, place, kept.element);
  const elements = [bar.bar, said.element, body, ...foot.elements, picker];
  return {
    elements, picker, bar, drawers, settings, endpoint, ways, device, sound, micDrawer, settingsDrawer, endpointDrawer,
    problem, notice, hint, leaves, channels, said, cancel, clipsInstead, empty, place, foot, kept, left, pageLeft, runs,
    long, part, rerun,
  };
}

/** @param {Acts} acts */
function microphoneForm({ t, signal, recorders, clips }) {
  const ways = createWays(t, signal, clips);
  const device = make("select", { class: "qaw-select qaw-mic-device" });
  device.addEventListener("change", () => recorders.live.set({ deviceId: device.value }), { signal });
  const sound = makeSound(recorders.live, t, signal);
  const label = make("label", { class: "qaw-field" }, make("span", {}, t("mic.device")), device);
  return { ways, device, sound, content: [ways.element, label, sound.panel] };
}

/** Live, or a clip first. @param {Translate} t @param {AbortSignal} signal @param {(on: boolean) => void} choose */
function createWays(t, signal, choose) {
  const group = `qaw-way-${newId()}`;
  const [live, clip] = /** @type {const} */ (["live", "clip"]).map((id) => radio(
    group, id, t(`transcriber.record.${id}`), t(`transcriber.record.${id}.text`), () => choose(id === "clip"), signal));
  const element = make("fieldset", { class: "qaw-choices" },
    make("legend", { class: "qaw-only-spoken" }, t("transcriber.record")), live.element, clip.element);
  return {
    element,
    /** @param {Recorders} recorders @param {boolean} locked a recording is under way */
    update(recorders, locked) {
      element.hidden = !recorders.offered;
      element.disabled = locked;
      live.input.checked = !recorders.chosen;
      clip.input.checked = recorders.chosen;
    },
  };
}

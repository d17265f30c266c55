/**
 * The ClipRecorder widget: a small bar over the page's clip controller, which a Transcriber may share.
 *
 * @import { Sender } from "../capture/uplink.js"
 * @import { AudioRecorderModel, ClipMessage, ClipTraits, Model, Surface } from "../shared/messages.js"
 */
import { meterLength } from "../capture/capture.js";
import { ClipController } from "./controller.js";
import { announceClips, forgetClips } from "./clips.js";
import { clipText, clipWarning } from "./clips.js";
import { make, viewRoot } from "../shared/dom.js";
import { clock } from "../shared/format.js";
import { AUDIO_FILES, captureBar, drawDevices, drawProblem, fileText, say, warningText } from "../microphone/microphone.js";
import { translator } from "../shared/strings.js";
import { followPresentation } from "../shared/presentation.js";
import { followTheme } from "../shared/theme.js";

/** @typedef {import("../shared/strings.js").Translate} Translate */

/**
 * @param {ClipController} controller @param {Translate} t @param {AbortSignal} signal @param {() => void} choose
 */
function makeParts(controller, t, signal, choose) {
  const bar = captureBar(controller, t, signal, choose);
  const problem = make("div", { class: "qaw-notice", role: "alert" });
  const warning = make("p", { class: "qaw-mic-line qaw-mic-warning", role: "status" });
  const line = make("p", { class: "qaw-mic-line", role: "status" });
  return { ...bar, problem, warning, line };
}

/** @param {ReturnType<typeof makeParts>} parts @param {ClipController} controller @param {Translate} t */
function draw(parts, controller, t) {
  const { state, stage } = controller;
  const { phase } = state;
  const running = phase === "recording" || phase === "paused";
  parts.record.dataset.phase = phase;
  parts.record.textContent = t(phase === "starting" ? "mic.starting" : running ? "mic.stop" : "clip.record");
  parts.record.disabled = phase === "stopping" || stage === "waiting" || stage === "late";
  parts.pause.hidden = parts.elapsed.hidden = parts.meter.hidden = !running;
  parts.open.hidden = running;
  parts.pause.textContent = t(phase === "paused" ? "mic.resume" : "mic.pause");
  parts.elapsed.textContent = clock(state.seconds);
  const length = meterLength(state.peak);
  parts.fill.style.transform = `scaleX(${length.toFixed(3)})`;
  parts.meter.dataset.clipping = String(state.clipping);
  parts.meter.setAttribute("aria-valuenow", String(Math.round(length * 100)));
  parts.device.hidden = state.devices.length < 2;
  parts.device.disabled = phase !== "idle";
  drawDevices(parts.device, state, t);
  say(parts.warning, clipWarning(controller, t) || warningText(state, t));
}

/**
 * @param {ClipController} controller @param {Model<ClipTraits, ClipMessage>} model @param {HTMLElement} host
 * @param {AbortSignal} signal
 */
function mount(controller, model, host, signal) {
  const t = translator(model.get("lang"));
  const root = viewRoot(host, signal, { class: "qaw-mic qaw-clip", role: "group", "aria-label": t("clip.label") });
  followTheme(root, signal);
  const picker = make("input", { type: "file", accept: AUDIO_FILES, hidden: true });
  picker.addEventListener("change", () => {
    if (picker.files?.[0]) void controller.open(picker.files[0]);
    picker.value = "";
  }, { signal });
  const choose = () => picker.click();
  const parts = makeParts(controller, t, signal, choose);
  root.append(parts.bar, parts.problem, parts.warning, parts.line, picker);
  followPresentation(model, root, t, signal);
  controller.attach((state) => {
    draw(parts, controller, t);
    drawProblem(parts.problem, controller, t, signal, choose);
    say(parts.line, state.problem ? "" : clipText(controller, t) || fileText(state, t) || t("clip.ready"));
  }, signal);
}

/**
 * The other widgets of the page; ipywebrtc's recorder is one of them.
 * @param {Model<ClipTraits, ClipMessage>} model
 * @param {"uplink" | "recorder"} name
 */
async function part(model, name) {
  const reference = String(model.get(name) ?? "").replace(/^IPY_MODEL_/, "");
  return (await model.widget_manager?.get_model?.(reference)) ?? null;
}

/** Null where the front end has no ipywebrtc. @param {Model<ClipTraits, ClipMessage>} model */
async function findRecorder(model) {
  try {
    const recorder = /** @type {AudioRecorderModel | null} */ (await part(model, "recorder"));
    return recorder?.get("stream")?.captureStream ? recorder : null;
  } catch (missing) {
    console.debug("qwen_asr_widgets: ipywebrtc cannot be loaded", missing);
    return null;
  }
}

export default () => {
  /** @type {ClipController} */
  let controller;
  return {
    /** @param {{model: Model<ClipTraits, ClipMessage>}} context */
    async initialize({ model }) {
      const uid = model.get("uid");
      const uplink = /** @type {Sender} */ ((await part(model, "uplink")) ?? { send() {} });
      controller = new ClipController({ send: (...message) => uplink.send(...message) }, uid, await findRecorder(model), model);
      announceClips(uid, controller);
      return () => {
        forgetClips(uid);
        return controller.dispose();
      };
    },
    /** @param {Surface<Model<ClipTraits, ClipMessage>>} context */
    render({ model, el }) {
      const ending = new AbortController();
      mount(controller, model, el, ending.signal);
      return () => {
        ending.abort();
        el.replaceChildren();
      };
    },
  };
};

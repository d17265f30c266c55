/**
 * The Microphone widget: draws the state of the capture controller and passes clicks on to it.
 *
 * What the kernel says of this page's sound comes by a widget of its own, for the kernel never writes to the
 * microphone; where a front end has no other widgets, nothing is said.
 *
 * @import { MicrophoneTraits, Model, ReportModel, Surface } from "../shared/messages.js"
 */
import { CaptureController } from "../capture/controller.js";
import { meterLength } from "../capture/capture.js";
import { button, listenTo, make, viewRoot } from "../shared/dom.js";
import { clock, size } from "../shared/format.js";
import { translator } from "../shared/strings.js";
import { followPresentation } from "../shared/presentation.js";
import { followTheme } from "../shared/theme.js";
import { createCancel, createPageLeft, pageKeptText, waitsText } from "./page_kept.js";

/**
 * @typedef {import("../capture/controller.js").State} State
 * @typedef {Model<MicrophoneTraits>} MicrophoneModel
 * @typedef {import("../shared/strings.js").Translate} Translate
 * @typedef {import("../shared/strings.js").Key} Key
 */

/** Problems that recording again does not solve. */
const NOT_AGAIN = ["insecure", "host", "toolarge", "incomplete", "file"];

/** A message sent before the front end has set up its way beside the cells would come as between them. */
const SETTLED_MS = 2000;

export const AUDIO_FILES = "audio/*,video/*,.qasr,.opus,.flac,.m4a,.webm";

/**
 * The row of buttons with which one records; `draw` says what stands on them.
 * @param {CaptureController} controller @param {Translate} t @param {AbortSignal} signal
 * @param {() => void} chooseFile
 */
export function captureBar(controller, t, signal, chooseFile) {
  const record = button("", () => pressRecord(controller), signal, { class: "qaw-button-record qaw-mic-record" });
  const pause = button("", () => pressPause(controller), signal);
  const elapsed = make("span", { class: "qaw-number qaw-mic-elapsed", role: "timer", "aria-label": t("mic.elapsed") });
  const fill = make("div", { class: "qaw-mic-meter-fill" });
  const meter = make("div", {
    class: "qaw-mic-meter", role: "meter", "aria-label": t("mic.level"), "aria-valuemin": 0, "aria-valuemax": 100,
  }, fill);
  const device = make("select", { class: "qaw-select qaw-mic-device", "aria-label": t("mic.device") });
  device.addEventListener("change", () => controller.set({ deviceId: device.value }), { signal });
  const open = button(t("common.open"), chooseFile, signal);
  const bar = make("div", { class: "qaw-bar" }, record, pause, elapsed, meter, device,
    make("span", { class: "qaw-space" }), open);
  return { bar, record, pause, elapsed, meter, fill, device, open };
}

/**
 * @param {CaptureController} controller @param {Translate} t @param {AbortSignal} signal
 * @param {() => void} chooseFile
 */
function makeBar(controller, t, signal, chooseFile) {
  const parts = captureBar(controller, t, signal, chooseFile);
  const sound = button(t("mic.sound"), () => {
    sound.setAttribute("aria-expanded", String(sound.getAttribute("aria-expanded") !== "true"));
    controller.set({});
  }, signal, { "aria-expanded": "false" });
  parts.bar.append(sound);
  return { ...parts, sound };
}

/** @param {CaptureController} controller */
export function pressRecord(controller) {
  if (controller.state.phase === "idle") controller.start(performance.now());
  else controller.stop("stopped");
}

/** @param {CaptureController} controller */
export function pressPause(controller) {
  if (controller.state.phase === "paused") controller.resume();
  else controller.pause();
}

/**
 * @param {ReturnType<typeof makeBar>} parts
 * @param {State} state
 * @param {Translate} t
 */
function drawBar(parts, state, t) {
  const { phase } = state;
  const running = phase === "recording" || phase === "paused";
  parts.record.dataset.phase = phase;
  parts.record.textContent = t(phase === "starting" ? "mic.starting" : running ? "mic.stop" : "mic.record");
  parts.record.disabled = phase === "stopping";
  parts.pause.hidden = !running;
  parts.pause.textContent = t(phase === "paused" ? "mic.resume" : "mic.pause");
  parts.elapsed.hidden = parts.meter.hidden = !running && state.seconds === 0;
  parts.elapsed.textContent = clock(state.seconds);
  const length = meterLength(state.peak);
  parts.fill.style.transform = `scaleX(${length.toFixed(3)})`;
  parts.meter.dataset.clipping = String(state.clipping);
  parts.meter.setAttribute("aria-valuenow", String(Math.round(length * 100)));
  parts.device.disabled = phase !== "idle";
  drawDevices(parts.device, state, t);
}

/**
 * @param {HTMLSelectElement} select
 * @param {State} state
 * @param {Translate} t
 */
export function drawDevices(select, state, t) {
  const named = state.devices.filter((device) => device.id !== "default");
  const wanted = [{ id: "", label: t("mic.default") }, ...named];
  const key = JSON.stringify(wanted);
  if (select.dataset.shown !== key) {
    select.dataset.shown = key;
    select.replaceChildren(...wanted.map(({ id, label }) => make("option", { value: id }, label)));
  }
  select.value = state.deviceId;
}

/**
 * The switches for processing, and what the track really does.
 * @param {CaptureController} controller
 * @param {Translate} t
 * @param {AbortSignal} signal
 */
export function makeSound(controller, t, signal) {
  /** @type {Array<[keyof State["processing"], Key]>} */
  const switches = [["echoCancellation", "mic.echo"], ["noiseSuppression", "mic.noise"], ["autoGainControl", "mic.gain"]];
  const labels = switches.map(([name, label]) => {
    const input = make("input", { type: "checkbox" });
    input.addEventListener("change", () => {
      controller.set({ processing: { ...controller.state.processing, [name]: input.checked } });
    }, { signal });
    return make("label", { class: "qaw-mic-switch" }, input, t(label));
  });
  const real = make("p", { class: "qaw-dim qaw-mic-real" });
  const panel = make("div", { class: "qaw-mic-sound" }, ...labels,
    make("p", { class: "qaw-dim" }, t("mic.processing")), real);
  return { panel, real };
}

/**
 * @param {State["settings"]} settings
 * @param {Translate} t
 */
export function realText(settings, t) {
  if (!settings) return "";
  const word = (/** @type {string} */ name) => {
    const value = settings[name];
    return t(value === null ? "mic.unknown" : value ? "mic.on" : "mic.off");
  };
  return t("mic.real", {
    rate: Number(settings.sampleRate) / 1000,
    channels: settings.channelCount === null ? t("mic.unknown") : Number(settings.channelCount),
    echo: word("echoCancellation"), noise: word("noiseSuppression"), gain: word("autoGainControl"),
  });
}

/**
 * Say what is wrong, what to do, and offer the way on. Built anew only when the problem changes.
 * @param {HTMLElement} place
 * @param {CaptureController} controller
 * @param {Translate} t
 * @param {AbortSignal} signal
 * @param {() => void} chooseFile
 */
export function drawProblem(place, controller, t, signal, chooseFile) {
  const { problem } = controller.state;
  const key = JSON.stringify(problem);
  if (place.dataset.shown === key) return;
  place.dataset.shown = key;
  place.hidden = problem === null;
  if (problem === null) return place.replaceChildren();
  // A kernel that was restarted has kept nothing; one that comes back has, and shows it.
  const kept = problem.seconds > 0 && problem.code !== "kernel" ? ` ${t("mic.kept", { time: clock(problem.seconds) })}` : "";
  const actions = [button(t("common.open"), chooseFile, signal)];
  if (!NOT_AGAIN.includes(problem.code)) {
    actions.push(button(t("mic.again"), () => pressRecord(controller), signal));
  }
  place.replaceChildren(
    make("p", { class: "qaw-notice-title" }, t(`mic.problem.${problem.code}`)),
    make("p", { class: "qaw-notice-text" }, t(`mic.problem.${problem.code}.text`) + kept),
    ...actions,
  );
  if (problem.detail) {
    place.append(make("details", { class: "qaw-dim" }, make("summary", {}, t("common.details")), problem.detail));
  }
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function fileText({ file }, t) {
  if (!file) return "";
  const { name } = file;
  if (file.sent >= file.size) return t("mic.file.sent", { name, size: size(file.size) });
  return t("mic.file.sending", { name, sent: size(file.sent), size: size(file.size) });
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function warningText(state, t) {
  if (state.clipping) return t("mic.clipping");
  return state.silent ? t("mic.silent") : "";
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function lostText({ lost }, t) {
  return lost ? t("mic.lost", { seconds: lost.seconds.toFixed(1), chunks: lost.chunks }) : "";
}

/**
 * What a screen reader hears: the changes of state, not every tenth of a second.
 * @param {State} state
 * @param {Translate} t
 */
function saidText(state, t) {
  if (state.phase === "recording") return t("mic.said.recording");
  if (state.phase === "paused") return t("mic.said.paused");
  return state.phase === "idle" && state.seconds > 0 ? t("mic.said.idle", { time: clock(state.seconds) }) : "";
}

/**
 * Set a line of text, and hide the line when there is nothing to say.
 * @param {HTMLElement} line
 * @param {string} text
 */
export function say(line, text) {
  if (line.textContent !== text) line.textContent = text;
  line.hidden = text === "";
}

/**
 * @param {CaptureController} controller
 * @param {MicrophoneModel} model
 * @param {HTMLElement} host
 * @param {AbortSignal} signal
 */
function mount(controller, model, host, signal) {
  const t = translator(model.get("lang"));
  const root = viewRoot(host, signal, { class: "qaw-mic", role: "group", "aria-label": t("mic.label") });
  followTheme(root, signal);
  const picker = make("input", { type: "file", accept: AUDIO_FILES, hidden: true });
  picker.addEventListener("change", () => {
    if (picker.files?.[0]) controller.open(picker.files[0]);
    picker.value = "";
  }, { signal });
  const chooseFile = () => picker.click();
  const parts = makeBar(controller, t, signal, chooseFile);
  const sound = makeSound(controller, t, signal);
  const problem = make("div", { class: "qaw-notice", role: "alert" });
  const warning = make("p", { class: "qaw-mic-line qaw-mic-warning", role: "status" });
  const lost = make("p", { class: "qaw-mic-line qaw-mic-warning", role: "status" });
  const kept = make("p", { class: "qaw-mic-line qaw-mic-warning", role: "status" });
  const left = createPageLeft(controller, t, signal);
  const cancel = createCancel(controller, t, signal);
  const waits = make("p", { class: "qaw-mic-line qaw-mic-waits" });
  const file = make("p", { class: "qaw-mic-line qaw-mic-file", role: "status" });
  const said = make("span", { class: "qaw-only-spoken", role: "status" });
  root.append(parts.bar, problem, left.element, warning, kept, cancel, lost, waits, file, sound.panel, said, picker);
  followPresentation(model, root, t, signal);

  controller.attach((state) => {
    drawBar(parts, state, t);
    drawProblem(problem, controller, t, signal, chooseFile);
    say(warning, warningText(state, t));
    say(lost, lostText(state, t));
    say(kept, pageKeptText(state, t));
    left.update(state, state.phase !== "idle");
    say(waits, state.lost ? "" : waitsText(state, state.besideCells ?? model.get("live_while_busy"), t));
    cancel.hidden = state.sending === null;
    say(file, fileText(state, t));
    sound.panel.hidden = parts.sound.getAttribute("aria-expanded") !== "true";
    say(sound.real, realText(state.settings, t));
    const spoken = saidText(state, t);
    if (said.textContent !== spoken) said.textContent = spoken;
  }, signal);
}

/**
 * @param {MicrophoneModel} model
 * @param {CaptureController} controller
 */
async function followReport(model, controller) {
  const reference = String(model.get("report") ?? "").replace(/^IPY_MODEL_/, "");
  const report = /** @type {ReportModel | undefined} */ (reference ? await model.widget_manager?.get_model?.(reference) : undefined);
  if (!report) return;
  let number = report.get("problem")?.number;
  const read = () => {
    const heard = report.get("heard");
    if (heard?.session !== undefined) controller.hear(heard);
    const { client } = controller.uplink;
    const chunks = report.get("client") === client ? report.get("lost") ?? 0 : 0;
    const besideCells = report.get("beside_cells") ?? null;
    controller.set({ besideCells, lost: chunks > 0 ? { chunks, seconds: report.get("lost_seconds") ?? 0 } : null });
    const problem = report.get("problem");
    if (problem?.number === number) return;
    number = problem?.number;
    if (problem?.number !== undefined && problem.client === client) controller.refused(problem.code, problem.detail);
  };
  const hello = window.setTimeout(() => controller.uplink.reach("hello"), SETTLED_MS);
  const { signal } = controller.ending;
  signal.addEventListener("abort", () => window.clearTimeout(hello), { once: true });
  listenTo(report, "change", read, signal);
  read();
}

export default () => {
  /** @type {CaptureController} */
  let controller;
  return {
    /** @param {{model: MicrophoneModel}} context */
    async initialize({ model }) {
      controller = new CaptureController({ send: (...message) => model.send(...message) }, model.get("uid"));
      await followReport(model, controller);
      return () => controller.dispose();
    },
    /** @param {Surface<MicrophoneModel>} context */
    render({ model, el }) {
      const ending = new AbortController();
      mount(controller, model, el, ending.signal);
      return () => ending.abort();
    },
  };
};

/**
 * The bar: what starts and stops, how far one is, and the two buttons that open settings and recogniser. Its `ways` come
 * and go with what is said, and stand beside that, so that the bar keeps its rows.
 *
 * @import { Send } from "../shared/messages.js"
 * @import { Kernel } from "./logic.js"
 * @import { State } from "../capture/controller.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { meterLength } from "../capture/capture.js";
import { button, make, setText } from "../shared/dom.js";
import { clock } from "../shared/format.js";
import { captureText, isRunning, progressText, readShare, readText } from "./logic.js";

/**
 * @param {Translate} t @param {AbortSignal} signal
 * @param {{record: () => void, pause: () => void, open: () => void, giveUp: () => void, send: Send}} acts
 */
export function createBar(t, signal, { record, pause, open, giveUp, send }) {
  const parts = {
    record: button("", record, signal, { class: "qaw-button-record qaw-mic-record" }),
    begin: button(t("transcriber.begin"), () => send({ kind: "transcribe" }), signal, { class: "qaw-button-main" }),
    pause: button("", pause, signal),
    commit: button(t("transcriber.commit"), () => send({ kind: "commit" }), signal),
    elapsed: make("span", { class: "qaw-number qaw-mic-elapsed", role: "timer", "aria-label": t("mic.elapsed") }),
    fill: make("div", { class: "qaw-mic-meter-fill" }),
    progress: make("progress", { class: "qaw-progress", max: 1, "aria-label": t("transcriber.progress.label") }),
    far: make("span", { class: "qaw-dim qaw-far" }),
    paused: make("span", { class: "qaw-paused", "aria-hidden": "true" }, t("mic.said.paused")),
    said: make("span", { class: "qaw-only-spoken", role: "status" }),
    leave: button(t("transcriber.leave"), () => send({ kind: "leave" }), signal, { title: t("transcriber.leave.text") }),
    hurry: button("", () => send({ kind: "hurry" }), signal),
    opus: button(t("transcriber.opus"), () => send({ kind: "opus" }), signal, { title: t("transcriber.opus.text") }),
    giveUp: button(t("transcriber.reading.stop"), giveUp, signal, { title: t("transcriber.reading.stop.text") }),
    open: button(t("common.open"), open, signal),
    sample: button(t("transcriber.sample"), () => send({ kind: "sample" }), signal, { class: "qaw-tr-sample" }),
  };
  const meter = make("div", {
    class: "qaw-mic-meter", role: "meter", "aria-label": t("mic.level"), "aria-valuemin": 0, "aria-valuemax": 100,
  }, parts.fill);
  const bar = make("div", { class: "qaw-bar qaw-tr-bar" }, parts.record, parts.begin, parts.pause, parts.commit,
    parts.elapsed, meter, parts.progress, parts.far, parts.giveUp, parts.paused, parts.said, parts.open, parts.sample);
  return { ...parts, meter, bar, ways: [parts.opus, parts.hurry, parts.leave] };
}

/**
 * @typedef {object} Here   what this page records
 * @property {State} capture
 * @property {boolean} clips     a clip first
 * @property {boolean} held      a clip is on its way, or its recorder is not there yet
 * @property {boolean} elsewhere another page records
 * @property {State["file"]} reading a file on its way from this page
 *
 * @param {ReturnType<typeof createBar>} parts @param {Kernel} kernel @param {Here} here @param {Translate} t
 */
export function drawBar(parts, kernel, { capture, clips, held, elsewhere, reading }, t) {
  const mic = capture.phase === "recording" || capture.phase === "paused";
  const busy = isRunning(kernel);
  const file = busy && kernel.source === "file";
  const stopping = capture.phase === "stopping" || (!mic && kernel.waiting);
  const stops = mic || file || elsewhere;
  parts.record.dataset.phase = stops ? "recording" : "idle";
  setText(parts.record, t(capture.phase === "starting" ? "mic.starting" : stops ? "mic.stop" : clips ? "clip.record" : "mic.record"));
  parts.record.disabled = stopping || held || Boolean(reading && !stops) || (busy && !stops);
  parts.begin.hidden = kernel.phase !== "ready" || kernel.asks || mic || reading !== null;
  const paused = capture.phase === "paused" || kernel.paused;
  parts.pause.hidden = !mic && (!file || kernel.waiting || kernel.phase === "failed");
  setText(parts.pause, t(paused ? "mic.resume" : "mic.pause"));
  parts.commit.hidden = !(kernel.config.turns === "manual" && (mic || file));
  parts.elapsed.hidden = !mic;
  parts.meter.hidden = !mic || paused;
  parts.paused.hidden = !paused;
  setText(parts.said, captureText(kernel, capture.phase, t));
  const left = document.activeElement === parts.leave;
  parts.leave.hidden = !kernel.waiting || capture.phase !== "idle";
  if (left && parts.leave.hidden) parts.record.focus();
  const changed = document.activeElement === parts.opus;
  parts.opus.hidden = !kernel.slow_line;
  if (changed && parts.opus.hidden) parts.record.focus();
  const hurried = document.activeElement === parts.hurry;
  parts.hurry.hidden = kernel.outage === null && !kernel.renewing;
  setText(parts.hurry, t(kernel.renewing ? "transcriber.hurry.settings" : "transcriber.hurry.outage"));
  parts.hurry.title = t(kernel.renewing ? "transcriber.hurry.settings.text" : "transcriber.hurry.outage.text");
  if (hurried && parts.hurry.hidden) parts.record.focus();
  const stopsReading = document.activeElement === parts.giveUp;
  parts.giveUp.hidden = reading === null;
  parts.open.hidden = mic || busy || elsewhere || reading !== null;
  parts.sample.hidden = parts.open.hidden;
  if (stopsReading && parts.giveUp.hidden) (parts.open.hidden ? parts.record : parts.open).focus();
  drawProgress(parts, kernel, file, reading, t);
  if (mic) drawLevel(parts, capture);
}

/**
 * How far a file is: on its way to the kernel, or to the service.
 * @param {ReturnType<typeof createBar>} parts @param {Kernel} kernel @param {boolean} file one is transcribed
 * @param {State["file"]} reading @param {Translate} t
 */
function drawProgress(parts, kernel, file, reading, t) {
  parts.progress.hidden = parts.far.hidden = !file && reading === null;
  if (parts.far.hidden) return;
  const share = reading ? readShare(reading) : kernel.progress;
  parts.progress.value = share ?? 0;
  setText(parts.far, reading ? readText(share, t) : progressText(kernel, t));
  parts.far.title = reading ? reading.name : kernel.title;
}

/** @param {ReturnType<typeof createBar>} parts @param {State} capture */
function drawLevel(parts, capture) {
  setText(parts.elapsed, clock(capture.seconds));
  const length = meterLength(capture.peak);
  parts.fill.style.transform = `scaleX(${length.toFixed(3)})`;
  parts.meter.dataset.clipping = String(capture.clipping);
  parts.meter.setAttribute("aria-valuenow", String(Math.round(length * 100)));
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

import { constraintsFor, meterLength, pageProblem, problemOf, realSettings, slicesOf, UNPROCESSED }
  from "../../qwen_asr_widgets/widgets/capture/capture.js";
import { Recorder } from "../../qwen_asr_widgets/widgets/capture/recorder.js";
import { clock, size } from "../../qwen_asr_widgets/widgets/shared/format.js";
import { chooseLanguage, translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import { isDark } from "../../qwen_asr_widgets/widgets/shared/theme.js";
import locales from "../../qwen_asr_widgets/widgets/locales?strings";

globalThis.window ??= globalThis;
const WORKLET = new URL("../../qwen_asr_widgets/widgets/capture/worklet.js", import.meta.url);

const GOOD_PAGE = { secure: true, devices: true, allowed: true, protocol: "https:", classes: "" };

test("a page that may record has no problem, any other says which", () => {
  assert.equal(pageProblem(GOOD_PAGE), null);
  assert.equal(pageProblem({ ...GOOD_PAGE, secure: false, devices: false }), "insecure");
  assert.equal(pageProblem({ ...GOOD_PAGE, devices: false }), "host");
  assert.equal(pageProblem({ ...GOOD_PAGE, allowed: false }), "host");
  assert.equal(pageProblem({ ...GOOD_PAGE, protocol: "vscode-webview:" }), "host");
  assert.equal(pageProblem({ ...GOOD_PAGE, classes: "x vscode-dark" }), "host");
});

test("every error of getUserMedia has words in every language", () => {
  for (const name of ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError", "Strange"]) {
    const { code, detail } = problemOf({ name, message: "why" });
    assert.equal(detail, `${name}: why`);
    assert.equal(locales.strings[`mic.problem.${code}.text`].filter(Boolean).length, locales.languages.length);
  }
  assert.deepEqual(problemOf(undefined), { code: "unknown", detail: "" });
});

test("processing is off and no rate is forced unless asked", () => {
  assert.deepEqual(constraintsFor("", UNPROCESSED), {
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false }, video: false,
  });
  assert.deepEqual(constraintsFor("a", UNPROCESSED).audio.deviceId, { exact: "a" });
});

test("real settings name no device and say null where the browser is silent", () => {
  const real = realSettings({ deviceId: "secret", groupId: "secret", autoGainControl: true }, 48000);
  assert.ok(!JSON.stringify(real).includes("secret"));
  assert.equal(real.noiseSuppression, null);
  assert.equal(real.autoGainControl, true);
});

test("the meter spans 60 dB", () => {
  assert.deepEqual([0, 0.001, 0.0316227766, 1, 2].map((peak) => Math.round(meterLength(peak) * 100)), [0, 0, 50, 100, 100]);
});

test("slices cover a file without gap and stay under the message limit", () => {
  for (const bytes of [0, 1, 1 << 20, (1 << 20) + 1, 25_000_000]) {
    const slices = slicesOf(bytes);
    assert.equal(slices[0][0], 0);
    assert.equal(slices.at(-1)[1], bytes);
    for (const [i, [start]] of slices.slice(1).entries()) assert.equal(start, slices[i][1]);
    assert.ok(slices.every(([start, end]) => end - start <= 1 << 20));
  }
});

test("lang wins over the browser, which wins over English", () => {
  assert.equal(chooseLanguage("en", ["zh-CN"]), "en");
  assert.equal(chooseLanguage("", ["zh-TW", "en"]), "zh");
  assert.equal(chooseLanguage("", ["fr", "de"]), "en");
  assert.equal(translator("zh")("mic.record"), "录音");
  assert.equal(translator("en")("mic.kept", { time: "0:20.6" }), "The 0:20.6 recorded so far are kept.");
});

test("times and sizes", () => {
  assert.deepEqual([0, 0.864, 20.65, 59.999, 60, 3725].map((s) => clock(s)), ["0:00.0", "0:00.9", "0:20.7", "1:00.0", "1:00.0", "1:02:05.0"]);
  assert.equal(clock(61, 0), "1:01");
  assert.deepEqual([16_000, 12_500_000].map(size), ["16 kB", "12.5 MB"]);
});

test("dark is what the front end says, else the system", () => {
  assert.equal(isDark({ jupyterLight: "true", systemDark: true }), false);
  assert.equal(isDark({ jupyterLight: "false" }), true);
  assert.equal(isDark({ classes: "vscode-dark" }), true);
  assert.equal(isDark({ classes: "vscode-light", systemDark: true }), false);
  assert.equal(isDark({ classes: "vscode-high-contrast-light", systemDark: true }), false);
  assert.equal(isDark({ systemDark: true }), true);
  assert.equal(isDark({ theme: "dark", classes: "dark dark-theme" }), true, "marimo");
  assert.equal(isDark({ theme: "light", systemDark: true }), false);
  assert.equal(isDark({ theme: "sepia", systemDark: true }), true);
});

test("what was recorded with is let go once, however often that is asked for", () => {
  let closed = 0;
  const recorder = new Recorder({ chunk() {}, begun() {}, muted() {}, unplugged() {} });
  recorder.context = { state: "running", close: async () => { closed += 1; } };
  recorder.release();
  recorder.release();
  assert.equal(closed, 1);
});

/** Run the worklet as the audio thread would. */
function worklet(rate) {
  const posted = [];
  let Processor;
  vm.runInNewContext(readFileSync(WORKLET, "utf8"), {
    sampleRate: rate,
    AudioWorkletProcessor: class { port = { postMessage: (message) => posted.push(message) }; },
    registerProcessor: (_, made) => { Processor = made; },
  });
  const processor = new Processor();
  return { processor, posted, chunks: () => posted.filter((message) => message.kind === "chunk") };
}

const block = (value, channels = 1) => [Array.from({ length: channels }, () => new Float32Array(128).fill(value))];

test("the worklet numbers chunks of 100 ms and hands over the rest at the stop", () => {
  const { processor, posted, chunks } = worklet(44_100);
  for (let i = 0; i < 100; i += 1) assert.equal(processor.process(block(0.5)), true);
  processor.port.onmessage({ data: "stop" });
  assert.deepEqual(chunks().map((chunk) => [chunk.seq, chunk.pcm.byteLength / 2]), [[0, 4410], [1, 4410], [2, 3980]]);
  assert.equal(posted[0].kind, "begun");
  assert.deepEqual({ ...posted.at(-1) }, { kind: "flushed", chunks: 3 });
  assert.equal(processor.process(block(0.5)), false);
});

test("the worklet averages channels, rounds to int16 and counts what is clipped", () => {
  const { processor, chunks } = worklet(1280);
  processor.process([[new Float32Array(128).fill(0.5), new Float32Array(128).fill(-0.25)]]);
  processor.process(block(1.5));
  const values = chunks().map((chunk) => new Int16Array(chunk.pcm)[5]);
  assert.deepEqual(values, [4096, 32767]);
  assert.deepEqual(chunks().map((chunk) => chunk.clipped), [0, 128]);
});

test("a paused worklet keeps nothing", () => {
  const { processor, chunks } = worklet(1280);
  processor.process(block(0.5));
  processor.port.onmessage({ data: "pause" });
  processor.process(block(0.9));
  processor.port.onmessage({ data: "resume" });
  processor.process(block(0.1));
  assert.deepEqual(chunks().map((chunk) => [chunk.seq, Math.round(chunk.peak * 10)]), [[0, 5], [1, 1]]);
});

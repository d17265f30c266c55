import assert from "node:assert/strict";
import { test } from "node:test";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import { endpointText, leavesText, noticeText, statusText, unknownState, waysOn } from "../../qwen_asr_widgets/widgets/transcriber/logic.js";
import { factsText, modelText, rowName } from "../../qwen_asr_widgets/widgets/transcriber/endpoint/recognizer_text.js";

const t = translator("en");
const zh = translator("zh");
const moonshine = {
  id: "embedded", name: "moonshine", installed: true, command: "pip install moonshine", languages: ["en"], megabytes: 124,
  models: [], sends: false,
};
const whisper = {
  ...moonshine, id: "embedded:whisper", name: "whisper", languages: ["en", "zh", "de", "es", "ru"], megabytes: 385,
  models: [{ name: "base", megabytes: 145 }, { name: "large-v3", megabytes: 3087 }, { name: "own", megabytes: null }],
};
const openai = { ...moonshine, id: "", name: "openai", languages: null, megabytes: 4, sends: true };
/** @param {any} rest */
const kernel = (rest) => ({ ...unknownState(), ...rest });

test("a row says languages, size and that sound stays here", () => {
  assert.equal(rowName(moonshine, t), "Moonshine, on this computer");
  assert.equal(factsText(moonshine, t), "English only · 124 MB on disk · sound stays on this computer");
  assert.equal(factsText({ ...moonshine, installed: false }, zh), "仅英语 · 需占用磁盘 124 MB · 音频不离开本机");
  assert.equal(rowName({ ...moonshine, name: "toy" }, t), "toy, on this computer");
});

test("many languages are counted, and a download is told before it is made", () => {
  assert.equal(factsText(whisper, t),
    "5 languages: English, Chinese, German, Spanish… · 385 MB on disk · plus a model, downloaded once · sound stays on this computer");
  assert.deepEqual(whisper.models.map((model) => modelText(model, t)), ["base (145 MB)", "large-v3 (3.1 GB)", "own"]);
});

test("a server of one's own is said to get the sound", () => {
  assert.equal(rowName(openai, t), "Your own OpenAI-compatible server");
  assert.match(factsText(openai, t), /^the languages of its model .* sound goes to the address you give$/);
  const endpoint = { ...unknownState().endpoint, offline: true, cloud: true, goes_to: ["asr.example.org"] };
  assert.equal(endpointText(endpoint, t), "Server: asr.example.org");
  assert.match(leavesText(endpoint, t), /is sent to the chosen service \(asr\.example\.org\)/);
});

test("a model that is missing is named with its size, where it comes from and where it goes", () => {
  const about = { name: "base", megabytes: 145, source: "huggingface.co/Systran/faster-whisper-base", folder: "/models" };
  const notice = { id: 1, code: /** @type {const} */ ("model"), detail: "", about, kept: 0, since: 0, unsent: 0 };
  const said = noticeText(kernel({ notice }), { phase: "idle", seconds: 0 }, false, t);
  assert.match(said?.title ?? "", /base \(145 MB\)/);
  assert.match(said?.text ?? "", /from huggingface\.co\/Systran\/faster-whisper-base to \/models/);
  assert.deepEqual(waysOn("model", true), ["fetch", "endpoint"]);
});

test("what takes noticeable time before the first word is said", () => {
  const preparing = { kind: "loading", name: "moonshine", megabytes: null };
  assert.equal(statusText(kernel({ preparing, phase: "connecting" }), t), "Moonshine is getting ready…");
  const fetching = { kind: "fetching", name: "base", megabytes: 145 };
  assert.equal(statusText(kernel({ preparing: fetching }), t), "Downloading the model base, 145 MB…");
  assert.equal(statusText(kernel({ preparing: { ...fetching, megabytes: null } }), zh), "正在下载模型 base……");
});

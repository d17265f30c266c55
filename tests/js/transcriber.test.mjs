import assert from "node:assert/strict";
import { test } from "node:test";
import { clipText, clipWarning } from "../../qwen_asr_widgets/widgets/clip_recorder/clips.js";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import {
  addressHint, captureText, endpointText, figuresText, inOneLine, isCrowded, isRunning, languageHint, noticeText,
  priceText, progressText, readingText, readShare, readText, recordsElsewhere, sendingText, settingsShort,
  liveText, settingsText, shownEndpoint, silenceToSlider, sliderToSilence, statusText, takeSlice, unknownState,
  waysOn,
} from "../../qwen_asr_widgets/widgets/transcriber/logic.js";

const t = translator("en");
const zh = translator("zh");
const kernel = (rest = {}) => ({ ...unknownState(), ...rest });

test("the silence slider is logarithmic and comes back to where it was", () => {
  assert.equal(sliderToSilence(0), 200);
  assert.equal(sliderToSilence(1000), 6000);
  for (const ms of [200, 300, 400, 800, 1500, 3000, 6000]) {
    assert.ok(Math.abs(sliderToSilence(silenceToSlider(ms)) - ms) <= 10, `${ms}`);
  }
  assert.ok(silenceToSlider(400) > 100 && silenceToSlider(400) < 300);
});

test("settings are said in a few words, and in fewer", () => {
  const { config } = kernel();
  assert.equal(settingsText(config, t), "Threshold 0.20 · silence 800 ms");
  assert.equal(settingsShort(config, t), "0.20 · 800 ms");
  assert.equal(settingsShort(config, zh), "0.20 · 800 毫秒");
  assert.equal(settingsText({ ...config, turns: "manual" }, t), "Manual turns");
  const ends = "smart-turn, threshold 0.5, action delay 0.2 s";
  assert.equal(settingsText({ ...config, turns: "client", ends }, t), `Threshold 0.20 · silence 800 ms · turns found here · ${ends}`);
  assert.equal(settingsText({ ...config, ends }, t), "Threshold 0.20 · silence 800 ms", "the service takes turns");
});

test("phrases stand in one line, with no dot between a full stop and what follows it", () => {
  assert.equal(inOneLine(["", ""]), "");
  assert.equal(inOneLine(["", "12 s behind", "paused"]), "12 s behind · paused");
  assert.equal(inOneLine(["This takes 0:03.", "Reconnecting, try 4", "kept"]), "This takes 0:03. Reconnecting, try 4 · kept");
});

test("the recogniser is called by its name", () => {
  const { endpoint } = kernel();
  assert.equal(endpointText({ ...endpoint, name: "pocketsphinx" }, t), "Offline: pocketsphinx");
  assert.equal(endpointText({ ...endpoint, name: "script", standin: true }, t), "Stand-in for DashScope: script");
  assert.equal(endpointText({ ...endpoint, offline: false, id: "singapore" }, zh), "DashScope 新加坡");
  assert.equal(endpointText({ ...endpoint, offline: false, id: "custom", name: "asr.example.org" }, t), "asr.example.org");
});

test("figures are few: the longest below twenty, a percentile above", () => {
  const few = { count: 3, n: 3, median: 1.02, p95: 1.1, longest: 1.11, pace: 1 };
  assert.deepEqual(figuresText(few, t), ["utterances: 3", "finalization: median 1.02 s, longest 1.11 s (n = 3, real time)"]);
  assert.match(figuresText({ ...few, n: 20 }, t)[1], /95 % 1\.10 s \(n = 20, real time\)/);
  assert.deepEqual(figuresText({ count: 3, n: 0, pace: 2 }, t), ["utterances: 3", "no waits: 2 × real time"]);
  assert.deepEqual(figuresText({ count: 0, pace: null }, t), ["utterances: 0"]);
});

test("utterances that are not among the n are said with the reason", () => {
  const some = { count: 4, n: 2, median: 0.82, p95: 0.9, longest: 0.9, pace: 1, left_out: 1, off_pace: 1 };
  assert.equal(figuresText(some, t)[1],
    "finalization: median 0.82 s, longest 0.90 s (n = 2, real time, 1 not closed by silence, 1 not sent at that pace)");
  assert.match(figuresText({ ...some, off_pace: 0 }, zh)[1], /1 条并非由静音结束/);
  assert.deepEqual(figuresText({ count: 2, n: 0, pace: 1, left_out: 2 }, t), ["utterances: 2", "2 not closed by silence"]);
});

test("waits of sound sent as fast as possible are not told", () => {
  const figures = { count: 3, n: 0, median: null, p95: null, longest: null, pace: null };
  assert.deepEqual(figuresText(figures, t), ["utterances: 3", "no waits: as fast as possible"]);
});

test("only what is out of the ordinary is said", () => {
  assert.equal(statusText(kernel({ phase: "live" }), t), "");
  assert.equal(statusText(kernel({ phase: "live", behind: 12 }), t), "12 s behind");
  assert.equal(statusText(kernel({ phase: "live", slow: 7 }), t), "the recogniser is 7 s behind, nothing is lost");
  assert.match(statusText(kernel({ phase: "live", lost: 0.3 }), t), /0\.3 s lost/);
  assert.match(statusText(kernel({ phase: "ready", clipped: true }), t), /^The sound is clipped/);
  assert.match(statusText(kernel({ phase: "connecting" }), t), /^Connecting/);
});

test("where nothing else is to be said while one speaks, the line says how words come", () => {
  const going = (turns, phase = "live") => liveText({ phase, config: { turns, silence: 800 } }, t);
  assert.equal(going("service"), "Words in italics may still change. An utterance ends after 800 ms of silence.");
  assert.equal(going("manual"), "An utterance ends when you press Commit.");
  assert.equal(going("client"), "The words of an utterance come after its end.");
  assert.equal(going("service", "done"), "");
});

test("a lost connection is said with what becomes of the sound, and a slow line with what helps", () => {
  const said = (rest) => statusText(kernel(rest), t);
  const away = { phase: "connecting", outage: { tries: 3, waiting: 0 } };
  assert.equal(said(away), "Reconnecting, try 3; your sound is kept");
  assert.match(said({ ...away, outage: { tries: 4, waiting: 12 } }), /kept · 12 s of sound wait to be sent$/);
  assert.equal(said({ phase: "live", silent: 6 }), "No answer for 6 s; your sound is kept");
  assert.match(said({ phase: "live", slow_line: true }), /Opus needs a tenth/);
  assert.match(said({ phase: "live", renewing: true }), /new session, after this turn; nothing is lost$/);
  assert.match(statusText(kernel(away), zh), /第 3 次/);
});

test("another page that records is told from this one, and from this one before a reload", () => {
  assert.equal(recordsElsewhere(kernel(), "me", undefined), false);
  assert.equal(recordsElsewhere(kernel({ recorder: "me" }), "me", undefined), false);
  assert.equal(recordsElsewhere(kernel({ recorder: "you" }), "me", undefined), true);
  assert.equal(recordsElsewhere(kernel({ recorder: "you" }), "me", "interrupted"), false);
});

test("a file on its way says how much of it the kernel has, and what comes then", () => {
  assert.equal(readText(readShare({ size: 200, taken: 85 }), t), "42 %");
  assert.equal(readText(readShare({ size: 200, taken: 200 }), t), "decoding…");
  assert.equal(readShare({ size: 0, taken: 0 }), 0);
  assert.equal(readingText({ name: "talk.wav" }, t), "Reading talk.wav… It is transcribed as soon as it is here.");
  assert.match(readingText({ name: "talk.QASR" }, t), /The recording is shown/);
  assert.match(readingText({ name: "talk.wav" }, zh), /正在读取 talk.wav.*开始转写/);
});

test("a sound that is sent says that it is transcribed and how long that takes; a microphone's does not", () => {
  const file = { phase: "live", source: "file", title: "talk.wav", total: 36, pace: 1, waiting: false };
  assert.equal(sendingText(file, t), "Transcribing talk.wav in real time, so that waits are those of live speech: this takes 0:36.");
  assert.equal(sendingText({ ...file, pace: 2 }, t), "Transcribing talk.wav at 2 × real time: this takes 0:18.");
  assert.equal(sendingText({ ...file, pace: null, title: "" }, t), "Transcribing the sound…");
  for (const other of [{ source: "mic" }, { waiting: true }, { phase: "done" }, { phase: "failed" }]) {
    assert.equal(sendingText({ ...file, ...other }, t), "");
  }
});

test("a clip says where it is, and before its end that it ends", () => {
  const state = { seconds: 12.34, clipping: false, silent: false };
  const clip = (rest) => ({ stage: "", full: false, arrived: false, state, ...rest });
  assert.equal(clipText(clip(), t), "");
  assert.match(clipText(clip({ stage: "recording" }), t), /when you press Stop/);
  assert.match(clipWarning(clip({ stage: "ending" }), t), /at 10:00 the clip ends by itself/);
  assert.equal(clipWarning(clip({ stage: "recording" }), t), "");
  assert.match(clipText(clip({ stage: "waiting", full: true }), zh), /10:00 上限.*等待/);
  assert.match(clipText(clip({ stage: "late" }), t), /running a cell/);
  assert.equal(clipText(clip({ arrived: true }), t), "Recorded 0:12.3");
});

test("a language that may not be understood is said to be so, and no other", () => {
  for (const language of ["", "en", "zh-CN"]) assert.equal(languageHint(language, false, t), "");
  assert.match(languageHint("eo", false, t), /^“eo” is not among the languages the service documents/);
  assert.equal(languageHint("en-GB", true, t), "");
  assert.match(languageHint("zh", true, t), /English only/);
});

test("a file says how far it is and how fast it goes", () => {
  assert.equal(progressText(kernel({ progress: 0.5, total: 36, pace: 2 }), t), "0:18 / 0:36 · 2 × real time");
});

test("a price says that it is a listed one, what that rests on, and its day", () => {
  const prices = [
    { minute: "0.0198 CNY", source: "DashScope price page, Chinese", seen: "2026-11-22", grade: "doc" },
  ];
  assert.equal(priceText(prices, t), "0.0198 CNY a minute as listed [doc: DashScope price page; read on 2026-11-22]");
  assert.equal(priceText([], t), "");
});

test("what is held up is said in a word, and that it goes on", () => {
  assert.equal(captureText(kernel(), "paused", t), "Paused");
  assert.equal(captureText(kernel({ paused: true }), "idle", zh), "已暂停");
  assert.equal(captureText(kernel(), "recording", t), "Recording");
  for (const phase of ["idle", "starting", "stopping"]) assert.equal(captureText(kernel(), phase, t), "");
});

test("another address stays chosen until it is a good one, and what is used until then is said", () => {
  const { endpoint } = kernel();
  assert.equal(shownEndpoint(endpoint, false, false), "embedded");
  assert.equal(shownEndpoint(endpoint, true, false), "custom");
  assert.equal(addressHint({ ...endpoint, name: "pocketsphinx" }, t), "");
  const wrong = { ...endpoint, name: "pocketsphinx", refused: "http//asr" };
  assert.equal(shownEndpoint(wrong, false, false), "custom");
  assert.equal(shownEndpoint(wrong, false, true), "embedded");
  assert.match(addressHint(wrong, t), /^This is no address .* sound goes to: Offline: pocketsphinx\.$/);
  assert.match(addressHint(wrong, zh), /^这不是服务地址.*离线：pocketsphinx。$/);
});

const told = (code, rest = {}) => ({ id: 1, code, detail: "", kept: 0, since: 0, unsent: 0, ...rest });
const here = (phase = "idle", seconds = 0) => ({ phase, seconds });

test("that a recording goes on is said while it does, and that it is kept once it does not", () => {
  const failed = kernel({ phase: "failed", source: "mic", notice: told("closed") });
  const said = (capture, elsewhere = false, state = failed) => noticeText(state, capture, elsewhere, t).text;
  assert.match(said(here("recording", 3)), /The recording goes on and is kept\.$/);
  assert.match(said(here(), true), /goes on and is kept\.$/);
  for (const phase of ["paused", "stopping", "idle"]) assert.match(said(here(phase, 3)), /once more\. The 0:03\.0 recorded so far are kept\.$/);
  const done = { ...failed, phase: "done", notice: told("closed", { kept: 4 }) };
  assert.match(said(here("idle", 3), false, done), /The 0:04\.0 recorded so far are kept\.$/);
});

test("what was not recorded here is kept as the sound it is, and what harms no run speaks of none", () => {
  const said = (rest) => noticeText(kernel({ phase: "done", source: "file", notice: told("closed", { kept: 36.4 }), ...rest }), here(), false, t);
  assert.match(said({}).text, /once more\. The sound and everything received are kept\.$/);
  assert.doesNotMatch(said({ notice: told("settings", { kept: 36.4 }) }).text, /kept/);
});

test("a file that cannot be used is named, and an empty one is said to be empty", () => {
  const said = (code, about, tell = t) => noticeText(kernel({ notice: told(code, { about }) }), here(), false, tell).title;
  assert.equal(said("file", { name: "talk.wav" }), "“talk.wav” cannot be read.");
  assert.equal(said("empty", { name: "talk.wav" }), "“talk.wav” is empty (0 bytes).");
  assert.equal(said("missing", { name: "talk.wav" }, zh), "没有文件“talk.wav”。");
  assert.equal(said("file", {}), "This sound cannot be read.");
});

test("a setting out of its range is named with its value and its range", () => {
  const said = (about, tell = t) => noticeText(kernel({ notice: told("settings", { about }) }), here(), false, tell).title;
  const silence = { param: "silence_duration_ms", value: 99999, low: 200, high: 6000 };
  assert.equal(said(silence), "Silence 99999 ms was not accepted: give 200 to 6000 ms.");
  assert.equal(said(silence, zh), "静音时长 99999 毫秒 未被接受：请取 200 到 6000 毫秒。");
  assert.equal(said({ param: "threshold", value: 1.5, low: -1, high: 1 }), "Threshold 1.5 was not accepted: give -1 to 1.");
  assert.equal(said({}), "The setting was not accepted.");
});

test("a key that was not given is not said to be refused, and nothing is said of a variable that is not read", () => {
  const said = (dashscope) => noticeText(kernel({ notice: told("nokey"), endpoint: { ...kernel().endpoint, dashscope } }), here(), false, t);
  assert.equal(said(false).title, "This service wants a key and there is none.");
  assert.match(said(true).text, /DASHSCOPE_API_KEY/);
  assert.doesNotMatch(said(false).text, /DASHSCOPE_API_KEY/);
});

test("an error that a run has survived goes on only as long as the run", () => {
  const notice = told("reported");
  assert.equal(noticeText(kernel({ phase: "live", notice }), here(), false, t).title, "The service reported an error and goes on.");
  const past = noticeText(kernel({ phase: "done", notice }), here(), false, t);
  assert.deepEqual(past, { title: "The service reported an error.", text: "Details hold what it said; the run was not affected." });
});

test("who stops waiting is told in one sentence from where on words may be missing, and what was not sent", () => {
  const said = (rest, tell = t) => noticeText(kernel({ phase: "done", notice: told("unanswered", rest) }), here(), false, tell).text;
  assert.equal(said({ since: 5.2, kept: 9 }), "Everything received is kept; from 0:05.2 on words may be missing.");
  assert.match(said({ since: 5.2, unsent: 3 }), /missing, and the last 3\.0 s were not sent\.$/);
  assert.match(said({ since: 5.2, unsent: 3 }, zh), /从 0:05\.2 起可能缺少文字，最后 3\.0 秒未发送。$/);
  assert.deepEqual(waysOn("unanswered", true), ["retry", "dismiss"]);
  assert.equal(noticeText(kernel(), here(), false, t), null);
});

test("every problem has a way on, in both languages", () => {
  for (const code of ["connect", "key", "nokey", "closed", "service", "settings", "endpoint", "file", "unanswered"]) {
    assert.ok(waysOn(code, true).length > 0);
    for (const way of waysOn(code, true)) if (way !== "open") assert.ok(t(`transcriber.way.${way}`) && zh(`transcriber.way.${way}`));
    assert.ok(t(`transcriber.problem.${code}`) && zh(`transcriber.problem.${code}.text`));
  }
  assert.ok(!waysOn("connect", false).includes("retry"));
  assert.ok(waysOn("file", false).includes("open"));
});

test("phases with something under way", () => {
  assert.deepEqual(["empty", "ready", "connecting", "live", "finishing", "failed", "done"].filter((phase) => isRunning(kernel({ phase }))),
    ["connecting", "live", "finishing", "failed"]);
});

test("the bar is crowded where much can be begun, and where a file is heard", () => {
  assert.ok(["empty", "ready", "done"].every((phase) => isCrowded(kernel({ phase }))));
  assert.ok(isCrowded(kernel({ phase: "live", source: "file" })));
  assert.ok(isCrowded(kernel({ phase: "finishing", source: "file", waiting: true })));
  assert.ok(!isCrowded(kernel({ phase: "live", source: "mic", paused: true })));
});

test("slices make a whole in any order, copied out of their messages", () => {
  const job = { slices: 2, parts: [] };
  const bytes = new Uint8Array([0, 1, 2, 3]);
  assert.equal(takeSlice(job, 1, new DataView(bytes.buffer, 2, 2)), null);
  const whole = takeSlice(job, 0, new DataView(bytes.buffer, 0, 2));
  assert.deepEqual(whole.map((part) => [...new Uint8Array(part)]), [[0, 1], [2, 3]]);
});

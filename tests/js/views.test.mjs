import assert from "node:assert/strict";
import { test } from "node:test";
import { fitParts, fitText, isRightToLeft, stackRows, wrapParts } from "../../qwen_asr_widgets/widgets/shared/axis/layout.js";
import { Playback } from "../../qwen_asr_widgets/widgets/shared/axis/playback.js";
import { duration } from "../../qwen_asr_widgets/widgets/shared/format.js";
import { emptyRun, latencyBars, takeRun } from "../../qwen_asr_widgets/widgets/shared/run/state.js";
import { engineText, markText, summaryText } from "../../qwen_asr_widgets/widgets/shared/run/summary.js";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import {
  asText, emptyText, filtered, languageBefore, latencyChips, noteChips, problemText, splitMatches,
} from "../../qwen_asr_widgets/widgets/transcript/rows.js";
import { RowHeights } from "../../qwen_asr_widgets/widgets/shared/virtual_list.js";
import { scoreColumns } from "../../qwen_asr_widgets/widgets/waveform/draw.js";
import { WaveSound } from "../../qwen_asr_widgets/widgets/waveform/sound.js";
import { axisRow, scoreRow, waveRow, withRows } from "../../qwen_asr_widgets/widgets/waveform/rows.js";

const t = translator("en");
const measure = (text) => Array.from(text).length * 10;

function utterance(number, rest = {}) {
  return {
    number, onset: number, start: number, end: number + 0.5, settled: `words ${number}`, draft: "", status: "final",
    ended_by: "silence", language: null, emotion: null, error: null, problem: false, first_partial: 0.5,
    endpoint_delay: 0.8, decode_delay: 0.2, finalization: 1, ...rest,
  };
}

const snapshot = (version, utterances) => ({ kind: "run", version, base: null, count: utterances.length, utterances });

test("rows stack with gaps, hidden rows take none", () => {
  const { boxes, height } = stackRows([
    { id: "a", height: 10 }, { id: "b", height: 0 }, { id: "c", height: 20 },
  ], 4);
  assert.deepEqual(boxes.get("c"), { y: 14, height: 20 });
  assert.equal(height, 34);
  assert.equal(boxes.has("b"), false);
});

test("text that is too long ends in an ellipsis, never in half a letter", () => {
  assert.equal(fitText("waveform", 80, measure), "waveform");
  assert.equal(fitText("waveform", 55, measure), "wave…");
  assert.equal(fitText("🎤🎤🎤🎤", 35, measure), "🎤🎤…");
  assert.equal(fitText("waveform", 5, measure), "");
});

test("the draft gives way before the settled words", () => {
  assert.deepEqual(fitParts("one", " two", 60, measure, measure), { settled: "one", draft: " t…", draftX: 30 });
  assert.equal(fitParts("settled", " two", 50, measure, measure).draft, "");
});

test("the scores of a growing sound follow each other, and those of another begin anew", () => {
  const sound = new WaveSound(() => {}, () => {});
  const take = (first, total, ...codes) => sound.receive(
    { kind: "score", hop: 0.032, first, total, threshold: 0.2 }, [new DataView(new Int8Array(codes).buffer)]);
  take(0, 2, 127, -127);
  take(2, 3, 0);
  assert.deepEqual([...sound.score.values], [1, -1, 0]);
  take(3, 3);
  assert.deepEqual([...sound.score.values], [1, -1, 0]);
  take(0, 1, 127);
  assert.deepEqual([...sound.score.values], [1]);
});

test("of words that are still coming the newest are shown, whatever the room", () => {
  const coming = (width) => fitParts("one two", " three", width, measure, measure, true);
  assert.deepEqual(coming(130), { settled: "one two", draft: " three", draftX: 70 });
  assert.deepEqual(coming(100), { settled: "…two", draft: " three", draftX: 40 });
  assert.deepEqual(coming(60), { settled: "", draft: " three", draftX: 0 });
  assert.deepEqual(coming(40), { settled: "", draft: "…ree", draftX: 0 });
  for (let width = 20; width <= 130; width += 10) {
    const { settled, draft } = coming(width);
    assert.ok(`${settled}${draft}`.endsWith("e"), `${width} pixels`);
  }
  assert.deepEqual(fitParts("only settled", "", 60, measure, measure, true), { settled: "…ttled", draft: "", draftX: 60 });
});

test("words are broken into lines between words, the draft going on where the settled words end", () => {
  const lines = wrapParts("one two three", " four five", 80, measure, measure, 4);
  assert.deepEqual(lines.map((line) => line.settled + line.draft), ["one two", "three", "four", "five"]);
  const mixed = wrapParts("one", " two three", 80, measure, measure, 4);
  assert.deepEqual(mixed[0], { settled: "one", draft: " two", draftX: 30 });
  assert.deepEqual(wrapParts("", "", 80, measure, measure, 4), [{ settled: "", draft: "", draftX: 0 }]);
});

test("a script without spaces is broken anywhere, and what the last line cannot hold ends in an ellipsis", () => {
  const lines = wrapParts("今天天气很好我们去", "", 40, measure, measure, 2);
  assert.deepEqual(lines.map((line) => line.settled), ["今天天气", "很好我…"]);
});

test("Arabic and Hebrew run from right to left, whatever numbers stand first", () => {
  assert.equal(isRightToLeft("12 مرحبا"), true);
  assert.equal(isRightToLeft("hello مرحبا"), false);
  assert.equal(isRightToLeft("你好"), false);
});

test("patches build on the version before; a gap is noticed, an old message left aside", () => {
  const state = emptyRun();
  assert.equal(takeRun(state, { ...snapshot(1, []), base: 0 }), "gap");
  assert.equal(takeRun(state, snapshot(3, [utterance(1)])), "taken");
  assert.equal(takeRun(state, { version: 4, base: 3, count: 2, utterances: [utterance(2)] }), "taken");
  assert.equal(state.utterances.length, 2);
  assert.equal(takeRun(state, { version: 4, base: 3, count: 2, utterances: [] }), "old");
  assert.equal(takeRun(state, { version: 6, base: 5, count: 3, utterances: [utterance(3)] }), "gap");
  assert.equal(takeRun(state, snapshot(2, [])), "old");
  assert.equal(state.version, 4);
});

test("a wait is drawn from the end of speech to the final; a negative one is not drawn", () => {
  const [bar] = latencyBars([utterance(1), utterance(2, { finalization: -0.2 }), utterance(3, { end: null })]);
  assert.deepEqual([bar.from, bar.middle, bar.to], [1.5, 2.3, 2.5]);
  assert.equal(latencyBars([utterance(2, { finalization: -0.2 })]).length, 0);
});

test("a wait reads the same under the waveform, in the transcript and in the figures", () => {
  for (let ms = 1; ms < 3000; ms += 1) {
    const [bar] = latencyBars([utterance(1, { end: 12.3456, endpoint_delay: null, finalization: ms / 1000 })]);
    assert.equal(duration(bar.to - bar.from, t), duration(ms / 1000, t));
  }
  assert.equal(duration(0.34996, t), "0.35 s");
  assert.equal(duration(1.5, translator("zh")), "1.50 秒");
});

test("waits have a place on the axis only where the sound was sent in real time", () => {
  assert.equal(latencyBars([utterance(1)], true).length, 1);
  assert.deepEqual(latencyBars([utterance(1)], false), []);
});

test("manual mode has a decode delay and no endpoint", () => {
  const [bar] = latencyBars([utterance(1, { endpoint_delay: null, finalization: null, decode_delay: 0.4 })]);
  assert.deepEqual([bar.from, bar.middle, bar.to], [1.5, 1.5, 1.9]);
});

const summary = {
  figures: { p50: 1.1, p95: 1.38, p99: 1.39, longest: 1.4 }, n: 12, chunk_ms: 100, pace: 1, source: "service",
  cut: 0, left_out: 0, off_pace: 0,
};

test("figures never stand without their number and how the sound was sent", () => {
  const said = (summary, t, waits = true) => summaryText({ summary, waits }, t);
  assert.equal(said(summary, t),
    "finalization: median 1.10 s, longest 1.40 s (n = 12, 100 ms chunks, real time, speech ends by the service)");
  const many = { ...summary, n: 40, pace: 2, figures: { ...summary.figures, longest: null }, left_out: 2 };
  assert.equal(said(many, t), "finalization: p50 1.10 s, p95 1.38 s, p99 1.39 s (n = 40, 100 ms chunks, "
    + "2 × real time, speech ends by the service, 2 not closed by silence)");
  assert.match(said({ ...summary, figures: null, n: 0 }, t), /^no utterance closed by silence \(n = 0/);
  assert.match(said({ ...summary, pace: null }, t, false), /^Waits are not shown: .*as fast as it was taken/);
  assert.match(said({ ...summary, pace: 2 }, t, false), /^Waits are not shown: this was sent at 2 × real time/);
  assert.equal(said(summary, translator("zh")),
    "定稿用时：中位数 1.10 秒，最长 1.40 秒（n = 12，每块 100 毫秒，实时，语音结束点取自服务）");
});

test("who recognised it stands with the settings in force, and marks say what took effect", () => {
  const settings = { threshold: 0.2, silence: 800, client: false, changed: true };
  const info = { engine: "pocketsphinx", settings };
  assert.equal(engineText(info, t), "pocketsphinx · threshold 0.20, silence 800 ms, changed midway");
  assert.equal(engineText({ ...info, settings: { ...settings, threshold: null, changed: false } }, t), "pocketsphinx · manual turns");
  assert.equal(engineText({ engine: "", settings: null }, t), "");
  const marks = [["settings", "0.00 · 400"], ["manual", ""], ["lost", "0.50"]]
    .map(([kind, label]) => ({ time: 1, kind, label }));
  assert.deepEqual(marks.map((mark) => markText(mark, t)), ["0.00 · 400 ms", "manual turns", "0.50 s lost"]);
  assert.deepEqual(marks.map((mark) => markText(mark, translator("zh"))), ["0.00 · 400 毫秒", "手动分段", "丢失 0.50 秒"]);
});

test("a language is said where it changes, not on every row", () => {
  const all = ["en", "en", null, "zh", "en"].map((language, k) => utterance(k + 1, { language }));
  const said = all.map((u) => noteChips(u, t, languageBefore(u, all)).map((chip) => chip.text).join());
  assert.deepEqual(said, ["en", "", "", "zh", "en"]);
});

test("a missing first partial says why", () => {
  const said = (no_partial) => latencyChips(utterance(1, { first_partial: null, no_partial }), t)[0].text;
  assert.equal(said("final"), "no first partial: the final came first");
  assert.equal(said("client"), "no first partial: sound is sent after the turn");
  assert.equal(said("pace"), "no first partial: sound was not sent at the pace");
  assert.equal(said(""), "finalization 1.00 s");
});

test("a search ignores case and width, a filter leaves the problems", () => {
  const all = [utterance(1, { settled: "Hello World" }), utterance(2, { settled: "ABC", problem: true })];
  assert.deepEqual(filtered(all, "hello w", false).map((u) => u.number), [1]);
  assert.deepEqual(filtered(all, "abc", false).map((u) => u.number), [2]);
  assert.deepEqual(filtered(all, "", true).map((u) => u.number), [2]);
});

test("matches of a search are cut out exactly", () => {
  assert.deepEqual(splitMatches("A cat and a CAT", "cat"), ["A ", "cat", " and a ", "CAT", ""]);
  assert.deepEqual(splitMatches("nothing", ""), ["nothing"]);
});

test("chips say how long it took, or what is awaited, and what is known", () => {
  assert.deepEqual(latencyChips(utterance(1), t).map((chip) => chip.text), ["first partial 0.50 s", "finalization 1.00 s"]);
  assert.equal(latencyChips(utterance(1, { status: "speaking" }), t)[1].text, "listening…");
  const notes = noteChips(utterance(1, { language: "en", status: "failed", error: "too noisy" }), t);
  assert.deepEqual(notes, [{ text: "en", kind: "plain" }, { text: "too noisy", kind: "alarm" }]);
});

test("a final's wait is split into the part before and after the end of speech was noticed", () => {
  const wait = (rest) => latencyChips(utterance(1, rest), t).at(-1).wait;
  assert.deepEqual(wait({}), { endpoint: 0.8, total: 1 });
  assert.deepEqual(wait({ endpoint_delay: null, finalization: null, decode_delay: 0.4 }), { endpoint: null, total: 0.4 });
  assert.deepEqual(wait({ endpoint_delay: 1.2 }), { endpoint: 1, total: 1 });
});

test("a time that does not count from the end of speech says what it counts from", () => {
  const said = (rest) => latencyChips(utterance(1, { endpoint_delay: null, finalization: null, decode_delay: 0.4, ...rest }), t).at(-1).text;
  assert.equal(said({ ended_by: "commit" }), "final 0.40 s after Commit");
  assert.equal(said({ ended_by: "commit", commit: "finish" }), "final 0.40 s after the end");
  assert.equal(said({ ended_by: "commit", commit: "limit" }), "final 0.40 s after the 60 s limit");
  assert.equal(said({ ended_by: "silence" }), "decode delay 0.40 s", "sent off its pace: how long a person waited is not known");
});

test("below the rows stands what is waited for, and nothing untrue", () => {
  const info = { growing: true, gathered: null, settings: { threshold: 0.2, silence: 800, client: false, changed: false } };
  const client = { ...info, settings: { ...info.settings, client: true } };
  assert.match(emptyText(0, 0, info, t), /appear here as they are spoken/);
  assert.match(emptyText(0, 0, client, t), /words of a turn appear here after its end/);
  for (const shown of [0, 3]) {
    assert.equal(emptyText(shown, shown, { ...info, gathered: 64 }, t), "Sound is gathered until you press Commit: 1:04 so far.");
  }
  assert.match(emptyText(0, 3, { ...info, gathered: 4 }, t), /^No utterance matches/);
  assert.equal(emptyText(3, 3, info, t), "");
  assert.match(emptyText(0, 0, { ...info, growing: false }, t), /^No speech was found/);
});

test("what went wrong is said in words", () => {
  assert.equal(problemText(utterance(1), t), "");
  assert.equal(problemText(utterance(1, { settled: "" }), t), "(no words recognised)");
  assert.equal(problemText(utterance(1, { status: "lost", settled: "half" }), t), "not answered");
  assert.equal(problemText(utterance(1, { status: "failed", error: "too noisy" }), t), "too noisy");
});

test("copied text has a time and a line an utterance", () => {
  assert.equal(asText([utterance(1), utterance(2, { draft: " and", status: "speaking" })]),
    "0:01.0  words 1\n0:02.0  words 2 and");
});

test("a long list knows the place of every row, measured or guessed", () => {
  const heights = new RowHeights(30);
  heights.resize(1000);
  heights.measure(0, 50);
  heights.measure(10, 100);
  assert.equal(heights.top(1), 50);
  assert.equal(heights.top(11), 320 + 100);
  assert.equal(heights.total, 30_000 + 20 + 70);
  for (const row of [0, 1, 10, 11, 500, 999]) assert.equal(heights.rowAt(heights.top(row)), row);
  const [first, last] = heights.window(heights.top(500), 300);
  assert.ok(first === 496 && last - first < 25);
  heights.resize(1200);
  assert.equal(heights.top(11), 420);
});

test("a list comes to rest where a row begins", () => {
  const heights = new RowHeights(30);
  assert.equal(heights.restAt(10), 0);
  heights.resize(3);
  heights.measure(1, 50);
  assert.deepEqual([-5, 0, 1, 30, 31, 80, 95].map((y) => heights.restAt(y)), [0, 0, 30, 30, 80, 80, 80]);
});

test("the score's columns hold its lowest and highest, and nothing beyond its end", () => {
  const score = { values: Float32Array.from([-1, 0, 0.5, 1]), hop: 1 };
  const columns = scoreColumns(score, { start: 0, span: 8 }, 4);
  assert.deepEqual([...columns.slice(0, 4)], [-1, 0, 0.5, 1]);
  assert.ok(Number.isNaN(columns[4]));
});

test("a tool adds rows over the axis and replaces one of ours by its id", () => {
  const mine = { id: "mine", height: () => 10, draw() {} };
  const score = { ...scoreRow, grab: () => null };
  assert.deepEqual(withRows([waveRow, scoreRow, axisRow], [mine, score]), [waveRow, score, mine, axisRow]);
});

class FakeContext {
  constructor() {
    this.currentTime = 10;
    this.state = "running";
    this.destination = {};
    this.started = [];
    this.closed = false;
  }
  createBuffer(_, length, rate) {
    return { duration: length / rate, data: new Float32Array(length), getChannelData() { return this.data; } };
  }
  createBufferSource() {
    const started = this.started;
    return { connect() {}, disconnect() {}, stop() {}, start(when) { started.push(when); } };
  }
  close() { this.closed = true; return Promise.resolve(); }
}

function player() {
  const context = new FakeContext();
  const asked = [];
  const said = [];
  const playback = new Playback({
    rate: 100, ask: (request) => asked.push(request), changed: (on) => said.push(on), makeContext: () => context,
  });
  return { context, asked, said, playback };
}

test("playing asks for slices ahead and joins them without a gap", () => {
  const { context, asked, playback } = player();
  playback.play(2, 20);
  assert.deepEqual(asked[0], { kind: "audio", start: 200, stop: 300 });
  playback.take(200, new Int16Array(100));
  assert.deepEqual(asked[1], { kind: "audio", start: 300, stop: 800 });
  playback.take(300, new Int16Array(500));
  assert.ok(Math.abs(context.started[1] - context.started[0] - 1) < 1e-9);
  context.currentTime = context.started[0] + 0.25;
  assert.ok(Math.abs(playback.tick() - 2.25) < 1e-9);
});

test("playing ends at its end, stays where it was paused, and leaves late slices aside", () => {
  const { context, said, playback } = player();
  playback.play(0, 0.5);
  playback.take(0, new Int16Array(50));
  context.currentTime += 1;
  assert.equal(playback.tick(), 0.5);
  assert.deepEqual(said, [true, false]);
  playback.play(0, 9);
  playback.take(0, new Int16Array(100));
  context.currentTime = context.started.at(-1) + 0.3;
  playback.pause();
  assert.ok(Math.abs(playback.from - 0.3) < 1e-9);
  playback.take(100, new Int16Array(500));
  assert.equal(context.started.length, 2);
  playback.destroy();
  assert.equal(context.closed, true);
});

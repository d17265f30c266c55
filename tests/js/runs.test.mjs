import assert from "node:assert/strict";
import { test } from "node:test";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import { unknownState } from "../../qwen_asr_widgets/widgets/transcriber/logic.js";
import { paceChoice } from "../../qwen_asr_widgets/widgets/transcriber/part/long.js";
import { typedRegion } from "../../qwen_asr_widgets/widgets/transcriber/part/region.js";
import { runMarks, runName, runText } from "../../qwen_asr_widgets/widgets/transcriber/runs/switcher.js";

const t = translator("en");
const zh = translator("zh");
const run = (/** @type {any} */ rest = {}) => ({
  number: 2, name: "", sound: "call.wav", channel: null, channels: 1, config: unknownState().config, pace: 1, count: 3, seconds: 12,
  growing: false, complete: true, baseline: true, pinned: false, shown: false, ...rest,
});

test("a run has its number until it has a name", () => {
  assert.equal(runName(run(), t), "Run 2");
  assert.equal(runName(run({ name: "noisy" }), zh), "noisy");
});

test("a run is told from the others by what differs: its sound, its channel, its speed", () => {
  assert.equal(runText(run(), [run(), run()], t), "0.20 · 800 ms");
  assert.equal(runText(run({ pace: null }), [run()], t), "0.20 · 800 ms · as fast as possible");
  const left = run({ channel: 0, channels: 2 });
  const right = run({ channel: 1, channels: 2 });
  assert.equal(runText(right, [left, right], t), "call.wav · Right · 0.20 · 800 ms");
});

test("a run that is not whole, or the baseline, is marked", () => {
  assert.deepEqual(runMarks(run(), t), []);
  assert.deepEqual(runMarks(run({ complete: false }), t), ["incomplete"]);
  assert.deepEqual(runMarks(run({ pinned: true }), t), ["baseline"]);
  assert.deepEqual(runMarks(run({ growing: true, complete: false }), t), ["under way"]);
});

test("a part that is typed lies within the sound and is no shorter than a chunk", () => {
  assert.deepEqual(typedRegion(1, 2.5, 12), { start: 1, end: 2.5 });
  assert.deepEqual(typedRegion(-1, 99, 12), { start: 0, end: 12 });
  for (const [start, end] of [[2, 2.05], [5, 4], [NaN, 3], [13, 14]]) assert.equal(typedRegion(start, end, 12), null);
});

test("a speed says how long it takes, where that is known", () => {
  assert.equal(paceChoice(1, 3120, t), "real time: takes 52:00");
  assert.equal(paceChoice(4, 3120, t), "4 × real time: takes 13:00");
  assert.equal(paceChoice(null, 3120, t), "as fast as the recogniser takes it");
});

import { heldText } from "../../qwen_asr_widgets/widgets/compare_view/runs.js";
import { pairTurns, turnFacts } from "../../qwen_asr_widgets/widgets/compare_view/turns.js";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import assert from "node:assert/strict";
import { test } from "node:test";

const t = translator("en");
const turn = (number, onset, end, rest = {}) => ({
  number, onset, start: onset, end, settled: "so it was", draft: "", status: "final", ended_by: "silence", language: null,
  emotion: null, error: null, first_partial: null, endpoint_delay: null, decode_delay: null, finalization: null, ...rest,
});
const numbers = (pairs) => pairs.map(({ from, to, runs }) => [from, to, ...runs.map((turns) => turns.map((one) => one.number))]);

test("what two runs heard at the same time stands side by side, a split turn beside its parts", () => {
  const before = [turn(1, 1, 2), turn(2, 2.4, 4), turn(3, 8, 9)];
  const now = [turn(1, 1.1, 4.1), turn(2, 5, 6)];
  assert.deepEqual(numbers(pairTurns([before, now])), [[1, 4.1, [1, 2], [1]], [5, 6, [], [2]], [8, 9, [3], []]]);
  assert.deepEqual(numbers(pairTurns([before, [turn(1, 0, 10)]])), [[0, 10, [1, 2, 3], [1]]]);
  assert.deepEqual(numbers(pairTurns([[turn(1, 1, 2)], [turn(1, 2, 3)]])), [[1, 2, [1], []], [2, 3, [], [1]]], "touching is apart");
});

test("every turn of both runs is there once, one without a place too", () => {
  const lost = { ...turn(2, null, null), start: null };
  assert.deepEqual(numbers(pairTurns([[turn(1, 1, 2), lost], []])), [[1, 2, [1], []], [null, null, [2], []]]);
  assert.deepEqual(numbers(pairTurns([[lost], [lost]])), [[null, null, [2], []], [null, null, [], [2]]]);
  assert.deepEqual(numbers(pairTurns([[turn(1, 1, null)], []])), [[1, 1, [1], []]]);
  assert.deepEqual(pairTurns([[], []]), []);
});

test("a turn says its waits, or how it ended where nothing waited for silence", () => {
  const full = turn(1, 1, 2, { first_partial: 0.5, endpoint_delay: 0.8, decode_delay: 0.2, finalization: 1.0 });
  assert.deepEqual(turnFacts(full, true, t), ["first partial 0.50 s", "finalization 1.00 s"]);
  assert.deepEqual(turnFacts(full, false, t), []);
  const byHand = turn(1, 1, 2, { ended_by: "commit", decode_delay: 0.31 });
  assert.deepEqual(turnFacts(byHand, true, t), ["final 0.31 s after Commit"]);
  assert.deepEqual(turnFacts(byHand, false, t), ["closed by Commit"]);
  assert.deepEqual(turnFacts(turn(1, 1, 2, { ended_by: "finish" }), true, t), ["closed at the end"]);
  assert.deepEqual(turnFacts({ ...byHand, commit: "finish" }, true, t), ["final 0.31 s after the end"]);
  assert.deepEqual(turnFacts({ ...byHand, commit: "finish" }, false, t), ["closed at the end"]);
  assert.deepEqual(turnFacts({ ...byHand, commit: "limit" }, false, t), ["closed at the 60 s limit"]);
  assert.deepEqual(turnFacts(turn(1, 1, 2, { settled: "" }), true, t), ["(no words recognised)"]);
});

const BASE = { threshold: 0.2, silence: 800, padding: 300, language: "", context: "", turns: "service" };
const held = (from, rest = {}) => ({ from, config: { ...BASE, ...rest } });

test("settings that changed midway are all named, each with its place", () => {
  assert.equal(heldText([held(0)], t), "Threshold 0.20 · silence 800 ms");
  const run = [held(0), held(12.3, { threshold: 0, silence: 400 }), held(20, { turns: "manual" })];
  assert.equal(heldText(run, t),
    "Threshold 0.20 · silence 800 ms; from 0:12.3 Threshold 0.00 · silence 400 ms; from 0:20.0 Manual turns (changed midway)");
  assert.equal(heldText([run[0], run[2]], translator("zh")), "阈值 0.20 · 静音 800 毫秒；自 0:20.0 起 手动分段（中途有更改）");
  assert.equal(heldText([held(0), held(3, { language: "en" })], t), "Threshold 0.20 · silence 800 ms (changed midway)");
});

test("of many settings the first and the last two are named", () => {
  const many = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6].map((threshold, k) => held(k, { threshold }));
  assert.match(heldText(many, t), /^Threshold 0\.10 .*; …; from 0:04\.0 Threshold 0\.50 .*; from 0:05\.0 Threshold 0\.60 [^;]*\(changed midway\)$/);
});

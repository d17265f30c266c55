import assert from "node:assert/strict";
import { test } from "node:test";
import { translator } from "../../qwen_asr_widgets/widgets/static/strings.js";
import { pairTurns, turnFacts } from "../../qwen_asr_widgets/widgets/static/transcriber_compared.js";

const t = translator("en");
const turn = (number, onset, end, rest = {}) => ({
  number, onset, start: onset, end, settled: "so it was", draft: "", status: "final", ended_by: "silence", language: null,
  emotion: null, error: null, first_partial: null, endpoint_delay: null, decode_delay: null, finalization: null, ...rest,
});
const numbers = (pairs) => pairs.map(({ from, to, runs }) => [from, to, ...runs.map((turns) => turns.map((one) => one.number))]);

test("what two runs heard at the same time stands side by side, a split turn beside its parts", () => {
  const before = [turn(1, 1, 2), turn(2, 2.4, 4), turn(3, 8, 9)];
  const now = [turn(1, 1.1, 4.1), turn(2, 5, 6)];
  assert.deepEqual(numbers(pairTurns(before, now)), [[1, 4.1, [1, 2], [1]], [5, 6, [], [2]], [8, 9, [3], []]]);
  assert.deepEqual(numbers(pairTurns(before, [turn(1, 0, 10)])), [[0, 10, [1, 2, 3], [1]]]);
  assert.deepEqual(numbers(pairTurns([turn(1, 1, 2)], [turn(1, 2, 3)])), [[1, 2, [1], []], [2, 3, [], [1]]], "touching is apart");
});

test("every turn of both runs is there once, one without a place too", () => {
  const lost = { ...turn(2, null, null), start: null };
  assert.deepEqual(numbers(pairTurns([turn(1, 1, 2), lost], [])), [[1, 2, [1], []], [null, null, [2], []]]);
  assert.deepEqual(numbers(pairTurns([lost], [lost])), [[null, null, [2], []], [null, null, [], [2]]]);
  assert.deepEqual(numbers(pairTurns([turn(1, 1, null)], [])), [[1, 1, [1], []]]);
  assert.deepEqual(pairTurns([], []), []);
});

test("a turn says its waits, or how it ended where nothing waited for silence", () => {
  const full = turn(1, 1, 2, { first_partial: 0.5, endpoint_delay: 0.8, decode_delay: 0.2, finalization: 1.0 });
  assert.equal(turnFacts(full, true, t), "first partial 0.50 s · final 1.00 s");
  assert.equal(turnFacts(full, false, t), "");
  const byHand = turn(1, 1, 2, { ended_by: "commit", decode_delay: 0.31 });
  assert.equal(turnFacts(byHand, true, t), "final 0.31 s after Commit");
  assert.equal(turnFacts(byHand, false, t), "closed by Commit");
  assert.equal(turnFacts(turn(1, 1, 2, { ended_by: "finish" }), true, t), "closed at the end");
  assert.equal(turnFacts(turn(1, 1, 2, { settled: "" }), true, t), "(no words recognised)");
});

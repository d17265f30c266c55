import assert from "node:assert/strict";
import { test } from "node:test";
import { policyTurns, judgeTimers, worstCuts, longestWaits, wrongAt } from "../../qwen_asr_widgets/widgets/tuner/turn_ends/judge.js";
import { EndsState } from "../../qwen_asr_widgets/widgets/tuner/turn_ends/state.js";
import { emptyTuner } from "../../qwen_asr_widgets/widgets/tuner/state.js";

const SECOND = 16_000;

/** Two turns: 0 to 4 s with holds at 1 (0.5 s) and at 3 (0.3 s), then 6 to 8 s; the clip lasts 10 s. */
const rows = [[1, 1.5, 0, 0], [3, 3.3, 1.5, 0], [4, 6, 3.3, 0], [8, 10, 6, 1]];
const PAUSES = {
  count: 4, holds: 2, rows: Int32Array.from(rows.flatMap(([a, b, c, turn]) => [a * SECOND, b * SECOND, c * SECOND, turn])),
  speakers: new Uint8Array(4), turns: Int32Array.from([0, 4 * SECOND, 6 * SECOND, 8 * SECOND]),
  said: Float32Array.from([0.6, 0.9, 0.8, 0.2]), instants: [0.2 * SECOND], length: 10 * SECOND,
};

const buffersOf = ({ rows, speakers, turns, said }) => [rows, speakers, turns, said].map((row) => new DataView(row.buffer));
const about = (change = {}) => ({
  kind: "ends", detector: "m", detectors: ["vad", "silence", "m"], policy: { threshold: 0.5, delay: 0.2, timeOut: 1 },
  ranges: { delay: [0.2, 3.5], time_out: [0.2, 6] }, asking: false, problem: "", known: true, holds: 2, length: PAUSES.length,
  instants: PAUSES.instants, speakers: [""], ...change,
});

function opened(change) {
  const state = new EndsState(emptyTuner());
  state.take(about(change), buffersOf(PAUSES));
  return state;
}

test("turns end where the policy answers, and a turn that is cut off goes on as another", () => {
  const outcome = judgeTimers(PAUSES, { threshold: 0.5, delay: 0.2, timeOut: 1 });
  assert.deepEqual(policyTurns(PAUSES, outcome).map(({ onset, end }) => [onset, end]), [[0, 1], [1.5, 3], [3.3, 4], [6, 8]]);
  const patient = judgeTimers(PAUSES, { threshold: 1, delay: 0.2, timeOut: 3 });
  assert.deepEqual(policyTurns(PAUSES, patient).map(({ onset, end }) => [onset, end]), [[0, 8]]);
});

test("the worst cut-off is the one with most of the turn to come; the longest wait comes first", () => {
  const outcome = judgeTimers(PAUSES, { threshold: 0.5, delay: 0.2, timeOut: 1 });
  assert.deepEqual(worstCuts(PAUSES, outcome, 10).map(({ pause, amount }) => [pause, amount / SECOND]), [[0, 2.5], [1, 0.7]]);
  assert.deepEqual(longestWaits(PAUSES, outcome, 10).map(({ pause, amount }) => [pause, amount / SECOND]), [[3, 1], [2, 0.2]]);
  assert.equal(worstCuts(PAUSES, outcome, 1).length, 1);
});

test("a hold that is not cut off is right, however late the time-out would answer; an end is not", () => {
  const outcome = judgeTimers(PAUSES, { threshold: 0.7, delay: 0.2, timeOut: 1.5 });
  const wrong = (limit) => [0, 1, 2, 3].map((k) => wrongAt(PAUSES, outcome, k, limit));
  assert.equal(outcome.answer[0], 1.5 * SECOND);
  assert.deepEqual(wrong(1), [null, "cut", null, "late"]);
  assert.deepEqual(wrong(1.5), [null, "cut", null, null]);
});

test("the lists are gone through in a circle, from their beginning forwards and from their end backwards", () => {
  const state = opened();
  assert.deepEqual([1, 1, 1].map((step) => state.step("cuts", step).pause), [0, 1, 0]);
  assert.deepEqual([-1, -1].map((step) => state.step("waits", step).pause), [2, 3]);
});

test("the time-out is never shorter than the action delay, whichever is turned", () => {
  const state = opened();
  state.turn({ delay: 1.5 });
  assert.deepEqual(state.policy, { threshold: 0.5, delay: 1.5, timeOut: 1.5 });
  state.turn({ timeOut: 0.4 });
  assert.deepEqual(state.policy, { threshold: 0.5, delay: 0.4, timeOut: 0.4 });
});

test("an answer to what was tried before does not set back what is under the hand", () => {
  const state = opened();
  state.turn({ threshold: 0.8 });
  state.serial = 2;
  state.take({ kind: "policy", policy: { threshold: 0.7, delay: 0.2, timeOut: 1 }, serial: 1 }, []);
  assert.equal(state.policy.threshold, 0.8);
  state.take({ kind: "policy", policy: { threshold: 0.6, delay: 0.2, timeOut: 1 }, serial: null }, []);
  assert.equal(state.policy.threshold, 0.6);
});

test("silence alone has one handle, and before a model has spoken nothing is judged", () => {
  const silent = opened({ detector: "silence" });
  assert.deepEqual(silent.inUse, { threshold: null, delay: 1, timeOut: 1 });
  const state = new EndsState(emptyTuner());
  state.take(about({ asking: true }), buffersOf({ ...PAUSES, said: new Float32Array(0) }));
  assert.equal(state.judged(), null);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { bars, longestWait, percentileText, pieces, ticks, unknownParts } from "../../qwen_asr_widgets/widgets/delays/rows.js";
import { PaintReports } from "../../qwen_asr_widgets/widgets/delays/painted.js";

const WAIT = { number: 1, total: 1, counts: true, parts: [
  ["network_there", null, null, "unknown", "detection"], ["silence", 0, 0.8, "inferred", ""], ["decoding", 0.8, 0.2, "measured", ""],
] };

test("bars lie side by side, in shares of the longest wait; what is not known has none", () => {
  assert.deepEqual(bars(WAIT, 2), [
    { name: "silence", left: 0, width: 40, basis: "inferred" }, { name: "decoding", left: 40, width: 10, basis: "measured" },
  ]);
  assert.equal(longestWait([WAIT, { ...WAIT, total: null }]), 1);
  assert.deepEqual(unknownParts([WAIT]).map(([name]) => name), ["network_there"]);
});

test("an axis has round times, no more than there is room for", () => {
  assert.deepEqual(ticks(1.2), [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2]);
  assert.deepEqual(ticks(0), [0]);
});

test("a bound that there are too few values for is a dash", () => {
  assert.equal(percentileText(0.8, 0.75, null), "0.80 (0.75 … –)");
});

test("the pieces of a line are the line, with what it took back where that stood", () => {
  const shown = pieces([2, "so it was", 2, 5, " I am", false]);
  assert.deepEqual(shown, [
    { text: "so", look: "settled", fresh: false }, { text: " it", look: "draft", fresh: false },
    { text: " I am", look: "gone", fresh: false }, { text: " was", look: "draft", fresh: true },
  ]);
  assert.equal(pieces([2, "so it", 5, 0, "", true]).map(({ text }) => text).join(""), "so it");
});

test("a final is reported once, after it was painted; what was there before is not", () => {
  let now = 0;
  const sent = [];
  const waiting = [];
  const reports = new PaintReports((command) => sent.push(command), { now: () => now, painted: (then) => waiting.push(then) });
  const run = (base, ...numbers) => ({ kind: "run", base, utterances: numbers.map((number) => ({ number, status: "final" })) });
  reports.take(run(null, 1));
  reports.take(run(3, 1, 2));
  reports.take(run(4, 2));
  now = 16;
  assert.deepEqual(sent, []);
  for (const then of waiting) then();
  assert.deepEqual(sent, [{ kind: "painted", number: 2, took: 0.016 }]);
});

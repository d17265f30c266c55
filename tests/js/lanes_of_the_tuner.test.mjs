/** Down to which distance of the noise settings hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { holdsDownTo } from "../../qwen_asr_widgets/widgets/tuner/lanes/reach.js";

test("it is the last distance before there are more errors than in the clip as it is", () => {
  assert.equal(holdsDownTo([[-10, 7], [0, 3], [10, 1], [20, 1], [40, 0]], 1), 10);
  assert.equal(holdsDownTo([[40, 0], [20, 0], [0, 0]], 0), 0);
});

test("an error nearer than others that are right counts", () => {
  assert.equal(holdsDownTo([[40, 0], [20, 2], [10, 0]], 0), 40);
});

test("where there are more at once it holds nowhere", () => {
  assert.equal(holdsDownTo([[40, 2], [20, 1]], 1), null);
});

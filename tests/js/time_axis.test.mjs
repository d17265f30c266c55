import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clampView, followEnd, panBy, reveal, ticks, toTime, toX, zoomAt,
} from "../../qwen_asr_widgets/widgets/static/time_axis.js";

test("a time and its pixel are each other's inverse", () => {
  const view = { start: 3, span: 8 };
  assert.equal(toX(5, view, 400), 100);
  assert.equal(toTime(100, view, 400), 5);
});

test("zooming keeps the moment under the pointer where it is", () => {
  const before = { start: 100, span: 60 };
  const after = zoomAt(before, 4, 115, 3600);
  assert.equal(after.span, 15);
  assert.ok(Math.abs(toX(115, before, 900) - toX(115, after, 900)) < 1e-9);
});

test("no zoom leaves the sound or comes closer than its limit", () => {
  assert.deepEqual(zoomAt({ start: 0, span: 10 }, 0.01, 5, 12), { start: 0, span: 12 });
  assert.equal(zoomAt({ start: 5, span: 0.03 }, 100, 5.01, 12).span, 0.02);
});

test("panning stops at both ends", () => {
  assert.equal(panBy({ start: 5, span: 10 }, -60, 100).start, 0);
  assert.equal(panBy({ start: 5, span: 10 }, 600, 100).start, 90);
  assert.deepEqual(clampView({ start: -4, span: 500 }, 100), { start: 0, span: 100 });
});

test("a live view stands still until the sound nears its edge, then follows it", () => {
  const view = { start: 0, span: 20 };
  assert.deepEqual(followEnd(view, 17), view);
  assert.deepEqual(followEnd(view, 28), { start: 10, span: 20 });
});

test("with reduced motion a live view moves in pages", () => {
  const view = { start: 0, span: 20 };
  assert.deepEqual(followEnd(view, 19.5, true), view);
  assert.deepEqual(followEnd(view, 21, true), { start: 17, span: 20 });
});

test("revealing moves no more than it must", () => {
  const view = { start: 10, span: 10 };
  assert.equal(reveal(view, 12, 15, 100), view);
  assert.deepEqual(reveal(view, 40, 44, 100), { start: 37, span: 10 });
  assert.ok(reveal(view, 40, 70, 100).start < 40);
});

test("ticks stand at round times, never too close, labelled as a clock", () => {
  const { step, marks } = ticks({ start: 0.4, span: 24 }, 800);
  assert.equal(step, 2);
  assert.deepEqual(marks.slice(0, 2).map((mark) => mark.label), ["0:02", "0:04"]);
  const close = ticks({ start: 61.2, span: 0.9 }, 800);
  assert.equal(close.marks[0].label, "1:01.2");
  for (let k = 1; k < close.marks.length; k += 1) assert.ok(close.marks[k].x - close.marks[k - 1].x >= 64);
  assert.equal(ticks({ start: 3500, span: 400 }, 800).marks.at(-1).label, "1:05:00");
});

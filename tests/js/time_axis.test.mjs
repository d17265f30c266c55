import assert from "node:assert/strict";
import { test } from "node:test";
import {
  LIVE_EDGE, clampView, followEnd, panBy, reveal, ticks, toTime, toX, zoomAt,
} from "../../qwen_asr_widgets/widgets/shared/axis/time_axis.js";
import { WaveWindow } from "../../qwen_asr_widgets/widgets/waveform/window.js";

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

/** A window over `sound`, which the tests change. */
function over(sound, paged = false) {
  return new WaveWindow(() => sound, () => paged);
}

test("a finished sound opens whole, with room for the waits beyond its end", () => {
  const window = over({ duration: 10, until: 11, growing: false });
  window.open();
  assert.deepEqual(window.view, { start: 0, span: 11 });
  assert.equal(window.whole, 11);
});

test("a growing sound is followed until one moves, and again when asked", () => {
  const sound = { duration: 60, until: 60, growing: true };
  const window = over(sound);
  window.open();
  const edge = () => (sound.duration - window.view.start) / window.view.span;
  assert.ok(window.following && Math.abs(edge() - LIVE_EDGE) < 1e-9);
  sound.duration = 61;
  window.grow();
  assert.ok(Math.abs(edge() - LIVE_EDGE) < 1e-9);
  window.pan(-20);
  const { start } = window.view;
  sound.duration = 70;
  window.grow();
  assert.equal(window.view.start, start);
  assert.equal(window.follow(), true);
  assert.ok(Math.abs(edge() - LIVE_EDGE) < 1e-9);
  Object.assign(sound, { growing: false, until: 70 });
  assert.equal(window.follow(), false);
  window.settle();
  assert.deepEqual(window.view, { start: 0, span: 70 });
});

test("a recording whose sound comes after the word of its end is shown whole all the same, until one moves", () => {
  const sound = { duration: 0, until: 0, growing: true };
  const window = over(sound);
  window.open();
  sound.growing = false;
  window.settle();
  window.clamp();
  Object.assign(sound, { duration: 36, until: 37 });
  window.grow();
  window.clamp();
  assert.deepEqual(window.view, { start: 0, span: 37 });
  sound.until = 40;
  window.clamp();
  assert.equal(window.view.span, 40, "waits that are known later have room too");
  window.zoom(2, 0);
  Object.assign(sound, { duration: 50, until: 50 });
  window.clamp();
  assert.deepEqual(window.view, { start: 0, span: 20 });
});

test("with reduced motion a growing sound moves page by page", () => {
  const sound = { duration: 30, until: 30, growing: true };
  const window = over(sound, true);
  window.open();
  const starts = new Set();
  for (; sound.duration < 60; sound.duration += 0.05) {
    window.grow();
    window.clamp();
    starts.add(window.view.start);
    const { start, span } = window.view;
    assert.ok(sound.duration >= start && sound.duration <= start + span);
  }
  assert.ok(starts.size <= 3, `${starts.size} movements in 30 s`);
});

test("zooming keeps the end of a followed sound in place, and says when there is nothing left to zoom", () => {
  const window = over({ duration: 60, until: 60, growing: true });
  window.open();
  assert.equal(window.zoom(2, 50), true);
  assert.ok(window.following && Math.abs((60 - window.view.start) / window.view.span - LIVE_EDGE) < 1e-9);
  const whole = over({ duration: 5, until: 5, growing: false });
  whole.open();
  assert.equal(whole.zoom(0.5, 2), false);
});

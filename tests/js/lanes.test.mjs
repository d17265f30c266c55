import assert from "node:assert/strict";
import { test } from "node:test";
import {
  layBadges, layBands, layLatency, layMarks, layPartials, stackBars, textSlots, tierOf, turnAt, visibleRange,
} from "../../qwen_asr_widgets/widgets/shared/axis/lanes.js";

const turn = (number, onset, end, rest = {}) => ({ number, onset, end, ...rest });

test("what of a turn is shown depends on its width", () => {
  assert.deepEqual([200, 48, 47, 12, 11, 3, 2.9].map(tierOf),
    ["text", "text", "number", "number", "band", "band", "dense"]);
});

test("only turns that touch the view are laid out", () => {
  const turns = [turn(1, 0, 2), turn(2, 3, 5), turn(3, 6, 8), turn(4, 9, null)];
  assert.deepEqual(visibleRange(turns, { start: 4, span: 3 }), [1, 3]);
  assert.deepEqual(visibleRange(turns, { start: 20, span: 3 }), [3, 4]);
});

test("an open turn ends where the sound ends, and keeps its number", () => {
  const { bands } = layBands([turn(1, 5, null)], { start: 0, span: 10 }, 100, 5.2);
  assert.equal(bands[0].x1, 52);
  assert.equal(bands[0].tier, "number");
});

test("tiny turns become a density, their problems ticks", () => {
  const turns = Array.from({ length: 50 }, (_, k) => turn(k + 1, k, k + 0.5, { problem: k === 25 }));
  const { bands, density, ticks } = layBands(turns, { start: 0, span: 50 }, 50, 50);
  assert.equal(bands.length, 0);
  assert.deepEqual([...density.slice(0, 3)], [0.5, 0.5, 0.5]);
  assert.deepEqual(ticks, [25.25]);
});

test("a number stands where it covers no other turn; a problem without one is a tick", () => {
  const turns = [turn(1, 1, 2), turn(2, 2.2, 3.5, { problem: true }), turn(3, 6, 7), turn(4, 9, 9.5, { problem: true })];
  const view = { start: 0, span: 10 };
  const { bands } = layBands(turns, view, 150, 10);
  assert.deepEqual(bands.map(({ tier }) => tier), ["number", "number", "number", "band"]);
  const { badges, ticks } = layBadges(bands, ({ number }) => (number === 1 ? 40 : 20));
  assert.deepEqual(badges.map((badge) => [badge.turn.number, Math.round(badge.x)]), [[2, 33], [3, 90]]);
  assert.deepEqual(ticks, [138.75]);
  const inside = layBands([turn(7, -5, 4)], view, 150, 10).bands;
  assert.deepEqual(layBadges(inside, () => 14).badges[0].x, 0);
});

test("waits too short to be seen are not smeared over their row", () => {
  const bars = [{ number: 1, from: 1, middle: 1.4, to: 1.5 }, { number: 2, from: 100, middle: 103, to: 120 }];
  const placed = layLatency(bars, { start: 0, span: 3600 }, 800, 1, () => 40);
  assert.deepEqual(placed.map(({ bar }) => bar.number), [2]);
});

test("text stands from its turn to the next where there is room for it", () => {
  const { bands } = layBands([turn(1, 0, 2), turn(2, 2.5, 3), turn(3, 9, 10)], { start: 0, span: 10 }, 1000, 10);
  assert.deepEqual(textSlots(bands, 1000).map((slot) => [slot.turn.number, slot.x, slot.width]),
    [[1, 0, 242], [2, 250, 642], [3, 900, 100]]);
  assert.deepEqual(textSlots(bands, 1000, undefined, 202).map((slot) => slot.turn.number), [1, 2, 3]);
  assert.deepEqual(textSlots(bands, 1000, undefined, 203).map((slot) => slot.turn.number), [2, 3], "47 pixels hold no beginning");
  assert.deepEqual(textSlots(bands, 1000, ({ number }) => (number === 1 ? 47 : 9), 203).map((slot) => slot.turn.number), [1, 2, 3], "but all of a short one");
});

test("bars that overlap stand in rows of their own", () => {
  const rows = stackBars([{ x0: 0, x1: 10 }, { x0: 5, x1: 15 }, { x0: 13, x1: 20 }], 3).map((bar) => bar.row);
  assert.deepEqual(rows, [0, 1, 0]);
});

test("a total is written only where it covers no other bar", () => {
  const bars = [{ number: 1, from: 1, middle: 1.8, to: 2 }, { number: 2, from: 2.2, middle: 3, to: 3.2 }];
  const wide = layLatency(bars, { start: 0, span: 10 }, 1000, 1, () => 15);
  assert.deepEqual(wide.map((box) => box.labelled), [true, true]);
  const tight = layLatency(bars, { start: 0, span: 10 }, 1000, 1, () => 40);
  assert.deepEqual(tight.map((box) => [box.labelled, box.x1]), [[true, 200], [true, 360]], "the first at its left");
  const full = layLatency([{ number: 0, from: 0, middle: 0.5, to: 0.9 }, ...bars], { start: 0, span: 10 }, 1000, 1, () => 40);
  assert.deepEqual(full.map((box) => box.labelled), [false, false, true]);
});

test("a total that does not fit to the right is written to the left, where there is room", () => {
  const bars = [{ number: 1, from: 1, middle: 1.8, to: 2 }, { number: 2, from: 8.8, middle: 9.5, to: 9.9 }];
  const [first, last] = layLatency(bars, { start: 0, span: 10 }, 1000, 1, () => 40);
  assert.equal(first.x1, first.to + 40);
  assert.equal(last.x1, last.to);
  assert.equal(last.labelled, true);
  const near = [{ number: 1, from: 8, middle: 8.2, to: 8.6 }, bars[1]];
  assert.deepEqual(layLatency(near, { start: 0, span: 10 }, 1000, 1, () => 40).map((box) => box.labelled), [true, false]);
  const late = [{ number: 1, from: 6, middle: 7, to: 7.6 }, { number: 2, from: 9, middle: 9, to: 10 }];
  assert.deepEqual(layLatency(late, { start: 0, span: 10 }, 340, 1, () => 44).map((box) => [box.labelled, box.x1 === box.to]),
    [[true, true], [false, true]], "between two bars nobody could tell whose it is");
  const pair = [{ number: 1, from: 1, middle: 1, to: 2 }, { number: 2, from: 2.6, middle: 3, to: 3.2 }];
  const side = (label) => layLatency(pair, { start: 0, span: 10 }, 1000, 1, () => label)
    .map((box) => (!box.labelled ? "none" : box.x1 === box.to ? "left" : "right"));
  assert.deepEqual([side(54), side(55), side(105)], [["right", "right"], ["left", "right"], ["none", "right"]]);
});

test("the turn under a moment is found, open ones too", () => {
  const turns = [turn(1, 0, 2), turn(2, 3, null)];
  assert.equal(turnAt(turns, 1, 9).number, 1);
  assert.equal(turnAt(turns, 2.5, 9), null);
  assert.equal(turnAt(turns, 8, 9).number, 2);
});

test("the words of a mark stand over no other mark and inside the edges; without room the latest keeps its own", () => {
  const view = { start: 0, span: 400 };
  const where = (times, levels = 2) => layMarks(times.map((time) => ({ time })), view, 400, levels, () => 75)
    .map(({ x, words }) => [x, words?.x0 ?? null, words?.level ?? null]);
  assert.deepEqual(where([50, 200]), [[50, 54, 0], [200, 204, 0]]);
  assert.deepEqual(where([390]), [[390, 311, 0]], "left of its line at the right edge");
  assert.deepEqual(where([200, 210]), [[200, 121, 0], [210, 214, 0]]);
  assert.deepEqual(where([200, 210, 220]), [[200, 121, 0], [210, 214, 1], [220, 224, 0]]);
  assert.deepEqual(where([200, 210], 1), [[200, 121, 0], [210, 214, 0]]);
  assert.deepEqual(where([20, 40, 60], 1), [[20, null, null], [40, null, null], [60, 64, 0]]);
  assert.deepEqual(where([-1, 401]), [], "what is not in sight");
  for (const times of [[1, 2, 3, 4, 5], [100, 101, 180, 181, 260, 261, 399], [0, 400], [10, 90, 91, 170]]) {
    const placed = layMarks(times.map((time) => ({ time })), view, 400, 2, () => 75);
    const words = placed.filter((one) => one.words).map((one) => ({ ...one.words, x: one.x }));
    assert.ok(words.length);
    for (const one of words) {
      assert.ok(one.x0 >= 0 && one.x1 <= 400);
      for (const other of words) {
        if (other === one) continue;
        assert.ok(other.level !== one.level || other.x1 < one.x0 || one.x1 < other.x0, `${times}: words apart`);
      }
      for (const { x, words: own } of placed) {
        assert.ok((own?.level ?? 0) < one.level || x <= one.x0 || x >= one.x1, `${times}: no line through words`);
      }
    }
  }
});

test("the first words are marked in the turn they belong to, and nowhere else", () => {
  const paused = turn(1, 1, 3.6, { first_partial: 7.5 });
  const turns = [paused, turn(2, 4.5, 8, { first_partial: 0.5 }), turn(3, 8.5, 8.8, { first_partial: 0.6 }), turn(4, 9, null, { first_partial: 0.4 })];
  const view = { start: 0, span: 10 };
  const xs = (now) => layPartials(layBands(turns, view, 1000, now).bands, view, 1000).map(Math.round);
  assert.deepEqual(xs(10), [500, 940]);
  assert.deepEqual(xs(9.2), [500]);
  assert.deepEqual(layPartials(layBands(turns, view, 50, 10).bands, view, 50).map(Math.round), [25, 47]);
});

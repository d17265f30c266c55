import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mainRows, waitRow } from "../../qwen_asr_widgets/widgets/tuner/judging/figures.js";
import { differenceText, noteText, worthText } from "../../qwen_asr_widgets/widgets/tuner/judging/panel.js";
import { errorsText } from "../../qwen_asr_widgets/widgets/tuner/bar.js";
import { LEVELS, ScorePicture, isCrowded, scoreDensity } from "../../qwen_asr_widgets/widgets/tuner/density.js";
import { Cues, toneSamples } from "../../qwen_asr_widgets/widgets/tuner/hear.js";
import { cellAt, cellBox, indexOf, moveCell, nearestCell, settingsAt, shades, tradeOffRange } from "../../qwen_asr_widgets/widgets/tuner/sweep/map.js";
import { serviceLane, triedLane } from "../../qwen_asr_widgets/widgets/tuner/rows.js";
import { same, scales, score } from "../../qwen_asr_widgets/widgets/tuner/scales.js";
import { emptyTuner, judgeHere, stepProblem, takeTuner } from "../../qwen_asr_widgets/widgets/tuner/state.js";
import { bestSentence } from "../../qwen_asr_widgets/widgets/tuner/why.js";
import { Tries } from "../../qwen_asr_widgets/widgets/tuner/tries.js";

const english = (key, values = {}) => STRINGS[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

const STRINGS = JSON.parse(readFileSync(new URL("../../qwen_asr_widgets/widgets/locales/en.json", import.meta.url), "utf-8"));
const RANGES = { threshold: [-1, 1], silence: [200, 6000], padding: [0, 6000] };

test("what is wrong is counted place by place, and each number says what it counts", () => {
  const problems = ["merged", "cut", "merged", "merged", "invented"].map((kind, k) => ({ start: k, end: k + 0.5, kind }));
  assert.equal(errorsText({ problems, chosen: null }, english), "places with errors: 5 (1 cut, 3 merged, 1 invented)");
  assert.equal(errorsText({ problems, chosen: 1 }, english), "place 2 of 5: cut");
  assert.equal(errorsText({ problems: [], chosen: null }, english), "places with errors: 0");
});

test("where turns differ from the service's it is said whether the reference has them so", () => {
  const state = { problems: [{ start: 4, end: 5, kind: "cut" }], hasReference: true, judge: { regions: [[0, 10 * 16_000]] } };
  const place = (start, kind) => ({ start, end: start + 0.6, kind });
  assert.equal(differenceText(place(2, "cut"), state, english), "splits here: agrees");
  assert.equal(differenceText(place(4.1, "cut"), state, english), "splits here: against the reference");
  assert.equal(differenceText(place(4.1, "merged"), state, english), "joins here: agrees");
  assert.equal(differenceText(place(2, "cut"), { ...state, hasReference: false }, english), "splits here");
  assert.equal(differenceText(place(9.8, "cut"), state, english), "splits here", "nobody labelled that part");
});

test("a lane is named by whose settings it shows, and a replay is no recording of the service", () => {
  const tuner = (shown, estimate) => ({ shown, state: { about: { estimate } }, t: english });
  assert.equal(triedLane(tuner("trying", "exact")), "Trying (exact)");
  assert.equal(triedLane(tuner("in_force", "exact")), "In force (exact)");
  assert.equal(triedLane(tuner("in_force", "calibrated")), "In force (fitted)");
  assert.equal(serviceLane({ about: { service: { replayed: false } } }, english), "Service");
  assert.equal(serviceLane({ about: { service: { replayed: true } } }, english), "Replay");
});

test("every slider reaches both ends of the documented range and comes back to the value set", () => {
  for (const [name, scale] of Object.entries(scales(RANGES))) {
    const [low, high] = RANGES[name];
    assert.equal(scale.toValue(0), low);
    assert.equal(scale.toValue(1000), high);
    for (const value of [low, (low + high) / 2, high]) {
      const back = scale.toValue(scale.toPosition(value));
      assert.ok(Math.abs(back - value) <= scale.step / 2 + 1e-9, `${name} ${value} came back as ${back}`);
    }
  }
});

test("silence is logarithmic: 200 to 1095 ms take half of the slider", () => {
  assert.ok(Math.abs(scales(RANGES).silence.toPosition(Math.sqrt(200 * 6000)) - 500) < 1e-6);
});

test("a negative score has a true minus", () => {
  assert.equal(score(-0.125), "−0.13");
  assert.equal(scales(RANGES).silence.write(399.6), "400 ms");
});

test("figures say what was and whether that is better; a turn count is neither", () => {
  const now = { wait: 0.4, cut: 1, merged: 0, turns: 9, reference_turns: 7, cut_per_minute: 2.07, cuts: 3, merges: 0 };
  const was = { wait: 0.9, cut: 0, merged: 3, turns: 3 };
  assert.deepEqual(waitRow(now, was), { name: "wait", value: "0.40 s", was: "0.90 s", verdict: "better", note: "", places: 0, total: null });
  const rows = Object.fromEntries(mainRows(now, was, true).map((row) => [row.name, row]));
  assert.deepEqual([rows.cut.verdict, rows.cut.was, rows.cut.note], ["worse", "0", "2.1/min"]);
  assert.deepEqual([rows.merged.verdict, rows.turns.verdict, rows.turns.was], ["better", null, "3"]);
  assert.deepEqual([rows.cut.places, rows.merged.places], [3, 0]);
  assert.equal(noteText(rows.cut, english), "of 7 reference turns · at 3 places · 2.1/min");
  assert.equal(noteText(rows.merged, english), "of 9 turns");
  assert.equal(noteText(rows.turns, english), "");
  assert.equal(rows.missed, undefined);
});

test("less than a frame of onset is neither better nor worse", () => {
  const verdictOfOnset = (now, was) => mainRows({ onset: now }, { onset: was }, true)[0].verdict;
  assert.equal(verdictOfOnset(0.028, 0.004), "same", "24 ms");
  assert.equal(verdictOfOnset(0.044, 0.004), "worse");
  assert.equal(verdictOfOnset(0.004, 0.044), "better");
});

test("a difference that is not seen is none", () => {
  assert.deepEqual(waitRow({ wait: 0.4001 }, { wait: 0.4 }), { name: "wait", value: "0.40 s", was: "", verdict: "same", note: "", places: 0, total: null });
});

const SWEEP = {
  thresholds: [-0.5, 0, 0.5], silences: [200, 400, 800, 1600], padding: 300, known: true, front: [],
  errors: new Float32Array(12), waits: new Float32Array(12), cuts: new Float32Array(12),
};

test("a click on a cell's middle takes the cell, whichever it is", () => {
  for (let t = 0; t < 3; t += 1) {
    for (let s = 0; s < 4; s += 1) {
      const box = cellBox(SWEEP, { t, s }, 300, 120);
      assert.deepEqual(cellAt(SWEEP, box.x + box.width / 2, box.y + box.height / 2, 300, 120), { t, s });
    }
  }
  assert.equal(cellAt(SWEEP, -1, 10, 300, 120), null);
  assert.equal(cellAt(SWEEP, 10, 121, 300, 120), null);
});

test("settings stand at the nearest cell, silences by their ratio", () => {
  assert.deepEqual(nearestCell(SWEEP, { threshold: 0.2, silence: 560, padding: 0 }), { t: 1, s: 1 });
  assert.deepEqual(nearestCell(SWEEP, { threshold: 0.3, silence: 570, padding: 0 }), { t: 2, s: 2 });
  assert.deepEqual(settingsAt(SWEEP, { t: 2, s: 3 }), { threshold: 0.5, silence: 1600, padding: 300 });
  assert.equal(indexOf(SWEEP, { t: 2, s: 3 }), 11);
});

test("arrow keys walk and stop at the edges", () => {
  assert.deepEqual(moveCell(SWEEP, { t: 0, s: 0 }, "ArrowLeft"), { t: 0, s: 0 });
  assert.deepEqual(moveCell(SWEEP, { t: 0, s: 0 }, "ArrowUp"), { t: 0, s: 1 });
  assert.equal(moveCell(SWEEP, { t: 0, s: 0 }, "x"), null);
});

test("the fewest errors are fullest, the worst twentieth does not drown the rest, unknown stays unknown", () => {
  const errors = Float32Array.from([0, 1, 2, ...new Array(57).fill(3), 1000, NaN]);
  const found = shades(errors);
  assert.equal(found[0], 1);
  assert.ok(found[1] > found[2] && found[2] > found[3]);
  assert.equal(found[60], 0);
  assert.ok(Number.isNaN(found[61]));
});

test("the trade-off shows front and marks, with room", () => {
  const range = tradeOffRange([0.3, 0.5, NaN], [0.2, 0]);
  assert.ok(range.low < 0.3 && range.high > 0.5 && range.most > 0.2 && range.most < 0.3);
});

function inSteps() {
  const sent = [];
  const end = new AbortController();
  const tries = new Tries({ send: (message) => sent.push(message), late: () => {}, signal: end.signal });
  return { sent, tries, end };
}

test("one request is under way at a time, and of those that follow only the latest is sent", () => {
  const { sent, tries, end } = inSteps();
  for (const threshold of [0.1, 0.2, 0.3, 0.4]) tries.want({ threshold, silence: 400, padding: 0 });
  assert.deepEqual(sent.map((one) => one.threshold), [0.1]);
  tries.answered(99);
  assert.equal(sent.length, 1);
  tries.answered(1);
  assert.deepEqual(sent.map((one) => one.threshold), [0.1, 0.4]);
  end.abort();
});

test("what depends on it is asked for once the hand rests", async () => {
  const { sent, tries, end } = inSteps();
  tries.want({ threshold: 0.1, silence: 400, padding: 0 });
  tries.answered(1);
  while (sent.length < 2) await new Promise((done) => setTimeout(done, 5));
  assert.equal(sent[1].kind, "rest");
  end.abort();
});

const view = (array) => new DataView(array.buffer);

function open() {
  const state = emptyTuner();
  const values = Float32Array.from([...new Array(30).fill(-1), ...new Array(60).fill(0.5), ...new Array(60).fill(-1)]);
  takeTuner(state, { kind: "tuner", at: 0, in_force: { threshold: 0.2, silence: 800, padding: 300 }, settings: { threshold: 0.2, silence: 800, padding: 300 }, estimate: "exact", overhead: { seconds: 0 }, service: null }, []);
  takeTuner(state, { kind: "reference", known: true, undo: false, redo: false, selected: null, texts: ["hi"], regions: [[0, 150 * 512]] }, [view(Int32Array.from([30 * 512, 90 * 512]))]);
  takeTuner(state, { kind: "scores", hop: 0.032, first: 0, total: 150 }, [view(values)]);
  return state;
}

test("turns and figures are there before the kernel answers, and its answer to what was before sets nothing back", () => {
  const state = open();
  const settings = { threshold: 0, silence: 400, padding: 300 };
  state.wanted = settings;
  assert.ok(judgeHere(state, settings));
  assert.deepEqual(state.turns, [{ number: 1, onset: 0.96, end: 2.88 }]);
  assert.equal(state.figures.cut, 0);
  assert.ok(Math.abs(state.figures.wait - 0.416) < 1e-9);
  const empty = [new Int32Array(0), new Int32Array(0), new Uint8Array(0)].map(view);
  const old = { kind: "judged", serial: 1, settings: { ...settings, threshold: 0.9 }, figures: {}, was: {}, has_reference: true, code: {}, table: null };
  takeTuner(state, old, empty);
  assert.equal(state.turns.length, 1);
  takeTuner(state, { ...old, settings }, empty);
  assert.equal(state.turns.length, 0);
});

test("the sliders have their values before there are scores", () => {
  const state = emptyTuner();
  const [settings, later] = [{ threshold: 0.5, silence: 400, padding: 300 }, { threshold: 0, silence: 200, padding: 0 }];
  const about = { kind: "tuner", at: 0, in_force: later, settings, estimate: "exact", overhead: { seconds: 0 }, service: null };
  takeTuner(state, about, []);
  assert.deepEqual(state.wanted, settings);
  state.wanted = later;
  takeTuner(state, about, []);
  assert.equal(state.wanted, later, "what is under the hand stays");
});

test("nothing is judged on the page where a fit stands between, or before all scores are here", () => {
  const state = open();
  state.about.estimate = "calibrated";
  assert.equal(judgeHere(state, { threshold: 0, silence: 400, padding: 0 }), false);
  const half = open();
  half.scored = 0.5;
  assert.equal(judgeHere(half, { threshold: 0, silence: 400, padding: 0 }), false);
});

test("what a fit is worth says where a silence has no effect and what it has not seen", () => {
  const t = (name, values = {}) => [name, ...Object.values(values)].join(" ");
  const seen = { threshold: [0, 0.4], silence: [200, 800], padding: [300, 300] };
  const about = { estimate: "calibrated", fit: { error: 0.012, turns: 40, agreement: 1, floor: 400, seen } };
  const within = { threshold: 0.2, silence: 500, padding: 300 };
  assert.equal(worthText(about, within, t), "tuner.worth.calibrated 12 40");
  assert.match(worthText(about, { ...within, silence: 300 }, t), /tuner.worth.floor 400$/);
  assert.match(worthText(about, { ...within, silence: 900, threshold: -1 }, t),
    /tuner.worth.outside tuner.setting.threshold, tuner.setting.silence$/);
  assert.equal(worthText({ estimate: "exact", fit: null }, within, t), "tuner.worth.exact");
});

test("the best settings say where they lie at the edge of the grid", () => {
  const best = {
    settings: { threshold: 0.1, silence: 200, padding: 300 }, wait: 0.3, cut_off_rate: 0, errors_per_minute: 0, turns: 8, calls: 1, waits: 8,
    censored: 0, held_out: null, held_out_calls: 0, intervals: null, within: null, edges: ["threshold_low", "silence_low"],
  };
  assert.match(bestSentence(best, english), / At the edge of the grid: the lowest threshold tried, the shortest silence tried\. /);
  assert.doesNotMatch(bestSentence({ ...best, edges: [] }, english), /edge/);
});

test("an hour's score is a density band, and a line again where one zooms in", () => {
  const values = new Float32Array(112_500).map((_, k) => (k % 4 === 3 ? 0.9 : -0.9));
  const score = { values, hop: 0.032 };
  assert.ok(isCrowded(score, { start: 0, span: 3600 }, 900));
  assert.ok(!isCrowded(score, { start: 0, span: 300 }, 900));
  const shares = scoreDensity(score, { start: 0, span: 3600 }, 900);
  for (let x = 0; x < 900; x += 1) {
    const pixel = shares.subarray(LEVELS * x, LEVELS * (x + 1));
    assert.ok(Math.abs(pixel.reduce((sum, one) => sum + one) - 1) < 1e-5);
    assert.ok(Math.abs(pixel[1] - 0.75) < 0.02 && Math.abs(pixel[23] - 0.25) < 0.02);
  }
});

test("where nothing is scored yet the band is empty, and what stands still is computed once", () => {
  const score = { values: new Float32Array(1000).fill(NaN), hop: 0.032 };
  const picture = new ScorePicture();
  const view = { start: 0, span: 32 };
  const empty = picture.band(score, 0, view, 10);
  assert.equal(Math.max(...empty), 0);
  score.values.fill(0);
  assert.equal(picture.band(score, 0, view, 10), empty);
  assert.equal(Math.max(...picture.band(score, 1, view, 10)), 1);
});

test("errors are walked through in a circle, the first one after the cursor", () => {
  const problems = [1, 5, 9].map((start) => ({ start, end: start + 1, kind: "cut" }));
  assert.equal(stepProblem(problems, null, 1, 3), 1);
  assert.equal(stepProblem(problems, null, -1, 3), 0);
  assert.equal(stepProblem(problems, 2, 1, 0), 0);
  assert.equal(stepProblem(problems, 0, -1, 0), 2);
  assert.equal(stepProblem([], null, 1, 0), null);
});

test("a tone swells, fades and is soft", () => {
  const samples = toneSamples(16_000, 880);
  assert.equal(samples.length, 1440);
  assert.ok(Math.abs(samples[0]) < 1e-6 && Math.abs(samples[1439]) < 1e-4);
  assert.ok(Math.max(...samples.map(Math.abs)) <= 0.1 + 1e-6);
});

test("cues start on the clock of the sound, and changing over takes back what was not heard", () => {
  const started = [];
  const stopped = [];
  const node = () => {
    const one = { connect() {}, disconnect() {}, start: (at) => started.push(at), stop: () => stopped.push(one) };
    return one;
  };
  const context = {
    currentTime: 10, sampleRate: 16_000, createBuffer: () => ({ getChannelData: () => new Float32Array(1440) }), createBufferSource: node,
  };
  const playback = { context, offset: 9.5, playing: true, from: 0 };
  const cues = new Cues();
  cues.on = true;
  cues.set({ a: [0.75], b: [0.2, 0.6, 1.1, 5] });
  cues.tick(playback);
  cues.tick(playback);
  assert.deepEqual(started, [10.1, 10.6]);
  cues.choose("a");
  assert.equal(stopped.length, 2);
  cues.tick(playback);
  assert.deepEqual(started.slice(2), [10.25]);
});

test("settings are the same only if all three are", () => {
  const one = { threshold: 0, silence: 400, padding: 300 };
  assert.ok(same(one, { ...one }));
  assert.ok(!same(one, { ...one, padding: 0 }));
});

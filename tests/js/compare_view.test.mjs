import assert from "node:assert/strict";
import { test } from "node:test";
import { differenceText, sourcesText } from "../../qwen_asr_widgets/widgets/compare_view/figures.js";
import { beginning, runName } from "../../qwen_asr_widgets/widgets/compare_view/runs.js";
import { pairTurns } from "../../qwen_asr_widgets/widgets/compare_view/turns.js";
import { countsText, spokenText } from "../../qwen_asr_widgets/widgets/compare_view/words.js";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";

const t = translator("en");
const runs = [{ name: "A", role: "" }, { name: "B", role: "" }];
const difference = {
  run: 1, n: 38, seconds: -0.31, low: -0.38, high: -0.24, apart: true, cut_off: 3, cut_off_other: 1, turns: 40,
};

test("a sentence says by how much a run waits longer, how sure that is, and what it cuts off", () => {
  assert.equal(differenceText(difference, runs, t),
    "B waits 0.31 s less than A (95 %: 0.24 s to 0.38 s less, n = 38 pairs); it cuts off 3 of 40 turns, not 1.");
  assert.equal(differenceText({ ...difference, seconds: 0.31, low: 0.24, high: 0.38, cut_off: 1 }, runs, t),
    "B waits 0.31 s more than A (95 %: 0.24 s to 0.38 s more, n = 38 pairs); each cuts off 1 of 40 turns.");
  const uncut = { cut_off: null, cut_off_other: null, turns: null };
  assert.equal(differenceText({ ...difference, ...uncut, seconds: 0.01, low: -0.02, high: 0.05, apart: false }, runs, t),
    "B waits 0.01 s more than A (95 %: 0.02 s less to 0.05 s more, n = 38 pairs, not told apart).");
  assert.equal(differenceText({ ...difference, ...uncut, n: 3, low: null, high: null }, runs, t),
    "B waits 0.31 s less than A (n = 3, too few for an interval).");
  assert.equal(differenceText({ ...difference, ...uncut, seconds: -0.004, n: 3, low: null, high: null }, runs, t),
    "B waits as long as A (n = 3, too few for an interval).");
  assert.match(differenceText({ ...difference, ...uncut, n: 0, seconds: null, low: null, high: null }, runs, t),
    /^No difference of waits between B and A: .*closed by silence\.$/);
});

test("runs of one widget are named by their role", () => {
  assert.deepEqual(["before", "now"].map((role) => runName({ name: "", role }, t)), ["Before", "Now"]);
  assert.equal(runName(runs[0], t), "A");
  const own = [{ name: "", role: "before" }, { name: "", role: "now" }];
  const uncut = { cut_off: null, cut_off_other: null, turns: null, n: 2, low: null, high: null };
  assert.equal(differenceText({ ...difference, ...uncut }, own, t), "This run waits 0.31 s less than the one before (n = 2, too few for an interval).");
});

test("a sentence that begins with a run begins with a capital, but a given name is kept", () => {
  assert.equal(beginning({ name: "", role: "baseline" }, t), "The baseline");
  assert.equal(beginning({ name: "", role: "now" }, t), "This run");
  assert.equal(beginning({ name: "quick", role: "now" }, t), "quick");
});

test("where runs count from different ends of speech, each says from which", () => {
  const run = (source, none = "", name = source) => ({ source, no_wait: none, name, role: "" });
  assert.equal(sourcesText([run("service"), run("service")], t), "speech ends by the service");
  assert.equal(sourcesText([run("estimated", "", "A"), run("service", "", "B")], t),
    "A: speech ends estimated, B: speech ends by the service");
  assert.equal(sourcesText([run("estimated", "free"), run("service")], t), "speech ends by the service");
  assert.equal(sourcesText([run("service", "free"), run("service", "manual")], t), "");
});

test("turns of three runs that overlap stand side by side", () => {
  const turn = (number, onset, end) => ({ number, onset, start: onset, end });
  const found = pairTurns([[turn(1, 1, 2), turn(2, 2.4, 4)], [turn(1, 1.1, 4.1)], [turn(1, 5, 6)]]);
  assert.deepEqual(found.map(({ from, to, runs: heard }) => [from, to, heard.map((all) => all.map(({ number }) => number))]),
    [[1, 4.1, [[1, 2], [1], []]], [5, 6, [[], [], [1]]]]);
});

test("a text says in how many words it differs", () => {
  const said = (counts, character = false) => countsText(counts, "B", "A", character, t);
  assert.equal(said({ same: 30, replaced: 2, left_out: 1, added: 1 }),
    "B beside A, of 33 words: 2 replaced, 1 left out, 1 added (12.1 %).");
  assert.equal(said({ same: 4, replaced: 1, left_out: 0, added: 0 }, true),
    "B beside A, of 5 characters: 1 replaced, 0 left out, 0 added (20.0 %).");
  assert.equal(said({ same: 4, replaced: 0, left_out: 0, added: 0 }), "B: the same words as A.");
  assert.equal(said({ same: 0, replaced: 0, left_out: 0, added: 2 }), "B beside A, of 0 words: 0 replaced, 0 left out, 2 added.");
});

test("a screen reader hears words once where all have them, else each text after its name", () => {
  assert.equal(spokenText([["=", ["so", "so"]], ["=", ["it", "it"]]], ["A", "B"], " ", t), "so it");
  assert.equal(spokenText([["=", ["so", "so"]], ["~", ["it", "he"]]], ["A", "B"], " ", t), "A: so it. B: so he.");
  assert.equal(spokenText([["-", ["so", null]]], ["A", "B"], " ", t), "A: so. B: nothing.");
  assert.equal(spokenText([["=", ["早", "早"]], ["~", ["好", "号"]]], ["A", "B"], "", t), "A: 早好. B: 早号.");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import { keptText, leftText } from "../../qwen_asr_widgets/widgets/transcriber/kept.js";

const t = translator("en");
const zh = translator("zh");
const full = { where: ".qaw", problem: "No space left on device", until: 61.5 };

test("where a recording is kept stands in a line, and why it is not", () => {
  assert.equal(keptText({ where: ".qaw", problem: "", until: 0 }, t), "Also on disk, in .qaw, until you save it; for 7 days at most.");
  assert.equal(keptText(full, t), "On disk in .qaw up to 1:01.5 only (No space left on device). The recording goes on in memory: save it.");
  assert.match(keptText({ ...full, until: 0 }, t), /^Not on disk in \.qaw \(No space left on device\)\./);
  assert.match(keptText(full, zh), /只存到 1:01\.5/);
});

test("what was left is named by when it was begun, its length and its sound", () => {
  const left = { id: "recording-1", name: "Headset", when: "2026-11-27T11:20:05+01:00", seconds: 754.3 };
  assert.equal(leftText(left), "2026-11-27 11:20 · 12:34.3 · Headset");
  assert.equal(leftText({ ...left, name: "" }), "2026-11-27 11:20 · 12:34.3");
});

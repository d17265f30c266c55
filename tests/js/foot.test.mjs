import assert from "node:assert/strict";
import { test } from "node:test";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";
import { againText, heardText, madeByText, nameText, partlyText } from "../../qwen_asr_widgets/widgets/transcriber/foot.js";
import { noticeText, unknownState, waysOn } from "../../qwen_asr_widgets/widgets/transcriber/logic.js";

const t = translator("en");
const zh = translator("zh");
const { config, endpoint } = unknownState();
const chosen = { ...endpoint, name: "pocketsphinx", engine: "embedded pocketsphinx" };
const run = (/** @type {any} */ rest = {}, settings = [{ from: 0, config: { ...config, ...rest } }]) => (
  { name: "talk.wav", engine: "embedded pocketsphinx", made_by: "embedded pocketsphinx 5.1.1", settings });
const done = (/** @type {any} */ rest = {}) => ({ ...unknownState(), phase: /** @type {const} */ ("done"), endpoint: chosen, run: run(), ...rest });

test("a sound is called by its title, else as its recording is; nothing has no name", () => {
  assert.equal(nameText(done({ title: "my talk.wav" })), "my talk.wav");
  assert.equal(nameText(done()), "talk.wav");
  assert.equal(nameText(unknownState()), "");
});

test("a run made by what is chosen, or under way, is not named once more", () => {
  assert.equal(heardText(done(), t), "");
  assert.equal(heardText(done({ phase: "live", endpoint }), t), "");
  assert.equal(heardText(unknownState(), t), "");
});

test("who made the words is named once there are any", () => {
  assert.equal(madeByText(done(), t), "");
  assert.equal(madeByText(done({ figures: { count: 2 } }), t), "words by embedded pocketsphinx 5.1.1");
  assert.equal(madeByText(unknownState(), t), "");
});

test("a run made by another recogniser or other settings says by which", () => {
  const beijing = { ...endpoint, id: "beijing", offline: false, engine: "qwen3-asr-flash-realtime, DashScope beijing" };
  assert.equal(heardText(done({ endpoint: beijing }), t), "this run: embedded pocketsphinx 5.1.1 · Threshold 0.20 · silence 800 ms");
  assert.equal(heardText(done({ endpoint: beijing }), zh), "本次结果：embedded pocketsphinx 5.1.1 · 阈值 0.20 · 静音 800 毫秒");
  assert.equal(heardText(done({ run: run({ silence: 400 }) }), t), "this run: embedded pocketsphinx 5.1.1 · Threshold 0.20 · silence 400 ms");
  assert.match(heardText(done({ run: { ...run({ turns: "manual" }), engine: "", made_by: "" } }), t), /^this run: recogniser not known · Manual turns$/);
});

test("what the bar does not name is named where it differs", () => {
  assert.match(heardText(done({ run: run({ padding: 100 }) }), t), /800 ms · padding 100 ms$/);
  assert.match(heardText(done({ config: { ...config, language: "en" } }), t), / · language: Detect automatically$/);
  assert.match(heardText(done({ run: run({ language: "en", context: "Qwen" }) }), t), / · language: en · another context$/);
  assert.match(heardText(done({ config: { ...config, context: "Qwen" } }), t), / · no context$/);
});

test("settings that were changed midway are said so", () => {
  const settings = [{ from: 0, config }, { from: 4, config: { ...config, silence: 400 } }];
  const said = heardText(done({ run: run({}, settings) }), t);
  assert.match(said, /Threshold 0\.20 · silence 800 ms; from 0:04.* silence 400 ms \(changed midway\)$/);
  assert.equal(heardText(done({ run: run({}, settings), config: { ...config, silence: 400 } }), t), "");
});

test("how much of a stopped sound went out is said, and that running it again sends the whole", () => {
  const partly = done({ partly: { sent: 2.1, of: 8 } });
  assert.equal(partlyText(partly, t), "0:02.1 of 0:08.0 were sent");
  assert.equal(partlyText(done(), t), "");
  assert.match(againText(partly, t), /^The whole sound, 0:08\.0 from its start, .*silence 800 ms, Offline: pocketsphinx\.$/);
  assert.match(againText(done(), t), /^The same sound /);
});

test("once another recogniser is chosen the way to it is all that is said of a failed run", () => {
  const kernel = done({ notice: { id: 1, code: "chosen", detail: "", kept: 8, since: 0, unsent: 8 } });
  const said = noticeText(kernel, { phase: "idle", seconds: 0 }, false, t);
  assert.equal(said?.text, "“Try again” sends all of the sound to it: Offline: pocketsphinx. The sound and everything received are kept.");
  assert.deepEqual(waysOn("chosen", true), ["retry", "dismiss"]);
});

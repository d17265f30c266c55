import assert from "node:assert/strict";
import { test } from "node:test";
import { FileWay } from "../../qwen_asr_widgets/widgets/capture/upload.js";
import { Uplink } from "../../qwen_asr_widgets/widgets/capture/uplink.js";

globalThis.window ??= globalThis;
const MIB = 1 << 20;

/** A file way over an uplink that notes what it sends, and what the page would show. */
function way(answered) {
  const sent = [];
  const controller = {
    uplink: new Uplink({ send: (content) => sent.push(content) }, () => {}),
    state: { file: null, problem: null },
    isQuiet: false,
    word() {},
    set(change) { controller.state = { ...controller.state, ...change }; },
  };
  const files = new FileWay(controller);
  files.answered = answered;
  return { files, sent, state: () => controller.state };
}

const settled = () => new Promise((done) => { setTimeout(done, 20); });
const file = (mib, name = "talk.wav") => new File([new Uint8Array(mib * MIB)], name);

test("a file goes no further ahead than 8 MiB of what the kernel has said to have", async () => {
  const { files, sent, state } = way(true);
  const whole = files.open(file(20));
  await settled();
  assert.equal(sent.length, 8);
  files.hear({ kind: "taken", upload: files.upload.id, bytes: 5 * MIB });
  await settled();
  assert.equal(sent.length, 13);
  assert.equal(state().file.taken, 5 * MIB);
  files.hear({ kind: "taken", upload: files.upload.id, bytes: 12 * MIB });
  await whole;
  assert.equal(sent.length, 20);
  assert.equal(state().file.name, "talk.wav");
  files.hear({ kind: "opened", upload: files.upload.id });
  assert.equal(state().file, null);
});

test("a file that is given up goes no further, and the kernel is told to forget it", async () => {
  const { files, sent, state } = way(true);
  const whole = files.open(file(20));
  await settled();
  const { id } = files.upload;
  files.giveUp();
  await whole;
  assert.equal(sent.length, 9);
  assert.deepEqual([sent[8].kind, sent[8].upload], ["forget", id]);
  assert.equal(state().file, null);
  files.hear({ kind: "taken", upload: id, bytes: 9 * MIB });
  assert.equal(state().file, null);
});

test("another file takes the place of the one on its way", async () => {
  const { files, sent, state } = way(true);
  const first = files.open(file(20, "first.wav"));
  await settled();
  const second = files.open(file(1, "second.wav"));
  await Promise.all([first, second]);
  assert.deepEqual(sent.slice(8).map(({ kind, name }) => [kind, name]), [["forget", undefined], ["file", "second.wav"]]);
  assert.equal(state().file.name, "second.wav");
});

test("where the kernel says nothing of files they are sent at once", async () => {
  const { files, sent, state } = way(false);
  await files.open(file(20));
  assert.equal(sent.length, 20);
  assert.equal(state().file.sent, 20 * MIB);
  files.giveUp();
  assert.equal(sent.length, 20);
});

test("a file that cannot be read any more says so and leaves nothing on its way", async () => {
  const { files, sent, state } = way(true);
  const gone = { name: "gone.wav", size: 9, slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone")) }) };
  await files.open(gone);
  assert.equal(state().problem.code, "file");
  assert.equal(state().file, null);
  assert.equal(sent.at(-1).kind, "problem");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptChunks } from "../../qwen_asr_widgets/widgets/capture/kept_chunks.js";
import { Keeper } from "../../qwen_asr_widgets/widgets/capture/keeper.js";
import { Uplink } from "../../qwen_asr_widgets/widgets/capture/uplink.js";
import { pageKeptText } from "../../qwen_asr_widgets/widgets/microphone/page_kept.js";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";

globalThis.window = globalThis;
globalThis.navigator ??= {};
const chunk = (seq) => ({ seq, pcm: new Int16Array([seq]).buffer, peak: 0.5, clipped: 0 });
const numbers = (chunks) => chunks.map(({ seq }) => seq);

test("a chunk is kept until the kernel says that it has come, ten minutes of them at most", () => {
  const kept = new KeptChunks(5);
  for (let seq = 0; seq < 4; seq += 1) kept.add(chunk(seq));
  kept.heard(2);
  assert.deepEqual([kept.first, kept.next, kept.count, kept.late], [2, 4, 2, false]);
  for (let seq = 4; seq < 9; seq += 1) kept.add(chunk(seq));
  assert.deepEqual([kept.first, kept.count, kept.full], [4, 5, false]); // those that went were sent
  kept.failed(4);
  assert.ok(kept.full && kept.late);
  kept.heard(9);
  assert.deepEqual([kept.count, kept.full, kept.late], [0, false, false]);
});

test("what the kernel misses is sent again in order, part by part, and not twice in a moment", () => {
  const kept = new KeptChunks();
  for (let seq = 0; seq < 1000; seq += 1) kept.add(chunk(seq));
  kept.heard(10);
  assert.deepEqual(numbers(kept.again(10, 12, 0)), [10, 11]);
  assert.deepEqual(kept.again(10, 12, 1999), []);
  assert.deepEqual(numbers(kept.again(10, 12, 2000)), [10, 11]);
  const many = numbers(kept.again(12, 900, 2001));
  assert.deepEqual([many[0], many.length, many.at(-1)], [12, 300, 311]);
});

/** A keeper over a line that can be cut; what is sent stands in `sent`. */
function keeper(context) {
  const sent = [];
  const line = { cut: false };
  const uplink = new Uplink({
    send: (content) => {
      if (line.cut) throw new Error("Cannot send");
      sent.push(content);
    },
  }, () => {});
  const made = new Keeper(uplink, "the-widget", () => {});
  context.after(() => made.dispose());
  uplink.open();
  uplink.rate = 10;
  made.begin({ rate: 10, label: "", settings: {}, asked: {} });
  const of = (kind) => sent.filter((content) => content.kind === kind);
  return { made, uplink, line, of, session: uplink.session };
}

test("a recording goes on while nothing can be sent, and what was kept follows when the kernel asks", (context) => {
  context.mock.method(console, "warn", () => {});
  const { made, line, of, session } = keeper(context);
  for (let seq = 0; seq < 5; seq += 1) made.take(chunk(seq));
  made.heard({ session, chunks: 5, upto: null, over: false, safe: 5 });
  assert.equal(made.waiting, null);
  line.cut = true;
  for (let seq = 5; seq < 25; seq += 1) made.take(chunk(seq));
  assert.equal(pageKeptText({ kept: made.waiting }, translator("en")), "2 s kept in this page until Python has them (10 minutes at most)");
  line.cut = false;
  made.take(chunk(25));
  assert.equal(of("chunk").at(-1).held, 5);
  made.heard({ session, chunks: 5, upto: 25, over: false, safe: 5 });
  assert.deepEqual(numbers(of("chunk")).slice(6), [...Array(20).keys()].map((seq) => seq + 5));
  made.heard({ session, chunks: 26, upto: null, over: false, safe: 26 });
  assert.equal(made.waiting, null);
});

test("what has come and is not safe yet is kept, and not sent again", (context) => {
  const { made, of, session } = keeper(context);
  for (let seq = 0; seq < 9; seq += 1) made.take(chunk(seq));
  made.heard({ session, chunks: 7, upto: 8, over: false, safe: 4 });
  assert.deepEqual(numbers(of("chunk")).slice(9), [7]);
  assert.equal(made.entries.get(session).chunks.first, 4);
});

test("a recording is handed over with what is kept of it, and the next kernel is told where that begins", (context) => {
  const { made, uplink, session } = keeper(context);
  for (let seq = 0; seq < 9; seq += 1) made.take(chunk(seq));
  made.heard({ session, chunks: 7, upto: null, over: false, safe: 4 });
  const next = keeper(context);
  next.uplink.takeUp(session, 10);
  next.made.takeUp(made.handOver(), "");
  next.made.take(chunk(9));
  next.uplink.close();
  const { first, at } = next.of("start")[0];
  assert.deepEqual([first, at, ...numbers(next.of("chunk"))], [4, 4, 4, 5, 6, 7, 8, 9]);
  assert.equal(next.uplink.session, uplink.session);
  assert.equal(made.entries.size, 0);
});

test("after the stop nothing is let go before the kernel says that the recording is over", (context) => {
  const { made, of, session } = keeper(context);
  made.take(chunk(0));
  assert.equal(made.stop(1, "stopped"), true);
  made.heard({ session, chunks: 0, upto: 1, over: false, safe: 0 });
  assert.deepEqual(numbers(of("chunk")), [0, 0]);
  made.look();
  assert.deepEqual(of("stop").map(({ chunks, held, reason }) => [chunks, held, reason]), [[1, 0, "stopped"], [1, 0, "stopped"]]);
  made.heard({ session, chunks: 1, upto: null, over: true, safe: 1 });
  made.look();
  assert.equal(made.entries.size, 0);
  assert.equal(of("stop").length, 2);
});

test("a kernel that never says what it has is not reminded for ever, and a recording that failed is forgotten", (context) => {
  const { made, uplink, of } = keeper(context);
  made.take(chunk(0));
  made.stop(1, "stopped");
  for (let look = 0; look < 9; look += 1) made.look();
  assert.deepEqual([made.entries.size, of("stop").length], [0, 6]);
  uplink.open();
  made.begin({ rate: 10, label: "", settings: {}, asked: {} });
  made.abandon();
  assert.equal(made.entries.size, 0);
});

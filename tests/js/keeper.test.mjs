import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptChunks } from "../../qwen_asr_widgets/widgets/capture/kept_chunks.js";
import { Keeper } from "../../qwen_asr_widgets/widgets/capture/keeper.js";
import { Uplink } from "../../qwen_asr_widgets/widgets/capture/uplink.js";
import { pageKeptText, waitsText } from "../../qwen_asr_widgets/widgets/microphone/page_kept.js";
import { translator } from "../../qwen_asr_widgets/widgets/shared/strings.js";

globalThis.window = globalThis;
globalThis.navigator ??= {};
const chunk = (seq) => ({ seq, pcm: new Int16Array([seq]).buffer, peak: 0.5, clipped: 0 });
const numbers = (chunks) => chunks.map(({ seq }) => seq);

test("a chunk is kept until the kernel says that it has come, ten minutes of them at most", () => {
  const kept = new KeptChunks(5);
  for (let seq = 0; seq < 4; seq += 1) kept.add(chunk(seq));
  for (const one of kept.ready(0)) kept.went(one, 0);
  kept.heard(2, 2, 0);
  assert.deepEqual([kept.first, kept.next, kept.count, kept.late], [2, 4, 2, false]);
  for (let seq = 4; seq < 9; seq += 1) {
    kept.add(chunk(seq));
    if (seq < 8) kept.went(kept.between(seq, seq + 1)[0], 0);
  }
  assert.deepEqual([kept.first, kept.count, kept.full], [4, 5, false]); // those that went were sent
  kept.goBack(0);
  kept.refused = true;
  assert.ok(kept.full && kept.late);
  kept.refused = false;
  kept.heard(9, 9, 0);
  assert.deepEqual([kept.count, kept.full, kept.late], [0, false, false]);
});

test("what the kernel misses is sent again in order, part by part, and not twice in a moment", () => {
  const kept = new KeptChunks();
  for (let seq = 0; seq < 1000; seq += 1) kept.add(chunk(seq));
  const send = (now) => {
    const ready = kept.ready(now);
    for (const one of ready) kept.went(one, now);
    return numbers(ready);
  };
  send(0);
  kept.heard(10, 10, 0);
  kept.goBack(0);
  const first = send(0);
  assert.deepEqual([first[0], first.length], [10, 20]);
  kept.goBack(1999);
  assert.deepEqual(send(1999), []);
  kept.goBack(2000);
  assert.deepEqual(send(2000), first);
});

test("a kernel that hears late has few chunks on the way to it, one that says nothing has them all", () => {
  const kept = new KeptChunks();
  for (let seq = 0; seq < 500; seq += 1) kept.add(chunk(seq));
  const send = (now) => kept.ready(now).map((one) => kept.went(one, now)).length;
  assert.equal(kept.ready(0).length, 500, "it has never said anything");
  kept.heard(0, 0, 0);
  const waits = [100, 100, 100, 2000, 2000, 2000, 2000, 2000, 100, 100];
  const onTheWay = waits.map((wait, k) => {
    const now = 4000 * k;
    send(now);
    kept.heard(kept.sent, kept.sent, now + wait);
    return kept.ahead;
  });
  assert.deepEqual(onTheWay, [40, 80, 100, 50, 25, 12, 6, 5, 6, 7]);
  assert.equal(send(38_000), 7);
  assert.ok(kept.isSlow(38_000));
  assert.ok(send(49_000) > 7 && !kept.isSlow(49_000), "for ten seconds it has said nothing");
});

/** A keeper over a line that can be cut; what is sent stands in `sent`. */
function keeper(context, codec = { canPack: async () => false }) {
  const sent = [];
  const line = { cut: false };
  const uplink = new Uplink({
    send: (content) => {
      if (line.cut) throw new Error("Cannot send");
      sent.push(content);
    },
  }, () => {});
  const made = new Keeper(uplink, "the-widget", () => {}, codec);
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
  assert.deepEqual(numbers(of("chunk")), [...Array(25).keys()], "twenty at once");
  made.heard({ session, chunks: 26, upto: null, over: false, safe: 26 });
  assert.equal(made.waiting, null);
});

/** A line of so many bytes a second under a keeper, in virtual time; the kernel says twice a second what has come. */
function slowLine(context, rate, codec) {
  const clock = { now: 0 };
  context.mock.method(performance, "now", () => clock.now);
  const queue = [];
  let came = 0;
  let room = 0;
  let stop = null;
  const line = { longest: 0, opus: codec !== undefined, kinds: new Set(), asked: null, answered: null };
  const uplink = new Uplink({ send: (content, _, buffers) => {
    const bytes = 200 + (buffers[0]?.byteLength ?? 0);
    queue.push({ content, bytes });
    line.longest = Math.max(line.longest, queue.reduce((sum, one) => sum + one.bytes, 0));
  } }, () => {});
  const made = new Keeper(uplink, "the-widget", () => {}, codec);
  context.after(() => made.dispose());
  uplink.open();
  uplink.rate = 48_000;
  made.begin({ rate: 48_000, label: "", settings: {}, asked: {} });
  const { session } = uplink;
  line.made = made;
  line.session = session;
  line.ask = () => queue.push({ content: { kind: "ask", at: clock.now }, bytes: 200 });
  line.pass = async (ms, record) => {
    for (let t = 0; t < ms; t += 100) {
      clock.now += 100;
      if (record) made.take({ seq: line.next++, pcm: new ArrayBuffer(9600), peak: 0, clipped: 0 });
      if (clock.now % 1000 === 0) made.look();
      room = Math.min(room + rate / 10, Math.max(rate / 10, queue[0]?.bytes ?? 0));
      while (queue[0] && room >= queue[0].bytes) {
        const { content, bytes } = queue.shift();
        room -= bytes;
        line.kinds.add(content.kind);
        if (content.kind === "ask") line.answered = clock.now - content.at;
        if (content.kind === "stop") stop = content.chunks;
        const count = { chunk: 1, packed: content.lengths?.length }[content.kind] ?? 0;
        if (content.seq === came) came += count;
      }
      line.came = came;
      if (clock.now % 500 === 0) {
        const over = stop !== null && came >= stop;
        made.heard({ session, chunks: came, upto: null, over, safe: came, opus: line.opus });
      }
      for (let turn = 0; turn < 20; turn += 1) await null; // what is coded in promises
    }
  };
  line.next = 0;
  return line;
}

const CODEC = {
  canPack: async () => true,
  pack: async (_, pieces) => ({ data: new ArrayBuffer(400 * pieces.length), sizes: [1], skip: 312, lead: 0 }),
};

test("on a line of 64 kB a second a request is there after three seconds at most, however long the recording", async (context) => {
  const line = slowLine(context, 64_000);
  const waits = [];
  for (let k = 0; k < 12; k += 1) {
    await line.pass(4000, true);
    line.ask();
    await line.pass(3000, true);
    waits.push(line.answered);
  }
  assert.ok(Math.max(...waits) <= 3000, String(waits));
  assert.ok(line.made.slow && line.made.waiting.seconds > 25, "the rest is kept in the page");
});

test("where Opus is read, a slow line is a few seconds behind once, and caught up with", async (context) => {
  const line = slowLine(context, 64_000, CODEC);
  await line.pass(42_000, true);
  assert.ok(line.kinds.has("packed"));
  assert.ok(line.next - line.came <= 15, `${line.next - line.came} chunks behind`);
  line.made.stop(line.next, "stopped");
  await line.pass(2000, false);
  assert.equal(line.made.entries.size, 0);
  assert.equal(line.came, 420);
});

test("after the stop one sees how much is there, and can give up the rest", async (context) => {
  const line = slowLine(context, 64_000);
  await line.pass(42_000, true);
  line.made.stop(line.next, "stopped");
  await line.pass(1000, false);
  const { done, of } = line.made.sending;
  assert.ok(of === 42 && done > 20 && done < 35, `${done} of ${of}`);
  line.made.giveUp();
  await line.pass(3000, false);
  assert.deepEqual([line.made.sending, line.made.entries.size], [null, 0]);
  assert.ok(line.came < 330, "what was not sent was not sent any more");
});

test("what has come and is not safe yet is kept, and not sent again", (context) => {
  const { made, of, session } = keeper(context);
  for (let seq = 0; seq < 9; seq += 1) made.take(chunk(seq));
  made.heard({ session, chunks: 7, upto: 8, over: false, safe: 4 });
  assert.deepEqual(numbers(of("chunk")).slice(9), [7, 8]);
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

test("that sound waits for a cell is said where the kernel does not answer, and nowhere else", () => {
  const t = translator("en");
  const recording = { phase: "recording", file: null, quiet: true };
  assert.match(waitsText(recording, false, t), /when the running cell ends/);
  assert.match(waitsText(recording, true, t), /^Python does not answer/);
  assert.equal(waitsText({ ...recording, quiet: false }, false, t), "", "words arrive");
  assert.equal(waitsText({ ...recording, phase: "idle" }, false, t), "");
  assert.match(waitsText({ phase: "idle", file: { name: "a.wav" }, quiet: true }, false, t), /when the running cell ends/);
});

test("a slow line is told from a kernel that is away, and an upload says how far it is", () => {
  const t = translator("en");
  const state = { kept: { seconds: 12.2 }, slow: true, sending: null };
  assert.equal(pageKeptText(state, t), "The line to Python is slow: 12 s of sound are still to be sent");
  assert.match(pageKeptText({ ...state, slow: false }, t), /^12 s kept in this page/);
  assert.equal(pageKeptText({ ...state, sending: { done: 26.2, of: 42 } }, t), "Uploading, 0:26 of 0:42");
});

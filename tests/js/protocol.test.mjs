import assert from "node:assert/strict";
import { test } from "node:test";
import { Prediction, bandOf, choices, filteredRows, shortType, takeRows } from "../../qwen_asr_widgets/widgets/protocol_view/rows.js";

const told = (way, type, rest = {}) => {
  const row = { time: 1, until: 1, first: 0, count: 1, item: "", text: "", mark: "", partner: -1, samples: 0, ...rest };
  return [row.time, row.until, way, type, row.first, row.count, row.item, row.text, row.mark, row.partner, row.samples];
};
const message = (base, rows) => ({ kind: "protocol", source: "s", base, rows, rate: 16000, growing: true });

const TALK = [
  told("wire", "connection.opened", { count: 0 }),
  told("in", "session.created"),
  told("out", "session.update"),
  told("out", "input_audio_buffer.append", { count: 10, samples: 16000, time: 1, until: 2 }),
  told("in", "input_audio_buffer.speech_started", { item: "a" }),
  told("in", "conversation.item.input_audio_transcription.completed", { item: "a", text: "Good morning", mark: "late" }),
];

function rowsOf(all) {
  const rows = [];
  takeRows(rows, message(0, all));
  return rows;
}

test("rows from a place on replace those that were there; where some are missing all are asked for", () => {
  const rows = rowsOf(TALK);
  assert.equal(takeRows(rows, message(4, [told("in", "session.finished")])), true);
  assert.deepEqual(rows.map((row) => [row.number, row.type]).slice(3), [[3, "input_audio_buffer.append"], [4, "session.finished"]]);
  assert.equal(takeRows(rows, message(9, [])), false);
});

test("a filter and a search leave the rows that they name", () => {
  const rows = rowsOf(TALK);
  const numbers = (filter, query = "") => filteredRows(rows, filter, query).map(({ number }) => number);
  assert.deepEqual(numbers("out"), [2, 3]);
  assert.deepEqual(numbers("turns"), [4]);
  assert.deepEqual(numbers("words"), [5]);
  assert.deepEqual(numbers("session"), [0, 1, 2]);
  assert.deepEqual(numbers("problems"), [5]);
  assert.deepEqual(numbers("all", "good MORNING"), [5]);
  assert.deepEqual(numbers("in", "audio_buffer"), [4]);
});

test("a band says seconds, bytes with base64 counted, and pace", () => {
  assert.deepEqual(bandOf(rowsOf(TALK)[3], 16000), { seconds: 1, bytes: 42668, pace: 0.9 });
  assert.equal(bandOf({ ...rowsOf(TALK)[3], count: 1 }, 16000).pace, null);
});

test("types are shortened by what all of their kind begin with", () => {
  assert.equal(shortType("conversation.item.input_audio_transcription.text"), "…transcription.text");
  assert.equal(shortType("session.update"), "session.update");
});

test("what is predicted is what the two sides say, but for sound; choices count, showing does not", () => {
  const prediction = new Prediction(rowsOf(TALK));
  assert.deepEqual(choices(prediction.rows), [
    "conversation.item.input_audio_transcription.completed", "input_audio_buffer.speech_started", "session.created", "session.update",
  ]);
  assert.equal(prediction.shown, 1);
  assert.equal(prediction.guess("session.created").right, true);
  assert.equal(prediction.guess("session.created").right, false);
  assert.equal(prediction.next.type, "input_audio_buffer.speech_started");
  assert.equal(prediction.guess(null).right, null);
  prediction.guess("conversation.item.input_audio_transcription.completed");
  assert.equal(prediction.next, null);
  assert.deepEqual([prediction.right, prediction.asked], [2, 3]);
});

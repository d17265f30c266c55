// Judges pauses that stand on stdin by the tuner's own module and prints what it finds: a line of JSON each way.
import { readFileSync } from "node:fs";
import { closingsOf, figuresOf, judgeClosings, judgeTimers, remedies, shareLonger } from "../../qwen_asr_widgets/widgets/tuner/turn_ends/judge.js";
import { HOP, MAX_TURN, detectTurns, silenceFrames } from "../../qwen_asr_widgets/widgets/tuner/judging/turns.js";

const RANGES = { delay: [0.2, 3.5], timeOut: [0.2, 6] };

/** Null stands for NaN, which JSON has not. */
const numbers = (row) => Float32Array.from(row, (value) => value ?? NaN);

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(({ rows, holds, turns, said, instants, length, policy, limit, values, settings, silences }) => {
  const pauses = {
    count: rows.length / 4, holds, rows: Int32Array.from(rows), speakers: new Uint8Array(rows.length / 4),
    turns: Int32Array.from(turns), said: numbers(said), instants, length,
  };
  const timers = judgeTimers(pauses, policy);
  const found = detectTurns(numbers(values), settings);
  const spans = Array.from({ length: found.length / 3 }, (_, k) => ({ onset: found[3 * k] / 16000, end: found[3 * k + 2] / 16000 }));
  const closings = closingsOf(spans, silenceFrames(settings.silence) * HOP, MAX_TURN, values.length * HOP);
  const wrong = [...timers.cut.keys()].filter((k) => timers.cut[k] || (k >= holds && timers.answer[k] > Math.round(limit * 16000)));
  return {
    timers: figuresOf(pauses, timers, limit), detector: figuresOf(pauses, judgeClosings(pauses, closings), limit),
    remedies: wrong.map((pause) => ({ pause, found: remedies(pauses, policy, pause, limit, RANGES) })),
    shares: shareLonger(pauses, silences, null),
  };
})));

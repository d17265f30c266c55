// Judges what stands on stdin by the tuner's own modules and prints the results: a line of JSON each way.
import { readFileSync } from "node:fs";
import { measure, united } from "../../qwen_asr_widgets/widgets/tuner/judging/measures.js";
import { HOP, detectTurns, silenceFrames } from "../../qwen_asr_widgets/widgets/tuner/judging/turns.js";

const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ values, settings, spans, regions, length, known, extraWait }) => {
  const turns = detectTurns(Float32Array.from(values), settings);
  const silence = silenceFrames(settings.silence) * HOP;
  const judge = { known, stretches: united(spans), regions, length, silence, extraWait };
  return { turns: Array.from(turns), ...measure(turns, judge) };
})));

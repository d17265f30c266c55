/**
 * What stands in words on the ends of turns: what happened at a pause, and what turning a handle would change.
 *
 * @import { Figures, Handle, Pauses, Policy } from "./judge.js"
 * @import { EndsState } from "./state.js"
 * @import { Translate } from "../../shared/strings.js"
 */
import { HOP, RATE, silenceFrames } from "../judging/turns.js";
import { clock } from "../../shared/format.js";
import { lengthOf, saidAt, startOf } from "./judge.js";

/** @param {number | null} value */
export const inSeconds = (value) => (value === null ? "–" : `${value.toFixed(2)} s`);

/** @param {number} part @param {number} whole */
export const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : "–");

/** What decides, in words; models have names. @param {string} name @param {Translate} t */
export function detectorName(name, t) {
  return name === "vad" || name === "silence" ? t(`tuner.ends.by.${name}`) : name;
}

/** A handle with its value. @param {Handle} handle @param {Policy} policy @param {Translate} t */
export function handleText(handle, policy, t) {
  const value = policy[handle];
  return `${t(`tuner.ends.handle.${handle}`)} ${handle === "threshold" ? (value ?? 0).toFixed(2) : inSeconds(value)}`;
}

/** What a policy is, in words; silence alone has one figure. @param {Policy} policy @param {Translate} t */
export function policyText(policy, t) {
  if (policy.threshold === null) return `${t("tuner.setting.silence").toLowerCase()} ${inSeconds(policy.timeOut)}`;
  const handles = /** @type {Handle[]} */ (["threshold", "delay", "timeOut"]);
  return handles.map((handle) => handleText(handle, policy, t).toLowerCase()).join(", ");
}

/** What other figures a remedy leads to. @param {Figures} before @param {Figures} then @param {Translate} t */
export function effectText(before, then, t) {
  return t("tuner.ends.effect", {
    cuts: before.cuts, cutsThen: then.cuts, wait: (before.wait ?? 0).toFixed(2), waitThen: (then.wait ?? 0).toFixed(2),
    late: before.late, lateThen: then.late,
  });
}

/** What happened at a pause, and why. @param {EndsState} state @param {Pauses} pauses @param {number} k @param {Translate} t */
export function pauseSentence(state, pauses, k, t) {
  const outcome = state.judged()?.outcome;
  if (!outcome) return "";
  const isHold = k < pauses.holds;
  const time = clock((Number.isNaN(outcome.at[k]) ? startOf(pauses, k) : outcome.at[k]) / RATE, 2);
  const length = inSeconds(lengthOf(pauses, k) / RATE);
  if (isHold && !outcome.cut[k]) return t("tuner.ends.why.held", { time, length });
  const reason = reasonOf(state, pauses, k, t);
  if (outcome.cut[k]) {
    const into = (outcome.at[k] - startOf(pauses, k)) / RATE;
    return t(into > 0 ? "tuner.ends.why.cut" : "tuner.ends.why.early", { time, into: inSeconds(into), length, reason });
  }
  if (Number.isNaN(outcome.answer[k])) return t(outcome.unseen[k] ? "tuner.ends.why.unseen" : "tuner.ends.why.never", { time });
  const wait = inSeconds(outcome.answer[k] / RATE);
  return t(outcome.unseen[k] ? "tuner.ends.why.overtaken" : "tuner.ends.why.wait", { time, wait, length, reason });
}

/** @param {EndsState} state @param {Pauses} pauses @param {number} k @param {Translate} t */
function reasonOf(state, pauses, k, t) {
  const outcome = state.judged()?.outcome;
  if (!outcome) return "";
  if (state.byDetector) return detectorReason(state, outcome.answer[k], k < pauses.holds, t);
  if (!state.byModel) return t("tuner.ends.why.silence");
  const said = saidAt(pauses, k);
  const threshold = (state.policy?.threshold ?? 0).toFixed(2);
  if (Number.isNaN(said)) return t("tuner.ends.why.nothing");
  return t(outcome.timedOut[k] ? "tuner.ends.why.timedOut" : "tuner.ends.why.fired", { said: said.toFixed(2), threshold });
}

/** @param {EndsState} state @param {number} answer samples @param {boolean} isHold @param {Translate} t */
function detectorReason({ tuner }, answer, isHold, t) {
  const silence = (silenceFrames(tuner.settings?.silence ?? 0) * HOP) / RATE;
  const rest = answer / RATE - silence;
  if (isHold || rest < 0.001) return t("tuner.ends.why.detector", { silence: inSeconds(silence) });
  return t("tuner.ends.why.trailing", { silence: inSeconds(silence), rest: inSeconds(rest) });
}

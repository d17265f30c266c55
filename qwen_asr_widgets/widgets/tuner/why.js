/**
 * What the kernel found, said in sentences: why a turn is wrong and what would heal it, how a replay agreed with
 * what was expected, which settings are best.
 *
 * @import { Kind } from "./state.js"
 * @import { Agreement, Best, HeldOut, Replay } from "../shared/messages.js"
 * @import { Translate } from "../shared/strings.js"
 * @typedef {{setting: "silence" | "threshold", threshold: number, silence: number, padding: number, shown: string,
 *   extra_wait: number, also_heals: number, adds: number}} Remedy
 * @typedef {{kind: "below" | "limit" | "never" | "short" | "reached" | "peak" | "little",
 *   threshold: number | null, ms: number | null}} Cause  as `Cause` in Python
 * @typedef {{what: Kind, at: number, cause: Cause, remedies: Remedy[]}} Why
 */
import { clock } from "../shared/format.js";
import { brief, score } from "./scales.js";

/** @param {Why} why @param {Translate} t */
export function whySentence({ what, at, cause, remedies }, t) {
  const word = t(`tuner.why.${cause.kind}`, { threshold: score(cause.threshold ?? 0), ms: cause.ms ?? 0 });
  const named = remedies.map((one) => t(`tuner.why.${one.setting}`, { value: shownValue(one) }));
  const heals = !named.length ? t("tuner.why.nothing")
    : t("tuner.why.heals", { what: named.length > 1 ? t("tuner.why.or", { one: named[0], other: named[1] }) : named[0] });
  const effects = remedies.map((one) => effectsOf(one, t)).filter(Boolean);
  const parts = [word, heals, ...effects].join(t("tuner.why.then"));
  return t("tuner.why.at", { what: t(`tuner.why.${what}`), time: clock(at), parts });
}

/** A remedy's value as it is shown. @param {Remedy} remedy */
export function shownValue({ setting, silence, shown }) {
  return setting === "silence" ? `${silence} ms` : shown;
}

/** What else a remedy does. @param {Remedy} remedy @param {Translate} t */
function effectsOf(remedy, t) {
  const words = t("tuner.why.numbers").split(" ");
  const count = (/** @type {number} */ number) => words[number] ?? String(number);
  const ms = Math.round(Math.abs(remedy.extra_wait) * 1000);
  const effects = [];
  if (remedy.also_heals) effects.push(t("tuner.why.also", { count: count(remedy.also_heals) }));
  if (remedy.adds) effects.push(t(remedy.adds === 1 ? "tuner.why.adds.one" : "tuner.why.adds", { count: count(remedy.adds) }));
  if (ms) effects.push(t(remedy.extra_wait > 0 ? "tuner.why.costs" : "tuner.why.saves", { ms }));
  return effects.length ? t("tuner.why.effect", { value: shownValue(remedy), effects: effects.join(t("tuner.why.and")) }) : "";
}

/** What was replayed: the clip where there are several, and the settings. @param {Pick<Replay, "clip" | "settings">} replay */
export function replayName({ clip, settings }) {
  return clip ? `${clip} · ${brief(settings)}` : brief(settings);
}

/**
 * How a replay agreed with what was expected.
 * @param {Agreement} found
 * @param {Translate} t
 */
export function agreementSentence({ share, median, p90, expected, real, exact }, t) {
  if (exact) return t("tuner.agree.exact", { count: real });
  if (share === null) return t("tuner.agree.none");
  if (median === null || p90 === null) return t("tuner.agree.nothing", { expected, real });
  const ms = (/** @type {number} */ seconds) => Math.round(1000 * seconds);
  return t("tuner.agree.some", { share: Math.round(100 * share), expected, real, median: ms(median), p90: ms(p90) });
}

/** Which settings are best, and how well that holds elsewhere. @param {Best} best @param {Translate} t */
export function bestSentence(best, t) {
  const { threshold, silence, padding } = best.settings;
  const said = t("tuner.best.said", {
    threshold: score(threshold), silence, padding, ...written(best, best.intervals), turns: best.turns, calls: best.calls,
  });
  const parts = [said];
  if (best.edges.length) {
    parts.push(t("tuner.best.edge", { edges: best.edges.map((edge) => t(`tuner.best.at.${edge}`)).join(t("run.comma")) }));
  }
  if (best.intervals) parts.push(t("tuner.best.selected"));
  if (best.censored) parts.push(t("tuner.best.censored", { waits: best.waits, count: best.censored }));
  return [...parts, verdict(best, t)].join(" ");
}

/** The three measures, each with its interval in brackets. @param {HeldOut} one @param {Best["intervals"]} intervals */
function written(one, intervals) {
  const write = (/** @type {keyof HeldOut} */ name, /** @type {number} */ scale, /** @type {number} */ digits) => {
    const edges = intervals?.[name].map((edge) => (scale * edge).toFixed(digits)).join("–");
    return (scale * one[name]).toFixed(digits) + (edges ? ` [${edges}]` : "");
  };
  return { wait: write("wait", 1, 2), cut: write("cut_off_rate", 100, 1), errors: write("errors_per_minute", 1, 2) };
}

/** What the held-out calls say. @param {Best} best @param {Translate} t */
function verdict({ calls, held_out, held_out_calls, within }, t) {
  if (calls < 2) return t("tuner.best.unchecked");
  if (!held_out) return t("tuner.best.unjudged");
  const found = t(within === false ? "tuner.best.outside" : "tuner.best.held", written(held_out, null));
  return held_out_calls === calls ? found : `${found} ${t("tuner.best.some", { count: held_out_calls, calls })}`;
}

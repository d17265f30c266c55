/**
 * What a row of the transcript says, computed apart from the page: times, chips, matches of a search.
 *
 * @import { RunInfo, Utterance } from "../shared/run/state.js"
 * @import { Translate } from "../shared/strings.js"
 * @typedef {{text: string, kind: "plain" | "busy" | "alarm", wait?: {endpoint: number | null, total: number}}} Chip
 *   `wait`: the seconds that the text names, and how many of them passed until the end of speech was noticed; null where
 *   that is not known, or nothing waited for it
 */
import { clock, duration, endText } from "../shared/format.js";
import { textOf } from "../shared/run/state.js";

/** @param {string} text */
function folded(text) {
  return text.normalize("NFKC").toLocaleLowerCase();
}

/**
 * The utterances a search and a filter leave.
 * @param {Utterance[]} utterances @param {string} query @param {boolean} problemsOnly
 */
export function filtered(utterances, query, problemsOnly) {
  const wanted = folded(query.trim());
  return utterances.filter((u) => (!problemsOnly || u.problem) && (!wanted || folded(textOf(u)).includes(wanted)));
}

/**
 * Cut a text where a search matches: every second part is a match.
 * @param {string} text @param {string} query
 * @returns {string[]}
 */
export function splitMatches(text, query) {
  const wanted = folded(query.trim());
  const plain = folded(text);
  if (!wanted || plain.length !== text.length) return [text];
  const parts = [];
  let from = 0;
  for (let at = plain.indexOf(wanted); at >= 0; at = plain.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), text.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  return [...parts, text.slice(from)];
}

/** @param {Utterance} utterance */
export function timeOf(utterance) {
  if (utterance.onset === null) return "";
  return `${clock(utterance.onset)} – ${endText(utterance)}`;
}

/**
 * How long it took, or what is still awaited.
 * @param {Utterance} u @param {Translate} t @param {boolean} [waits] whether they say what a person would wait
 * @returns {Chip[]}
 */
export function latencyChips(u, t, waits = true) {
  /** @type {Chip[]} */
  const chips = [];
  if (waits && u.first_partial !== null) {
    chips.push({ text: t("transcript.firstPartial", { time: duration(u.first_partial, t) }), kind: "plain" });
  } else if (waits && u.no_partial) chips.push({ text: t(`transcript.noPartial.${u.no_partial}`), kind: "plain" });
  const total = u.finalization ?? u.decode_delay;
  if (waits && u.status === "final" && total !== null) {
    const endpoint = u.finalization === null ? null : Math.min(Math.max(u.endpoint_delay ?? 0, 0), total);
    chips.push({ text: waitText(u, duration(total, t), t), kind: "plain", wait: { endpoint, total } });
  } else if (u.status === "speaking") chips.push({ text: t("transcript.listening"), kind: "busy" });
  else if (u.status === "stopped") chips.push({ text: t("transcript.deciding"), kind: "busy" });
  return chips;
}

/**
 * What a final's time counts from: the end of speech, else what is known of it.
 * @param {Utterance} u
 * @param {string} time
 * @param {Translate} t
 */
function waitText(u, time, t) {
  if (u.finalization !== null) return t("transcript.final", { time });
  if (u.ended_by !== "commit") return `${t("transcript.decode")} ${time}`;
  return t(u.commit ? `transcript.after.${u.commit}` : "transcript.afterCommit", { time });
}

/**
 * What stands below the rows: what is waited for, or why there is none; empty where nothing is to be said.
 * @param {number} shown rows in sight @param {number} count of all @param {RunInfo} info @param {Translate} t
 */
export function emptyText(shown, count, { growing, gathered, settings }, t) {
  if (!shown && count) return t("transcript.noMatch");
  if (growing && gathered !== null) return t("transcript.gathered", { time: clock(gathered, 0) });
  if (shown) return "";
  if (!growing) return t("transcript.none");
  return t(settings?.client ? "transcript.waiting.client" : "transcript.waiting");
}

/** The language of the last utterance before this one that has any. @param {Utterance} u @param {Utterance[]} utterances */
export function languageBefore({ number }, utterances) {
  return utterances.filter((one) => one.number < number && one.language).pop()?.language ?? null;
}

/**
 * What else is known: the language where it changes, emotion, how the turn ended where that was not silence, what
 * went wrong.
 * @param {Utterance} u @param {Translate} t @param {string | null} [before] the language of the row before
 * @returns {Chip[]}
 */
export function noteChips(u, t, before = null) {
  /** @type {Chip[]} */
  const chips = [];
  if (u.language && u.language !== before) chips.push({ text: u.language, kind: "plain" });
  if (u.emotion) chips.push({ text: emotionText(u.emotion, t), kind: "plain" });
  if (typeof u.short === "number") chips.push({ text: t("transcript.short", { time: u.short.toFixed(1) }), kind: "plain" });
  if (u.ended_by === "limit") chips.push({ text: t("transcript.limit", { seconds: u.limit ?? 60 }), kind: "alarm" });
  if (u.waits) chips.push({ text: t("transcript.waits"), kind: "busy" });
  else if (u.ended_by === "lost" || u.status === "lost") chips.push({ text: t("transcript.lost"), kind: "alarm" });
  else if (u.again) chips.push({ text: t("transcript.again"), kind: "plain" });
  if (u.status === "failed") chips.push({ text: u.error || t("transcript.failed"), kind: "alarm" });
  return chips;
}

const EMOTIONS = /** @type {const} */ (["surprised", "neutral", "happy", "sad", "disgusted", "angry", "fearful"]);

/**
 * A service's word for an emotion in the reader's language; one that we do not know as it is.
 * @param {string} emotion
 * @param {Translate} t
 */
function emotionText(emotion, t) {
  const known = EMOTIONS.find((one) => one === emotion);
  return known ? t(`emotion.${known}`) : emotion;
}

/** What went wrong with an utterance, in words; empty where nothing did. @param {Utterance} u @param {Translate} t */
export function problemText(u, t) {
  const alarms = noteChips(u, t).filter(({ kind }) => kind === "alarm").map(({ text }) => text);
  if (u.status === "final" && !u.settled) alarms.push(t("transcript.wordless"));
  return alarms.join(" · ");
}

/** The transcript as lines of text, to be copied, without drafts that got no final. @param {Utterance[]} utterances */
export function asText(utterances) {
  const answered = utterances.filter(({ status }) => status !== "lost" && status !== "failed");
  return answered.map((u) => [timeOf(u).split(" ")[0], textOf(u)].filter(Boolean).join("  ")).join("\n");
}

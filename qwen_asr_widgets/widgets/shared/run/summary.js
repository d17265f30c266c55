/**
 * What is said of a run as a whole, in the reader's language: settings, figures with their conditions, marks.
 *
 * @import { Mark, RunInfo, Summary } from "./state.js"
 * @import { Translate } from "../strings.js"
 */
import { duration } from "../format.js";

/** Who recognised it, with which settings. @param {RunInfo} info @param {Translate} t */
export function engineText({ engine, settings }, t) {
  if (!settings) return engine;
  const { threshold, silence } = settings;
  const said = threshold === null
    ? [t("run.manual")]
    : [t("run.settings", { threshold: threshold.toFixed(2), silence })];
  if (settings.client) said.push(t("run.client"));
  if (settings.ends) said.push(settings.ends);
  if (settings.changed) said.push(t("run.changed"));
  return [engine, said.join(t("run.comma"))].filter(Boolean).join(" · ");
}

/**
 * How long finals took: never without how many there were and how the sound was sent; or why that is not said.
 * @param {Pick<RunInfo, "summary" | "waits">} info @param {Translate} t
 */
export function summaryText({ summary, waits }, t) {
  if (!summary) return "";
  if (!waits) return summary.pace === null ? t("run.noWaits") : t("run.noWaits.speed", { pace: summary.pace });
  const { figures, n, chunk_ms: chunk, pace, source, cut, left_out: leftOut, off_pace: offPace } = summary;
  const said = [`n = ${n}`];
  if (chunk !== null) said.push(t("run.chunks", { ms: chunk }));
  said.push(pace === null ? t("run.pace.free") : pace === 1 ? t("run.pace.real") : t("run.pace.times", { pace }));
  said.push(t(`run.source.${source}`));
  if (cut) said.push(t("run.cut", { count: cut }));
  if (leftOut) said.push(t("run.leftOut", { count: leftOut }));
  if (offPace) said.push(t("run.offPace", { count: offPace }));
  return t("run.summary", { figures: figuresText(figures, t), conditions: said.join(t("run.comma")) });
}

/** @param {Summary["figures"]} figures @param {Translate} t */
function figuresText(figures, t) {
  if (!figures) return t("run.final.none");
  const { p50, p95, p99, longest } = figures;
  return longest === null
    ? t("run.final.many", { p50: duration(p50, t), p95: duration(p95, t), p99: duration(p99, t) })
    : t("run.final.few", { median: duration(p50, t), longest: duration(longest, t) });
}

/** What stands beside a mark on the axis. @param {Mark} mark @param {Translate} t */
export function markText({ kind, label }, t) {
  if (kind === "manual") return t("run.manual");
  if (kind === "session") return t("run.session");
  if (kind === "gap") return t("run.gap", { seconds: label });
  return kind === "lost" ? t("run.lost", { seconds: label }) : t("run.mark", { settings: label });
}

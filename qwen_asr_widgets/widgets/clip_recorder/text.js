/**
 * What is said of a clip while it is recorded and on its way, as pure functions.
 *
 * @import { Stage } from "./controller.js"
 * @import { State } from "../capture/controller.js"
 * @import { Translate } from "../shared/strings.js"
 * @typedef {{stage: Stage, full: boolean, arrived: boolean, state: State}} Clip
 */
import { clock } from "../shared/format.js";

/**
 * What happens; empty when nothing does.
 * @param {Clip} clip @param {Translate} t
 * @param {import("../shared/strings.js").Key} [recording] what is said while it is recorded: what comes then is not the same everywhere
 */
export function clipText({ stage, full, arrived, state }, t, recording = "clip.recording") {
  if (stage === "recording" || stage === "ending") return t(recording);
  const end = full ? t("clip.full") : "";
  const next = stage === "late" ? t("clip.late") : stage === "waiting" ? t("clip.waiting")
    : arrived ? t("clip.done", { time: clock(state.seconds) }) : "";
  return [end, next].filter(Boolean).join(" ");
}

/** That the end is near; empty before. @param {Clip | null} clip @param {Translate} t */
export function clipWarning(clip, t) {
  return clip?.stage === "ending" ? t("clip.ending") : "";
}

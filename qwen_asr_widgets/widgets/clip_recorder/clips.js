/**
 * What other views need of a clip recorder: its controller in this page, and what is said of a clip.
 *
 * @import { Stage } from "./controller.js"
 * @import { State } from "../capture/controller.js"
 * @import { Translate } from "../shared/strings.js"
 * @typedef {import("./controller.js").ClipController} ClipController
 * @typedef {{controller: Promise<ClipController>, announce: (controller: ClipController) => void}} Entry
 * @typedef {{stage: Stage, full: boolean, arrived: boolean, state: State}} Clip
 */
import { clock } from "../shared/format.js";

const KEY = Symbol.for("qwen_asr_widgets.clip_controllers");

/** @returns {Map<string, Entry>} */
function registry() {
  const page = /** @type {{[KEY]?: Map<string, Entry>}} */ (globalThis);
  page[KEY] ??= new Map();
  return page[KEY];
}

/** @param {string} uid */
function entry(uid) {
  const known = registry().get(uid);
  if (known) return known;
  /** @type {(controller: ClipController) => void} */
  let announce = () => {};
  /** @type {Promise<ClipController>} */
  const controller = new Promise((resolve) => { announce = resolve; });
  const made = { controller, announce };
  registry().set(uid, made);
  return made;
}

/** Wait for the controller of a clip recorder; its widget makes it. @param {string} uid */
export function clipController(uid) {
  return entry(uid).controller;
}

/** @param {string} uid @param {ClipController} controller */
export function announceClips(uid, controller) {
  entry(uid).announce(controller);
}

/** @param {string} uid */
export function forgetClips(uid) {
  registry().delete(uid);
}

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

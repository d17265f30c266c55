/**
 * What the foot says of the sound and the run on show, which need not be what is chosen now: pure functions.
 *
 * @import { Config, Kernel } from "./logic.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { clock } from "../shared/format.js";
import { heldText } from "./compared.js";
import { endpointText, isRunning, settingsText } from "./logic.js";

/** What the sound is called. @param {Kernel} kernel */
export function nameText({ title, run }) {
  return title || (run?.name ?? "");
}

/** How much went out, where that is not all; empty otherwise. @param {Kernel} kernel @param {Translate} t */
export function partlyText({ partly }, t) {
  return partly ? t("transcriber.partly", { sent: clock(partly.sent), total: clock(partly.of) }) : "";
}

/** What “Run again” does. @param {Kernel} kernel @param {Translate} t */
export function againText({ config, endpoint, partly }, t) {
  const set = { settings: settingsText(config, t), endpoint: endpointText(endpoint, t) };
  return partly ? t("transcriber.again.whole", { ...set, total: clock(partly.of) }) : t("transcriber.again.text", set);
}

/**
 * Who made the words on show, and by which settings; empty where that is what is chosen, and while a run is under way.
 * @param {Kernel} kernel @param {Translate} t
 */
export function heardText(kernel, t) {
  const { run, config, endpoint } = kernel;
  if (run === null || isRunning(kernel)) return "";
  const last = run.settings[run.settings.length - 1].config;
  const others = otherSettings(last, config, t);
  const same = settingsText(last, t) === settingsText(config, t) && others.length === 0;
  if (same && run.engine === endpoint.engine) return "";
  const engine = run.engine || t("transcriber.heard.unknown");
  return t("transcriber.heard", { said: [engine, heldText(run.settings, t), ...others].join(" · ") });
}

/** Of the settings that the bar does not name, those that are others now. @param {Config} held @param {Config} now @param {Translate} t */
function otherSettings(held, now, t) {
  const said = [];
  if (held.turns !== "manual" && held.padding !== now.padding) said.push(t("transcriber.heard.padding", { padding: held.padding }));
  if (held.language !== now.language) {
    said.push(t("transcriber.heard.language", { language: held.language || t("transcriber.settings.detect") }));
  }
  if (held.context !== now.context) said.push(t(held.context ? "transcriber.heard.context" : "transcriber.heard.noContext"));
  return said;
}

/**
 * The foot: figures, what made the words on show, run again, save.
 *
 * @import { Send } from "../shared/messages.js"
 * @import { Kernel, Config } from "./logic.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, make, setText } from "../shared/dom.js";
import { heldText } from "../compare_view/runs.js";
import { createDrawers } from "./drawers.js";
import { figureHelp } from "../transcript/parts.js";
import { figuresText, isRunning, judgedText, endpointText, settingsText } from "./logic.js";
import { createFormats } from "./save.js";
import { PRESETS } from "./settings.js";
import { clock } from "../shared/format.js";

/** What the glossary calls the figures of the foot, in their order. */
const FIGURES = ["utterance", "finalization"];

/**
 * @param {Translate} t @param {AbortSignal} signal @param {Send} send
 * @param {ReturnType<typeof import("./save.js").createSaver>} saver
 * @param {HTMLElement} keep the switch for what stays in the saved notebook
 */
export function createFoot(t, signal, send, saver, keep) {
  const drawers = createDrawers(signal);
  const name = make("bdi", { class: "qaw-tr-name", dir: "auto" });
  const figures = make("div", { class: "qaw-figures qaw-dim", "data-scrolls": "" });
  const pace = make("select", { class: "qaw-select", "aria-label": t("transcriber.pace") },
    make("option", { value: "1" }, t("transcriber.pace.real")),
    make("option", { value: "2" }, t("transcriber.pace.times", { pace: 2 })),
    make("option", { value: "" }, t("transcriber.pace.free")));
  const what = make("p", { class: "qaw-dim" });
  const repeat = () => {
    drawers.show(null);
    send({ kind: "again", pace: pace.value === "" ? null : Number(pace.value) });
  };
  const run = button(t("transcriber.again.run"), repeat, signal, { class: "qaw-button-main" });
  const presets = PRESETS.map(([name, config]) => button(t(`transcriber.preset.${name}`), () => {
    send({ kind: "settings", config });
    repeat();
  }, signal));
  const others = make("div", { class: "qaw-line" }, make("span", { class: "qaw-dim" }, t("transcriber.again.preset")), ...presets);
  const replay = button("", () => send({ kind: "replay", on: replay.getAttribute("aria-pressed") !== "true" }), signal, {
    class: "qaw-button-plain", title: t("transcriber.replay.text"), "aria-pressed": "false",
  });
  const protocol = button(t("transcriber.protocol"), () => send({
    kind: "protocol", on: protocol.getAttribute("aria-pressed") !== "true",
  }), signal, { class: "qaw-button-plain", title: t("transcriber.protocol.text"), "aria-pressed": "false" });
  const delays = button(t("delays.show"), () => send({
    kind: "delays", on: delays.getAttribute("aria-pressed") !== "true",
  }), signal, { class: "qaw-button-plain", title: t("delays.show.text"), "aria-pressed": "false" });
  const again = drawers.add(t("transcriber.again"), [what, make("div", { class: "qaw-line" }, pace, run), others], "qaw-button-plain");
  const said = make("span", { class: "qaw-dim", role: "status" });
  const tell = (/** @type {Promise<string>} */ work) => {
    said.textContent = t("transcriber.save.making");
    work.then((how) => { said.textContent = how === "copied" ? t("transcript.copied") : how || t("transcriber.save.done"); },
      (why) => { said.textContent = String(why.message); });
  };
  const here = make("input", { type: "checkbox" });
  const also = make("label", { class: "qaw-save-here", title: t("transcriber.save.here.text") }, here, t("transcriber.save.here"));
  const saveAs = async (/** @type {string} */ format) => {
    const [, where] = await Promise.all([saver.download(format), here.checked ? saver.writeHere(format) : ""]);
    return where && t("transcriber.save.here.done", { where });
  };
  const formats = createFormats(t, signal, saver.menu, (format) => tell(saveAs(format)));
  const picture = button(t("transcriber.save.picture"), () => tell(saver.copyPicture()), signal);
  const save = drawers.add(t("transcriber.save"), [
    formats, also, make("div", { class: "qaw-line" }, picture, said), keep,
  ], "qaw-button-plain");
  const buttons = make("div", { class: "qaw-together" }, delays, protocol, replay, again.button, save.button);
  const foot = make("div", { class: "qaw-tr-foot" }, name, figures, buttons);
  return {
    elements: [foot, again.panel, save.panel],
    /** @param {Kernel} kernel @param {boolean} reading a file is on its way, which takes this run's place */
    update(kernel, reading) {
      const shown = kernel.phase !== "empty" && kernel.phase !== "ready";
      name.textContent = name.title = nameText(kernel);
      name.hidden = name.textContent === "";
      figures.hidden = buttons.hidden = !shown;
      foot.hidden = !shown && (name.hidden || kernel.phase === "empty");
      if (!shown || ((isRunning(kernel) || reading) && !again.panel.hidden)) drawers.show(null);
      const by = heardText(kernel, t) || madeByText(kernel, t);
      const said = [...figuresText(kernel.figures, t), judgedText(kernel, t), partlyText(kernel, t), by].filter(Boolean);
      if (figures.dataset.shown !== said.join("\n")) {
        figures.dataset.shown = said.join("\n");
        figures.replaceChildren(...said.map((text, k) => make("span", {}, text,
          ...(k < FIGURES.length && k <= (kernel.figures.n ? 1 : 0) ? [figureHelp(FIGURES[k], t, signal)] : []))));
      }
      again.button.disabled = replay.disabled = isRunning(kernel) || reading;
      protocol.setAttribute("aria-pressed", String(kernel.protocol));
      delays.setAttribute("aria-pressed", String(kernel.delays));
      replay.setAttribute("aria-pressed", String(kernel.replaying));
      setText(replay, t(kernel.replaying ? "transcriber.replay.end" : "transcriber.replay"));
      what.textContent = againText(kernel, t);
      for (const one of presets) one.disabled = kernel.config.turns === "manual";
    },
  };
}

/**
 * Under the settings: the same sound once more by what was just changed, at the speed of the run on show.
 * @param {Translate} t @param {AbortSignal} signal @param {Send} send
 */
export function createRerun(t, signal, send) {
  let pace = /** @type {number | null} */ (1);
  const element = make("div", { class: "qaw-line", hidden: true },
    button(t("transcriber.again.these"), () => send({ kind: "again", pace }), signal, { class: "qaw-button-main" }));
  return {
    element,
    /** @param {Kernel} kernel @param {boolean} busy something else is under way */
    update(kernel, busy) {
      pace = kernel.pace;
      element.hidden = busy || kernel.phase !== "done" || heardText(kernel, t) === "";
    },
  };
}

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

/** Who made the words on show; empty where there are none yet. @param {Kernel} kernel @param {Translate} t */
export function madeByText({ run, figures }, t) {
  return run?.made_by && figures.count ? t("transcriber.madeBy", { name: run.made_by }) : "";
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
  const engine = run.made_by || t("transcriber.heard.unknown");
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

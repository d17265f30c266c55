/**
 * What is asked before a long file is transcribed: how fast, which takes how long, and whether a part is enough; and that
 * what is shown is a part, with the way back to the whole.
 *
 * @import { Send } from "../../shared/messages.js"
 * @import { Kernel } from "../logic.js"
 * @import { Translate } from "../../shared/strings.js"
 */
import { button, make, setText } from "../../shared/dom.js";
import { clock } from "../../shared/format.js";
import { isRunning } from "../logic.js";
import { createSpan } from "./region.js";

const PACES = /** @type {const} */ ([1, 2, 4, null]);

/**
 * How fast, and how long that takes; as fast as possible nobody knows before.
 * @param {number | null} pace @param {number} seconds @param {Translate} t
 */
export function paceChoice(pace, seconds, t) {
  if (pace === null) return t("long.free");
  const time = clock(seconds / pace, 0);
  return pace === 1 ? t("long.real", { time }) : t("long.times", { pace, time });
}

/** @param {Translate} t @param {AbortSignal} signal @param {Send} send */
export function createLong(t, signal, send) {
  const title = make("p", { class: "qaw-notice-title" });
  const pace = make("select", { class: "qaw-select", "aria-label": t("transcriber.pace") });
  const all = make("input", { type: "checkbox", checked: true });
  let seconds = 0;
  const span = createSpan(t, signal, () => draw());
  const part = () => (all.checked ? { start: 0, end: seconds } : span.read(seconds));
  const begin = button(t("transcriber.begin"), () => {
    const chosen = part();
    if (chosen) send({ kind: "part", ...chosen, pace: pace.value === "" ? null : Number(pace.value) });
  }, signal, { class: "qaw-button-main" });
  const element = make("div", {
    class: "qaw-notice qaw-tr-long", "data-kind": "hint", role: "group", "aria-label": t("long.label"), hidden: true,
  }, title, make("div", { class: "qaw-line" }, make("label", { class: "qaw-check" }, all, t("long.all")), span.element),
    make("div", { class: "qaw-line" }, pace, begin), make("p", { class: "qaw-dim" }, t("long.waits")));
  all.addEventListener("change", () => draw(), { signal });

  function draw() {
    const chosen = part();
    span.element.hidden = all.checked;
    begin.disabled = chosen === null;
    const long = chosen ? chosen.end - chosen.start : 0;
    const { value } = pace;
    const options = PACES.map((one) => make("option", { value: one ?? "" }, paceChoice(one, long, t)));
    pace.replaceChildren(...options);
    pace.value = pace.dataset.shown ? value : "1";
    pace.dataset.shown = "true";
  }

  return {
    element,
    /** @param {Kernel} kernel */
    update(kernel) {
      const asks = kernel.asks && kernel.seconds !== seconds;
      element.hidden = !kernel.asks;
      if (!asks) return;
      seconds = kernel.seconds;
      setText(title, t("long.title", { name: kernel.title || t("long.sound"), time: clock(seconds, 0) }));
      span.write({ start: 0, end: Math.min(seconds, 60) });
      draw();
    },
  };
}

/** That a part is shown, and the way back. @param {Translate} t @param {AbortSignal} signal @param {Send} send */
export function createPart(t, signal, send) {
  const said = make("span", {});
  const whole = button(t("part.whole"), () => send({ kind: "whole" }), signal);
  const element = make("div", { class: "qaw-tr-line qaw-tr-part", role: "note", hidden: true }, said, whole);
  return {
    element,
    /** @param {Kernel} kernel */
    update(kernel) {
      const { part } = kernel;
      element.hidden = part === null;
      if (part === null) return;
      setText(said, t("part.of", { start: clock(part.start), end: clock(part.end), name: part.of || t("part.sound") }));
      whole.disabled = isRunning(kernel);
    },
  };
}

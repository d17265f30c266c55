/**
 * The foot: a few honest figures, "Run again with…", and what can be saved.
 *
 * @import { Kernel } from "./logic.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, make } from "../shared/dom.js";
import { createComparison } from "./compared.js";
import { createDrawers } from "./drawers.js";
import { againText, heardText, nameText, partlyText } from "./heard.js";
import { figuresText, isRunning } from "./logic.js";
import { createFormats } from "./save.js";

/**
 * @param {Translate} t @param {AbortSignal} signal @param {(message: any) => void} send
 * @param {ReturnType<typeof import("./save.js").createSaver>} saver
 * @param {HTMLElement} keep the switch for what stays in the saved notebook
 */
export function createFoot(t, signal, send, saver, keep) {
  const drawers = createDrawers(signal);
  const name = make("bdi", { class: "qaw-tr-name", dir: "auto" });
  const figures = make("div", { class: "qaw-figures qaw-dim" });
  const pace = make("select", { class: "qaw-select", "aria-label": t("transcriber.pace") },
    make("option", { value: "1" }, t("transcriber.pace.real")),
    make("option", { value: "2" }, t("transcriber.pace.times", { pace: 2 })),
    make("option", { value: "" }, t("transcriber.pace.free")));
  const what = make("p", { class: "qaw-dim" });
  const run = button(t("transcriber.again.run"), () => {
    drawers.show(null);
    send({ kind: "again", pace: pace.value === "" ? null : Number(pace.value) });
  }, signal, { class: "qaw-button-main" });
  const again = drawers.add(t("transcriber.again"), [what, make("div", { class: "qaw-line" }, pace, run)], "qaw-button-plain");
  const said = make("span", { class: "qaw-dim", role: "status" });
  const tell = (/** @type {Promise<string | void>} */ work) => {
    said.textContent = t("transcriber.save.making");
    work.then((how) => { said.textContent = how === "copied" ? t("transcript.copied") : t("transcriber.save.done"); },
      (why) => { said.textContent = String(why.message); });
  };
  const formats = createFormats(t, signal, (format) => tell(saver.download(format)));
  const picture = button(t("transcriber.save.picture"), () => tell(saver.copyPicture()), signal);
  const save = drawers.add(t("transcriber.save"), [
    formats, make("div", { class: "qaw-line" }, picture, said), keep,
  ], "qaw-button-plain");
  const compared = createComparison(t);
  const buttons = make("div", { class: "qaw-together" }, again.button, save.button);
  const foot = make("div", { class: "qaw-tr-foot" }, name, figures, buttons);
  return {
    elements: [compared.element, foot, again.panel, save.panel],
    /** @param {Kernel} kernel @param {boolean} reading a file is on its way, which takes this run's place */
    update(kernel, reading) {
      const shown = kernel.phase !== "empty" && kernel.phase !== "ready";
      name.textContent = name.title = nameText(kernel);
      name.hidden = name.textContent === "";
      figures.hidden = buttons.hidden = !shown;
      foot.hidden = !shown && (name.hidden || kernel.phase === "empty");
      if (!shown || ((isRunning(kernel) || reading) && !again.panel.hidden)) drawers.show(null);
      const said = [...figuresText(kernel.figures, t), partlyText(kernel, t), heardText(kernel, t)].filter(Boolean);
      figures.replaceChildren(...said.map((text) => make("span", {}, text)));
      again.button.disabled = isRunning(kernel) || reading;
      what.textContent = againText(kernel, t);
      compared.update(kernel.compared);
    },
  };
}

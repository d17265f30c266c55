/**
 * The foot: a few honest figures, "Run again with…", and what can be saved.
 *
 * @import { Kernel } from "./transcriber_logic.js"
 * @import { Translate } from "./strings.js"
 */
import { button, make } from "./dom.js";
import { duration } from "./format.js";
import { createDrawers } from "./transcriber_drawers.js";
import { endpointText, figuresText, isRunning, paceText, settingsText } from "./transcriber_logic.js";
import { FORMATS } from "./transcriber_save.js";

/**
 * @param {Translate} t @param {AbortSignal} signal @param {(message: any) => void} send
 * @param {ReturnType<typeof import("./transcriber_save.js").createSaver>} saver
 * @param {HTMLElement} keep the switch for what stays in the saved notebook
 */
export function createFoot(t, signal, send, saver, keep) {
  const drawers = createDrawers(signal);
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
  const formats = FORMATS.map((format) => button(`.${format}`, () => tell(saver.download(format)), signal,
    { title: t(`transcriber.save.${format}`), "aria-label": t(`transcriber.save.${format}`) }));
  const picture = button(t("transcriber.save.picture"), () => tell(saver.copyPicture()), signal);
  const save = drawers.add(t("transcriber.save"), [
    make("div", { class: "qaw-line" }, ...formats, picture, said), keep,
  ], "qaw-button-plain");
  const compared = make("div", { class: "qaw-compared", hidden: true });
  const foot = make("div", { class: "qaw-tr-foot" }, figures, make("div", { class: "qaw-together" }, again.button, save.button));
  return {
    elements: [compared, foot, again.panel, save.panel],
    /** @param {Kernel} kernel */
    update(kernel) {
      const shown = kernel.phase !== "empty" && kernel.phase !== "ready";
      foot.hidden = !shown;
      if (!shown || (isRunning(kernel) && !again.panel.hidden)) drawers.show(null);
      figures.replaceChildren(...figuresText(kernel.figures, t).map((text) => make("span", {}, text)));
      again.button.disabled = isRunning(kernel);
      what.textContent = t("transcriber.again.text", {
        settings: settingsText(kernel.config, t), endpoint: endpointText(kernel.endpoint, t),
      });
      drawComparison(compared, kernel.compared, t);
    },
  };
}

/** @param {HTMLElement} place @param {Kernel["compared"]} runs @param {Translate} t */
function drawComparison(place, runs, t) {
  const key = JSON.stringify(runs);
  if (place.dataset.shown === key) return;
  place.dataset.shown = key;
  place.hidden = runs.length === 0;
  const time = (/** @type {number | null} */ value) => (value === null ? "–" : duration(value));
  const names = [t("transcriber.before"), t("transcriber.now")];
  const head = ["", t("transcriber.endpoint"), t("transcriber.settings"), t("transcriber.turns"),
    t("transcriber.median"), t("transcriber.longest")];
  const rows = runs.map((run, k) => {
    const settings = `${settingsText(run.config, t)} · ${paceText(run.pace, t)}`;
    const values = [run.engine, settings, String(run.count), time(run.median), time(run.longest)];
    return make("tr", {}, make("th", { scope: "row" }, names[k] ?? ""),
      ...values.map((value, at) => make("td", { "data-label": head[at + 1] }, value)));
  });
  place.replaceChildren(make("table", { class: "qaw-table" },
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", {}, text)))), make("tbody", {}, ...rows)));
}

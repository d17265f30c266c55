/**
 * What stands between the bar and the sound: what went wrong and the ways on, the choice of a file's channel (seen
 * where a file has several, with a warning where they differ), and what to do when there is nothing yet.
 *
 * @import { Kernel, Notice, Way } from "./logic.js"
 * @import { State } from "../capture/controller.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, make } from "../shared/dom.js";
import { isRunning, noticeText, waysOn, channelText } from "./logic.js";

/** Where the sentence leaves open what was wrong, the details are there to be read. */
const TOLD = ["service", "refused", "file", "settings", "fetch", "uninstalled"];

/**
 * Built anew only when something else is to be said.
 * @param {HTMLElement} place @param {Kernel} kernel @param {{capture: State, elsewhere: boolean}} here what records
 * @param {Translate} t @param {AbortSignal} signal
 * @param {Record<Way, (notice: Notice) => void>} acts
 */
export function drawNotice(place, kernel, { capture, elsewhere }, t, signal, acts) {
  const { notice } = kernel;
  const sound = kernel.phase !== "empty" && kernel.phase !== "ready";
  const said = noticeText(kernel, capture, elsewhere, t);
  const key = JSON.stringify([notice, said, sound, isRunning(kernel)]);
  if (place.dataset.shown === key) return;
  place.dataset.shown = key;
  place.hidden = notice === null;
  if (notice === null || said === null) return place.replaceChildren();
  place.dataset.kind = notice.code === "chosen" || notice.code === "model" ? "hint" : "problem";
  const ways = waysOn(notice.code, sound).filter((way) => way !== "open" || !isRunning(kernel));
  place.replaceChildren(
    make("p", { class: "qaw-notice-title" }, said.title),
    make("p", { class: "qaw-notice-text" }, said.text),
    ...ways.map((way) => button(t(way === "open" ? "common.open" : `transcriber.way.${way}`), () => acts[way](notice), signal)),
  );
  if (notice.detail) {
    const open = TOLD.includes(notice.code) && !notice.about?.param;
    place.append(make("details", { class: "qaw-dim", open }, make("summary", {}, t("common.details")), notice.detail));
  }
}

/** @param {Translate} t @param {AbortSignal} signal @param {(channel: number | "mean") => void} take */
export function createChannels(t, signal, take) {
  const select = make("select", { class: "qaw-select" });
  select.addEventListener("change", () => take(select.value === "mean" ? "mean" : Number(select.value)), { signal });
  const said = make("span", {});
  const element = make("div", { class: "qaw-tr-line qaw-tr-channels", role: "note", hidden: true }, said,
    make("label", { class: "qaw-tr-channel" }, make("span", {}, t("transcriber.channel")), select));
  let shown = "";
  return {
    element,
    /** @param {Kernel} kernel */
    update(kernel) {
      const { channels } = kernel;
      element.hidden = channels === null;
      if (channels === null) return;
      const { count, differ, taken } = channels;
      element.dataset.differ = String(differ);
      if (shown !== `${count} ${differ}`) {
        shown = `${count} ${differ}`;
        said.textContent = t(differ ? "transcriber.channels.differ" : "transcriber.channels.alike", { count });
        const all = [/** @type {const} */ ("mean"), ...Array(count).keys()];
        select.replaceChildren(...all.map((one) => make("option", { value: one }, channelText(one, count, t))));
      }
      select.value = String(taken);
      select.disabled = isRunning(kernel);
    },
  };
}

/** What to do when there is nothing yet. @param {HTMLElement} place @param {Kernel} kernel @param {boolean} busy @param {Translate} t */
export function drawEmpty(place, kernel, busy, t) {
  place.hidden = kernel.phase !== "empty" || busy;
  const offline = kernel.endpoint.english_only;
  const command = kernel.endpoint.improvement;
  if (place.dataset.shown === `${offline} ${command}`) return;
  place.dataset.shown = `${offline} ${command}`;
  place.replaceChildren(make("p", {}, t("transcriber.empty")));
  if (offline) place.append(make("p", {}, t("transcriber.empty.offline")));
  if (command) place.append(make("p", {}, t("transcriber.empty.improve", { command })));
}

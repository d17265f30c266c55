/**
 * What went wrong in the kernel or at the service: what it is, what to do, and the ways on.
 *
 * @import { Kernel, Notice, Way } from "./logic.js"
 * @import { State } from "../capture/controller.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, make } from "../shared/dom.js";
import { isRunning, noticeText, waysOn } from "./logic.js";

/** Where the sentence leaves open what was wrong, the details are there to be read. */
const TOLD = ["service", "refused", "file", "settings"];

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
  place.dataset.kind = notice.code === "chosen" ? "hint" : "problem";
  const ways = waysOn(notice.code, sound).filter((way) => way !== "open" || !isRunning(kernel));
  place.replaceChildren(
    make("p", { class: "qaw-notice-title" }, said.title),
    make("p", { class: "qaw-notice-text" }, said.text),
    ...ways.map((way) => button(t(way === "open" ? "common.open" : `transcriber.way.${way}`), () => acts[way](notice), signal)),
  );
  if (notice.detail) {
    place.append(make("details", { class: "qaw-dim", open: TOLD.includes(notice.code) && !notice.about?.param }, make("summary", {}, t("common.details")), notice.detail));
  }
}

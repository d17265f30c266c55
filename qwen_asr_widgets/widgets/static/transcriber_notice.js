/**
 * What went wrong in the kernel or at the service: what it is, what to do, and the ways on.
 *
 * @import { Kernel, Notice, Way } from "./transcriber_logic.js"
 * @import { Key, Translate } from "./strings.js"
 */
import { button, make } from "./dom.js";
import { clock } from "./format.js";
import { isRunning, waysOn } from "./transcriber_logic.js";

/**
 * Built anew only when something else is to be said.
 * @param {HTMLElement} place @param {Kernel} kernel @param {Translate} t @param {AbortSignal} signal
 * @param {Record<Way, (notice: Notice) => void>} acts
 */
export function drawNotice(place, kernel, t, signal, acts) {
  const { notice } = kernel;
  const sound = kernel.phase !== "empty" && kernel.phase !== "ready";
  const key = JSON.stringify([notice, sound, isRunning(kernel)]);
  if (place.dataset.shown === key) return;
  place.dataset.shown = key;
  place.hidden = notice === null;
  if (notice === null) return place.replaceChildren();
  const title = /** @type {Key} */ (`transcriber.problem.${notice.code}`);
  const remedy = /** @type {Key} */ (`transcriber.problem.${notice.code}.text`);
  const kept = notice.kept > 0 ? ` ${t("mic.kept", { time: clock(notice.kept) })}` : "";
  const goesOn = isRunning(kernel) && kernel.phase === "failed" ? ` ${t("transcriber.goesOn")}` : "";
  const ways = waysOn(notice.code, sound).filter((way) => way !== "open" || !isRunning(kernel));
  place.replaceChildren(
    make("p", { class: "qaw-notice-title" }, t(title)),
    make("p", { class: "qaw-notice-text" }, t(remedy) + kept + goesOn),
    ...ways.map((way) => button(t(way === "open" ? "common.open" : `transcriber.way.${way}`), () => acts[way](notice), signal)),
  );
  if (notice.detail) {
    place.append(make("details", { class: "qaw-dim", open: notice.code === "service" || notice.code === "refused" }, make("summary", {}, t("common.details")), notice.detail));
  }
}

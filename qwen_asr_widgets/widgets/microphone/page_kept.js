/**
 * What a page says of sound that the kernel has not: how much it keeps, what goes on without a kernel, what a page that
 * ended has left.
 *
 * @import { CaptureController, State } from "../capture/controller.js"
 * @import { Key, Translate } from "../shared/strings.js"
 */
import { unattended } from "../capture/unattended.js";
import { button, make } from "../shared/dom.js";
import { clock } from "../shared/format.js";

/** How much is kept in this page because the kernel is away; empty where nothing is. @param {State} state @param {Translate} t */
export function pageKeptText({ kept }, t) {
  return kept ? t("mic.page.kept", { seconds: Math.round(kept.seconds) }) : "";
}

/**
 * The offer of a recording that goes on in the page without a kernel, to be taken over or stopped; and of what pages that
 * ended have left, to be sent to the kernel or thrown away.
 * @param {CaptureController} controller @param {Translate} t @param {AbortSignal} signal
 */
export function createPageLeft(controller, t, signal) {
  const element = make("div", { class: "qaw-notice qaw-page-left", "data-kind": "hint", role: "note", hidden: true });
  const title = (/** @type {Key} */ key) => make("p", { class: "qaw-notice-title" }, t(key));
  const row = (/** @type {(Node | string)[]} */ ...parts) => make("div", { class: "qaw-page-left-one" }, ...parts);
  const goingOn = () => [
    title("mic.page.goesOn"),
    row(button(t("mic.page.goOn"), () => void controller.takeOver(), signal),
      button(t("mic.stop"), () => void unattended.of(controller)?.stop("closed"), signal)),
  ];
  const leftOver = (/** @type {State["left"]} */ left) => [title("mic.page.left"), ...left.map((one) => row(
    make("bdi", {}, [timeOf(one.began), clock(one.seconds), one.label].filter(Boolean).join(" · ")),
    button(t("mic.page.send"), () => void controller.keeper.deliver(one.session), signal),
    button(t("mic.page.throw"), () => void controller.keeper.throwAway(one.session), signal)))];
  let shown = "";
  return {
    element,
    /** @param {State} state @param {boolean} busy a recording is under way */
    update({ left, goesOn }, busy) {
      element.hidden = (left.length === 0 && !goesOn) || busy;
      const key = JSON.stringify([goesOn, ...left.map(({ session, next }) => [session, next])]);
      if (key === shown) return;
      shown = key;
      element.replaceChildren(...(goesOn ? goingOn() : []), ...(left.length ? leftOver(left) : []));
    },
  };
}

/** The local time as `2026-11-27 11:20`. @param {number} began milliseconds since 1970 */
function timeOf(began) {
  const local = new Date(began - new Date(began).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16).replace("T", " ");
}

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

/**
 * How much is on its way on a slow line, or kept in this page because the kernel is away; empty where nothing is.
 * @param {Pick<State, "kept" | "slow" | "sending">} state @param {Translate} t
 */
export function pageKeptText({ kept, slow, sending }, t) {
  if (sending) return t("mic.page.sending", { done: clock(sending.done, 0), total: clock(sending.of, 0) });
  if (!kept) return "";
  return t(slow ? "mic.page.slow" : "mic.page.kept", { seconds: Math.round(kept.seconds) });
}

/**
 * That what is recorded or read waits until the kernel answers; empty where it does.
 * @param {Pick<State, "phase" | "file" | "quiet">} state @param {boolean} beside whether the kernel can answer while a cell runs
 * @param {Translate} t
 */
export function waitsText({ phase, file, quiet }, beside, t) {
  if (!quiet || (phase === "idle" && file === null)) return "";
  return t(beside ? "mic.quiet" : "mic.waits");
}

/**
 * A button that sends no more of what is on its way.
 * @param {CaptureController} controller @param {Translate} t @param {AbortSignal} signal
 */
export function createCancel(controller, t, signal) {
  return button(t("mic.page.cancel"), () => controller.keeper.giveUp(), signal, { title: t("mic.page.cancel.text"), hidden: true });
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

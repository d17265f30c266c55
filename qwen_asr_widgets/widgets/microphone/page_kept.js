/**
 * What a page says of sound that the kernel has not: how much it keeps, and what a page that ended has left.
 *
 * @import { CaptureController, State } from "../capture/controller.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, make } from "../shared/dom.js";
import { clock } from "../shared/format.js";

/** How much is kept in this page because the kernel is away; empty where nothing is. @param {State} state @param {Translate} t */
export function pageKeptText({ kept }, t) {
  return kept ? t("mic.page.kept", { seconds: Math.round(kept.seconds) }) : "";
}

/**
 * The offer of what a page that ended has left: sent to the kernel or thrown away.
 * @param {CaptureController} controller @param {Translate} t @param {AbortSignal} signal
 */
export function createPageLeft(controller, t, signal) {
  const element = make("div", { class: "qaw-notice qaw-page-left", "data-kind": "hint", role: "note", hidden: true });
  let shown = "";
  return {
    element,
    /** @param {State} state @param {boolean} busy a recording is under way */
    update({ left }, busy) {
      element.hidden = left.length === 0 || busy;
      const key = JSON.stringify(left.map(({ session, next }) => [session, next]));
      if (key === shown) return;
      shown = key;
      const rows = left.map((one) => make("div", { class: "qaw-page-left-one" },
        make("bdi", {}, [timeOf(one.began), clock(one.seconds), one.label].filter(Boolean).join(" · ")),
        button(t("mic.page.send"), () => void controller.keeper.deliver(one.session), signal),
        button(t("mic.page.throw"), () => void controller.keeper.throwAway(one.session), signal)));
      element.replaceChildren(make("p", { class: "qaw-notice-title" }, t("mic.page.left")), ...rows);
    },
  };
}

/** The local time as `2026-11-27 11:20`. @param {number} began milliseconds since 1970 */
function timeOf(began) {
  const local = new Date(began - new Date(began).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16).replace("T", " ");
}

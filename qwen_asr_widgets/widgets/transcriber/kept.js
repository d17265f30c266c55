/**
 * What stands on disk: the copy of the recording on show, and recordings that kernels which ended have left there.
 *
 * @import { Send } from "../shared/messages.js"
 * @import { Kept, Left } from "./logic.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, make, setText } from "../shared/dom.js";
import { clock } from "../shared/format.js";

/** Left-overs that are named; the others follow once these are dealt with. */
const SHOWN = 5;

/** Where the recording on show is kept until it is saved, or why it is not. @param {Kept} kept @param {Translate} t */
export function keptText({ where, problem, until }, t) {
  if (problem === "") return t("transcriber.ondisk", { folder: where });
  return t(until > 0 ? "transcriber.ondisk.until" : "transcriber.ondisk.none", { folder: where, time: clock(until), why: problem });
}

/** A recording in a few words: when it was begun, how long it is, what it is called. @param {Left} left */
export function leftText({ when, seconds, name }) {
  return [when.slice(0, 16).replace("T", " "), clock(seconds), name].filter(Boolean).join(" · ");
}

/** @param {Translate} t @param {AbortSignal} signal @param {Send} send */
export function createKept(t, signal, send) {
  const said = make("span", { role: "status" });
  const drop = button(t("transcriber.ondisk.delete"), () => send({ kind: "unkeep" }), signal,
    { class: "qaw-button-plain", title: t("transcriber.ondisk.delete.text") });
  const element = make("div", { class: "qaw-tr-line qaw-tr-kept qaw-dim", hidden: true }, said, drop);
  return {
    element,
    /** @param {Kept | null} kept */
    update(kept) {
      element.hidden = kept === null;
      if (kept === null) return;
      element.dataset.kind = kept.problem ? "problem" : "kept";
      setText(said, keptText(kept, t));
      said.title = keptText(kept, t);
      drop.hidden = kept.problem !== "" && kept.until === 0;
    },
  };
}

/** The quiet notice of what was left, with the ways on. @param {Translate} t @param {AbortSignal} signal @param {Send} send */
export function createLeft(t, signal, send) {
  const element = make("div", { class: "qaw-notice qaw-tr-left", "data-kind": "hint", role: "note", hidden: true });
  let shown = "";
  return {
    element,
    /** @param {Left[]} left @param {boolean} busy something else is under way */
    update(left, busy) {
      element.hidden = left.length === 0 || busy;
      const key = JSON.stringify(left);
      if (key === shown) return;
      shown = key;
      const more = left.length - SHOWN;
      element.replaceChildren(
        make("p", { class: "qaw-notice-title" }, t("transcriber.left")),
        make("ul", {}, ...left.slice(0, SHOWN).map((one) => leftRow(one, t, signal, send))),
        make("p", { class: "qaw-notice-text", hidden: more <= 0 }, t("transcriber.left.more", { count: more })),
        button(t("transcriber.left.pass"), () => send({ kind: "left-pass" }), signal, { title: t("transcriber.left.pass.text") }),
      );
    },
  };
}

/** @param {Left} left @param {Translate} t @param {AbortSignal} signal @param {Send} send */
function leftRow(left, t, signal, send) {
  return make("li", {},
    make("bdi", {}, leftText(left)),
    button(t("transcriber.left.open"), () => send({ kind: "left-open", id: left.id }), signal),
    button(t("transcriber.left.throw"), () => send({ kind: "left-throw", id: left.id }), signal));
}

/**
 * The "?" beside a figure: what it is in one sentence, its formula, where it is measured, and a link into the
 * documentation. The words are the glossary's (`glossary.json`), by keys `term.GROUP.ID.PART`.
 *
 * @import { Translate } from "./strings.js"
 * @typedef {(part: "name" | "text" | "formula" | "where" | "link") => string} Say  of one term
 */
import { button, make, zoomOf } from "./dom.js";

/** Pixels between the mark and what it says, and around it. */
const GAP = 6;

/** @param {Say} say @param {Translate} t @param {AbortSignal} signal */
export function helpMark(say, t, signal) {
  const link = say("link");
  const text = make("div", { class: "qaw-help-text", popover: "auto", role: "note" },
    make("strong", {}, say("name")), make("p", {}, say("text")), make("p", {}, make("code", {}, say("formula"))),
    make("p", { class: "qaw-dim" }, `${t("help.measured")} ${say("where")}`),
    ...(link ? [make("p", {}, make("a", { href: link, target: "_blank", rel: "noreferrer" }, t("help.more")))] : []));
  const mark = button("?", () => text.togglePopover(), signal, {
    class: "qaw-help", "aria-label": t("help.about", { name: say("name") }), "aria-expanded": "false",
  });
  text.addEventListener("toggle", () => {
    const open = text.matches(":popover-open");
    mark.setAttribute("aria-expanded", String(open));
    if (open) place(text, mark);
  }, { signal });
  return make("span", { class: "qaw-help-place" }, mark, text);
}

/** Put it under its mark, within the window. @param {HTMLElement} text @param {HTMLElement} mark */
function place(text, mark) {
  const at = mark.getBoundingClientRect();
  const zoom = zoomOf(text);
  const [width, height] = [text.offsetWidth * zoom, text.offsetHeight * zoom];
  const left = Math.min(Math.max(at.left - GAP, GAP), Math.max(window.innerWidth - width - GAP, GAP));
  const below = at.bottom + GAP;
  const top = below + height > window.innerHeight ? Math.max(at.top - height - GAP, GAP) : below;
  Object.assign(text.style, { left: `${left / zoom}px`, top: `${top / zoom}px` });
}

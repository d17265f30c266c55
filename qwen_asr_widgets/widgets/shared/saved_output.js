/**
 * What stays in the saved notebook, picture and transcript, on the page of a live view: hidden while the view stands,
 * and kept or not by a switch. That is the trait `save_outputs`, so that Python and every view show and set the same.
 *
 * The kernel takes them out of the notebook by updating a display. A page that was reloaded since does not know
 * that display any more: then the switch says that they are still there.
 *
 * @import { Model } from "./messages.js"
 * @import { Translate } from "./strings.js"
 */
import { listenTo, make } from "./dom.js";

/** Milliseconds between two looks at whether they are gone. */
const LOOK = 1000;

/** @param {Model} model @param {Translate} t @param {AbortSignal} signal */
export function keepSwitch(model, t, signal) {
  const box = make("input", { type: "checkbox" });
  const still = make("span", { class: "qaw-keep-still", role: "status" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const look = () => {
    const held = !box.checked && holds(model.get("static_id"));
    still.textContent = held ? t("keep.still") : "";
    if (held) timer = setTimeout(look, LOOK);
  };
  const told = () => {
    box.checked = model.get("save_outputs");
    clearTimeout(timer);
    still.textContent = "";
    if (!box.checked) timer = setTimeout(look, LOOK);
  };
  box.addEventListener("change", () => {
    model.set("save_outputs", box.checked);
    model.save_changes();
  }, { signal });
  listenTo(model, "change:save_outputs", told, signal);
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  told();
  return make("div", { class: "qaw-keep", title: t("keep.why") },
    make("label", {}, box, make("span", {}, t("keep.label"))), still);
}

/** Whether the page still has a picture or words of a widget to save. @param {string} id */
function holds(id) {
  return document.querySelector(`.qaw-static-${CSS.escape(id)} :is(img, table)`) !== null;
}

/** Hide them while a view stands. @param {string} id of the widget @param {AbortSignal} signal */
export function hideStatic(id, signal) {
  if (!/^[\w-]+$/.test(id)) return;
  const style = make("style", {}, `.qaw-static-${id} { display: none; }`);
  document.head.append(style);
  signal.addEventListener("abort", () => style.remove(), { once: true });
}

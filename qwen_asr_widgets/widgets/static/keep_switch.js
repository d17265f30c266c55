/**
 * The switch for what stays in the saved notebook: picture and transcript beside the live view. It is the
 * trait `save_outputs`, so that Python and every view show and set the same.
 *
 * @import { Translate } from "./strings.js"
 */
import { make } from "./dom.js";

/** @param {any} model @param {Translate} t @param {AbortSignal} signal */
export function keepSwitch(model, t, signal) {
  const box = make("input", { type: "checkbox" });
  const told = () => { box.checked = model.get("save_outputs"); };
  box.addEventListener("change", () => {
    model.set("save_outputs", box.checked);
    model.save_changes();
  }, { signal });
  model.on("change:save_outputs", told);
  signal.addEventListener("abort", () => model.off("change:save_outputs", told), { once: true });
  told();
  return make("label", { class: "qaw-keep", title: t("keep.why") }, box, make("span", {}, t("keep.label")));
}

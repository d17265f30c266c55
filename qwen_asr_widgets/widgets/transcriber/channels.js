/**
 * The choice of a file's channel: seen where a file has several, and with a warning where they differ.
 *
 * @import { Kernel } from "./logic.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { make } from "../shared/dom.js";
import { channelText, isRunning } from "./logic.js";

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

/**
 * The line under the bar: what goes on, what is wrong with the sound, and the ways on from either. While sound comes it
 * keeps its height, so that nothing under it moves; what has no room in it is read over what follows, under the pointer or
 * by keys.
 */
import { make } from "../shared/dom.js";
import { say } from "../microphone/microphone.js";

/** @param {HTMLElement[]} ways buttons @param {AbortSignal} signal */
export function createSaid(ways, signal) {
  const status = make("p", { class: "qaw-dim", role: "status", hidden: true });
  const warning = make("p", { class: "qaw-mic-warning", role: "status", hidden: true });
  const text = make("div", { class: "qaw-tr-said-text" }, warning, status);
  const element = make("div", { class: "qaw-tr-said" }, text, make("div", { class: "qaw-tr-said-ways" }, ...ways));
  const look = () => {
    if (text.matches(":hover, :focus")) return; // it is open, and shows all
    const more = [status, warning].some((line) => line.scrollHeight > line.clientHeight + 1);
    element.dataset.more = String(more);
    if (more) text.tabIndex = 0;
    else text.removeAttribute("tabindex");
  };
  const resized = new ResizeObserver(look);
  resized.observe(text);
  signal.addEventListener("abort", () => resized.disconnect(), { once: true });
  return {
    element,
    /** @param {string} what goes on @param {string} wrong with the sound */
    update(what, wrong) {
      const changed = status.textContent !== what || warning.textContent !== wrong;
      say(status, what);
      say(warning, wrong);
      element.dataset.silent = String([...text.children, ...ways].every((one) => /** @type {HTMLElement} */ (one).hidden));
      if (changed) look();
    },
  };
}

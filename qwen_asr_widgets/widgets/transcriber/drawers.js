/**
 * Drawers under a bar, each with the button that opens it; one is open at a time. They stand in the flow of
 * the page, so that an output area never cuts them off; while sound comes, beside or over what is under the bar.
 *
 * @typedef {{button: HTMLButtonElement, panel: HTMLElement, focus?: HTMLElement}} Drawer
 */
import { button as makeButton, make, newId } from "../shared/dom.js";

/** @param {AbortSignal} signal @param {() => void} [changed] told after one has opened or closed */
export function createDrawers(signal, changed = () => {}) {
  /** @type {Drawer[]} */
  const drawers = [];

  /** @param {Drawer | null} wanted */
  function show(wanted) {
    for (const drawer of drawers) {
      const open = drawer === wanted;
      drawer.panel.hidden = !open;
      drawer.button.setAttribute("aria-expanded", String(open));
    }
    wanted?.focus?.focus();
    changed();
  }

  /**
   * @param {string} label of the button, and of the panel for a screen reader
   * @param {HTMLElement[]} content @param {string} [look] class of the button
   */
  function add(label, content, look = "") {
    const id = `qaw-drawer-${newId()}`;
    const panel = make("div", { class: "qaw-drawer", id, role: "group", "aria-label": label, hidden: true }, ...content);
    /** @type {Drawer} */
    const drawer = {
      button: makeButton("", () => show(panel.hidden ? drawer : null), signal,
        { class: `qaw-opens ${look}`, "aria-expanded": "false", "aria-controls": id }),
      panel,
    };
    drawer.button.append(make("span", { class: "qaw-opens-text" }, label));
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      show(null);
      drawer.button.focus();
    }, { signal });
    drawers.push(drawer);
    return drawer;
  }

  return { add, show };
}

/**
 * Change what a drawer's button says.
 * @param {Drawer} drawer @param {string} text @param {string} [short] what it says where there is little room
 */
export function nameDrawer({ button }, text, short = text) {
  const label = /** @type {HTMLElement} */ (button.firstElementChild);
  if (label.title === text) return;
  label.title = text;
  button.setAttribute("aria-label", text);
  if (short === text) label.replaceChildren(text);
  else label.replaceChildren(make("span", { class: "qaw-long" }, text), make("span", { class: "qaw-short" }, short));
}

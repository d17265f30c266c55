/**
 * The colours and the font a waveform is drawn in: read from the page when they are needed, forgotten when the
 * theme, the system's contrast or the size changes.
 *
 * JupyterLab hides its whole page for less than a frame while it changes the theme. What is drawn then finds no
 * size, and no observer notices: it has to say so, and is told when there is a size again.
 *
 * @import { Colours } from "./draw.js"
 */
import { colours } from "../shared/theme.js";
import { COLOURS } from "./draw.js";

/**
 * @param {HTMLElement} root @param {HTMLElement} plot what is drawn again after a change of its size
 * @param {() => void} changed @param {AbortSignal} signal
 * @returns {{read: () => {ink: Colours, font: string}, unseen: () => void}} `unseen`: it had no size to draw in
 */
export function followStyle(root, plot, changed, signal) {
  /** @type {{ink: Colours, font: string} | null} an element not yet on the page has none */
  let known = null;
  const restyled = () => {
    known = null;
    changed();
  };
  const themed = new MutationObserver(restyled);
  themed.observe(root.closest(".qaw") ?? root, { attributes: true, attributeFilter: ["data-theme"] });
  // One dark theme may follow another.
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-vscode-theme-id"] });
  const resized = new ResizeObserver(() => {
    if (plot.clientWidth) restyled();
  });
  resized.observe(plot);
  window.matchMedia("(forced-colors: active)").addEventListener("change", restyled, { signal });
  signal.addEventListener("abort", () => {
    themed.disconnect();
    resized.disconnect();
  }, { once: true });
  return {
    read: () => (known ??= { ink: colours(root, COLOURS), font: getComputedStyle(root).fontFamily }),
    unseen: () => {
      resized.unobserve(plot);
      resized.observe(plot);
    },
  };
}

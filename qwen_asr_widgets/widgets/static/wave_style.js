/**
 * The colours and the font a waveform is drawn in: read from the page when they are needed, forgotten when the
 * theme, the system's contrast or the size changes.
 *
 * @import { Colours } from "./waveform_draw.js"
 */
import { colours } from "./theme.js";
import { COLOURS } from "./waveform_draw.js";

/**
 * @param {HTMLElement} root @param {HTMLElement} plot what is drawn again after a change of its size
 * @param {() => void} changed @param {AbortSignal} signal
 * @returns {() => {ink: Colours, font: string}}
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
  const resized = new ResizeObserver(restyled);
  resized.observe(plot);
  window.matchMedia("(forced-colors: active)").addEventListener("change", restyled, { signal });
  signal.addEventListener("abort", () => {
    themed.disconnect();
    resized.disconnect();
  }, { once: true });
  return () => {
    known ??= { ink: colours(root, COLOURS), font: getComputedStyle(root).fontFamily };
    return known;
  };
}

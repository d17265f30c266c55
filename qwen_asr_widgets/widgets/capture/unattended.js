/**
 * The recordings of this page that go on although their kernel and their views are gone, until another widget takes them
 * over. Each widget is a module of its own: what they share, the page holds.
 *
 * @import { CaptureController } from "./controller.js"
 */
const KEY = Symbol.for("qwen_asr_widgets.unattended");

/** @returns {Set<CaptureController>} */
function all() {
  const page = /** @type {Record<symbol, Set<CaptureController>>} */ (/** @type {unknown} */ (window));
  page[KEY] ??= new Set();
  return page[KEY];
}

export const unattended = {
  /** @param {CaptureController} controller */
  add: (controller) => void all().add(controller),
  /** @param {CaptureController} controller @returns {boolean} whether it was one */
  drop: (controller) => all().delete(controller),
  /** The oldest that is not its own. @param {CaptureController} controller @returns {CaptureController | null} */
  of: (controller) => [...all()].find((one) => one !== controller) ?? null,
};

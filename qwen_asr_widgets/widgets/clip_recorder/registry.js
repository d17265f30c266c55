/**
 * The one controller of a clip recorder in a page, for every view that records with it. Each widget class has a
 * module of its own, so they meet at the page's global object.
 *
 * @typedef {import("./controller.js").ClipController} ClipController
 * @typedef {{controller: Promise<ClipController>, announce: (controller: ClipController) => void}} Entry
 */
const KEY = Symbol.for("qwen_asr_widgets.clip_controllers");

/** @returns {Map<string, Entry>} */
function registry() {
  const page = /** @type {any} */ (globalThis);
  page[KEY] ??= new Map();
  return page[KEY];
}

/** @param {string} uid */
function entry(uid) {
  const known = registry().get(uid);
  if (known) return known;
  /** @type {(controller: ClipController) => void} */
  let announce = () => {};
  /** @type {Promise<ClipController>} */
  const controller = new Promise((resolve) => { announce = resolve; });
  const made = { controller, announce };
  registry().set(uid, made);
  return made;
}

/** Wait for the controller of a clip recorder; its widget makes it. @param {string} uid */
export function clipController(uid) {
  return entry(uid).controller;
}

/** @param {string} uid @param {ClipController} controller */
export function announceClips(uid, controller) {
  entry(uid).announce(controller);
}

/** @param {string} uid */
export function forgetClips(uid) {
  registry().delete(uid);
}

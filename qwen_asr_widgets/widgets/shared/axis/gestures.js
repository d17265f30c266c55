/**
 * Turns pointer, wheel and keys over a plot into panning, zooming, seeking. It owns no state of the view.
 *
 * @typedef {{move: (x: number, y: number) => void, end: () => void}} Drag
 * @typedef {object} Gestures
 * @property {(x: number, y: number) => Drag | null} grab  something under the pointer that can be dragged
 * @property {(x: number, y: number) => void} click
 * @property {(pixels: number) => void} pan
 * @property {(factor: number, x: number) => boolean} zoom  whether the view has changed
 * @property {(event: KeyboardEvent) => boolean} key  whether the key was used
 */
import { pointIn } from "../dom.js";

/** Pixels a pointer may tremble and still have clicked. */
const CLICK_SLOP = 4;

/**
 * @param {HTMLElement} plot @param {Gestures} gestures @param {AbortSignal} signal
 */
export function listen(plot, gestures, signal) {
  listenToPointer(plot, gestures, signal);
  plot.addEventListener("wheel", (event) => onWheel(event, plot, gestures), { signal, passive: false });
  plot.addEventListener(
    "keydown",
    (event) => {
      if (gestures.key(event)) event.preventDefault();
    },
    { signal },
  );
}

/** @param {WheelEvent} event @param {HTMLElement} plot @param {Gestures} gestures */
function onWheel(event, plot, gestures) {
  const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
  const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
  if (!event.ctrlKey && Math.abs(sideways) > (event.shiftKey ? 0 : Math.abs(event.deltaY))) {
    gestures.pan(sideways * unit);
    event.preventDefault();
    return;
  }
  if (!event.ctrlKey && document.activeElement !== plot) return;
  const { x } = pointIn(plot, event);
  const speed = event.ctrlKey && Math.abs(event.deltaY) < 30 ? 0.01 : 0.0025;
  const changed = gestures.zoom(Math.exp(-event.deltaY * unit * speed), x);
  if (changed || event.ctrlKey) event.preventDefault();
}

/** @param {HTMLElement} plot @param {Gestures} gestures @param {AbortSignal} signal */
function listenToPointer(plot, gestures, signal) {
  /** @type {Map<number, {x: number, y: number}>} */
  const down = new Map();
  /** @type {Drag | null} */
  let drag = null;
  let moved = false;
  const at = (/** @type {PointerEvent} */ event) => pointIn(plot, event);
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const point = at(event);
    if (down.size === 0) {
      drag = gestures.grab(point.x, point.y);
      moved = false;
    }
    down.set(event.pointerId, point);
    plot.setPointerCapture(event.pointerId);
  }, { signal });
  plot.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const point = at(event);
    if (down.size === 2) {
      moved = true;
      pinch(down, event.pointerId, point, gestures);
    } else if (drag) {
      moved = true;
      drag.move(point.x, point.y);
    } else if (moved || Math.abs(point.x - before.x) > CLICK_SLOP) {
      moved = true;
      gestures.pan(before.x - point.x);
    } else {
      return;
    }
    down.set(event.pointerId, point);
  }, { signal });
  const lift = (/** @type {PointerEvent} */ event) => {
    if (!down.delete(event.pointerId) || down.size) return;
    drag?.end();
    drag = null;
    if (!moved && event.type === "pointerup") {
      const point = at(event);
      gestures.click(point.x, point.y);
    }
  };
  plot.addEventListener("pointerup", lift, { signal });
  plot.addEventListener("pointercancel", lift, { signal });
}

/**
 * @param {Map<number, {x: number, y: number}>} down @param {number} id @param {{x: number, y: number}} point
 * @param {Gestures} gestures
 */
function pinch(down, id, point, gestures) {
  const before = /** @type {{x: number, y: number}} */ (down.get(id));
  const other = [...down].filter(([key]) => key !== id)[0][1];
  const was = Math.max(8, Math.abs(before.x - other.x));
  const is = Math.max(8, Math.abs(point.x - other.x));
  gestures.zoom(is / was, (point.x + other.x) / 2);
}

/**
 * The strip over a waveform that always shows the whole sound: where the view stands, where speech is,
 * where something went wrong.
 *
 * @import { Scene } from "./rows.js"
 * @import { View } from "../shared/axis/time_axis.js"
 * @import { Colours } from "./draw.js"
 *
 * @typedef {{start: number, end: number}} Region  seconds
 */
import { make } from "../shared/dom.js";
import { layBands } from "../shared/axis/lanes.js";
import { toX } from "../shared/axis/time_axis.js";
import { drawDensity, drawWave } from "./draw.js";

const HEIGHT = 26;
const STRIP = 4;
/** Pixels from which on a press that moves selects a stretch. */
const DRAG = 4;

/**
 * @param {HTMLElement} host
 * @param {{moved: (start: number) => void, view: () => View, whole: () => number, selects: () => boolean,
 *   selected: (region: Region | null) => void}} options
 *   `moved` is told the seconds the view shall begin at; `whole` says how many seconds the strip shows; `selects` whether a
 *   drag beside the view's window (anywhere, where it covers all; with Shift) selects a stretch, which `selected` is told
 * @param {AbortSignal} signal
 */
export function createOverview(host, options, signal) {
  const canvas = make("canvas", { "aria-hidden": "true" });
  const window = make("div", { class: "qaw-overview-window" });
  const mark = make("div", { class: "qaw-overview-region", hidden: true });
  const root = make("div", { class: "qaw-overview" }, canvas, window, mark);
  host.append(root);
  let grip = 0;
  let held = false;
  /** Where a stretch begins that may be selected, until the press moves. @type {{time: number, x: number, inside: boolean} | null} */
  let anchor = null;
  const timeAt = (/** @type {PointerEvent} */ event) => {
    const box = root.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * options.whole();
  };
  root.addEventListener("pointerdown", (event) => {
    const view = options.view();
    const time = timeAt(event);
    const inside = time >= view.start && time <= view.start + view.span;
    const all = view.span >= options.whole() * 0.999;
    root.setPointerCapture(event.pointerId);
    if (options.selects() && (!inside || all || event.shiftKey)) {
      anchor = { time, x: event.clientX, inside };
      return;
    }
    grip = inside ? time - view.start : view.span / 2;
    held = true;
    if (!inside) options.moved(time - grip);
  }, { signal });
  root.addEventListener("pointermove", (event) => {
    if (held) options.moved(timeAt(event) - grip);
    if (anchor && Math.abs(event.clientX - anchor.x) >= DRAG) {
      const time = Math.min(Math.max(timeAt(event), 0), options.whole());
      options.selected({ start: Math.min(anchor.time, time), end: Math.max(anchor.time, time) });
    }
  }, { signal });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    root.addEventListener(name, (event) => {
      if (anchor && Math.abs(event.clientX - anchor.x) < DRAG) {
        options.selected(null);
        if (!anchor.inside) options.moved(anchor.time - options.view().span / 2);
      }
      held = false;
      anchor = null;
    }, { signal });
  }
  return {
    /** Move the window over the strip. */
    place() {
      const { start, span } = options.view();
      const whole = options.whole();
      const left = Math.max(0, start / whole);
      const width = Math.min(1 - left, span / whole);
      window.style.left = `${left * 100}%`;
      window.style.width = `${Math.max(width, 0.003) * 100}%`;
    },
    /** Mark a stretch. @param {Region | null} region */
    mark(region) {
      mark.hidden = region === null;
      if (region) placeRegion(mark, region.start / options.whole(), region.end / options.whole());
    },
    /**
     * @param {Scene} scene @param {Colours} colours @param {number} ratio @param {string} font
     * @param {number} indent CSS pixels left of the axis, so that both stand over each other
     */
    draw(scene, colours, ratio, font, indent) {
      root.style.marginInlineStart = `${indent}px`;
      const width = root.clientWidth;
      if (!width) return;
      const ctx = sized(canvas, width, HEIGHT, ratio);
      const view = { start: 0, span: options.whole() };
      const pen = { ctx, width, ratio, view, colours, font };
      if (scene.tiles) {
        const count = Math.ceil(Math.min(width, toX(scene.duration, view, width)));
        const columns = new Float32Array(2 * count);
        scene.tiles.columns(0, (view.span * scene.rate) / width, count, columns);
        drawWave(pen, { y: 1, height: HEIGHT - STRIP - 2 }, columns, scene.tiles.peak, 1);
      }
      const { density, ticks } = overviewTurns(scene, view, width);
      drawDensity(pen, { y: HEIGHT - STRIP - 1, height: STRIP }, density, ticks);
    },
  };
}

/** @param {HTMLElement} mark @param {number} from @param {number} to shares of the width */
function placeRegion(mark, from, to) {
  mark.style.left = `${Math.max(0, from) * 100}%`;
  mark.style.width = `${Math.max(0, Math.min(1, to) - Math.max(0, from)) * 100}%`;
}

/** @param {Scene} scene @param {View} view @param {number} width */
function overviewTurns(scene, view, width) {
  const { bands, density, ticks } = layBands(scene.turns, view, width, scene.duration);
  const all = density ?? new Float32Array(Math.ceil(width));
  const errors = [...ticks];
  for (const { turn, x0, x1 } of bands) {
    all.fill(1, Math.max(0, Math.floor(x0)), Math.max(1, Math.ceil(x1)));
    if (turn.problem) errors.push((x0 + x1) / 2);
  }
  return { density: all, ticks: errors };
}

/**
 * Give a canvas its size in device pixels and return its cleared context, scaled to CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height @param {number} ratio
 */
export function sized(canvas, width, height, ratio) {
  const wide = Math.round(width * ratio);
  const high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.height = `${height}px`;
  }
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
}

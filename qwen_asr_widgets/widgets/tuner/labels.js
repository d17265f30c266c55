/**
 * Editing the reference in its lane: edges dragged, turns drawn, all of it by keys too. The kernel keeps the
 * labels; here is only what is under the hand.
 *
 * @import { TunerView } from "./tuner.js"
 * @import { Turn } from "../shared/axis/lanes.js"
 * @typedef {{index: number, edge: "start" | "end"}} Edge
 */
import { button, make } from "../shared/dom.js";
import { clock } from "../shared/format.js";

const STEP = 0.01;
const LARGE_STEP = 0.1;
const ADDED = 1;

export class Labels {
  /** @param {TunerView} tuner */
  constructor(tuner) {
    this.tuner = tuner;
    this.index = /** @type {number | null} */ (null);
    this.edge = /** @type {"start" | "end"} */ ("start");
    /** @type {{index: number, edge: "start" | "end", time: number} | null} */
    this.dragged = null;
    /** @type {{from: number, to: number} | null} */
    this.drawing = null;
  }

  /** The turns as they look while one is dragged. @returns {Turn[]} */
  shown() {
    const { reference } = this.tuner.state;
    const { dragged, drawing } = this;
    let turns = reference;
    if (dragged) {
      const moved = { [dragged.edge === "start" ? "onset" : "end"]: dragged.time };
      turns = reference.map((turn, k) => (k === dragged.index ? { ...turn, ...moved } : turn));
    }
    if (!drawing) return turns;
    const drawn = { number: 0, onset: Math.min(drawing.from, drawing.to), end: Math.max(drawing.from, drawing.to) };
    return [...turns, drawn].sort((a, b) => a.onset - b.onset);
  }

  /** The turn that keys move. */
  held() {
    const turn = this.index === null ? undefined : this.shown()[this.index];
    return turn && !this.drawing ? { from: turn.onset, to: turn.end ?? turn.onset } : null;
  }

  /** @param {number} time */
  turnAt(time) {
    return this.tuner.state.reference.find((turn) => turn.onset <= time && time <= (turn.end ?? 0)) ?? null;
  }

  /**
   * The edge under a pointer.
   * @param {number} x from the axis's left
   * @param {(time: number) => number} xOf
   * @param {number} grip
   * @returns {Edge | null}
   */
  edgeAt(x, xOf, grip) {
    let best = null;
    let away = grip;
    this.tuner.state.reference.forEach((turn, index) => {
      for (const edge of /** @type {const} */ (["start", "end"])) {
        const distance = Math.abs(xOf(edge === "start" ? turn.onset : turn.end ?? 0) - x);
        if (distance <= away) {
          away = distance;
          best = { index, edge };
        }
      }
    });
    return best;
  }

  /** @param {number} time @returns {boolean} */
  select(time) {
    const turn = this.turnAt(time);
    if (!turn) return false;
    this.index = turn.number - 1;
    this.changed();
    return true;
  }

  /** @param {Edge} edge @param {number} time */
  drag({ index, edge }, time) {
    this.index = index;
    this.edge = edge;
    const turn = this.tuner.state.reference[index];
    const limited = edge === "start" ? Math.min(time, (turn.end ?? 0) - STEP) : Math.max(time, turn.onset + STEP);
    this.dragged = { index, edge, time: Math.min(Math.max(limited, 0), this.tuner.wave.duration) };
    this.changed();
  }

  /** @param {Edge} edge */
  drop({ index, edge }) {
    const { dragged } = this;
    if (dragged) this.tuner.send({ kind: "edit", action: "move", index, edge, time: dragged.time });
  }

  /** @param {number} from @param {number} to */
  draw(from, to) {
    this.drawing = { from, to };
    this.changed();
  }

  /** @param {number} least seconds */
  finish(least) {
    const { drawing } = this;
    this.drawing = null;
    if (drawing && Math.abs(drawing.to - drawing.from) >= least) this.add(drawing.from, drawing.to);
    else this.changed();
  }

  /** @param {number} from @param {number} to */
  add(from, to) {
    this.tuner.send({ kind: "edit", action: "add", start: Math.min(from, to), end: Math.max(from, to) });
  }

  addAtCursor() {
    const { cursor, duration } = this.tuner.wave;
    const next = this.tuner.state.reference.find((turn) => turn.onset > cursor);
    this.add(cursor, Math.min(cursor + ADDED, next?.onset ?? duration, duration));
  }

  remove() {
    if (this.index !== null) this.tuner.send({ kind: "edit", action: "delete", index: this.index });
  }

  /** @param {"undo" | "redo"} action */
  back(action) {
    this.tuner.send({ kind: "edit", action });
  }

  /** The kernel has answered: what was under the hand is now in the labels. */
  answered() {
    this.dragged = null;
    const { selected } = this.tuner.state.editing;
    if (selected !== null) this.index = selected;
    if (this.index !== null && this.index >= this.tuner.state.reference.length) this.index = null;
  }

  /** @param {1 | -1} step */
  walk(step) {
    const count = this.tuner.state.reference.length;
    if (!count) return;
    this.index = this.index === null ? 0 : Math.min(Math.max(this.index + step, 0), count - 1);
    const turn = this.tuner.state.reference[this.index];
    this.tuner.reveal(turn.onset, turn.end ?? turn.onset);
    this.changed();
  }

  /** @param {number} seconds */
  nudge(seconds) {
    const held = this.held();
    if (!held || this.index === null) return;
    const time = (this.edge === "start" ? held.from : held.to) + seconds;
    this.tuner.send({ kind: "edit", action: "move", index: this.index, edge: this.edge, time });
  }

  changed() {
    this.tuner.describe();
    this.tuner.wave.schedule();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was used */
  key(event) {
    const large = event.shiftKey ? LARGE_STEP : STEP;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z" && event.key.toLowerCase() !== "y") return false;
      this.back(event.key.toLowerCase() === "y" || event.shiftKey ? "redo" : "undo");
      return true;
    }
    switch (event.key) {
      case "ArrowUp": this.walk(-1); return true;
      case "ArrowDown": this.walk(1); return true;
      case "ArrowLeft": this.nudge(-large); return true;
      case "ArrowRight": this.nudge(large); return true;
      case "Enter": case " ": this.edge = this.edge === "start" ? "end" : "start"; this.changed(); return true;
      case "Insert": case "+": this.addAtCursor(); return true;
      case "Delete": case "Backspace": this.remove(); return true;
      default: return false;
    }
  }
}

/**
 * The lane as keys and screen readers find it, and its tools.
 * @param {HTMLElement} host
 * @param {TunerView} tuner
 * @param {AbortSignal} signal
 */
export function createLabelTools(host, tuner, signal) {
  const { t, labels } = tuner;
  const lane = make("div", {
    class: "qaw-tuner-lane", role: "slider", tabindex: "0", "aria-label": t("tuner.edit.label"),
    "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0",
    "aria-keyshortcuts": "ArrowUp ArrowDown Enter Insert Delete Control+Z",
  });
  lane.addEventListener("keydown", (event) => {
    if (labels.key(event)) event.preventDefault();
  }, { signal });
  tuner.overlay.append(lane);
  const tool = (/** @type {import("../shared/strings.js").Key} */ key, /** @type {() => void} */ pressed) =>
    button(t(key), pressed, signal);
  const add = tool("tuner.edit.add", () => labels.addAtCursor());
  const remove = tool("tuner.edit.delete", () => labels.remove());
  const undo = tool("tuner.edit.undo", () => labels.back("undo"));
  const redo = tool("tuner.edit.redo", () => labels.back("redo"));
  const hint = make("span", { class: "qaw-dim" });
  const zoom = make("span", { class: "qaw-wave-zoom" },
    button("−", () => tuner.wave.zoom(1 / 2), signal, { "aria-label": t("wave.zoomOut") }),
    button("+", () => tuner.wave.zoom(2), signal, { "aria-label": t("wave.zoomIn") }),
    button(t("wave.fit"), () => tuner.wave.fit(), signal));
  const edit = make("details", { class: "qaw-tuner-edit" }, make("summary", {}, t("tuner.edit.label")),
    make("div", { class: "qaw-tuner-tools" }, add, remove, undo, redo, hint));
  host.append(make("div", { class: "qaw-tuner-under" }, edit, zoom));
  return {
    /** @param {import("../shared/axis/layout.js").Box | null} box @param {number} left */
    place(box, left) {
      lane.hidden = !box;
      if (box) Object.assign(lane.style, { top: `${box.y}px`, height: `${box.height}px`, left: `${left}px` });
    },
    describe() {
      const { editing, reference } = tuner.state;
      undo.disabled = !editing.undo;
      redo.disabled = !editing.redo;
      remove.disabled = labels.index === null;
      const held = labels.held();
      const time = held ? (labels.edge === "start" ? held.from : held.to) : 0;
      lane.setAttribute("aria-valuemax", tuner.wave.duration.toFixed(2));
      lane.setAttribute("aria-valuenow", time.toFixed(2));
      const text = held && labels.index !== null
        ? t(labels.edge === "start" ? "tuner.edit.start" : "tuner.edit.end", { number: labels.index + 1, time: clock(time, 2) })
        : t("tuner.edit.none", { count: reference.length });
      lane.setAttribute("aria-valuetext", text);
      hint.textContent = held ? text : t("tuner.edit.hint");
    },
  };
}

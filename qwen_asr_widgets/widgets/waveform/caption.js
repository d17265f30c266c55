/**
 * Where the cursor stands and what is said there: for screen readers on the plot, for all under the axis.
 *
 * @import { Utterance } from "../shared/run/state.js"
 * @import { Translate } from "../shared/strings.js"
 * @typedef {object} Moment
 * @property {number} cursor   seconds
 * @property {number} duration seconds
 * @property {Utterance[]} turns
 * @property {{time: number, label: string}[]} marks
 * @property {number | null} selected
 */
import { make } from "../shared/dom.js";
import { clock } from "../shared/format.js";
import { turnAt } from "../shared/axis/lanes.js";
import { textOf } from "../shared/run/state.js";
import { problemText } from "../transcript/rows.js";

/**
 * @param {HTMLElement} plot the slider that is the cursor @param {Translate} t
 * @param {boolean} visible whether the selected turn's whole text stands under the axis
 */
export function createCaption(plot, t, visible) {
  const caption = make("div", { class: "qaw-caption", hidden: true });
  plot.after(caption);
  return {
    /** @param {Moment} moment */
    update({ cursor, duration, turns, marks, selected }) {
      const turn = /** @type {Utterance | null} */ (turnAt(turns, cursor, duration));
      const place = t("wave.position", { time: clock(cursor), total: clock(duration) });
      plot.setAttribute("aria-valuemax", duration.toFixed(1));
      plot.setAttribute("aria-valuenow", cursor.toFixed(1));
      plot.setAttribute("aria-valuetext", turn ? `${place}, ${turn.number}: ${textOf(turn) || problemText(turn, t)}` : place);
      plot.setAttribute("aria-description", marks.map(({ time, label }) => `${clock(time)} ${label}`).join("; "));
      const chosen = turns.find((one) => one.number === selected);
      caption.hidden = !turns.length || !visible;
      caption.replaceChildren(...(chosen ? whole(chosen, t) : [t("wave.choose")]));
    },
  };
}

/** @param {Utterance} turn @param {Translate} t */
function whole(turn, t) {
  const end = turn.end === null ? "…" : clock(turn.end);
  return [
    make("b", { class: "qaw-caption-number" }, String(turn.number)),
    make("span", {}, `${clock(turn.onset ?? 0)} – ${end}`),
    make("span", { class: "qaw-caption-text", dir: "auto" }, turn.settled, make("i", { class: "qaw-dim" }, turn.draft)),
    make("span", {}, problemText(turn, t)),
  ];
}

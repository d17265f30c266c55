/**
 * What a waveform's canvas shows, in words: where the cursor stands and what is said there, for screen readers on the
 * plot and for all under the axis; and everything as a table, whose rows are made when it is opened.
 *
 * @import { Turn } from "../shared/axis/lanes.js"
 * @import { Utterance } from "../shared/run/state.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { Scene } from "./rows.js"
 * @typedef {object} Moment
 * @property {number} cursor   seconds
 * @property {number} duration seconds
 * @property {Utterance[]} turns
 * @property {{time: number, label: string}[]} marks
 * @property {number | null} selected
 */
import { make } from "../shared/dom.js";
import { clock, duration, endNote, endText } from "../shared/format.js";
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
  return [
    make("b", { class: "qaw-caption-number" }, String(turn.number)),
    make("span", { title: endNote(turn, t) }, `${clock(turn.onset ?? 0)} – ${endText(turn)}`),
    make("span", { class: "qaw-caption-text", dir: "auto" }, turn.settled, make("i", { class: "qaw-dim" }, turn.draft)),
    make("span", {}, problemText(turn, t)),
  ];
}

/**
 * What the dashed ends of turns are, where there are any.
 * @param {HTMLElement} host @param {Translate} t
 */
export function createLegend(host, t) {
  const swatch = make("i", { class: "qaw-swatch-estimated", "aria-hidden": "true" });
  const title = t("wave.end.estimated");
  const legend = make("div", { class: "qaw-wave-legend qaw-dim", title, hidden: true }, swatch, t("wave.end.legend"));
  host.append(legend);
  return {
    /** @param {Turn[]} turns */
    update(turns) {
      legend.hidden = !turns.some((turn) => turn.end !== null && turn.end_estimated);
    },
  };
}

/**
 * @param {HTMLElement} host
 * @param {{t: Translate, select: (number: number) => void}} options
 * @param {AbortSignal} signal
 */
export function createWaveTable(host, { t, select }, signal) {
  const body = make("tbody");
  const titles = /** @type {const} */ (["number", "begin", "end", "text", "latency"]).map(
    (name) => make("th", { scope: "col" }, t(`wave.table.${name}`)),
  );
  const head = make("tr", {}, ...titles);
  const table = make("table", { class: "qaw-table" }, make("thead", {}, head), body);
  const details = make(
    "details", { class: "qaw-wave-details" }, make("summary", {}, t("wave.table")),
    make("div", { class: "qaw-table-scroll", tabindex: "0", role: "region", "aria-label": t("wave.table") }, table),
  );
  host.append(details);
  /** @type {Scene | null} */
  let latest = null;
  const fill = () => {
    if (!details.open || !latest) return;
    const { waits } = latest.run.info;
    titles[titles.length - 1].hidden = !waits;
    body.replaceChildren(...rows(latest, t));
    if (!waits) for (const one of body.rows) one.deleteCell(-1);
  };
  details.addEventListener("toggle", fill, { signal });
  body.addEventListener("click", (event) => {
    const pressed = /** @type {HTMLElement} */ (event.target).closest("button");
    if (pressed?.dataset.number) select(Number(pressed.dataset.number));
  }, { signal });
  return {
    /** @param {Scene} scene */
    update(scene) {
      latest = scene;
      fill();
    },
  };
}

/** @param {Scene} scene @param {Translate} t */
function rows(scene, t) {
  const end = (/** @type {Turn} */ turn) =>
    make("span", { title: endNote(turn, t) }, turn.end === null ? t("wave.open") : endText(turn, 2));
  const words = (/** @type {Utterance} */ turn) => [textOf(turn), problemText(turn, t)].filter(Boolean).join(" · ");
  const own = scene.turns.map((turn) => {
    const jump = make("button", { type: "button", class: "qaw-button", "data-number": turn.number }, String(turn.number));
    const wait = turn.finalization === null ? "" : duration(turn.finalization, t);
    return row(jump, clock(turn.onset, 2), end(turn), words(turn), wait);
  });
  const others = scene.run.lanes.flatMap((lane) => lane.turns.map((turn) => {
    const name = `${lane.name || t(`wave.lane.${lane.role}`)} ${turn.number}`;
    return row(name, clock(turn.onset, 2), end(turn), turn.settled ?? "", "");
  }));
  const marks = scene.marks.map((mark) => row(t("wave.table.mark"), clock(mark.time, 2), "", mark.label, ""));
  const all = [...own, ...others, ...marks];
  return all.length ? all : [row("", clock(0, 2), clock(scene.duration, 2), scene.run.info.title, "")];
}

/** @param {...(Node | string)} cells */
function row(...cells) {
  return make("tr", {}, ...cells.map((cell, k) => make(k ? "td" : "th", k ? {} : { scope: "row" }, cell)));
}

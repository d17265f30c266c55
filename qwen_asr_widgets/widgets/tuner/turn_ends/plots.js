/**
 * Two small pictures: cut-offs against the wait, and the share of pauses longer than each silence, by speaker.
 *
 * @import { EndsState } from "./state.js"
 * @import { Translate } from "../../shared/strings.js"
 */
import { make, pixelRatio, scrolling, setText } from "../../shared/dom.js";
import { colours, whenRestyled } from "../../shared/theme.js";
import { COLOURS } from "../../waveform/draw.js";
import { sized } from "../../waveform/overview.js";
import { shareLonger } from "./judge.js";
import { detectorName } from "./words.js";

const HEIGHT = 150;
const LEFT = 40;
const BOTTOM = 20;
const TOP = 8;
/** The silences of the hazard curve, in seconds, and those of its table. */
const SILENCES = Array.from({ length: 151 }, (_, k) => k / 50);
const IN_TABLE = [0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2];
const MOST_SPEAKERS = 4;
/** How the curves are told apart without colour. */
const DASHES = [[], [5, 3], [2, 2], [8, 3, 2, 3]];
const INKS = /** @type {const} */ (["turn", "service", "reference", "wait"]);

/**
 * @typedef {[number, number]} Point  seconds and a share
 * @typedef {{name: string, points: Point[]}} Line
 * @typedef {{at: Point, colour: string, word: string}} Mark
 * @typedef {object} Shown   what a picture shows
 * @property {string} title
 * @property {string} tableTitle
 * @property {boolean} isWhole   whether the shares reach up to 1
 * @property {() => unknown[]} of  what it follows from
 * @property {() => Line[]} lines
 * @property {(ink: Record<string, string>) => Mark[]} marks
 * @property {() => string[][]} rows
 * @property {() => string} note
 */

/** @param {EndsState} state @param {HTMLElement} themed @param {Translate} t @param {AbortSignal} signal */
export function createPlots(state, themed, t, signal) {
  const trade = createPicture({
    title: t("tuner.ends.trade.title"), tableTitle: t("tuner.ends.trade.table"), isWhole: false,
    of: () => (state.traded ? [state.traded, state.traded.clips === 1 ? state.judged() : null] : [null]),
    lines: () => tradeLines(state, t), marks: (ink) => tradeMarks(state, ink, t), rows: () => tradeRows(state, t),
    note: () => t("tuner.ends.trade.note", countsOf(state)),
  }, themed, signal);
  const hazard = createPicture({
    title: t("tuner.ends.hazard.title"), tableTitle: t("tuner.ends.hazard.table"), isWhole: true,
    of: () => [state.pauses], lines: () => hazardLines(state, t), marks: () => [], rows: () => hazardRows(state, t),
    note: () => t("tuner.ends.hazard.note", { holds: state.pauses?.holds ?? 0 }),
  }, themed, signal);
  const root = make("div", { class: "qaw-ends-plots" }, trade.root, hazard.root);
  const pictures = [trade, hazard];
  const redraw = () => {
    for (const picture of pictures) picture.draw();
  };
  const resized = new ResizeObserver(redraw);
  resized.observe(root);
  whenRestyled(themed, redraw, signal);
  signal.addEventListener("abort", () => resized.disconnect(), { once: true });
  return {
    root,
    describe() {
      for (const picture of pictures) picture.describe();
      root.hidden = pictures.every((picture) => picture.root.hidden);
    },
  };
}

/** @param {EndsState} state */
function countsOf({ traded }) {
  return { holds: traded?.holds ?? 0, ends: traded?.ends ?? 0, clips: traded?.clips ?? 0 };
}

/**
 * A canvas with its title, a note, and the same as a table that is filled when it is opened. It is drawn anew only where
 * something that it shows has changed: of a drag the lengths of pauses take no notice.
 * @param {Shown} shown @param {HTMLElement} themed @param {AbortSignal} signal
 */
function createPicture(shown, themed, signal) {
  const canvas = make("canvas", { "aria-hidden": "true" });
  const note = make("p", { class: "qaw-dim" });
  const body = make("table", { class: "qaw-table" });
  const table = make("details", { class: "qaw-wave-details" }, make("summary", {}, shown.tableTitle),
    scrolling(shown.tableTitle, body));
  const root = make("div", {}, make("h3", {}, shown.title), canvas, note, table);
  /** @type {unknown[]} */
  let drawn = [];
  const fill = () => {
    if (!table.open) return;
    const cell = (/** @type {string} */ text, /** @type {boolean} */ isHead) => make(isHead ? "th" : "td", {}, text);
    body.replaceChildren(...shown.rows().map((texts, r) => make("tr", {}, ...texts.map((text, c) => cell(text, !r || !c)))));
  };
  table.addEventListener("toggle", fill, { signal });

  function draw() {
    const lines = shown.lines();
    root.hidden = !lines.length;
    if (root.hidden || !root.clientWidth) return;
    const ink = colours(themed, COLOURS);
    paint(canvas, ink, getComputedStyle(root).fontFamily, lines, shown.marks(ink), shown.isWhole);
    setText(note, shown.note());
    fill();
  }

  return {
    root, draw,
    describe() {
      const of = shown.of();
      if (drawn.length && of.every((one, k) => one === drawn[k])) return;
      drawn = of;
      draw();
    },
  };
}

/** @param {EndsState} state @param {Translate} t @returns {string[][]} */
function tradeRows(state, t) {
  const head = [t("tuner.table.what"), t("tuner.front.wait"), t("tuner.front.cut")];
  return [head, ...tradeLines(state, t).flatMap(({ name, points }) =>
    points.map(([wait, cut]) => [name, `${wait.toFixed(2)} s`, `${(100 * cut).toFixed(1)} %`]))];
}

/** @param {EndsState} state @param {Translate} t @returns {string[][]} */
function hazardRows(state, t) {
  const shareAt = (/** @type {Point[]} */ points, /** @type {number} */ silence) => points.find(([x]) => x >= silence - 1e-9)?.[1] ?? 0;
  return [["", ...IN_TABLE.map((silence) => `${1000 * silence} ms`)], ...hazardLines(state, t).map(({ name, points }) =>
    [name, ...IN_TABLE.map((silence) => `${(100 * shareAt(points, silence)).toFixed(0)} %`)])];
}

/** @param {EndsState} state @param {Translate} t @returns {Line[]} */
function tradeLines({ traded }, t) {
  const curves = Object.entries(traded?.curves ?? {});
  return curves.map(([name, points]) => ({ name: detectorName(name, t), points }));
}

/**
 * The policy found for a purpose; and what is tried, where the clip in sight is all there is.
 * @param {EndsState} state @param {Record<string, string>} ink @param {Translate} t @returns {Mark[]}
 */
function tradeMarks(state, ink, t) {
  const best = state.traded?.chosen?.point;
  const tried = state.traded?.clips === 1 ? state.judged()?.figures : undefined;
  /** @type {Mark[]} */
  const marks = [];
  if (best) marks.push({ at: [best.latency, best.cut_off], colour: ink.ink, word: t("tuner.mark.best") });
  if (tried && tried.wait !== null && tried.holds) {
    marks.push({ at: [tried.wait, tried.cuts / tried.holds], colour: ink.alarm, word: t("tuner.mark.trying") });
  }
  return marks;
}

/** One curve for everybody, and one each where there are a few speakers. @param {EndsState} state @param {Translate} t @returns {Line[]} */
function hazardLines({ pauses, about }, t) {
  if (!pauses || !about) return [];
  const speakers = about.speakers.length > 1 && about.speakers.length <= MOST_SPEAKERS ? about.speakers : [];
  const wanted = /** @type {{name: string, speaker: number | null}[]} */ (speakers.length
    ? speakers.map((name, speaker) => ({ name: name || t("tuner.ends.unnamed"), speaker }))
    : [{ name: about.speakers[0] || t("tuner.ends.everybody"), speaker: null }]);
  return wanted.flatMap(({ name, speaker }) => {
    const shares = shareLonger(pauses, SILENCES, speaker);
    return shares ? [{ name, points: SILENCES.map((silence, k) => /** @type {[number, number]} */ ([silence, shares[k]])) }] : [];
  });
}

/**
 * @param {HTMLCanvasElement} canvas @param {Record<string, string>} ink @param {string} font @param {Line[]} lines
 * @param {Mark[]} marks @param {boolean} whole whether the shares reach up to 1
 */
function paint(canvas, ink, font, lines, marks, whole) {
  const wide = canvas.clientWidth;
  const ctx = sized(canvas, wide, HEIGHT, pixelRatio(canvas));
  const all = [...lines.flatMap(({ points }) => points), ...marks.map(({ at }) => at)];
  const [most, top] = [Math.max(0.5, ...all.map(([x]) => x)), whole ? 1 : Math.max(0.05, ...all.map(([, y]) => y))];
  const xOf = (/** @type {number} */ x) => LEFT + (x / most) * (wide - LEFT - 8);
  const yOf = (/** @type {number} */ y) => TOP + (1 - y / top) * (HEIGHT - TOP - BOTTOM);
  ctx.font = `11px ${font}`;
  axes(ctx, ink, most, top, xOf, yOf, wide);
  lines.forEach(({ points }, k) => {
    ctx.strokeStyle = ink[INKS[k % INKS.length]];
    ctx.lineWidth = 1.75;
    ctx.setLineDash(DASHES[k % DASHES.length]);
    ctx.beginPath();
    points.forEach(([x, y], at) => {
      if (at) ctx.lineTo(xOf(x), yOf(points[at - 1][1]));
      ctx.lineTo(xOf(x), yOf(y));
    });
    ctx.stroke();
    ctx.setLineDash([]);
  });
  legend(ctx, ink, lines, wide);
  marks.forEach(({ at, colour, word }, k) => { mark(ctx, xOf(at[0]), yOf(at[1]), k, colour, word, wide); });
}

/** @param {CanvasRenderingContext2D} ctx @param {Record<string, string>} ink @param {number} most @param {number} top
 *  @param {(x: number) => number} xOf @param {(y: number) => number} yOf @param {number} wide */
function axes(ctx, ink, most, top, xOf, yOf, wide) {
  ctx.strokeStyle = ink.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(LEFT + 0.5, TOP - 4);
  ctx.lineTo(LEFT + 0.5, yOf(0) + 0.5);
  ctx.lineTo(wide, yOf(0) + 0.5);
  ctx.stroke();
  ctx.fillStyle = ink.dim;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const share of [0, 0.5, 1]) ctx.fillText(`${(100 * share * top).toFixed(top < 0.2 ? 1 : 0)} %`, LEFT - 5, yOf(share * top));
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  const step = [0.1, 0.2, 0.5, 1, 2].find((one) => most / one <= 6) ?? 5;
  for (let x = 0; x <= most + 1e-9; x += step) ctx.fillText(`${x.toFixed(1)} s`, Math.min(xOf(x), wide - 14), HEIGHT - 5);
  ctx.textAlign = "left";
}

/**
 * The names of the curves, at the top right.
 * @param {CanvasRenderingContext2D} ctx @param {Record<string, string>} ink @param {Line[]} lines @param {number} wide
 */
function legend(ctx, ink, lines, wide) {
  const width = Math.max(...lines.map(({ name }) => ctx.measureText(name).width));
  ctx.textBaseline = "middle";
  lines.forEach(({ name }, k) => {
    const y = TOP + 4 + 14 * k;
    ctx.fillStyle = ink.ink;
    ctx.fillText(name, wide - 8 - width, y);
    ctx.strokeStyle = ink[INKS[k % INKS.length]];
    ctx.lineWidth = 1.75;
    ctx.setLineDash(DASHES[k % DASHES.length]);
    ctx.beginPath();
    ctx.moveTo(wide - width - 36, y);
    ctx.lineTo(wide - width - 14, y);
    ctx.stroke();
    ctx.setLineDash([]);
  });
}

/**
 * A ring with its word under it, the second wider and lower than the first: both stay legible at one place.
 * @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} k @param {string} colour
 * @param {string} word @param {number} wide
 */
function mark(ctx, x, y, k, colour, word, wide) {
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.arc(x, y, 5 + 3 * k, 0, 2 * Math.PI);
  ctx.stroke();
  const room = ctx.measureText(word).width;
  ctx.textBaseline = "middle";
  const low = y + 30 + 14 * k > HEIGHT - BOTTOM;
  ctx.fillText(word, x + 12 + room > wide ? x - 12 - room : x + 12, low ? y - 12 - 14 * k : y + 12 + 14 * k);
}

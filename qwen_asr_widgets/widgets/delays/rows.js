/**
 * The waits of a run as a page shows them: where bars lie, how figures are written, what a line took back. Nothing here
 * knows the page.
 *
 * @import { DelaysMessage, PartName, RevisionLine, WaitPart } from "../shared/messages.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {DelaysMessage["waits"][number]} Wait
 * @typedef {{name: PartName, left: number, width: number, basis: string}} Bar percentages of the longest wait
 * @typedef {{text: string, look: "settled" | "draft" | "gone", fresh: boolean}} Piece
 */

/** The parts of a wait, in their usual order. */
export const PARTS = /** @type {const} */ (["network_there", "silence", "detection", "network_back", "decoding", "painting"]);

/** Those that a legend names: both ways of the network are one. */
export const LEGEND = /** @type {const} */ (["network_there", "silence", "detection", "decoding", "painting"]);

/** What a part is called. @param {PartName | "total"} part @param {Translate} t */
export function partText(part, t) {
  return t(`delays.part.${part}`);
}

/** Bars of a wait whose chart is so many seconds wide. @param {Wait} wait @param {number} longest @returns {Bar[]} */
export function bars({ parts }, longest) {
  return parts.flatMap(([name, start, seconds, basis]) =>
    (start === null || seconds === null ? [] : [{ name, left: (100 * start) / longest, width: (100 * seconds) / longest, basis }]));
}

/** The longest of some waits in seconds; 0 without any. @param {Wait[]} waits */
export function longestWait(waits) {
  return waits.reduce((most, { total }) => Math.max(most, total ?? 0), 0);
}

/** Round times on an axis that is so many seconds long. @param {number} longest @param {number} most @returns {number[]} */
export function ticks(longest, most = 6) {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
  const step = steps.find((one) => longest / one <= most) ?? longest;
  const count = longest > 0 ? Math.floor(longest / step + 1e-9) : 0;
  return Array.from({ length: count + 1 }, (_, k) => Math.round(k * step * 100) / 100);
}

/** A part of a wait in words: what it took and whether that was measured. @param {WaitPart} part @param {Translate} t */
export function saidOf([name, , seconds, basis, within], t) {
  const part = partText(name, t);
  if (seconds === null) {
    return within ? t("delays.unknown.within", { part, within: partText(within, t) }) : t("delays.unknown", { part });
  }
  return t(basis === "measured" ? "delays.measured" : "delays.inferred", { part, ms: Math.round(1000 * seconds) });
}

/**
 * A percentile and its interval; a bound that the sample is too small for is a dash.
 * @param {number} value @param {number | null} low @param {number | null} high
 */
export function percentileText(value, low, high) {
  const bound = (/** @type {number | null} */ one) => (one === null ? "–" : one.toFixed(2));
  return `${value.toFixed(2)} (${bound(low)} … ${bound(high)})`;
}

/** Parts that no wait knows. @param {Wait[]} waits @returns {WaitPart[]} */
export function unknownParts(waits) {
  return PARTS.flatMap((name) => {
    const parts = waits.flatMap((wait) => wait.parts.filter((part) => part[0] === name));
    return parts.length && parts.every(([, , seconds]) => seconds === null) ? [parts[parts.length - 1]] : [];
  });
}

/**
 * The pieces of a line: kept or new, settled or draft, and before the new ones what was taken back.
 * @param {RevisionLine} line @returns {Piece[]}
 */
export function pieces([, line, settled, kept, gone]) {
  const cuts = [0, ...[settled, kept].sort((a, b) => a - b), line.length];
  const parts = cuts.slice(1).map((stop, k) => ({ start: cuts[k], stop })).filter(({ start, stop }) => stop > start);
  /** @type {Piece[]} */
  const shown = parts.map(({ start, stop }) => ({
    text: line.slice(start, stop), look: start < settled ? "settled" : "draft", fresh: start >= kept,
  }));
  const place = parts.filter(({ start }) => start < kept).length;
  if (gone) shown.splice(place, 0, { text: gone, look: "gone", fresh: false });
  return shown;
}

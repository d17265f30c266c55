/**
 * Rows that stand one under the other over the same time axis, and text that fits where it stands.
 *
 * @typedef {{y: number, height: number}} Box
 */

/**
 * Stack rows from the top; a row of no height takes no gap either.
 * @param {{id: string, height: number}[]} rows @param {number} [gap]
 * @returns {{boxes: Map<string, Box>, height: number}}
 */
export function stackRows(rows, gap = 4) {
  const boxes = new Map();
  let y = 0;
  for (const row of rows) {
    if (row.height <= 0) continue;
    if (y > 0) y += gap;
    boxes.set(row.id, { y, height: row.height });
    y += row.height;
  }
  return { boxes, height: y };
}

/**
 * The longest beginning of a text that fits, with an ellipsis where something is left out.
 * @param {string} text @param {number} width pixels @param {(text: string) => number} measure
 */
export function fitText(text, width, measure) {
  return fitted(text, width, measure, (letters, count) => `${letters.slice(0, count).join("").trimEnd()}…`);
}

/**
 * The longest end of a text that fits, after an ellipsis where something is left out.
 * @param {string} text @param {number} width pixels @param {(text: string) => number} measure
 */
export function fitEnd(text, width, measure) {
  return fitted(text, width, measure, (letters, count) => `…${letters.slice(letters.length - count).join("").trimStart()}`);
}

/**
 * @param {string} text @param {number} width @param {(text: string) => number} measure
 * @param {(letters: string[], count: number) => string} shortened to so many letters
 */
function fitted(text, width, measure, shortened) {
  if (!text || measure(text) <= width) return text;
  const letters = Array.from(text);
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(shortened(letters, middle)) <= width) low = middle;
    else high = middle - 1;
  }
  return low ? shortened(letters, low) : "";
}

/**
 * Fit a settled part and the draft after it. Of words that are still coming the newest stay, and the settled part gives
 * way from its beginning; of others the beginning does, and the draft gives way first.
 * @param {string} settled @param {string} draft @param {number} width
 * @param {(text: string) => number} measure @param {(text: string) => number} measureDraft
 * @param {boolean} [coming]
 * @returns {{settled: string, draft: string, draftX: number}}
 */
export function fitParts(settled, draft, width, measure, measureDraft, coming = false) {
  if (coming) return fitNewest(settled, draft, width, measure, measureDraft);
  const used = settled ? measure(settled) : 0;
  if (used > width) return { settled: fitText(settled, width, measure), draft: "", draftX: width };
  return { settled, draft: fitText(draft, width - used, measureDraft), draftX: used };
}

/** @type {typeof fitParts} */
function fitNewest(settled, draft, width, measure, measureDraft) {
  const used = draft ? measureDraft(draft) : 0;
  if (used > width) return { settled: "", draft: fitEnd(draft, width, measureDraft), draftX: 0 };
  const before = fitEnd(settled, width - used, measure);
  return { settled: before, draft, draftX: before ? measure(before) : 0 };
}

/**
 * Break a settled part and the draft after it into lines: between words, within one where it is longer than a line. The
 * last line takes what is left, with an ellipsis where that does not fit: before the newest of words still coming.
 * @param {string} settled @param {string} draft @param {number} width
 * @param {(text: string) => number} measure @param {(text: string) => number} measureDraft
 * @param {number} most lines @param {boolean} [coming]
 * @returns {{settled: string, draft: string, draftX: number}[]}
 */
export function wrapParts(settled, draft, width, measure, measureDraft, most, coming = false) {
  const lines = [];
  let left = { settled, draft };
  while (lines.length + 1 < most) {
    const used = left.settled ? measure(left.settled) : 0;
    if (used + (left.draft ? measureDraft(left.draft) : 0) <= width) break;
    const first = used > width ? takeLine(left.settled, width, measure) : { line: left.settled, rest: "" };
    const room = used > width ? 0 : width - used;
    const second = room ? takeLine(left.draft, room, measureDraft, used > 0) : { line: "", rest: left.draft };
    lines.push({ settled: first.line, draft: second.line, draftX: used });
    left = { settled: first.rest, draft: second.rest };
  }
  return [...lines, fitParts(left.settled, left.draft, width, measure, measureDraft, coming)];
}

/**
 * @param {string} text @param {number} width @param {(text: string) => number} measure
 * @param {boolean} [whole] whether a word that does not fit is left for the next line
 */
function takeLine(text, width, measure, whole = false) {
  if (measure(text) <= width) return { line: text, rest: "" };
  const letters = Array.from(text);
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(letters.slice(0, middle).join("").trimEnd()) <= width) low = middle;
    else high = middle - 1;
  }
  const space = letters.lastIndexOf(" ", low);
  const cut = space > 0 ? space : (whole ? 0 : Math.max(low, 1));
  return { line: letters.slice(0, cut).join("").trimEnd(), rest: letters.slice(cut).join("").trimStart() };
}

/** Whether a text is written from right to left, by its first strong letter. @param {string} text */
export function isRightToLeft(text) {
  const strong = /[A-Za-z\u00c0-\u024f\u0370-\u058f\u0591-\u08ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]/.exec(text);
  return strong !== null && /[\u0591-\u08ff]/.test(strong[0]);
}

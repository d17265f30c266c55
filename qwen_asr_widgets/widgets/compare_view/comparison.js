/**
 * Runs of one sound compared: their rows over a waveform's axis, under it figures, words and turns. What `CompareView`
 * shows, and a transcriber whose sound was run again.
 *
 * @import { KernelMessage } from "../shared/messages.js"
 * @import { RunStore } from "../shared/run/store.js"
 * @import { Translate } from "../shared/strings.js"
 * @import { Row } from "../waveform/rows.js"
 * @import { WaveformView } from "../waveform/waveform.js"
 */
import { createFigures } from "./figures.js";
import { comparedRows } from "./runs.js";
import { createTurnTable } from "./turns.js";
import { createWords } from "./words.js";

/**
 * @param {HTMLElement} host
 * @param {{run: RunStore, wave: WaveformView, rows: Row[], t: Translate, signal: AbortSignal}} options
 *   rows: those that the waveform was made with; they stay under that of the run shown
 */
export function createComparison(host, { run, wave, rows, t, signal }) {
  const parts = [createFigures(t), createWords({ run, t, signal }), createTurnTable({ run, t, signal })];
  host.append(...parts.map(({ element }) => element));
  const own = [...rows];
  return {
    /** @param {KernelMessage} message */
    receive(message) {
      if (message.kind !== "compared") return;
      const comparison = message.runs.length ? message : null;
      const compared = comparison ? comparedRows(comparison) : [];
      rows.splice(0, rows.length, ...compared.slice(0, 1), ...own, ...compared.slice(1));
      for (const part of parts) part.update(comparison);
      wave.redraw();
    },
  };
}

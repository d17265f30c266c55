/**
 * The CompareView widget: runs of one sound over one axis, and under it what differs.
 *
 * @import { Surface } from "../shared/messages.js"
 * @import { Row } from "../waveform/rows.js"
 */
import { keepSwitch } from "../shared/saved_output.js";
import { translator } from "../shared/strings.js";
import { hostView } from "../shared/view_host.js";
import { createWaveform } from "../waveform/waveform.js";
import { createComparison } from "./comparison.js";

/** @param {Surface} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, run, send, signal }) => {
    const t = translator(model.get("lang"));
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", t("compare.label"));
    /** @type {Row[]} */
    const rows = [];
    const wave = createWaveform(root, {
      run, send, signal, t, rows, height: model.get("height"), table: false, aside: keepSwitch(model, t, signal),
    });
    return [wave, createComparison(root, { run, wave, rows, t, signal })];
  });
}

export default { render };

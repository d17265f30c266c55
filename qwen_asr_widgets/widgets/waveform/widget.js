/**
 * The Waveform widget: one waveform view.
 *
 * @import { Surface } from "../shared/messages.js"
 */
import { keepSwitch } from "../shared/saved_output.js";
import { translator } from "../shared/strings.js";
import { hostView } from "../shared/view_host.js";
import { createWaveform } from "./waveform.js";

/** @param {Surface} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, run, send, signal }) => {
    const t = translator(model.get("lang"));
    const aside = keepSwitch(model, t, signal);
    return [createWaveform(root, { run, send, signal, t, height: model.get("height"), aside })];
  });
}

export default { render };

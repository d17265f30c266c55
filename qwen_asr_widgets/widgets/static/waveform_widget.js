// The Waveform widget: one waveform view.
import { translator } from "./strings.js";
import { hostView } from "./view_host.js";
import { createWaveform } from "./waveform.js";

/** @param {{model: any, el: HTMLElement}} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, run, send, signal }) => [
    createWaveform(root, { run, send, signal, t: translator(model.get("lang")), height: model.get("height") }),
  ]);
}

export default { render };

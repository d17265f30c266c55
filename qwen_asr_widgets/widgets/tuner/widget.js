// The VadTuner widget.
import { translator } from "../shared/strings.js";
import { TunerView } from "./tuner.js";
import { hostView } from "../shared/view_host.js";

/** @param {{model: any, el: HTMLElement}} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, run, send, signal }) => [
    new TunerView({ root, run, send, signal, t: translator(model.get("lang")), height: model.get("height") }),
  ]);
}

export default { render };

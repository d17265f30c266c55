// The TranscriptView widget: one transcript.
import { translator } from "./strings.js";
import { createTranscript } from "./transcript.js";
import { hostView } from "./view_host.js";

/** @param {{model: any, el: HTMLElement}} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, run, signal }) => {
    createTranscript(root, { run, signal, t: translator(model.get("lang")), height: model.get("height") });
    return [];
  });
}

export default { render };

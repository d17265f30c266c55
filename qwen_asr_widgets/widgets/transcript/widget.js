/**
 * The TranscriptView widget: one transcript.
 *
 * @import { Surface } from "../shared/messages.js"
 */
import { keepSwitch } from "../shared/saved_output.js";
import { translator } from "../shared/strings.js";
import { createTranscript } from "./transcript.js";
import { hostView } from "../shared/view_host.js";

/** @param {Surface} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, run, signal }) => {
    const t = translator(model.get("lang"));
    createTranscript(root, { run, signal, t, height: model.get("height"), aside: keepSwitch(model, t, signal) });
    return [];
  });
}

export default { render };

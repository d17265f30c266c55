/**
 * The ProtocolView widget: one chart of events.
 *
 * @import { Surface } from "../shared/messages.js"
 */
import { make } from "../shared/dom.js";
import { keepSwitch } from "../shared/saved_output.js";
import { translator } from "../shared/strings.js";
import { hostView } from "../shared/view_host.js";
import { ProtocolChart } from "./protocol.js";

/** @param {Surface} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, send, signal }) => {
    const t = translator(model.get("lang"));
    const chart = new ProtocolChart(root, { send, t, signal, height: model.get("height") });
    root.append(make("div", { class: "qaw-foot qaw-events-foot" }, keepSwitch(model, t, signal)));
    return [chart];
  });
}

export default { render };

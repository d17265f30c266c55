/**
 * What `replay` shows: the bar that moves through a run, and under it waveform and transcript as they were seen.
 *
 * @import { Surface } from "../shared/messages.js"
 */
import { DelaysPanel } from "../delays/delays.js";
import { button, make } from "../shared/dom.js";
import { keepSwitch } from "../shared/saved_output.js";
import { translator } from "../shared/strings.js";
import { hostView } from "../shared/view_host.js";
import { createTranscript } from "../transcript/transcript.js";
import { createWaveform } from "../waveform/waveform.js";
import { Replay } from "./replay.js";

const LIST_HEIGHT = 320;

/** @param {Surface} view */
function render({ model, el }) {
  return hostView({ model, el }, ({ root, run, send, signal }) => {
    const t = translator(model.get("lang"));
    const place = make("div");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", t("replay.label"));
    root.append(place);
    const replay = new Replay(place, { send, t, signal });
    const wave = createWaveform(root, {
      run, send, signal, t, height: model.get("height"), caption: false, table: false, ...replay.transport,
    });
    wave.limitTo(0);
    replay.wave = wave;
    createTranscript(root, { run, signal, t, height: LIST_HEIGHT, aside: keepSwitch(model, t, signal) });
    const delays = make("div", { hidden: true });
    const shown = button(t("delays.show"), () => {
      delays.hidden = !delays.hidden;
      shown.setAttribute("aria-pressed", String(!delays.hidden));
      send({ kind: "delays", on: !delays.hidden });
    }, signal, { class: "qaw-button-plain", title: t("delays.show.text"), "aria-pressed": "false" });
    root.append(make("div", { class: "qaw-replay-more" }, shown), delays);
    return [wave, replay, new DelaysPanel(delays, { run, send, t, signal })];
  });
}

export default { render };

/**
 * What is shown of one recording or sound: waveform and transcript over one store, under the bar of a replay where the
 * run is seen again. Another sound gets a new one.
 *
 * @import { KernelMessage, Send } from "../shared/messages.js"
 * @import { Row } from "../waveform/rows.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { createRunStore } from "../shared/run/store.js";
import { make } from "../shared/dom.js";
import { DelaysPanel } from "../delays/delays.js";
import { PaintReports } from "../delays/painted.js";
import { ProtocolChart } from "../protocol_view/protocol.js";
import { Replay } from "../replay/replay.js";
import { createComparison } from "../compare_view/comparison.js";
import { createTranscript } from "../transcript/transcript.js";
import { createRegionBar } from "./part/region.js";
import { scoreStrip } from "../waveform/rows.js";
import { createWaveform } from "../waveform/waveform.js";

const LIST_HEIGHT = 320;
const EVENTS_HEIGHT = 300;

/**
 * @param {HTMLElement} host
 * @param {{send: Send, t: Translate, height: number, signal: AbortSignal, replaying: boolean, pace: () => number | null,
 *   savePart: (region: import("../waveform/overview.js").Region) => Promise<void>, selected: (number: number | null) => void}} options
 */
export function createStage(host, options) {
  const { send, t, height } = options;
  const end = new AbortController();
  const { signal } = end;
  options.signal.addEventListener("abort", () => end.abort(), { once: true, signal });
  const run = createRunStore({ ask: send, signal });
  /** @type {Row[]} */
  const rows = options.replaying ? [] : [scoreStrip]; // a replay has no scores
  const replay = options.replaying ? new Replay(host.appendChild(make("div")), { send, t, signal }) : null;
  const live = host.appendChild(make("div", { class: "qaw-tr-live", style: `--qaw-wave-height: ${height}px` }));
  const wave = createWaveform(live, {
    run, send, signal, t, height, rows, caption: false, table: false, ...replay?.transport,
    regioned: replay ? undefined : (region, looping) => regionBar.update(region, looping),
  });
  const regionBar = createRegionBar(live, {
    t, signal, whole: () => wave.duration, choose: (region) => wave.selectRegion(region), loop: (on) => wave.loop(on),
    transcribe: (region) => send({ kind: "part", ...region, pace: options.pace() }), save: options.savePart,
  });
  if (replay) {
    wave.limitTo(0);
    replay.wave = wave;
  }
  const transcript = createTranscript(live, {
    run, signal, t, height: LIST_HEIGHT, correct: (number, text) => send({ kind: "correct", number, text }),
  });
  const delays = make("div", { hidden: true });
  const waits = new DelaysPanel(delays, { run, send, t, signal });
  const protocol = make("div", { class: "qaw-tr-protocol", hidden: true });
  host.append(delays, protocol);
  const comparison = createComparison(host, { run, wave, rows, t, signal });
  const reports = options.replaying ? null : new PaintReports(send);
  /** @type {ProtocolChart | null} made when it is first shown */
  let chart = null;
  run.subscribe({ selected: ({ number }) => options.selected(number) }, signal);
  return {
    run,
    transcript: transcript.parts.root,
    /** @param {KernelMessage} message @param {DataView[]} buffers */
    receive(message, buffers) {
      run.receive(message);
      wave.receive(message, buffers);
      replay?.receive(message, buffers);
      waits.receive(message);
      if (message.kind === "run") reports?.take(message);
      if (message.kind === "protocol") chart ??= new ProtocolChart(protocol, { send, t, signal, height: EVENTS_HEIGHT });
      chart?.receive(message);
      comparison.receive(message);
    },
    /** @param {import("../transcript/correcting.js").Corrections} corrections */
    showCorrections(corrections) {
      transcript.takeCorrections(corrections);
    },
    /** @param {boolean} busy a run is under way */
    hold(busy) {
      regionBar.hold(busy);
    },
    /** @param {{protocol: boolean, delays: boolean}} parts which of those that are not always shown are */
    showParts(parts) {
      protocol.hidden = !parts.protocol;
      delays.hidden = !parts.delays;
    },
    end: () => end.abort(),
  };
}

/**
 * The Transcriber widget: capture, run and settings of one page put together.
 *
 * @import { KernelMessage, Model, PageCommand, Surface, TranscriberTraits } from "../shared/messages.js"
 */
import { CaptureController } from "../capture/controller.js";
import { listenTo, make, newId, setText, viewRoot } from "../shared/dom.js";
import { clipText, clipWarning } from "../clip_recorder/clips.js";
import { hideStatic, keepSwitch } from "../shared/saved_output.js";
import { drawDevices, drawProblem, pressPause, realText, say, warningText } from "../microphone/microphone.js";
import { pageKeptText, waitsText } from "../microphone/page_kept.js";
import { whenParted } from "../shared/parted.js";
import { translator } from "../shared/strings.js";
import { followPresentation } from "../shared/presentation.js";
import { followTheme } from "../shared/theme.js";
import { drawBar } from "./bar.js";
import { nameDrawer } from "./drawers.js";
import { takeDropped } from "./drop.js";
import {
  endpointText, inOneLine, isCrowded, isRunning, leavesText, liveText, readingText, recordsElsewhere, sendingText, settingsShort,
  settingsText, statusText, unknownState,
} from "./logic.js";
import { drawEmpty, drawNotice } from "./notices.js";
import { buildParts } from "./parts.js";
import { keepInSight } from "./in_sight.js";
import { Recorders } from "./recorders.js";
import { createSaver } from "./save.js";
import { createStage } from "./stage.js";
import { sayBye } from "../shared/view_host.js";

/**
 * @typedef {import("./logic.js").Kernel} Kernel
 * @typedef {import("../capture/controller.js").State} State
 * @typedef {import("../capture/uplink.js").Sender} Sender
 */

export class TranscriberView {
  /** @param {Model<TranscriberTraits>} model @param {HTMLElement} el @param {Recorders} recorders @param {AbortSignal} signal */
  constructor(model, el, recorders, signal) {
    this.model = model;
    this.recorders = recorders;
    this.signal = signal;
    this.id = newId();
    this.t = translator(model.get("lang"));
    this.send = (/** @type {PageCommand} */ command) => {
      if (command.kind === "again" || command.kind === "replay") this.sought = true;
      model.send({ ...command, view: this.id });
    };
    /** Whether the stage that comes next was asked for here, from the foot, and is to be brought into sight. */
    this.sought = false;
    /** @type {Kernel} */
    this.kernel = { ...unknownState(), beside_cells: model.get("live_while_busy") };
    this.source = "";
    /** @type {ReturnType<typeof createStage> | null} */
    this.stage = null;
    this.understood = false;
    /** Whether the kernel of this view is gone, and only the cell can make another. */
    this.parted = false;
    this.saver = createSaver(this.send, model.get("formats"));
    this.root = viewRoot(el, signal, { class: "qaw-tr", role: "group", "aria-label": this.t("transcriber.label") });
    followTheme(this.root, signal);
    this.stayInSight = keepInSight(this.root, () => recorders.current.state.phase !== "idle", signal);
    hideStatic(model.get("static_id"), signal);
    this.choose = () => this.parts.picker.click();
    this.parts = buildParts({
      t: this.t, signal, recorders, send: this.send, saver: this.saver, record: () => this.record(), pause: () => this.pause(),
      choose: this.choose, opened: (file) => this.openFile(file), clips: (on) => this.clips(on), keep: keepSwitch(model, this.t, signal),
      redraw: () => this.draw(), understand: () => this.understand(),
    });
    this.root.append(...this.parts.elements, make("div", { class: "qaw-tr-drop", "aria-hidden": "true" }, this.t("transcriber.drop")));
    followPresentation(model, this.root, this.t, signal);
    this.listen();
    this.send({ kind: "hello" });
  }

  listen() {
    const { model, signal } = this;
    const receive = (/** @type {KernelMessage} */ message, /** @type {DataView[]} */ buffers) => this.receive(message, buffers);
    const selected = () => {
      const number = model.get("selected");
      if (this.stage && this.stage.run.state.selected !== number) this.stage.run.select(number);
    };
    listenTo(model, "msg:custom", receive, signal);
    listenTo(model, "change:selected", selected, signal);
    whenParted(model, () => this.recorders.live.uplink.reach("hello") && this.send({ kind: "hello" }), (parted) => {
      this.parted = parted;
      this.draw();
    }, signal);
    signal.addEventListener("abort", () => sayBye(this.send), { once: true });
    this.recorders.attach(() => this.draw(), signal);
    takeDropped(this.root, () => !this.parts.bar.open.hidden, (file) => this.openFile(file), signal);
  }

  /** @param {File} file */
  openFile(file) {
    this.recorders.forgive();
    void this.recorders.live.open(file);
  }

  /** @param {KernelMessage} message @param {DataView[]} buffers */
  receive(message, buffers) {
    const { current, live } = this.recorders;
    if (message.kind === "state") {
      this.kernel = message;
      this.recorders.follow(message);
      this.draw();
    } else if (message.kind === "saved") this.saver.receive(message, buffers);
    else if (message.kind === "call") this.send({ kind: "claim", token: message.token });
    else if (message.kind === "begin" && message.view === this.id) {
      void current.start(performance.now());
      this.stayInSight();
    } else if (message.kind === "halt") void current.stop("stopped");
    else if (message.kind === "hold") void current.pause();
    else if (message.kind === "go") current.resume();
    else if (message.kind === "refused") {
      if (message.client === live.uplink.client) live.refused(message.code, message.detail);
    }
    else if (message.kind === "heard") live.hear(message);
    else if (message.kind === "taken" || message.kind === "opened") live.files.hear(message);
    else this.show(message, buffers);
  }

  /**
   * What belongs to a run goes to its stage; the first word of another run opens another one.
   * @param {KernelMessage} message
   * @param {DataView[]} buffers
   */
  show(message, buffers) {
    if (message.kind === "run" && message.source !== this.source && message.base === null) {
      this.stage?.end();
      this.source = message.source;
      this.parts.place.replaceChildren();
      this.stage = createStage(this.parts.place, {
        send: this.send, t: this.t, height: this.model.get("height"), signal: this.signal, replaying: this.kernel.replaying,
        pace: () => this.kernel.pace, savePart: (part) => this.saver.downloadPart(part),
        selected: (number) => this.select(number),
      });
      this.draw();
      if (this.sought) this.root.firstElementChild?.scrollIntoView({ block: "nearest" });
      this.sought = false;
    }
    if (!("source" in message) || message.source === this.source) this.stage?.receive(message, buffers);
  }

  /** @param {number | null} number */
  select(number) {
    if (this.model.get("selected") === number) return;
    this.model.set("selected", number);
    this.model.save_changes();
  }

  /** The big button: acts on the capture at once, whatever the kernel is doing. */
  record() {
    const { current } = this.recorders;
    if (current.state.phase !== "idle") void current.stop("stopped");
    else if (isRunning(this.kernel) || this.elsewhere) this.send({ kind: "stop" });
    else if (this.kernel.endpoint.dashscope && !this.kernel.endpoint.has_key) this.askForKey();
    else void current.start(performance.now());
  }

  /** Hold the sound up, or let it go on: that of the capture, or a file's. */
  pause() {
    const { current } = this.recorders;
    if (current.state.phase !== "idle") pressPause(current);
    else this.send({ kind: this.kernel.paused ? "resume" : "pause" });
  }

  /** Whether another page records. */
  get elsewhere() {
    const { live, current } = this.recorders;
    return recordsElsewhere(this.kernel, live.uplink.client, current.state.problem?.code);
  }

  /** @param {boolean} on */
  clips(on) {
    this.recorders.forgive();
    this.kernel = { ...this.kernel, clips: on };
    this.recorders.follow(this.kernel);
    this.send({ kind: "clips", on });
    this.draw();
  }

  askForKey() {
    const { drawers, endpointDrawer, endpoint } = this.parts;
    drawers.show(endpointDrawer);
    endpoint.keyField.focus();
  }

  understand() {
    this.understood = true;
    this.draw();
  }

  draw() {
    const { kernel, t, parts, recorders, elsewhere } = this;
    const capture = recorders.current.state;
    const mic = capture.phase !== "idle";
    const stage = recorders.clipping?.stage;
    this.root.dataset.phase = kernel.phase;
    const running = mic || isRunning(kernel);
    this.root.dataset.running = String(running && this.stage !== null);
    const reading = recorders.live.state.file;
    this.root.dataset.crowded = String(isCrowded(kernel) || reading !== null);
    const held = recorders.preparing || stage === "waiting" || stage === "late";
    drawBar(parts.bar, kernel, { capture, clips: recorders.chosen, held, elsewhere, reading }, t);
    const short = settingsShort(kernel.config, t);
    nameDrawer(parts.settingsDrawer, kernel.config.turns === "client" ? short : settingsText(kernel.config, t), short);
    nameDrawer(parts.endpointDrawer, endpointText(kernel.endpoint, t));
    parts.settings.update(kernel.config, kernel.endpoint.english_only, running, kernel.endpoint.renews);
    parts.channels.update(kernel);
    parts.endpoint.update(kernel, kernel.phase !== "failed" && running);
    this.drawMicrophone(capture);
    this.drawMessages(capture, elsewhere);
    drawEmpty(parts.empty, kernel, mic || held || reading !== null, t);
    parts.place.hidden = kernel.phase === "empty";
    const unheard = kernel.notice !== null && !kernel.figures.count;
    this.stage?.showParts(kernel);
    this.stage?.showCorrections(kernel.corrections);
    if (this.stage) this.stage.transcript.hidden = kernel.phase === "ready" || (unheard && !running);
    parts.foot.update(kernel, reading !== null);
    parts.kept.update(kernel.kept);
    const busy = mic || held || reading !== null || (isRunning(kernel) && !kernel.away);
    parts.runs.update(kernel.runs, busy || running);
    this.stage?.hold(busy || running);
    parts.rerun.update(kernel, busy || running);
    parts.long.update(kernel);
    parts.part.update(kernel);
    parts.left.update(kernel.left, busy || running);
    parts.pageLeft.update(recorders.live.state, busy);
  }

  /** @param {State} capture */
  drawMicrophone(capture) {
    const { parts, t } = this;
    const mic = capture.phase !== "idle";
    const file = isRunning(this.kernel) && this.kernel.source === "file";
    parts.micDrawer.button.hidden = file;
    if (file && !parts.micDrawer.panel.hidden) parts.drawers.show(null);
    parts.ways.update(this.recorders, mic || isRunning(this.kernel));
    drawDevices(parts.device, capture, t);
    parts.device.disabled = mic;
    say(parts.sound.real, realText(capture.settings, t));
  }

  /** @param {State} capture @param {boolean} elsewhere */
  drawMessages(capture, elsewhere) {
    const { kernel, parts, recorders, signal, t } = this;
    const clip = recorders.clipping;
    drawProblem(parts.problem, recorders.current, t, signal, this.choose);
    drawNotice(parts.notice, kernel, { capture, elsewhere }, t, signal, {
      retry: () => this.send({ kind: "retry" }), key: () => this.askForKey(), open: this.choose,
      endpoint: () => parts.drawers.show(parts.endpointDrawer),
      settings: () => parts.drawers.show(parts.settingsDrawer), fetch: () => this.send({ kind: "fetch" }),
      dismiss: ({ id }) => this.send({ kind: "dismiss", id }),
    });
    parts.notice.hidden = kernel.notice === null || capture.problem !== null;
    setText(parts.leaves, leavesText(kernel.endpoint, t));
    parts.hint.hidden = this.understood || !kernel.endpoint.cloud || !parts.endpointDrawer.panel.hidden;
    const { file } = recorders.live.state;
    const isAway = elsewhere && capture.problem?.code !== "othertab";
    const said = [
      pageKeptText(recorders.live.state, t),
      isAway ? t(kernel.away ? "transcriber.away" : "transcriber.elsewhere") : "",
      file ? readingText(file, t) : sendingText(kernel, t),
      statusText(kernel, t),
      clip?.stage ? "" : waitsText(recorders.live.state, kernel.beside_cells, t),
      clip?.stage ? clipText(clip, t, kernel.pace === 1 ? "transcriber.clip.real" : "transcriber.clip.recording") : "",
    ];
    const { sending, wasSlow, phase } = recorders.live.state;
    parts.cancel.hidden = sending === null;
    parts.clipsInstead.hidden = !wasSlow || phase !== "idle" || !recorders.offered || recorders.chosen;
    const slow = parts.clipsInstead.hidden || sending ? "" : t("transcriber.slow.clips");
    const all = this.parted ? [t("transcriber.parted"), pageKeptText(recorders.live.state, t)] : [...said, slow];
    const wrong = clipWarning(clip, t) || warningText(capture, t);
    parts.said.update(inOneLine(all) || (wrong ? "" : liveText(kernel, t)), wrong);
  }
}

/**
 * The way to the uplink: its own comm, to which the kernel never writes. Where the front end has no other
 * models, messages go over this widget's comm, marked.
 * @param {Model<TranscriberTraits>} model @returns {Promise<Sender>}
 */
async function findUplink(model) {
  const reference = String(model.get("uplink") ?? "").replace(/^IPY_MODEL_/, "");
  const manager = model.widget_manager;
  if (manager?.get_model && reference) return /** @type {Promise<Sender>} */ (manager.get_model(reference));
  return {
    send: (content, callbacks, buffers) => model.send({ kind: "capture", capture: content }, callbacks, buffers),
  };
}

export default () => {
  /** @type {CaptureController} */
  let controller;
  /** @type {Recorders} */
  let recorders;
  return {
    /** @param {{model: Model<TranscriberTraits>}} context */
    async initialize({ model }) {
      const uplink = await findUplink(model);
      controller = new CaptureController({ send: (...message) => uplink.send(...message) }, model.get("uid"));
      controller.files.answered = true;
      controller.uplink.reach("hello");
      recorders = new Recorders(controller, Boolean(model.widget_manager?.get_model));
      return () => controller.dispose();
    },
    /** @param {Surface<Model<TranscriberTraits>>} context */
    render({ model, el }) {
      const ending = new AbortController();
      new TranscriberView(model, el, recorders, ending.signal);
      return () => {
        ending.abort();
        el.replaceChildren();
      };
    },
  };
};

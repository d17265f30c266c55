/**
 * Asking for a replay: where, at which settings, for how much; and how far it is.
 *
 * @import { KernelMessage, ReplayEndpoint } from "../shared/messages.js"
 * @import { TunerView } from "./tuner.js"
 */
import { button, make, setText } from "../shared/dom.js";
import { brief } from "./scales.js";
import { agreementSentence, replayName } from "./why.js";

const CAP = 1;
const WHICH = /** @type {const} */ (["trying", "in_force", "corners"]);

export class VerifyPanel {
  /** @param {TunerView} tuner @param {HTMLElement} host @param {AbortSignal} signal */
  constructor(tuner, host, signal) {
    const { t } = tuner;
    this.tuner = tuner;
    /** @type {ReplayEndpoint[]} */
    this.endpoints = [];
    this.where = make("select", { class: "qaw-select", "aria-label": t("tuner.verify.where") });
    this.which = make("select", { class: "qaw-select", "aria-label": t("tuner.verify.which") },
      ...WHICH.map((one) => make("option", { value: one }, t(`tuner.verify.${one}`))));
    this.clips = make("select", { class: "qaw-select", hidden: true, "aria-label": t("tuner.verify.clips") },
      make("option", { value: "sight" }, t("tuner.verify.clips.sight")), make("option", { value: "all" }, t("tuner.verify.clips.all")));
    this.cap = make("input", {
      type: "number", class: "qaw-input", min: "0", step: "0.1", value: String(CAP), "aria-label": t("tuner.verify.cap"),
    });
    this.capBox = make("label", { hidden: true }, `${t("tuner.verify.cap")} `, this.cap);
    this.price = make("p", { class: "qaw-dim" });
    this.go = button(t("tuner.verify.go"), () => this.start(), signal, { class: "qaw-tuner-go" });
    this.stop = button(t("tuner.verify.cancel"), () => tuner.send({ kind: "cancel" }), signal, { hidden: true });
    this.meter = make("progress", { max: "1", value: "0", hidden: true, "aria-label": t("tuner.verify") });
    this.said = make("span", { role: "status", class: "qaw-dim" });
    for (const choice of [this.where, this.clips]) choice.addEventListener("change", () => this.describe(), { signal });
    this.root = make("section", { class: "qaw-tuner-verify", hidden: true, "aria-label": t("tuner.verify") },
      make("div", { class: "qaw-tuner-tools" },
        this.which, this.clips, this.where, this.capBox, this.go, this.stop, this.meter, this.said),
      this.price);
    host.append(this.root);
  }

  get open() {
    return !this.root.hidden;
  }

  toggle() {
    this.root.hidden = !this.root.hidden;
    this.describe();
    this.tuner.describe();
    if (this.open) this.go.focus();
  }

  start() {
    const chosen = this.chosen();
    const cap = chosen?.cloud ? Number(this.cap.value) : null;
    this.tuner.send({ kind: "verify", endpoint: chosen?.id ?? "given", which: this.which.value, clips: this.clips.value, max_cost: cap });
    this.running(0, "");
  }

  chosen() {
    return this.endpoints.find((one) => one.id === this.where.value) ?? this.endpoints[0];
  }

  describe() {
    const { t } = this.tuner;
    const chosen = this.chosen();
    const { about } = this.tuner.state;
    if (!chosen || !about) return;
    const { cases, at } = about;
    const all = this.clips.value === "all";
    this.clips.hidden = cases.length < 2;
    this.capBox.hidden = !chosen.price.length;
    const price = chosen.price.map((one) => `${(all ? one.all : one.cost).toFixed(4)} ${one.currency}`).join(" / ");
    const source = chosen.price.map((one) => one.source).join("; ");
    const cost = chosen.price.length
      ? t(all ? "tuner.verify.price.all" : "tuner.verify.price", { price, source })
      : t(chosen.cloud ? "tuner.verify.unpriced" : "tuner.verify.local");
    const what = all ? t("tuner.verify.all", { count: cases.length }) : t("tuner.verify.sight", { name: cases[at].name });
    setText(this.price, cases.length > 1 ? `${what} ${cost}` : cost);
  }

  /** @param {KernelMessage} message @returns {boolean} whether it was for this panel */
  receive(message) {
    if (message.kind === "verifying") {
      this.running(message.seconds / message.total, [message.which, message.clip, brief(message.settings)].filter(Boolean).join(" · "));
      return true;
    }
    if (message.kind === "tuner-problem") this.idle("");
    if (message.kind !== "verify") return false;
    this.endpoints = message.endpoints;
    const before = this.where.value;
    this.where.replaceChildren(...message.endpoints.map((one) => make("option", { value: one.id, selected: one.id === before }, one.name)));
    const last = message.results[message.results.length - 1];
    this.idle(last ? `${replayName(last)}: ${agreementSentence(last, this.tuner.t)}` : "");
    this.describe();
    return true;
  }

  /** @param {number} share @param {string} text */
  running(share, text) {
    this.go.disabled = true;
    this.stop.hidden = this.meter.hidden = false;
    this.meter.value = share;
    setText(this.said, text);
  }

  /** @param {string} text */
  idle(text) {
    this.go.disabled = false;
    this.stop.hidden = this.meter.hidden = true;
    setText(this.said, text);
  }
}

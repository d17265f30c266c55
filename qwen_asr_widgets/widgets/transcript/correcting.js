/**
 * Corrects an utterance in its row: what was truly said stands under what was heard.
 *
 * @import { Utterance } from "../shared/run/state.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {Record<string, string>} Corrections  what was truly said, by the number of the utterance
 */
import { button, make } from "../shared/dom.js";
import { textOf } from "../shared/run/state.js";

export class Correcting {
  /**
   * @param {Translate} t @param {AbortSignal} signal
   * @param {{decided: (number: number, text: string | null) => void, changed: () => void, closed: () => void}} tell
   *   `changed`: rows look otherwise; `closed`: the field is gone
   */
  constructor(t, signal, tell) {
    this.t = t;
    this.tell = tell;
    /** @type {Corrections} */
    this.corrections = {};
    this.number = /** @type {number | null} */ (null);
    this.field = make("textarea", { class: "qaw-input qaw-correct-text", rows: 2, dir: "auto" });
    this.back = button(t("transcript.correct.back"), () => this.decide(null), signal);
    this.form = make("span", { class: "qaw-correct" }, this.field, make("span", { class: "qaw-line" },
      button(t("transcript.correct.set"), () => this.decide(this.field.value), signal, { class: "qaw-button-main" }),
      button(t("transcript.correct.cancel"), () => this.close(), signal), this.back));
    for (const name of ["click", "dblclick"]) this.form.addEventListener(name, (event) => event.stopPropagation(), { signal });
    this.form.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    event.stopPropagation();
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target === this.field && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.decide(this.field.value);
    }
  }

  /** What was said, where an utterance was corrected. @param {Utterance} utterance @returns {string | undefined} */
  of({ number }) {
    return this.corrections[number];
  }

  /** @param {Corrections} corrections @returns {boolean} whether they differ from those before */
  take(corrections) {
    if (JSON.stringify(corrections) === JSON.stringify(this.corrections)) return false;
    this.corrections = corrections;
    return true;
  }

  /** @param {Utterance} utterance */
  open(utterance) {
    this.number = utterance.number;
    this.field.value = this.of(utterance) ?? textOf(utterance);
    this.field.setAttribute("aria-label", this.t("transcript.correct.label", { number: utterance.number }));
    this.back.hidden = this.of(utterance) === undefined;
    this.tell.changed();
  }

  close() {
    if (this.number === null) return;
    this.number = null;
    this.tell.changed();
    this.tell.closed();
  }

  /** @param {string | null} text null takes a correction back */
  decide(text) {
    if (this.number !== null) this.tell.decided(this.number, text);
    this.close();
  }

  /** What stands under the words of a row; null where there is nothing. @param {Utterance} utterance @returns {HTMLElement | null} */
  under(utterance) {
    if (this.number === utterance.number) return this.form;
    const said = this.of(utterance);
    if (said === undefined) return null;
    return make("span", { class: "qaw-corrected" }, make("span", { class: "qaw-dim" }, this.t("transcript.corrected")), " ",
      make("span", { dir: "auto" }, said || this.t("transcript.corrected.nothing")));
  }
}

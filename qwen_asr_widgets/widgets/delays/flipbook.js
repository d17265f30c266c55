/**
 * One utterance as a flip-book: every line that was shown of it, one after the other, with what each took back.
 *
 * @import { RevisionsMessage } from "../shared/messages.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, make, setText } from "../shared/dom.js";
import { pieces } from "./rows.js";

/** Milliseconds for which a line stands while the book plays, at least and at most. */
const STANDS = /** @type {const} */ ([120, 900]);

export class FlipBook {
  /** @param {HTMLElement} host @param {{t: Translate, signal: AbortSignal}} options */
  constructor(host, { t, signal }) {
    this.t = t;
    /** @type {RevisionsMessage | null} */
    this.book = null;
    this.at = 0;
    this.timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
    const title = make("b");
    const step = (/** @type {1 | -1} */ by, /** @type {string} */ sign, /** @type {string} */ name) =>
      button(sign, () => this.turnTo(this.at + by), signal, { "aria-label": name, title: name });
    const before = step(-1, "⇤", t("delays.flip.before"));
    const after = step(1, "⇥", t("delays.flip.after"));
    const toggle = () => (this.timer === undefined ? this.play() : this.pause());
    const play = button("", toggle, signal, { class: "qaw-flip-play" });
    const slider = make("input", {
      type: "range", min: 0, max: 0, step: 1, value: 0, class: "qaw-flip-slider", "aria-label": t("delays.flip.slider"),
    });
    slider.addEventListener("input", () => this.turnTo(Number(slider.value)), { signal });
    const place = make("span", { class: "qaw-dim" });
    const line = make("p", { class: "qaw-flip-line", dir: "auto" });
    const root = make("div", { class: "qaw-flip", role: "group", "aria-label": t("delays.flip"), hidden: true },
      make("div", { class: "qaw-flip-bar" }, title, before, play, after, slider, place), line);
    host.append(root);
    this.parts = { root, title, before, play, after, slider, place, line };
    signal.addEventListener("abort", () => clearTimeout(this.timer), { once: true });
  }

  /** @param {RevisionsMessage} book */
  open(book) {
    const same = this.book?.number === book.number;
    this.book = book;
    this.parts.root.hidden = book.lines.length === 0;
    this.parts.slider.max = String(Math.max(0, book.lines.length - 1));
    if (same) this.draw();
    else this.turnTo(book.lines.length - 1);
  }

  /** @param {number} at */
  turnTo(at) {
    this.stop();
    this.show(at);
  }

  /** @param {number} at */
  show(at) {
    this.at = Math.min(Math.max(at, 0), (this.book?.lines.length ?? 1) - 1);
    this.draw();
  }

  /** Turn the leaves as fast as they came, within limits. */
  play() {
    const lines = this.book?.lines ?? [];
    if (this.at >= lines.length - 1) this.at = -1;
    const next = () => {
      this.show(this.at + 1);
      if (this.at >= lines.length - 1) return this.pause();
      const wait = 1000 * (lines[this.at + 1][0] - lines[this.at][0]);
      this.timer = setTimeout(next, Math.min(Math.max(wait, STANDS[0]), STANDS[1]));
    };
    this.timer = setTimeout(next);
    this.draw();
  }

  pause() {
    this.stop();
    this.draw();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  draw() {
    const { book, parts, t } = this;
    if (!book?.lines.length) return;
    const shown = book.lines[Math.max(this.at, 0)];
    const values = { place: Math.max(this.at, 0) + 1, count: book.lines.length };
    setText(parts.title, t("delays.flip.title", { number: book.number }));
    setText(parts.play, t(this.timer === undefined ? "wave.play" : "wave.pause"));
    parts.slider.value = String(this.at);
    const last = shown[5] ? t("delays.flip.final") : "";
    const since = t("delays.flip.since", { seconds: (shown[0] - book.lines[0][0]).toFixed(2) });
    setText(parts.place, [t("delays.flip.place", values), since, last].filter(Boolean).join(" · "));
    parts.slider.setAttribute("aria-valuetext", t("delays.flip.place", values));
    parts.before.disabled = this.at <= 0;
    parts.after.disabled = this.at >= book.lines.length - 1;
    parts.line.replaceChildren(...pieces(shown).map(({ text, look, fresh }) => {
      const tag = look === "gone" ? "del" : fresh ? "ins" : "span";
      return make(tag, { class: look === "draft" ? "qaw-draft" : null }, text);
    }));
  }
}

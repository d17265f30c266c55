/**
 * The controls over a waveform: play, where we are, errors, zoom, back to live.
 *
 * @import { WaveformView } from "./waveform.js"
 */
import { button, make } from "../shared/dom.js";
import { clock } from "../shared/format.js";
import { engineText } from "../shared/run/text.js";
import { stepTurn } from "./keys.js";

/**
 * @param {HTMLElement} host @param {WaveformView} wave @param {AbortSignal} signal @param {boolean} visible
 */
export function createWaveBar(host, wave, signal, visible) {
  const { t } = wave;
  const play = button("", () => wave.togglePlay(), signal, { class: "qaw-play", "aria-label": t("wave.play") });
  const glyph = make("span", { "aria-hidden": "true" });
  const word = make("span");
  play.append(glyph, " ", word);
  const place = make("span", { class: "qaw-number" });
  const title = make("span", { class: "qaw-dim qaw-wave-title" });
  const before = button("◀", () => stepTurn(wave, -1, true), signal, { "aria-label": t("wave.previousProblem") });
  const after = button("▶", () => stepTurn(wave, 1, true), signal, { "aria-label": t("wave.nextProblem") });
  const count = make("span", { class: "qaw-dim" });
  const problems = make("span", { class: "qaw-wave-problems", hidden: true }, before, count, after);
  const live = button(t("wave.live"), () => wave.followLive(), signal, { class: "qaw-live", hidden: true });
  const zoom = make("span", { class: "qaw-wave-zoom" },
    button("−", () => wave.zoom(1 / 2), signal, { "aria-label": t("wave.zoomOut") }),
    button("+", () => wave.zoom(2), signal, { "aria-label": t("wave.zoomIn") }),
    button(t("wave.fit"), () => wave.fit(), signal));
  const bar = make("div", { class: "qaw-bar", role: "toolbar", "aria-label": t("wave.controls"), hidden: !visible },
    play, place, title, live, problems, zoom);
  host.append(bar);
  return {
    update() {
      const playing = wave.sound.playing;
      setText(glyph, playing ? "❚❚" : "▶");
      setText(word, playing ? t("wave.pause") : t("wave.play"));
      play.setAttribute("aria-label", playing ? t("wave.pause") : t("wave.play"));
      play.disabled = wave.duration === 0;
      setText(place, `${clock(wave.cursor)} / ${clock(wave.duration)}`);
      setText(title, [wave.run.state.info.title, engineText(wave.run.state.info, t)].filter(Boolean).join(" · "));
      live.hidden = !wave.growing || wave.following;
      const wrong = wave.turns.filter((turn) => turn.problem);
      problems.hidden = wrong.length === 0;
      const at = wrong.findIndex((turn) => turn.number === wave.run.state.selected);
      setText(count, at < 0
        ? t("wave.problems", { count: wrong.length })
        : t("wave.problemOf", { at: at + 1, count: wrong.length }));
    },
  };
}

/** Set a text only when it differs, so that a frame touches nothing else. @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The controls of a waveform view: the bar over it (play, where we are, errors, zoom, back to live) and its keys.
 *
 * @import { WaveformView } from "./waveform.js"
 */
import { button, make, setText } from "../shared/dom.js";
import { clock } from "../shared/format.js";
import { engineText } from "../shared/run/summary.js";

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
      play.hidden = place.hidden = Boolean(wave.options.transport); // whoever plays says where
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

/**
 * @param {WaveformView} wave @param {KeyboardEvent} event
 * @returns {boolean} whether the key was used
 */
export function waveKey(wave, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const action = actionOf(event.key, event.shiftKey);
  if (!action) return false;
  action(wave);
  return true;
}

/**
 * @param {string} key @param {boolean} shift
 * @returns {((wave: WaveformView) => void) | undefined}
 */
function actionOf(key, shift) {
  switch (key) {
    case " ": return (wave) => wave.togglePlay();
    case "+": case "=": return (wave) => wave.zoom(1.5);
    case "-": case "_": return (wave) => wave.zoom(1 / 1.5);
    case "0": return (wave) => wave.fit();
    case "l": case "L": return (wave) => wave.followLive();
    case "e": case "E": return (wave) => stepTurn(wave, shift ? -1 : 1, true);
    case "r": case "R": return (wave) => wave.selectInSight();
    case "ArrowLeft": return (wave) => stepCursor(wave, shift ? -0.1 : -0.02);
    case "ArrowRight": return (wave) => stepCursor(wave, shift ? 0.1 : 0.02);
    case "ArrowUp": return (wave) => stepTurn(wave, -1);
    case "ArrowDown": return (wave) => stepTurn(wave, 1);
    case "PageUp": return (wave) => wave.pan(-0.8 * wave.view.span);
    case "PageDown": return (wave) => wave.pan(0.8 * wave.view.span);
    case "Home": return (wave) => goTo(wave, 0);
    case "End": return (wave) => goTo(wave, wave.duration);
    case "Escape": return (wave) => wave.run.select(null);
    default: return undefined;
  }
}

/** @param {WaveformView} wave @param {number} share of the view */
function stepCursor(wave, share) {
  goTo(wave, wave.cursor + share * wave.view.span);
}

/** @param {WaveformView} wave @param {number} time */
function goTo(wave, time) {
  wave.seek(time);
  const { start, span } = wave.view;
  if (wave.cursor < start || wave.cursor > start + span) {
    wave.show({ start: wave.cursor - span * (wave.cursor < start ? 0.1 : 0.9), span });
  }
}

/**
 * Select the next or previous turn, of all or of those with a problem.
 * @param {WaveformView} wave @param {1 | -1} step @param {boolean} [problems]
 */
export function stepTurn(wave, step, problems = false) {
  const turns = problems ? wave.turns.filter((turn) => turn.problem) : wave.turns;
  const selected = wave.turns.find((turn) => turn.number === wave.run.state.selected);
  const from = selected?.onset ?? wave.cursor - step * 1e-6;
  const next = step > 0
    ? turns.find((turn) => turn.onset > from)
    : [...turns].reverse().find((turn) => turn.onset < from);
  if (!next) return;
  wave.run.select(next.number);
  wave.seek(next.onset);
}

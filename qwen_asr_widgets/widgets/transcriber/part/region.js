/**
 * The bar of a selected stretch of the sound: from where to where, transcribe it, loop it, save it, let it go.
 *
 * @import { Region } from "../../waveform/overview.js"
 * @import { Translate } from "../../shared/strings.js"
 */
import { button, make, setText } from "../../shared/dom.js";
import { duration } from "../../shared/format.js";

/** The shortest stretch that can be transcribed, in seconds. */
export const SHORTEST = 0.1;

/**
 * A stretch between two seconds that were typed, within the sound; null where they say none.
 * @param {number} start @param {number} end @param {number} whole seconds of the sound @returns {Region | null}
 */
export function typedRegion(start, end, whole) {
  if (!Number.isFinite(start) || !Number.isFinite(end)) return null;
  const within = { start: Math.max(0, start), end: Math.min(end, whole) };
  return within.end - within.start >= SHORTEST ? within : null;
}

/**
 * Two fields for the seconds between which a stretch lies.
 * @param {Translate} t @param {AbortSignal} signal @param {() => void} changed
 */
export function createSpan(t, signal, changed) {
  const [from, to] = /** @type {const} */ ([t("part.from"), t("part.to")]).map((label) => {
    const field = make("input", { type: "number", class: "qaw-input qaw-part-second", min: 0, step: 0.1, "aria-label": label });
    field.addEventListener("input", changed, { signal });
    return field;
  });
  const element = make("span", { class: "qaw-part-span" }, t("part.from"), from, t("part.to"), to, t("common.s"));
  return {
    element,
    /** @param {number} whole seconds of the sound */
    read: (whole) => typedRegion(from.valueAsNumber, to.valueAsNumber, whole),
    /** @param {Region} region */
    write({ start, end }) {
      if (document.activeElement !== from) from.value = start.toFixed(1);
      if (document.activeElement !== to) to.value = end.toFixed(1);
    },
  };
}

/**
 * @param {HTMLElement} host
 * @param {{t: Translate, signal: AbortSignal, whole: () => number, choose: (region: Region | null) => void,
 *   transcribe: (region: Region) => void, loop: (on: boolean) => void, save: (region: Region) => Promise<void>}} acts
 */
export function createRegionBar(host, { t, signal, whole, choose, transcribe, loop, save }) {
  /** @type {Region | null} */
  let region = null;
  const span = createSpan(t, signal, () => {
    const typed = span.read(whole());
    if (typed) choose(typed);
  });
  const long = make("span", { class: "qaw-dim" });
  const said = make("span", { class: "qaw-dim", role: "status" });
  const act = (/** @type {(region: Region) => void} */ what) => () => { if (region) what(region); };
  const looped = button(t("part.loop"), () => loop(looped.getAttribute("aria-pressed") !== "true"), signal, { "aria-pressed": "false" });
  const run = button(t("part.transcribe"), act(transcribe), signal, { class: "qaw-button-main" });
  const file = button(t("part.save"), act((part) => {
    setText(said, "");
    save(part).then(() => setText(said, t("transcriber.save.done")), (why) => setText(said, String(why.message)));
  }), signal);
  const element = make("div", { class: "qaw-tr-region", role: "group", "aria-label": t("part.label"), hidden: true },
    span.element, long, run, looped, file, button(t("part.clear"), () => choose(null), signal), said);
  host.append(element);
  return {
    /** @param {Region | null} chosen @param {boolean} looping */
    update(chosen, looping) {
      if (chosen?.start !== region?.start || chosen?.end !== region?.end) setText(said, "");
      region = chosen;
      element.hidden = region === null;
      looped.setAttribute("aria-pressed", String(looping));
      if (!region) return;
      span.write(region);
      setText(long, duration(region.end - region.start, t));
    },
    /** @param {boolean} busy a run is under way */
    hold(busy) {
      run.disabled = busy;
    },
  };
}

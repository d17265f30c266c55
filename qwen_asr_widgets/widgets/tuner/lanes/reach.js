/**
 * How far settings hold: the errors with the noise at each distance, bars over the slider's scale, and one sentence.
 *
 * @import { SecondLane } from "./second_lane.js"
 */
import { button, make, setText } from "../../shared/dom.js";
import { signed } from "./words.js";

/**
 * The least distance down to which there are no more errors than in the clip as it is; null where there are more at once.
 * @param {[number, number][]} reach  dB and errors, in any order @param {number} clean errors in the clip as it is
 */
export function holdsDownTo(reach, clean) {
  const falling = [...reach].sort(([a], [b]) => b - a);
  const broken = falling.findIndex(([, errors]) => errors > clean);
  if (broken === 0) return null;
  return falling[broken < 0 ? falling.length - 1 : broken - 1][0];
}

/** Those distances at which there is a count. @param {[number, number | null][]} reach */
function judged(reach) {
  /** @type {[number, number][]} */
  const found = [];
  for (const [snr, errors] of reach) if (errors !== null) found.push([snr, errors]);
  return found;
}

/** @param {SecondLane} lane @param {AbortSignal} signal */
export function createReach(lane, signal) {
  const { t } = lane.tuner;
  const find = button(t("tuner.second.reach.find"), () => lane.tuner.send({ kind: "reach" }), signal);
  const bars = make("div", { class: "qaw-tuner-reach", role: "img" });
  const said = make("p", { class: "qaw-tuner-reach-said", "aria-live": "polite" });
  const place = make("div", {}, find, bars, said);
  const parts = [make("span", { "aria-hidden": "true" }, t("tuner.second.reach")), place, make("span", { class: "qaw-tuner-box" })];

  /** @param {[number, number][]} reach @param {number} clean @param {[number, number]} limits */
  function draw(reach, clean, [min, max]) {
    const most = Math.max(1, ...reach.map(([, errors]) => errors));
    bars.replaceChildren(...reach.map(([snr, errors]) => {
      const bar = make("i", { "data-verdict": errors > clean ? "worse" : "same" });
      bar.style.height = `${3 + (22 * errors) / most}px`;
      const column = make("span", {}, make("b", {}, String(errors)), bar);
      column.style.left = `${((snr - min) / (max - min)) * 100}%`;
      return column;
    }));
    const each = reach.map(([snr, count]) => t("tuner.second.reach.at", { value: signed(snr, false), count }));
    bars.setAttribute("aria-label", each.join(", "));
    const least = holdsDownTo(reach, clean);
    setText(said, least === null
      ? t("tuner.second.reach.never", { value: signed(Math.max(...reach.map(([snr]) => snr)), false) })
      : t("tuner.second.reach.down", { value: signed(least, false) }));
  }

  return {
    parts,
    describe() {
      const { heard, wanted, tuner } = lane;
      const clean = tuner.state.figures?.errors ?? null;
      const possible = wanted.noise !== "none" && tuner.state.hasReference && clean !== null;
      for (const part of parts) part.hidden = !possible;
      if (!heard || clean === null) return;
      const known = judged(heard.reach ?? []);
      find.hidden = known.length > 0;
      bars.hidden = said.hidden = !known.length;
      if (known.length) draw(known, clean, heard.ranges.snr);
    },
  };
}

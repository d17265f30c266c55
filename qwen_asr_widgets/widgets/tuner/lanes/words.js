/**
 * How detectors, noises and decibels are written.
 *
 * @import { Translate } from "../../shared/strings.js"
 */

const NAMES = /** @type {Record<string, string>} */ ({ silero: "Silero", webrtc: "WebRTC", ten: "TEN VAD" });

/** How a detector is called; makers' names are the same in every language. @param {string} id @param {Translate} t */
export function detectorName(id, t) {
  return id === "energy" ? t("tuner.second.energy") : NAMES[id] ?? id;
}

/** How a noise is called; one that was recorded by its file. @param {string} id @param {string | null} recorded @param {Translate} t */
export function noiseName(id, recorded, t) {
  if (id === "recorded") return recorded ?? "";
  if (id === "none") return t("tuner.second.none");
  return id === "pink" ? t("tuner.second.pink") : t("tuner.second.babble");
}

/** A number with a true minus. @param {number} value @param {boolean} plus whether a gain has its sign */
export function signed(value, plus) {
  return `${plus && value > 0 ? "+" : ""}${value}`.replace("-", "−");
}

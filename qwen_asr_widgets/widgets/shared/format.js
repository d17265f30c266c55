/**
 * How numbers are written, the same in every view.
 *
 * @import { Translate } from "./strings.js"
 */

/** The kernel tells times to 0.1 ms; what adding and subtracting them leaves beyond that is noise. */
const STEPS = 1e4;

/**
 * Write a time on the axis: `0:20.6`, `1:02:05.0`; rounded, as the tables of the kernel are.
 * @param {number} seconds
 * @param {number} [digits] after the point
 */
export function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const whole = Math.round(Math.max(0, seconds) * unit);
  const fraction = digits > 0 ? `.${String(whole % unit).padStart(digits, "0")}` : "";
  const total = Math.floor(whole / unit);
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const rest = String(total % 60).padStart(2, "0");
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}${fraction}`
    : `${minutes}:${rest}${fraction}`;
}

/**
 * Write where a turn ends: `0:20.6`, `≈ 0:20.6` where that is an estimate, `…` while it is open.
 * @param {{end: number | null, end_estimated?: string}} turn @param {number} [digits] after the point
 */
export function endText({ end, end_estimated }, digits = 1) {
  return end === null ? "…" : `${end_estimated ? "≈ " : ""}${clock(end, digits)}`;
}

/**
 * What an end that is an estimate rests on; null where the service said it.
 * @param {{end: number | null, end_estimated?: string}} turn @param {Translate} t
 */
export function endNote({ end, end_estimated }, t) {
  if (end === null || !end_estimated) return null;
  return t(end_estimated === "bound" ? "wave.end.bound" : "wave.end.estimated");
}

/**
 * Write a duration: `1.02 s`; a wait that was worked out from two times reads as the one that the kernel told.
 * @param {number} seconds @param {Translate} t
 */
export function duration(seconds, t) {
  return t("common.seconds", { seconds: (Math.round(seconds * STEPS) / STEPS).toFixed(2) });
}

/**
 * Write a size: `16 kB`, `12.5 MB`.
 * @param {number} bytes
 */
export function size(bytes) {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

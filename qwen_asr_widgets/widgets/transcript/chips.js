/**
 * The chips of the transcript's rows, and the small bar that shows the two parts of a wait.
 *
 * @import { Chip } from "./rows.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { make } from "../shared/dom.js";
import { duration } from "../shared/format.js";

/** Seconds of waiting at which the small bar is full. */
const FULL = 1;

/** @param {Chip} one @param {Translate} t */
export function chip(one, t) {
  const element = make("span", { class: "qaw-chip", "data-kind": one.kind }, one.text);
  if (one.wait) element.append(waitBar(one.wait, t));
  return element;
}

/**
 * A wait as it stands under the waveform: plain to the endpoint, hatched to the final, as long as the wait. Where nothing
 * waited for silence there is no endpoint delay, not one of 0 s.
 * @param {NonNullable<Chip["wait"]>} wait @param {Translate} t
 */
function waitBar({ endpoint, total }, t) {
  /** @type {["wait" | "decode", string, number][]} */
  const parts = [["decode", t("transcript.decode"), total - (endpoint ?? 0)]];
  if (endpoint !== null) parts.unshift(["wait", t("transcript.endpoint"), endpoint]);
  const said = parts.map(([, name, time]) => `${name} ${duration(time, t)}`).join(", ");
  const bar = make("span", { class: "qaw-wait-bar", role: "img", "aria-label": said, title: `${said}\n${t("transcript.bar", { time: duration(FULL, t) })}` });
  for (const [kind, , time] of parts) {
    const part = make("i", { class: `qaw-swatch-${kind}` });
    part.style.width = `${(100 * time) / Math.max(total, FULL)}%`;
    bar.append(part);
  }
  return bar;
}

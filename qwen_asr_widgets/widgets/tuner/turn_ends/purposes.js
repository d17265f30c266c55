/**
 * Purposes instead of numbers: each says what is looked for and up to which figure, and takes what serves it best.
 *
 * @import { EndsState } from "./state.js"
 * @import { PageCommand, TunedPoint } from "../../shared/messages.js"
 * @import { Translate } from "../../shared/strings.js"
 */
import { button, make, setText } from "../../shared/dom.js";
import { score } from "../scales.js";
import { inSeconds, policyText } from "./words.js";

const PURPOSES = /** @type {const} */ (["agent", "dictation", "captions", "telephone"]);

/**
 * @param {EndsState} state @param {Translate} t @param {(command: Extract<PageCommand, {kind: "trade"}>) => void} ask
 * @param {AbortSignal} signal
 */
export function createPurposes(state, t, ask, signal) {
  const said = make("p", { class: "qaw-ends-said", role: "status" });
  const list = make("div", { class: "qaw-ends-purposes" });
  const root = make("div", {}, make("h3", {}, t("tuner.ends.purposes")), list, said);
  /** @type {unknown} */
  let shown = null;

  /** @param {typeof PURPOSES[number]} name */
  function row(name) {
    const { limited, limit } = /** @type {NonNullable<EndsState["about"]>} */ (state.about).purposes[name];
    const isShare = limited === "cut_off_rate";
    const box = make("input", {
      type: "number", class: "qaw-input", min: 0, max: isShare ? 100 : 6, step: isShare ? 1 : 0.05,
      value: isShare ? 100 * limit : limit, "aria-label": `${t(`tuner.ends.purpose.${name}`)}: ${t(`tuner.ends.aim.${limited}`)}`,
    });
    const take = () => ask({ kind: "trade", purpose: name, limit: box.value === "" ? null : Number(box.value) / (isShare ? 100 : 1) });
    return make("div", { class: "qaw-ends-purpose" },
      button(t(`tuner.ends.purpose.${name}`), take, signal),
      make("label", {}, `${t(`tuner.ends.aim.${limited}`)} `, box, isShare ? " %" : " s"),
      ...(name === "telephone" ? [make("span", { class: "qaw-dim" }, t("tuner.ends.line"))] : []));
  }

  return {
    root,
    /** @param {string} text what is under way */
    wait: (text) => setText(said, text),
    describe() {
      const { about, traded } = state;
      root.hidden = !about?.known;
      if (!about) return;
      if (!list.children.length) list.append(...PURPOSES.map(row));
      if (traded === shown) return;
      shown = traded;
      const chosen = traded?.chosen;
      setText(said, !chosen ? "" : chosen.point ? pointText(chosen, chosen.point, state, t)
        : t("tuner.ends.impossible", { purpose: named(chosen, state, t) }));
    },
  };
}

/** @typedef {{purpose: typeof PURPOSES[number], limit: number}} Aim */

/** A purpose with the limit that was asked for. @param {Aim} aim @param {EndsState} state @param {Translate} t */
function named({ purpose, limit }, state, t) {
  const { limited } = /** @type {NonNullable<EndsState["about"]>} */ (state.about).purposes[purpose];
  const value = limited === "latency" ? inSeconds(limit) : `${Number((100 * limit).toFixed(1))} %`;
  return `${t(`tuner.ends.purpose.${purpose}`)} (${t(`tuner.ends.aim.${limited}`)} ${value})`;
}

/** @param {Aim} aim @param {TunedPoint} point @param {EndsState} state @param {Translate} t */
function pointText(aim, point, state, t) {
  const { purpose } = aim;
  const { limited } = /** @type {NonNullable<EndsState["about"]>} */ (state.about).purposes[purpose];
  const written = (/** @type {number} */ value) => (limited === "latency" ? `${(100 * value).toFixed(1)} %` : inSeconds(value));
  const edges = point.interval ? ` [${point.interval.map(written).join("–")}]` : "";
  const { threshold, timeOut } = point.policy;
  const policy = state.byDetector
    ? `${t("tuner.setting.threshold")} ${score(threshold ?? 0)}, ${t("tuner.setting.silence")} ${inSeconds(timeOut)}`.toLowerCase()
    : policyText(point.policy, t);
  const parts = [t("tuner.ends.tuned", {
    purpose: named(aim, state, t), policy, holds: point.holds, ends: point.ends,
    cut: `${(100 * point.cut_off).toFixed(1)} %${limited === "latency" ? edges : ""}`,
    wait: `${inSeconds(point.latency)}${limited === "latency" ? "" : edges}`,
  })];
  if (point.interval) parts.push(t("tuner.best.selected"));
  parts.push(point.held_out === null ? t("tuner.ends.unchecked") : t("tuner.ends.heldOut", { value: written(point.held_out) }));
  return parts.join(" ");
}

/**
 * The bar over the tuner: play, which clip, in force or trying, errors one by one, hear, verify, copy, save.
 *
 * @import { Key, Translate } from "../shared/strings.js"
 * @import { Settings } from "./scales.js"
 * @import { TunerState } from "./state.js"
 * @import { TunerView } from "./tuner.js"
 */
import { button, make, setText } from "../shared/dom.js";
import { clock } from "../shared/format.js";
import { brief, same } from "./scales.js";
import { countsOf } from "./state.js";

/** @param {HTMLElement} host @param {TunerView} tuner @param {AbortSignal} signal */
export function createTunerBar(host, tuner, signal) {
  const { t } = tuner;
  const play = button("", () => tuner.wave.togglePlay(), signal, { class: "qaw-tuner-play" });
  const clips = make("select", { class: "qaw-select", "aria-label": t("tuner.clip") });
  clips.addEventListener("change", () => tuner.send({ kind: "case", index: Number(clips.value) }), { signal });
  const name = make("span", { class: "qaw-tuner-name" });
  const force = button("", () => tuner.flip("in_force"), signal, { "aria-pressed": "false" });
  const trying = button("", () => tuner.flip("trying"), signal, { "aria-pressed": "true" });
  const states = make("span", { class: "qaw-tuner-states", role: "group", "aria-label": t("tuner.states") }, force, trying);
  const before = button("◀", () => tuner.step(-1), signal, { "aria-label": t("tuner.error.previous") });
  const after = button("▶", () => tuner.step(1), signal, { "aria-label": t("tuner.error.next") });
  const count = make("span", { class: "qaw-dim" });
  const errors = make("span", { class: "qaw-tuner-errors" }, before, count, after);
  const hear = button(t("tuner.hear"), () => tuner.toggleHear(), signal, { "aria-pressed": "false" });
  const which = make("span", { class: "qaw-tuner-states", role: "group", "aria-label": t("tuner.hear.which"), hidden: true },
    button(t("tuner.hear.a"), () => tuner.hearWhich("a"), signal, { "data-which": "a" }),
    button(t("tuner.hear.b"), () => tuner.hearWhich("b"), signal, { "data-which": "b" }));
  const verify = button(t("tuner.verify"), () => tuner.verify.toggle(), signal, { "aria-expanded": "false" });
  const copy = copyMenu(tuner, signal);
  const save = saveMenu(tuner, signal);
  host.append(make("div", { class: "qaw-bar", role: "toolbar", "aria-label": t("tuner.controls") },
    play, clips, name, states, make("span", { class: "qaw-space" }), errors, hear, which, verify, copy.root, save.root));

  return {
    /** Clips have come. */
    open() {
      const { about } = tuner.state;
      if (!about) return;
      const { cases, at } = about;
      clips.hidden = cases.length < 2;
      name.hidden = cases.length > 1;
      clips.replaceChildren(...cases.map((one, k) =>
        make("option", { value: k, selected: k === at }, `${one.name} · ${clock(one.duration, 0)}`)));
      setText(name, `${cases[at].name} · ${clock(cases[at].duration, 0)}`);
    },
    describe() {
      const { state, wave, wanted } = tuner;
      const { playing } = wave.sound;
      setText(play, playing ? `❚❚ ${t("wave.pause")}` : `▶ ${t("wave.play")}`);
      play.disabled = wave.duration === 0;
      if (state.inForce && wanted) {
        const inForce = tuner.shown === "in_force";
        setText(force, t("tuner.inForce", { value: brief(state.inForce) }));
        const tried = tuner.tried ?? wanted;
        setText(trying, same(tried, state.inForce) ? t("tuner.trying") : t("tuner.tryingAt", { value: brief(tried) }));
        force.setAttribute("aria-pressed", String(inForce));
        trying.setAttribute("aria-pressed", String(!inForce));
      }
      errors.hidden = !state.hasReference;
      before.disabled = after.disabled = !state.problems.length;
      setText(count, errorsText(state, t));
      hear.setAttribute("aria-pressed", String(tuner.hear.on));
      which.hidden = !tuner.hear.on;
      for (const one of which.children) one.setAttribute("aria-pressed", String(one.getAttribute("data-which") === tuner.hear.active));
      verify.setAttribute("aria-expanded", String(tuner.verify.open));
      copy.describe();
      save.describe();
    },
  };
}

/**
 * How many places there are with errors, of which kinds; or which one is looked at.
 * @param {Pick<TunerState, "problems" | "chosen">} state @param {Translate} t
 */
export function errorsText({ problems, chosen }, t) {
  const count = problems.length;
  if (chosen !== null) return t("tuner.error.at", { at: chosen + 1, count, name: t(`tuner.why.${problems[chosen].kind}`) });
  if (!count) return t("tuner.error.count", { count });
  const parts = countsOf(problems).map(([kind, number]) => t("tuner.error.part", { count: number, name: t(`tuner.why.${kind}`) }));
  return t("tuner.error.counted", { count, parts: parts.join(t("run.comma")) });
}

/**
 * Put the settings as code on the clipboard; not while the kernel has not made it yet.
 * @param {TunerView} tuner
 * @param {string} kind
 * @returns {Promise<Key>} what to say
 */
export async function copyCode(tuner, kind) {
  const { code, codeOf } = tuner.state;
  if (!codeOf || !tuner.wanted || !same(codeOf, tuner.wanted)) return "tuner.late";
  try {
    await navigator.clipboard.writeText(code[kind]);
    return "transcript.copied";
  } catch {
    return "transcript.notCopied";
  }
}

/** A menu that closes with Escape and when it is left. @param {string} title @param {AbortSignal} signal @param {Node[]} entries */
function menu(title, signal, entries) {
  const root = make("details", { class: "qaw-tuner-menu" }, make("summary", { class: "qaw-button" }, title),
    make("div", { class: "qaw-tuner-drop" }, ...entries));
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.open) {
      root.open = false;
      /** @type {HTMLElement} */ (root.firstElementChild).focus();
    }
  }, { signal });
  root.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !root.contains(event.relatedTarget)) root.open = false;
  }, { signal });
  return root;
}

/** The settings as code. @param {TunerView} tuner @param {AbortSignal} signal */
function copyMenu(tuner, signal) {
  const { t } = tuner;
  const said = make("span", { class: "qaw-dim", role: "status" });
  const copy = (/** @type {string} */ kind) => async () => setText(said, t(await copyCode(tuner, kind)));
  const preview = make("pre", { class: "qaw-tuner-code", tabindex: "0" });
  /** @type {Settings | null} what was said something about */
  let of = null;
  const root = menu(t("tuner.copy"), signal, [
    button("update_session(…)", copy("sdk"), signal), button("session.update JSON", copy("json"), signal),
    button("TurnDetection(…)", copy("python"), signal), said, preview,
  ]);
  return {
    root,
    describe() {
      const { state, wanted } = tuner;
      setText(preview, state.code.sdk ?? "");
      if (wanted && (!of || !same(of, wanted))) setText(said, "");
      of = wanted;
    },
  };
}

/** Labels and the report as files. @param {TunerView} tuner @param {AbortSignal} signal */
function saveMenu(tuner, signal) {
  const { t } = tuner;
  const file = (/** @type {string} */ what) => tuner.send({ kind: "export", what });
  const labels = make("select", { class: "qaw-select", "aria-label": t("tuner.save.labels") });
  const root = menu(t("tuner.save"), signal, [
    make("span", { class: "qaw-tuner-tools" }, labels, button(t("tuner.save.labels"), () => file(labels.value), signal)),
    button(t("tuner.save.report"), () => file("report"), signal),
  ]);
  return {
    root,
    describe() {
      if (labels.length || !tuner.state.about) return;
      const names = /** @type {string[]} */ (tuner.state.about.label_formats);
      labels.append(...names.map((one) => make("option", { value: one }, one.toUpperCase())));
    },
  };
}

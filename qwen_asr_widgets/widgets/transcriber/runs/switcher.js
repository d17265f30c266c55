/**
 * The switcher of the runs that stay: which one is shown, what it is called, which is the baseline, which goes.
 *
 * @import { Send } from "../../shared/messages.js"
 * @import { Config } from "../logic.js"
 * @import { Translate } from "../../shared/strings.js"
 *
 * @typedef {object} KeptRun
 * @property {number} number
 * @property {string} name     as the user calls it; empty until then
 * @property {string} sound    what it is of
 * @property {number | "mean" | null} channel  of it
 * @property {number} channels of its file
 * @property {Config} config
 * @property {number | null} pace
 * @property {number} count    of turns
 * @property {number} seconds
 * @property {boolean} growing
 * @property {boolean} complete everything was sent and answered
 * @property {boolean} baseline others can be compared with it
 * @property {boolean} pinned
 * @property {boolean} shown
 */
import { button, make, setText } from "../../shared/dom.js";
import { clock } from "../../shared/format.js";
import { channelText, paceText, settingsShort } from "../logic.js";

/** What a run is called. @param {KeptRun} run @param {Translate} t */
export function runName(run, t) {
  return run.name || t("runs.number", { number: run.number });
}

/** What a run is of: a file's name, and its channel where it has several. @param {KeptRun} run @param {Translate} t */
function soundText({ sound, channel, channels }, t) {
  const taken = channels > 1 && channel !== null ? channelText(channel, channels, t) : "";
  return [sound, taken].filter(Boolean).join(" · ");
}

/**
 * What stands under a run's name: its sound where the runs are of several, its settings, its speed unless in real time.
 * @param {KeptRun} run @param {KeptRun[]} runs @param {Translate} t
 */
export function runText(run, runs, t) {
  const several = new Set(runs.map((one) => soundText(one, t))).size > 1;
  const said = [several ? soundText(run, t) : "", settingsShort(run.config, t)];
  if (run.pace !== 1) said.push(paceText(run.pace, t));
  return said.filter(Boolean).join(" · ");
}

/** What is to be known of a run before it is taken for whole. @param {KeptRun} run @param {Translate} t */
export function runMarks(run, t) {
  if (run.growing) return [t("runs.growing")];
  return [run.complete ? "" : t("runs.incomplete"), run.pinned ? t("runs.baseline") : ""].filter(Boolean);
}

/** @param {Translate} t @param {AbortSignal} signal @param {Send} send */
export function createRuns(t, signal, send) {
  const list = make("div", { class: "qaw-runs-list" });
  /** @type {KeptRun | undefined} */
  let shown;
  const pin = button(t("runs.pin"), () => {
    if (shown) send({ kind: "run-pin", number: shown.pinned ? null : shown.number });
  }, signal, { class: "qaw-button-plain", title: t("runs.pin.text") });
  const asking = createAsking(t, signal, send, () => shown);
  const acts = make("div", { class: "qaw-together" }, asking.rename, pin, asking.discard);
  const element = make("div", { class: "qaw-tr-line qaw-tr-runs", role: "group", "aria-label": t("runs.label"), hidden: true },
    list, acts, asking.element);
  let drawn = "";
  return {
    element,
    /** @param {KeptRun[]} runs @param {boolean} busy a run is under way, or about to be */
    update(runs, busy) {
      shown = runs.find((run) => run.shown);
      element.hidden = runs.length === 0 || (runs.length === 1 && shown !== undefined);
      acts.hidden = shown === undefined;
      asking.update(shown, busy);
      pin.disabled = !shown?.baseline;
      pin.setAttribute("aria-pressed", String(shown?.pinned ?? false));
      const key = JSON.stringify([runs.map((run) => [runName(run, t), runText(run, runs, t), runMarks(run, t), run.shown]), busy]);
      if (key === drawn) return;
      drawn = key;
      const focused = [...list.children].indexOf(/** @type {Element} */ (document.activeElement));
      list.replaceChildren(...runs.map((run) => runButton(run, runs, busy, t, signal, send)));
      if (focused >= 0) /** @type {HTMLElement | undefined} */ (list.children[focused])?.focus();
    },
  };
}

/**
 * @param {KeptRun} run @param {KeptRun[]} runs @param {boolean} busy @param {Translate} t @param {AbortSignal} signal
 * @param {Send} send
 */
function runButton(run, runs, busy, t, signal, send) {
  const element = button("", () => send({ kind: "run-show", number: run.number }), signal, {
    class: "qaw-run", "aria-pressed": String(run.shown), disabled: busy && !run.shown,
    title: [soundText(run, t), clock(run.seconds, 0), t("transcript.count", { count: run.count })].filter(Boolean).join(" · "),
  });
  element.append(make("b", { dir: "auto" }, runName(run, t)), make("span", { class: "qaw-dim" }, runText(run, runs, t)),
    ...runMarks(run, t).map((mark) => make("span", { class: "qaw-chip" }, mark)));
  return element;
}

/**
 * What takes a second step: a name that is typed, and whether a run is to go.
 * @param {Translate} t @param {AbortSignal} signal @param {Send} send @param {() => KeptRun | undefined} shown
 */
function createAsking(t, signal, send, shown) {
  const field = make("input", { class: "qaw-input qaw-run-name", maxlength: 60, "aria-label": t("runs.name") });
  const question = make("span", {});
  const naming = make("form", { class: "qaw-line", hidden: true }, field,
    make("button", { class: "qaw-button qaw-button-main" }, t("runs.name.set")),
    button(t("runs.cancel"), () => open(null), signal));
  const throwing = make("div", { class: "qaw-line", role: "alertdialog", "aria-label": t("runs.throw"), hidden: true }, question,
    button(t("runs.throw"), () => answer({ kind: "run-throw", number: Number(shown()?.number) }), signal),
    button(t("runs.cancel"), () => open(null), signal));
  const rename = button(t("runs.rename"), () => open(naming), signal, { class: "qaw-button-plain", "aria-expanded": "false" });
  const discard = button(t("runs.discard"), () => open(throwing), signal, { class: "qaw-button-plain", "aria-expanded": "false" });
  const element = make("div", { class: "qaw-runs-asked" }, naming, throwing);
  /** @type {number | undefined} */
  let about;

  /** @param {HTMLElement | null} part */
  function open(part) {
    const run = shown();
    const wanted = part?.hidden ? part : null;
    about = run?.number;
    const inside = element.contains(document.activeElement);
    for (const one of [naming, throwing]) one.hidden = one !== wanted;
    rename.setAttribute("aria-expanded", String(wanted === naming));
    discard.setAttribute("aria-expanded", String(wanted === throwing));
    if (!wanted && inside) rename.focus();
    if (!run || !wanted) return;
    field.value = run.name;
    const said = { name: runName(run, t), time: clock(run.seconds, 0), turns: t("transcript.count", { count: run.count }) };
    setText(question, t("runs.throw.asked", said));
    /** @type {HTMLElement} */ (wanted.querySelector("input, button")).focus();
  }

  /** @param {import("../../shared/messages.js").PageCommand} command */
  function answer(command) {
    open(null);
    send(command);
  }

  naming.addEventListener("submit", (event) => {
    event.preventDefault();
    const run = shown();
    if (run) answer({ kind: "run-name", number: run.number, name: field.value });
  }, { signal });
  element.addEventListener("keydown", (event) => { if (event.key === "Escape") open(null); }, { signal });
  return {
    element, rename, discard,
    /**
     * What was asked about another run, or before this one began, is asked no more.
     * @param {KeptRun | undefined} run @param {boolean} busy
     */
    update(run, busy) {
      rename.disabled = run === undefined;
      discard.disabled = run === undefined || busy;
      if (run?.number !== about || busy) open(null);
    },
  };
}

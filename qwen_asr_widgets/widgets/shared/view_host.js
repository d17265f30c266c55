/**
 * What every widget of this kind does around its views: root, theme, run store, hello and goodbye, and hiding
 * the static picture of a saved notebook while the live view stands.
 *
 * @import { KernelMessage, Model, PageCommand, Send, Surface } from "./messages.js"
 * @import { RunStore } from "./run/store.js"
 * @typedef {{receive?: (message: KernelMessage, buffers: DataView[]) => void}} Part
 * @typedef {{root: HTMLElement, run: RunStore, send: Send, signal: AbortSignal}} Surroundings
 */
import { listenTo, newId, viewRoot } from "./dom.js";
import { followPresentation } from "./presentation.js";
import { createRunStore } from "./run/store.js";
import { hideStatic } from "./saved_output.js";
import { translator } from "./strings.js";
import { followTheme } from "./theme.js";

/**
 * @param {Surface} view
 * @param {(around: Surroundings) => Part[]} build
 * @returns {() => void} ends everything
 */
export function hostView({ model, el }, build) {
  const end = new AbortController();
  const { signal } = end;
  const view = newId();
  const send = (/** @type {PageCommand} */ command) => model.send({ ...command, view });
  const root = viewRoot(el, signal);
  followTheme(root, signal);
  hideStatic(model.get("static_id"), signal);
  const run = createRunStore({ ask: send, signal });
  const parts = build({ root, run, send, signal });
  followPresentation(model, root, translator(model.get("lang")), signal);
  const receive = (/** @type {KernelMessage} */ message, /** @type {DataView[]} */ buffers) => {
    run.receive(message);
    for (const part of parts) part.receive?.(message, buffers);
  };
  listenTo(model, "msg:custom", receive, signal);
  linkSelection(model, run, signal);
  send({ kind: "hello" });
  return () => {
    sayBye(send);
    end.abort();
    el.replaceChildren();
  };
}

/** The `selected` trait says what is selected. @param {Model} model @param {RunStore} run @param {AbortSignal} signal */
function linkSelection(model, run, signal) {
  run.subscribe({
    selected({ number }) {
      if (model.get("selected") === number) return;
      model.set("selected", number);
      model.save_changes();
    },
  }, signal);
  const told = () => {
    if (model.get("selected") !== run.state.selected) run.select(model.get("selected"));
  };
  listenTo(model, "change:selected", told, signal);
}

/** Tell the kernel that a view ends. @param {Send} send */
export function sayBye(send) {
  try {
    send({ kind: "bye" });
  } catch (gone) {
    console.debug("the kernel of this view is gone", gone);
  }
}

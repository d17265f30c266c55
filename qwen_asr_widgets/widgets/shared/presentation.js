/**
 * A widget at a projector: large, with strong contrast, and under it the keys that work where the focus is.
 * What it looks like is in `presentation.css`.
 *
 * @import { Model, ViewTraits } from "./messages.js"
 * @import { Key, Translate } from "./strings.js"
 */
import { listenTo, make, setText } from "./dom.js";

/** Whose keys are said, by what has the focus or holds it; all that apply, in this order. @type {[string, Key][]} */
const PLACES = [
  [".qaw-plot", "keys.plot"],
  [".qaw-tr .qaw-plot", "keys.part"],
  [".qaw-tuner-handle", "keys.threshold"],
  [".qaw-tuner-lane", "keys.labels"],
  ["canvas[role=application]", "keys.map"],
  ["[role=listbox], [role=tree]", "keys.list"],
  [".qaw-events", "keys.events"],
  [".qaw-tr .qaw-transcript [role=listbox]", "keys.correct"],
  ["input[type=range], select", "keys.range"],
  [".qaw-replay", "keys.replay"],
  [".qaw-replay-scrubber", "keys.scrubber"],
  ["button, summary", "keys.press"],
  [".qaw-drawer", "keys.drawer"],
  [".qaw-tuner:not(:has(:is(input, select, textarea):focus))", "keys.tuner"],
];

/**
 * Show the widget as its `presentation` trait says, until the signal aborts.
 * @param {Model<Pick<ViewTraits, "presentation">>} model @param {HTMLElement} root complete: the keys come after what is in it
 * @param {Translate} t @param {AbortSignal} signal
 */
export function followPresentation(model, root, t, signal) {
  const keys = make("p", { class: "qaw-keys" });
  root.append(keys);
  const say = (/** @type {EventTarget | null} */ place) => setText(keys, keysAt(place, t));
  const apply = () => {
    const on = model.get("presentation") === true; // a notebook saved by an earlier version says nothing of it
    root.toggleAttribute("data-presentation", on);
    keys.hidden = !on;
  };
  say(null);
  apply();
  listenTo(model, "change:presentation", apply, signal);
  root.addEventListener("focusin", ({ target }) => say(target), { signal });
  root.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && root.contains(relatedTarget))) say(null);
  }, { signal });
}

/** @param {EventTarget | null} place @param {Translate} t */
function keysAt(place, t) {
  const there = place instanceof Element ? PLACES.filter(([selector]) => place.closest(selector)) : [];
  const said = [...there.map(([, key]) => t(key)), t("keys.tab")].join(" · ");
  return said.replaceAll(" · ", "\u00a0· "); // no line begins with a dot
}

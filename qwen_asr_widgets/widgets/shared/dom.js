/**
 * Small helpers to build and own elements, to listen, and what the page lends: names and files. Text is always set as
 * text, never parsed as HTML.
 *
 * @import { Emitter } from "./messages.js"
 */

/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */

/**
 * Make an element. `true` sets an empty attribute; `false`, `null` and `undefined` leave it out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** Make a place in which a table scrolls, reached by keys as well. @param {string} title @param {HTMLTableElement} table */
export function scrolling(title, table) {
  return make("div", { class: "qaw-table-scroll", tabindex: "0", role: "region", "aria-label": title, "data-scrolls": "" }, table);
}

/**
 * Make a button of the design system.
 * @param {string} label
 * @param {() => void} pressed
 * @param {AbortSignal} signal
 * @param {Attributes} [attributes]
 */
export function button(label, pressed, signal, attributes = {}) {
  const classes = `qaw-button ${attributes.class ?? ""}`.trim();
  const element = make("button", { type: "button", ...attributes, class: classes }, label);
  element.addEventListener("click", pressed, { signal });
  return element;
}

/**
 * Make one choice of several, with a note beside its name.
 * @param {string} group @param {string} id @param {string} label @param {string} note
 * @param {() => void} chosen @param {AbortSignal} signal
 */
export function radio(group, id, label, note, chosen, signal) {
  const input = make("input", { type: "radio", name: group, value: id });
  input.addEventListener("change", chosen, { signal });
  const name = make("span", {}, label);
  const notes = make("span", { class: "qaw-dim" }, note);
  return { id, input, name, note: notes, element: make("label", { class: "qaw-check" }, input, name, notes) };
}

/**
 * Make the root of a view: themed tokens, and keys that never reach the notebook.
 * JupyterLab listens on the document in the capturing phase, so only its own attribute keeps it out.
 * @param {HTMLElement} host
 * @param {AbortSignal} signal
 * @param {Attributes} [attributes]
 */
export function viewRoot(host, signal, attributes = {}) {
  const root = make("div", { ...attributes, class: `qaw ${attributes.class ?? ""}`.trim() });
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const name of /** @type {const} */ (["keydown", "keypress", "keyup"])) {
    root.addEventListener(name, (event) => event.stopPropagation(), { signal });
  }
  host.replaceChildren(root);
  return root;
}

/** How much larger an element is shown than its own pixels say: 1, or more in a presentation. @param {Element} element */
export function zoomOf(element) {
  return element.currentCSSZoom ?? 1;
}

/** Pixels of the screen for one of an element's own, which a canvas is drawn in. @param {Element} element */
export function pixelRatio(element) {
  return (window.devicePixelRatio || 1) * zoomOf(element);
}

/**
 * Where a pointer is within an element, in the element's own pixels, which its `clientWidth` has too.
 * @param {Element} element @param {{clientX: number, clientY: number}} event
 */
export function pointIn(element, { clientX, clientY }) {
  const box = element.getBoundingClientRect();
  const zoom = zoomOf(element);
  return { x: (clientX - box.left) / zoom, y: (clientY - box.top) / zoom };
}

/** Set a text only when it differs, so that a frame touches nothing else. @param {HTMLElement} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A name that nothing else has: of a page, a view, a group of elements. */
export function newId() {
  // `crypto.randomUUID` is missing on plain http.
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("");
}

/**
 * Copy a text; pages without the clipboard's own interface copy from a hidden field.
 * @param {string} text @returns {Promise<boolean>}
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make("textarea", { class: "qaw-only-spoken" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** Milliseconds a browser may take to begin with a file that it was given. */
const TAKING_MS = 10_000;

/** Let the browser keep a file. @param {Blob} blob @param {string} name */
export function saveFile(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), TAKING_MS);
}

/**
 * Listen to a model until a signal aborts, as one listens to an element.
 * @template Events @template {keyof Events} Name
 * @param {Emitter<Events>} model @param {Name} event @param {Events[Name]} listener @param {AbortSignal} signal
 */
export function listenTo(model, event, listener, signal) {
  model.on(event, listener);
  signal.addEventListener("abort", () => model.off(event, listener), { once: true });
}

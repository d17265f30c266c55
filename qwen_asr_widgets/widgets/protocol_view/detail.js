/**
 * An event in full, under its row: one line a field with what it means, and buttons that copy it.
 *
 * @import { EventMessage } from "../shared/messages.js"
 * @import { Translate } from "../shared/strings.js"
 */
import { button, copyText, make } from "../shared/dom.js";
import { isKey } from "../shared/strings.js";

/** Milliseconds for which a button says that something was copied. */
const SAID_MS = 2000;

/** What an event of its type is for. @param {EventMessage["message"]} message @param {Translate} t */
export function aboutEvent({ type }, t) {
  const kind = `protocol.type.${type}`;
  return isKey(kind) ? t(kind) : t("protocol.type.unknown");
}

/**
 * @param {EventMessage} event @param {Translate} t @param {AbortSignal} signal
 */
export function drawDetail({ message, facts, code }, t, signal) {
  const lines = [...fieldLines(message, facts, t, 0, "")];
  const known = (facts[""] ?? []).map((fact) => factLine(fact, t));
  const copies = make("div", { class: "qaw-line" },
    copying(t("protocol.copy.json"), JSON.stringify(message, null, 2), t, signal),
    ...(code ? [copying(t("protocol.copy.python"), code, t, signal)] : []));
  return make("div", { class: "qaw-event-detail" },
    make("p", { class: "qaw-event-about" }, aboutEvent(message, t)), ...known, make("dl", {}, ...lines), copies);
}

/**
 * @param {Record<string, unknown>} value @param {EventMessage["facts"]} facts @param {Translate} t @param {number} depth
 * @param {string} within name of the object that it stands in
 * @returns {Generator<HTMLElement>}
 */
function* fieldLines(value, facts, t, depth, within) {
  for (const [name, inner] of Object.entries(value)) {
    const nested = inner !== null && typeof inner === "object" && !Array.isArray(inner);
    const term = make("dt", {}, make("code", {}, name), nested ? "" : make("code", { class: "qaw-event-value" }, JSON.stringify(inner)));
    const notes = [meaning(name, within, t), ...(facts[name] ?? []).map((fact) => factLine(fact, t))];
    const line = make("div", { class: "qaw-event-field" }, term, make("dd", {}, ...notes.filter((note) => note !== "")));
    line.style.setProperty("--qaw-depth", `${14 * depth}px`);
    yield line;
    if (nested) yield* fieldLines(/** @type {Record<string, unknown>} */ (inner), facts, t, depth + 1, name);
  }
}

/** What a field means, in a line. @param {string} name @param {string} within @param {Translate} t */
function meaning(name, within, t) {
  const own = `protocol.field.${within}_${name}`;
  const plain = `protocol.field.${name}`;
  return isKey(own) ? t(own) : isKey(plain) ? t(plain) : t("protocol.field.unknown");
}

/** @param {{text: string, grade: string}} fact @param {Translate} t */
function factLine({ text, grade }, t) {
  const key = `protocol.grade.${grade.replace(" ", "_")}`;
  return make("span", { class: "qaw-event-fact" },
    make("b", {}, t("protocol.seen", { grade: isKey(key) ? t(key) : grade })), " ", text);
}

/** @param {string} label @param {string} text @param {Translate} t @param {AbortSignal} signal */
function copying(label, text, t, signal) {
  const copy = button(label, () => {
    void copyText(text).then((done) => {
      copy.textContent = t(done ? "transcript.copied" : "transcript.notCopied");
      setTimeout(() => { copy.textContent = label; }, SAID_MS);
    });
  }, signal);
  return copy;
}

/**
 * What is said of a recogniser before it is chosen, as pure functions: its name, languages, sizes, where sound goes.
 *
 * @import { Recognizer } from "../logic.js"
 * @import { Translate } from "../../shared/strings.js"
 */
const NAMES = /** @type {Record<string, string>} */ ({ moonshine: "Moonshine", pocketsphinx: "Pocketsphinx", whisper: "Whisper" });

/** Languages that are named; of more, how many there are is said. */
const NAMED = 4;

/** What a recogniser is called. @param {string} name @param {Translate} t */
export function recognizerName(name, t) {
  return name === "openai" ? t("transcriber.recognizer.openai") : NAMES[name] ?? name;
}

/** The label of its row. @param {Recognizer} row @param {Translate} t */
export function rowName({ name, sends }, t) {
  const said = recognizerName(name, t);
  return sends ? said : t("transcriber.recognizer.here", { name: said });
}

/** The languages it knows: few by name, many by number. @param {string[] | null} codes @param {boolean} sends @param {Translate} t */
export function languagesText(codes, sends, t) {
  if (codes === null) return t(sends ? "transcriber.recognizer.languages.server" : "transcriber.recognizer.languages.any");
  const names = new Intl.DisplayNames([t("transcriber.locale")], { type: "language" });
  const said = codes.slice(0, NAMED).map((code) => names.of(code)).join(t("run.comma"));
  if (codes.length === 1) return t("transcriber.recognizer.languages.only", { name: said });
  if (codes.length <= NAMED) return said;
  return t("transcriber.recognizer.languages.many", { count: codes.length, names: said });
}

/** Megabytes, or gigabytes from a thousand on. @param {number} megabytes @param {Translate} t */
export function sizeText(megabytes, t) {
  if (megabytes < 1000) return t("transcriber.recognizer.size.mb", { size: megabytes });
  return t("transcriber.recognizer.size.gb", { size: (megabytes / 1000).toFixed(1) });
}

/** What is to be known of it before it is chosen. @param {Recognizer} row @param {Translate} t */
export function factsText({ languages, megabytes, sends, installed, models }, t) {
  const said = [languagesText(languages, sends, t)];
  if (megabytes !== null) {
    const key = installed ? "transcriber.recognizer.onDisk" : "transcriber.recognizer.toInstall";
    said.push(t(key, { size: sizeText(megabytes, t) }));
  }
  if (models.length > 0) said.push(t("transcriber.recognizer.models"));
  said.push(t(sends ? "transcriber.recognizer.sends" : "transcriber.recognizer.stays"));
  return said.join(" · ");
}

/** A model and the size of its download. @param {Recognizer["models"][number]} model @param {Translate} t */
export function modelText({ name, megabytes }, t) {
  return megabytes === null ? name : `${name} (${sizeText(megabytes, t)})`;
}

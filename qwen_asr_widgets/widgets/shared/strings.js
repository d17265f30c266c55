/**
 * The strings of the user interface: which language, and what stands for a key.
 *
 * They lie in `locales/`, one JSON file a language. A key begins with the view it belongs to; `{name}` is filled
 * in by `t(key, {name: value})`. A plural is not computed: write strings that need none ("utterances: 3"), or
 * a second key that ends in `.one`. Of all strings a page has those its widget uses: a key stands in the code
 * whole or as a template literal that begins with its fixed part (see `locales.py`).
 *
 * @typedef {keyof typeof locales.strings} Key  those of the glossary begin with "term."
 * @typedef {(key: Key, values?: Record<string, string | number>) => string} Translate
 */
import locales from "../locales?strings";

const DEFAULT = "en";

/**
 * Choose a language: what the widget asks for, else the browser's, else English.
 * @param {string} asked the `lang` trait, may be empty
 * @param {readonly string[]} browser `navigator.languages`
 * @param {readonly string[]} [known] the languages there are
 */
export function chooseLanguage(asked, browser, known = locales.languages) {
  const wanted = asked ? [asked] : browser;
  const found = wanted.map((tag) => tag.toLowerCase().split(/[-_]/)[0]).find((language) => known.includes(language));
  return found ?? DEFAULT;
}

/**
 * Return the function that looks strings up and fills them in.
 * @param {string} [asked] the `lang` trait, may be empty
 * @returns {Translate}
 */
export function translator(asked = "") {
  const at = locales.languages.indexOf(chooseLanguage(asked, globalThis.navigator?.languages ?? []));
  return (key, values = {}) =>
    locales.strings[key][at].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Tell whether there is a string of this name. @param {string} key @returns {key is Key} */
export function isKey(key) {
  return key in locales.strings;
}

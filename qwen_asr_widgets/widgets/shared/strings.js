// The strings of the user interface: which language, and what stands for a key.
//
// Keys begin with the view they belong to. `{name}` is filled in by `t(key, {name: value})`. A plural
// is not computed: write strings that need none ("utterances: 3").

import { en } from "./strings_en.js";
import { zh } from "./strings_zh.js";

export const STRINGS = { en, zh };

/** @typedef {keyof typeof en} Key */
/** @typedef {(key: Key, values?: Record<string, string | number>) => string} Translate */

/**
 * Choose a language: what the widget asks for, else the browser's, else English.
 * @param {string} asked the `lang` trait, may be empty
 * @param {readonly string[]} browser `navigator.languages`
 * @returns {"en" | "zh"}
 */
export function chooseLanguage(asked, browser) {
  const wanted = asked ? [asked] : browser;
  for (const tag of wanted) {
    const language = tag.toLowerCase().split(/[-_]/)[0];
    if (language === "zh" || language === "en") return language;
  }
  return "en";
}

/**
 * Return the function that looks strings up and fills them in.
 * @param {string} [asked] the `lang` trait, may be empty
 * @returns {Translate}
 */
export function translator(asked = "") {
  const table = STRINGS[chooseLanguage(asked, globalThis.navigator?.languages ?? [])];
  return (key, values = {}) =>
    table[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

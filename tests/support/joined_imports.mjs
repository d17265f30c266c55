// Lets node run the front end's modules as they lie: it gives `?text` and `?strings` imports what joining gives
// them in a page. Use: node --import ./tests/support/joined_imports.mjs FILE
import { readdirSync, readFileSync } from "node:fs";
import { register } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

/** Modules of the package are ES modules without saying so in a package.json. */
const WIDGETS = "/qwen_asr_widgets/widgets/";

if (isMainThread) register(import.meta.url);

/** Files and folders that modules ask for by more than a path are no modules to node's own resolver. */
export async function resolve(specifier, context, next) {
  if (!/\?(text|strings)$/.test(specifier)) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, shortCircuit: true };
}

export async function load(url, context, next) {
  const { search } = new URL(url);
  if (url.includes(WIDGETS) && url.endsWith(".js")) return next(url, { ...context, format: "module" });
  if (search !== "?text" && search !== "?strings") return next(url, context);
  const path = fileURLToPath(url.slice(0, -search.length));
  const value = search === "?text" ? readFileSync(path, "utf8") : allStrings(path);
  return { format: "module", source: `export default ${JSON.stringify(value)};`, shortCircuit: true };
}

/** Add what the glossary says to the strings of each language, as `page_texts` in glossary.py does. */
function addTerms(languages, tables, glossary) {
  for (const { group, id, term, text, measured, formula } of JSON.parse(readFileSync(glossary, "utf8")).terms) {
    languages.forEach((language, k) => {
      const parts = { name: term[language], text: text[language], where: measured[language], formula, link: "" };
      for (const [part, said] of Object.entries(parts)) tables[k][`term.${group}.${id}.${part}`] = said;
    });
  }
}

/** Every string in every language, as `page_strings` in locales.py writes those of one widget. */
function allStrings(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();
  const tables = files.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  const english = tables[files.indexOf("en.json")];
  addTerms(files.map((name) => basename(name, ".json")), tables, join(folder, "..", "..", "glossary.json"));
  return {
    languages: files.map((name) => basename(name, ".json")),
    strings: Object.fromEntries(Object.keys(english).map((key) => [key, tables.map((table) => table[key])])),
  };
}

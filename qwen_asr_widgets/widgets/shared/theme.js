// Light or dark: read from the front end, told to the style sheet and to whoever draws on a canvas.

/**
 * Decide whether the page is dark.
 * JupyterLab, Notebook and Voila say so on the body, marimo by a theme there, VS Code by a class; elsewhere the system decides.
 * @param {{jupyterLight?: string, theme?: string, classes?: string, systemDark?: boolean}} signs
 * @returns {boolean}
 */
export function isDark({ jupyterLight, theme, classes = "", systemDark = false }) {
  if (jupyterLight !== undefined) return jupyterLight === "false";
  if (theme === "dark" || theme === "light") return theme === "dark";
  if (/\bvscode-(dark|high-contrast)\b(?!-light)/.test(classes)) return true;
  if (/\bvscode-/.test(classes)) return false;
  return systemDark;
}

/**
 * Keep `data-theme` of a root element right until the signal aborts.
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 * @param {() => void} [changed] called after every change, not for the first setting
 */
export function followTheme(root, signal, changed = () => {}) {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  /** @type {string | undefined} what this caller was told; another one may have marked the root already */
  let told;
  const apply = () => {
    const theme = isDark({
      jupyterLight: document.body.dataset.jpThemeLight,
      theme: document.body.dataset.theme,
      classes: document.body.className,
      systemDark: system.matches,
    }) ? "dark" : "light";
    if (told === theme) return;
    const first = told === undefined;
    told = theme;
    root.dataset.theme = theme;
    if (!first) changed();
  };
  apply();
  const observer = new MutationObserver(apply);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-theme", "class"] });
  system.addEventListener("change", apply, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

/**
 * Call whenever what is drawn on a canvas may have other colours, until the signal aborts. JupyterLab marks its body
 * dark before the colours of the theme are there, and names the theme once they are.
 * @param {HTMLElement} root an element inside `.qaw`, or that itself
 * @param {() => void} changed @param {AbortSignal} signal
 */
export function whenRestyled(root, changed, signal) {
  const themed = new MutationObserver(changed);
  themed.observe(root.closest(".qaw") ?? root, { attributes: true, attributeFilter: ["data-theme", "data-presentation"] });
  // One dark theme may follow another.
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-vscode-theme-id"] });
  window.matchMedia("(forced-colors: active)").addEventListener("change", changed, { signal });
  signal.addEventListener("abort", () => themed.disconnect(), { once: true });
}

/**
 * Read design tokens as colours a canvas understands.
 * @template {string} Name
 * @param {HTMLElement} root an element inside `.qaw`
 * @param {readonly Name[]} names without the `--qaw-` in front
 * @returns {Record<Name, string>}
 */
export function colours(root, names) {
  const style = getComputedStyle(root);
  const found = /** @type {Record<Name, string>} */ ({});
  for (const name of names) found[name] = style.getPropertyValue(`--qaw-${name}`).trim();
  return found;
}

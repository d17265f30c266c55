/**
 * A file dropped onto the widget is opened, as if it had been chosen. The notebook around it does not see it.
 */

/**
 * @param {HTMLElement} root where files may be dropped; says by `data-dropping` that one is held over it
 * @param {() => boolean} takes whether a file can be opened now
 * @param {(file: File) => void} open
 * @param {AbortSignal} signal
 */
export function takeDropped(root, takes, open, signal) {
  let depth = 0;
  const has = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const show = (/** @type {boolean} */ on) => {
    if (on) root.dataset.dropping = "true";
    else delete root.dataset.dropping;
  };
  /** @param {(event: DragEvent) => void} act @returns {(event: DragEvent) => void} */
  const alone = (act) => (event) => {
    if (!has(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.dataTransfer) event.dataTransfer.dropEffect = takes() ? "copy" : "none";
    act(event);
    show(depth > 0 && takes());
  };
  root.addEventListener("dragenter", alone(() => { depth += 1; }), { signal });
  root.addEventListener("dragleave", alone(() => { depth = Math.max(depth - 1, 0); }), { signal });
  root.addEventListener("dragover", alone(() => {}), { signal });
  root.addEventListener("drop", alone((event) => {
    depth = 0;
    const file = event.dataTransfer?.files[0];
    if (file && takes()) open(file);
  }), { signal });
}

/**
 * A recording that code has begun is in sight, wherever *Run all* leaves the page: at its top, or at the last cell.
 */

/** Times in one recording that the page is scrolled back: two widgets that record must not pull at it for ever. */
const MOST = 3;

/** Share of the widget that must be in sight. */
const SEEN = 0.25;

/** What says that somebody moves about the page, who is then left alone. */
const ACTS = ["wheel", "touchmove", "pointerdown", "keydown"];

/**
 * Scroll a widget that records and is out of sight into it, until somebody moves about the page.
 * @param {HTMLElement} root @param {() => boolean} records whether this page records now @param {AbortSignal} signal
 * @returns {() => void} to be called when code begins a recording
 */
export function keepInSight(root, records, signal) {
  let left = 0;
  const watch = new IntersectionObserver((entries) => {
    if (left === 0 || !records() || entries[entries.length - 1].intersectionRatio >= SEEN) return;
    left -= 1;
    root.scrollIntoView({ block: "nearest" });
  }, { threshold: SEEN });
  const end = () => {
    left = 0;
    watch.disconnect();
  };
  for (const act of ACTS) window.addEventListener(act, end, { capture: true, passive: true, signal });
  signal.addEventListener("abort", end, { once: true });
  return () => {
    left = MOST;
    watch.disconnect();
    watch.observe(root);
  };
}

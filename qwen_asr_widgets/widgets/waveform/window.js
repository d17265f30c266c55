/**
 * Which stretch of the sound a waveform view shows, and whether it follows the end of a growing one.
 * Nothing here knows the page.
 *
 * @import { View } from "../shared/axis/time_axis.js"
 * @typedef {object} Extent
 * @property {number} duration  seconds of sound there are
 * @property {number} until     seconds up to which something is shown, at least the duration
 * @property {boolean} growing
 */
import { LIVE_EDGE, MIN_SPAN, PAGE_EDGE, clampView, followEnd, panBy, reveal, zoomAt } from "../shared/axis/time_axis.js";

/** Seconds across a live view at first. */
export const LIVE_SPAN = 24;

export class WaveWindow {
  /** @param {() => Extent} extent @param {() => boolean} paged  whether following moves page by page */
  constructor(extent, paged) {
    this.extent = extent;
    this.paged = paged;
    /** @type {View} */
    this.view = { start: 0, span: LIVE_SPAN };
    this.following = false;
    /** Whether everything is shown, however much that comes to be: the last sound may come after the word that it was the last. */
    this.fitted = false;
  }

  /** Seconds shown beyond the end: for what is about to come, else for the waits that reach beyond it. */
  get room() {
    const { duration, until, growing } = this.extent();
    if (!growing) return until - duration;
    return Math.max(0, LIVE_SPAN - duration) + this.view.span * (1 - (this.paged() ? PAGE_EDGE : LIVE_EDGE));
  }

  /** Seconds that the overview shows. */
  get whole() {
    const { duration, growing } = this.extent();
    return Math.max(growing ? Math.max(duration, this.view.span) : duration + this.room, 0.001);
  }

  /** Another sound is here: show all of it, or the end of what still grows. */
  open() {
    const { growing } = this.extent();
    if (growing) this.show({ start: 0, span: LIVE_SPAN });
    else this.fit();
    this.following = growing;
    this.grow();
  }

  /** There is more sound. */
  grow() {
    if (this.following) this.view = followEnd(this.view, this.extent().duration, this.paged());
  }

  /** What is shown has changed; a recording that has ended is shown whole, if its end was followed. */
  settle() {
    if (this.following && !this.extent().growing) this.fit();
  }

  /** Stay inside the sound, and around all of it where that was asked for. */
  clamp() {
    if (this.fitted && !this.extent().growing) this.fit();
    else this.view = clampView(this.view, this.extent().duration, this.room);
  }

  /** Show another stretch; following ends. @param {View} view */
  show(view) {
    this.view = clampView(view, this.extent().duration, this.room);
    this.following = false;
    this.fitted = false;
  }

  /** Show everything. */
  fit() {
    this.show({ start: 0, span: Math.max(this.extent().duration + this.room, MIN_SPAN) });
    this.fitted = true;
  }

  /** Follow the end of a growing recording again. @returns {boolean} whether there is one */
  follow() {
    const { duration, growing } = this.extent();
    if (!growing) return false;
    this.following = true;
    this.fitted = false;
    this.view = followEnd({ start: this.view.start, span: Math.min(this.view.span, LIVE_SPAN) }, duration);
    return true;
  }

  /** @param {number} seconds */
  pan(seconds) {
    this.show(panBy(this.view, seconds, this.extent().duration, this.room));
  }

  /** @param {number} factor @param {number} anchor seconds @returns {boolean} whether the view has changed */
  zoom(factor, anchor) {
    const { duration } = this.extent();
    const view = zoomAt(this.view, factor, anchor, duration, this.room);
    if (view.span === this.view.span && view.start === this.view.start) return false;
    this.view = this.following ? followEnd(view, duration) : view;
    this.fitted = false;
    return true;
  }

  /** Show [from, to] seconds with the least movement. @param {number} from @param {number} to */
  reveal(from, to) {
    const view = reveal(this.view, from, to, this.extent().duration);
    if (view !== this.view) this.show(view);
  }

  /** Where keys and buttons zoom: at the cursor if it is in sight, else in the middle. @param {number} cursor */
  anchor(cursor) {
    const { start, span } = this.view;
    return cursor > start && cursor < start + span ? cursor : start + span / 2;
  }
}

/**
 * Where in a run that is seen again one stands, while time passes. Nothing here knows the page.
 */

/** Speeds that can be chosen: seconds of the run that pass in one. */
export const SPEEDS = /** @type {const} */ ([0.25, 0.5, 1, 2, 4, 8, 16]);

/** Speeds of the sound at which it is heard; beyond them nothing can be understood. */
export const HEARD = /** @type {const} */ ([0.5, 4]);

export class ReplayClock {
  /** @param {() => number} now seconds of any clock */
  constructor(now) {
    this.now = now;
    this.duration = 0;
    this.speed = 1;
    this.backwards = false;
    /** The moment at which it was set, and the clock's time then; null while it stands. */
    this.base = 0;
    this.since = /** @type {number | null} */ (null);
  }

  get playing() {
    return this.since !== null;
  }

  /** Seconds since the recording began. */
  get time() {
    if (this.since === null) return this.base;
    const passed = (this.now() - this.since) * this.speed * (this.backwards ? -1 : 1);
    return Math.min(Math.max(this.base + passed, 0), this.duration);
  }

  /** Whether there is nothing more to come in its direction. */
  get over() {
    return this.backwards ? this.time <= 0 : this.time >= this.duration;
  }

  /** Stand at a moment; what plays goes on from there. @param {number} time */
  set(time) {
    this.base = Math.min(Math.max(time, 0), this.duration);
    if (this.since !== null) this.since = this.now();
  }

  /** Go on, from the other end where there is nothing more to come. */
  play() {
    if (this.over) this.set(this.backwards ? this.duration : 0);
    this.since = this.now();
  }

  pause() {
    this.base = this.time;
    this.since = null;
  }

  /** Change how time passes; where one stands does not change. @param {{speed?: number, backwards?: boolean}} how */
  change(how) {
    this.set(this.time);
    Object.assign(this, how);
  }
}

/**
 * How fast the sound of a run plays; null where it is not heard.
 * @param {{speed: number, backwards: boolean}} clock @param {number | null} pace at which it was sent
 */
export function soundSpeed({ speed, backwards }, pace) {
  const heard = pace === null || backwards ? 0 : speed * pace;
  return heard >= HEARD[0] && heard <= HEARD[1] ? heard : null;
}

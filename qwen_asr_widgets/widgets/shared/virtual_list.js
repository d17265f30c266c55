/**
 * Which rows of a long list are on screen, when rows have different heights.
 * Heights are guessed until a row has been drawn and measured.
 */

export class RowHeights {
  /** @param {number} guess pixels */
  constructor(guess) {
    this.guess = guess;
    /** @type {Float64Array} a Fenwick tree over (height − guess) */
    this.tree = new Float64Array(1);
    /** @type {number[]} */
    this.known = [];
  }

  get count() {
    return this.known.length;
  }

  /** Say how many rows there are. @param {number} count */
  resize(count) {
    if (count === this.known.length) return;
    const before = this.known;
    this.known = Array.from({ length: count }, (_, k) => before[k] ?? this.guess);
    this.tree = new Float64Array(count + 1);
    for (let k = 0; k < count; k += 1) this.add(k, this.known[k] - this.guess);
  }

  /** Forget what was measured, e.g. after the width has changed. */
  forget() {
    const count = this.known.length;
    this.known = new Array(count).fill(this.guess);
    this.tree = new Float64Array(count + 1);
  }

  /** @param {number} row @param {number} height @returns {boolean} whether that is new */
  measure(row, height) {
    const change = height - this.known[row];
    if (Math.abs(change) < 0.5) return false;
    this.known[row] = height;
    this.add(row, change);
    return true;
  }

  /** @param {number} row @param {number} change */
  add(row, change) {
    for (let k = row + 1; k < this.tree.length; k += k & -k) this.tree[k] += change;
  }

  /** Pixels above a row. @param {number} row */
  top(row) {
    let sum = row * this.guess;
    for (let k = row; k > 0; k -= k & -k) sum += this.tree[k];
    return sum;
  }

  get total() {
    return this.top(this.count);
  }

  /** The row at a height, from 0 to count − 1. @param {number} y */
  rowAt(y) {
    let low = 0;
    let high = Math.max(0, this.count - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first place from a height on at which a row begins, so that none is cut in half. @param {number} y */
  restAt(y) {
    if (y <= 0 || !this.count) return 0;
    const row = this.rowAt(y);
    return this.top(this.top(row) < y ? Math.min(row + 1, this.count - 1) : row);
  }

  /**
   * The rows [first, last) to draw, with some beyond the edges so that scrolling shows no gap.
   * @param {number} scroll @param {number} height @param {number} [extra] rows
   * @returns {[number, number]}
   */
  window(scroll, height, extra = 4) {
    if (!this.count) return [0, 0];
    const first = Math.max(0, this.rowAt(scroll) - extra);
    const last = Math.min(this.count, this.rowAt(scroll + height) + 1 + extra);
    return [first, last];
  }
}

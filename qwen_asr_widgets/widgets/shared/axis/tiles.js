/**
 * The smallest and largest sample of every stretch of sound, as far as the view has been given them.
 *
 * Levels are ever coarser: a bin of level k covers `binSizes[k]` samples. Bins travel and are kept in tiles of
 * `tileBins` bins. What is not here yet is drawn from a coarser level; the view asks for what is missing.
 *
 * @typedef {{data: Int16Array, count: number, validTo: number}} Tile
 *   `data` holds min, max, min, max…; `validTo` is the sample up to which it is true.
 * @typedef {{level: number, first: number, count: number}} BinRange
 */

export class TileStore {
  /** @param {number[]} binSizes ascending, each a multiple of the one before @param {number} tileBins */
  constructor(binSizes, tileBins) {
    this.binSizes = binSizes;
    this.tileBins = tileBins;
    this.length = 0;
    this.peak = 0;
    /** @type {Map<number, Tile>[]} */
    this.levels = binSizes.map(() => new Map());
  }

  /** Say how many samples there are by now. @param {number} length */
  grow(length) {
    this.length = Math.max(this.length, length);
  }

  /**
   * Take bins that the kernel answered with; `first` stands on a tile's edge.
   * @param {number} level @param {number} first @param {Int16Array} bins @param {number} length
   *   samples there were when they were computed
   */
  put(level, first, bins, length) {
    this.grow(length);
    const total = bins.length / 2;
    for (let done = 0; done < total; done += this.tileBins) {
      const count = Math.min(this.tileBins, total - done);
      const index = Math.floor((first + done) / this.tileBins);
      const known = this.levels[level].get(index);
      const validTo = Math.min(length, (index + 1) * this.tileBins * this.binSizes[level]);
      if (known && known.validTo > validTo) continue;
      const data = new Int16Array(this.tileBins * 2);
      data.set(bins.subarray(done * 2, (done + count) * 2));
      this.levels[level].set(index, { data, count, validTo });
    }
    this.notePeak(bins);
  }

  /**
   * Take the newest bins of one level; every coarser level grows with them.
   * @param {number} level @param {number} first @param {Int16Array} bins @param {number} length
   */
  append(level, first, bins, length) {
    this.grow(length);
    const from = first * this.binSizes[level];
    for (let target = level; target < this.binSizes.length; target += 1) {
      this.appendTo(target, level, first, bins, from, length);
    }
    this.notePeak(bins);
  }

  /**
   * @param {number} target @param {number} level @param {number} first @param {Int16Array} bins
   * @param {number} from @param {number} length
   */
  appendTo(target, level, first, bins, from, length) {
    const size = this.binSizes[level];
    const targetSize = this.binSizes[target];
    const tileSamples = targetSize * this.tileBins;
    for (let k = 0; k < bins.length / 2; k += 1) {
      const at = (first + k) * size;
      const index = Math.floor(at / tileSamples);
      const tile = this.growing(target, index, tileSamples, from);
      if (!tile) continue;
      const bin = Math.floor(at / targetSize) - index * this.tileBins;
      const fresh = target === level || bin >= tile.count;
      const low = bins[2 * k];
      const high = bins[2 * k + 1];
      tile.data[2 * bin] = fresh ? low : Math.min(tile.data[2 * bin], low);
      tile.data[2 * bin + 1] = fresh ? high : Math.max(tile.data[2 * bin + 1], high);
      tile.count = Math.max(tile.count, bin + 1);
      tile.validTo = Math.max(tile.validTo, Math.min(at + size, length));
    }
  }

  /**
   * The tile that new samples join on to, or null where something before them is missing.
   * @param {number} level @param {number} index @param {number} tileSamples @param {number} from
   * @returns {Tile | null}
   */
  growing(level, index, tileSamples, from) {
    const tile = this.levels[level].get(index);
    if (tile) return tile.validTo >= Math.min(from, this.length) ? tile : null;
    if (from > index * tileSamples) return null;
    const made = { data: new Int16Array(this.tileBins * 2), count: 0, validTo: index * tileSamples };
    this.levels[level].set(index, made);
    return made;
  }

  /** @param {Int16Array} bins */
  notePeak(bins) {
    let peak = this.peak;
    for (const value of bins) peak = Math.max(peak, Math.abs(value));
    this.peak = peak;
  }

  /** The coarsest level that still has a bin for every pixel. @param {number} samplesPerPixel */
  levelFor(samplesPerPixel) {
    let level = 0;
    while (level + 1 < this.binSizes.length && this.binSizes[level + 1] <= samplesPerPixel) level += 1;
    return level;
  }

  /** @param {number} level @param {number} index */
  isWhole(level, index) {
    const tile = this.levels[level].get(index);
    const end = Math.min(this.length, (index + 1) * this.tileBins * this.binSizes[level]);
    return tile !== undefined && tile.validTo >= end;
  }

  /**
   * What to ask the kernel for so that [from, to) samples can be drawn at a level.
   * @param {number} level @param {number} from @param {number} to
   * @returns {BinRange[]}
   */
  missing(level, from, to) {
    const tileSamples = this.binSizes[level] * this.tileBins;
    const first = Math.max(0, Math.floor(from / tileSamples));
    const last = Math.floor((Math.min(to, this.length) - 1) / tileSamples);
    const ranges = [];
    for (let index = first; index <= last; index += 1) {
      if (!this.isWhole(level, index)) {
        ranges.push({ level, first: index * this.tileBins, count: this.tileBins });
      }
    }
    return ranges;
  }

  /**
   * The lowest and highest sample under each of `count` pixels, from the best level at hand.
   * @param {number} start first sample @param {number} samplesPerPixel @param {number} count
   * @param {Float32Array} out 2 × count values; NaN where nothing is known
   */
  columns(start, samplesPerPixel, count, out) {
    const wanted = this.levelFor(samplesPerPixel);
    for (let x = 0; x < count; x += 1) {
      const from = start + x * samplesPerPixel;
      this.column(wanted, from, from + samplesPerPixel, out, 2 * x);
    }
    return out;
  }

  /** @param {number} wanted @param {number} from @param {number} to @param {Float32Array} out @param {number} at */
  column(wanted, from, to, out, at) {
    out[at] = NaN;
    out[at + 1] = NaN;
    if (to <= 0 || from >= this.length) return;
    for (let level = wanted; level < this.binSizes.length; level += 1) {
      if (this.reduce(level, Math.max(0, from), Math.min(to, this.length), out, at)) return;
    }
    // A narrow view can want coarser bins than the overview came in: finer ones add up to them.
    for (let level = wanted - 1; level >= 0; level -= 1) {
      if (this.reduce(level, Math.max(0, from), Math.min(to, this.length), out, at)) return;
    }
  }

  /**
   * @param {number} level @param {number} from @param {number} to @param {Float32Array} out
   * @param {number} at @returns {boolean} whether every bin was there
   */
  reduce(level, from, to, out, at) {
    const size = this.binSizes[level];
    const first = Math.floor(from / size);
    const last = Math.max(first, Math.ceil(to / size) - 1);
    let low = Infinity;
    let high = -Infinity;
    for (let bin = first; bin <= last; bin += 1) {
      const index = Math.floor(bin / this.tileBins);
      const tile = this.levels[level].get(index);
      const inside = bin - index * this.tileBins;
      if (!tile || inside >= tile.count) return false;
      low = Math.min(low, tile.data[2 * inside]);
      high = Math.max(high, tile.data[2 * inside + 1]);
    }
    out[at] = low;
    out[at + 1] = high;
    return true;
  }
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { TileStore } from "../../qwen_asr_widgets/widgets/shared/axis/tiles.js";

const SIZES = [1, 4, 16, 64];
const TILE = 8;

function sound(length) {
  let state = 7;
  return Int16Array.from({ length }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (state % 2000) - 1000;
  });
}

function bins(samples, size, first, count) {
  const out = [];
  for (let k = first; k < first + count && k * size < samples.length; k += 1) {
    const part = samples.subarray(k * size, (k + 1) * size);
    out.push(Math.min(...part), Math.max(...part));
  }
  return Int16Array.from(out);
}

function full(samples) {
  const store = new TileStore(SIZES, TILE);
  for (const [level, size] of SIZES.entries()) store.put(level, 0, bins(samples, size, 0, Infinity), samples.length);
  return store;
}

test("a column holds the lowest and highest of its samples at whole bins", () => {
  const samples = sound(640);
  const columns = full(samples).columns(0, 16, 40, new Float32Array(80));
  assert.deepEqual([...columns], [...bins(samples, 16, 0, 40)]);
});

test("beyond the sound nothing is known", () => {
  const columns = full(sound(64)).columns(48, 16, 4, new Float32Array(8));
  assert.ok(!Number.isNaN(columns[0]));
  assert.ok(columns.slice(2).every(Number.isNaN));
});

test("what is missing is drawn from a coarser level", () => {
  const samples = sound(640);
  const store = new TileStore(SIZES, TILE);
  store.put(3, 0, bins(samples, 64, 0, 10), 640);
  const [low, high] = store.columns(70, 4, 1, new Float32Array(2));
  assert.deepEqual([low, high], [...bins(samples, 64, 1, 1)]);
});

test("it asks for the tiles in sight and for no other", () => {
  const samples = sound(640);
  const store = new TileStore(SIZES, TILE);
  store.grow(640);
  assert.deepEqual(store.missing(1, 40, 100), [
    { level: 1, first: 8, count: 8 }, { level: 1, first: 16, count: 8 }, { level: 1, first: 24, count: 8 },
  ]);
  store.put(1, 16, bins(samples, 4, 16, 8), 640);
  assert.equal(store.missing(1, 64, 96).length, 0);
});

test("a sound that grows piece by piece looks as if it had come at once, at every level", () => {
  const samples = sound(1000);
  for (const step of [1, 7, 16, 33, 250]) {
    const grown = new TileStore(SIZES, TILE);
    let told = 0;
    while (told < samples.length) {
      const length = Math.min(told + step, samples.length);
      const first = Math.floor(told / 4);
      const count = Math.ceil(length / 4) - first;
      grown.append(1, first, bins(samples.subarray(0, length), 4, first, count), length);
      told = length;
    }
    const whole = full(samples);
    for (const perPixel of [4, 16, 64]) {
      const count = Math.ceil(1000 / perPixel);
      assert.deepEqual(
        grown.columns(0, perPixel, count, new Float32Array(2 * count)),
        whole.columns(0, perPixel, count, new Float32Array(2 * count)),
        `steps of ${step}, ${perPixel} samples a pixel`,
      );
      assert.deepEqual(grown.missing(SIZES.indexOf(perPixel), 0, 1000), []);
    }
  }
});

test("growth after a gap leaves the tile to be asked for again", () => {
  const samples = sound(200);
  const store = new TileStore(SIZES, TILE);
  store.put(1, 0, bins(samples.subarray(0, 20), 4, 0, 5), 20);
  store.append(1, 10, bins(samples, 4, 10, 5), 60);
  assert.deepEqual(store.missing(1, 0, 60), [{ level: 1, first: 0, count: 8 }, { level: 1, first: 8, count: 8 }]);
});

test("the level has a bin for every pixel", () => {
  const store = new TileStore(SIZES, TILE);
  assert.deepEqual([0.2, 1, 3.9, 4, 63, 64, 9999].map((spp) => store.levelFor(spp)), [0, 0, 0, 1, 2, 3, 3]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ReplayClock, soundSpeed } from "../../qwen_asr_widgets/widgets/replay/clock.js";
import { Playback } from "../../qwen_asr_widgets/widgets/shared/axis/playback.js";

function clockOf(duration) {
  const time = { now: 100 };
  const clock = new ReplayClock(() => time.now);
  clock.duration = duration;
  return { clock, time };
}

test("a run passes at the speed that is chosen, forwards and backwards, and ends at its ends", () => {
  const { clock, time } = clockOf(10);
  clock.play();
  time.now += 2;
  assert.equal(clock.time, 2);
  clock.change({ speed: 4 });
  time.now += 1;
  assert.equal(clock.time, 6);
  clock.change({ backwards: true, speed: 0.5 });
  time.now += 4;
  assert.equal(clock.time, 4);
  time.now += 100;
  assert.equal(clock.time, 0);
  assert.equal(clock.over, true);
  clock.change({ backwards: false });
  time.now += 100;
  assert.equal(clock.time, 10);
});

test("what plays goes on from where it is set, what stands stays there", () => {
  const { clock, time } = clockOf(10);
  clock.set(3);
  time.now += 5;
  assert.equal(clock.time, 3);
  clock.play();
  time.now += 1;
  clock.set(7);
  time.now += 1;
  assert.equal(clock.time, 8);
  clock.pause();
  time.now += 1;
  assert.equal(clock.time, 8);
  clock.set(99);
  assert.equal(clock.time, 10);
  clock.play();
  assert.equal(clock.time, 0);
});

test("sound is heard where it plays at half to four times its own speed, and not backwards", () => {
  const at = (speed, pace, backwards = false) => soundSpeed({ speed, backwards }, pace);
  assert.deepEqual([at(1, 1), at(0.5, 1), at(2, 2), at(0.25, 1), at(8, 1), at(1, null), at(1, 1, true)], [1, 0.5, 4, null, null, null, null]);
});

test("a faster replay asks for its slices and places them by its speed", () => {
  const started = [];
  const context = {
    currentTime: 0, state: "running", destination: null,
    createBuffer: (_, length) => ({ length, getChannelData: () => new Float32Array(length) }),
    createBufferSource: () => ({ playbackRate: { value: 1 }, connect() {}, start(at) { started.push([at, this.playbackRate.value]); } }),
  };
  const playback = new Playback({ rate: 100, ask: () => {}, changed: () => {}, makeContext: () => context });
  playback.play(4, 20, 2);
  playback.take(400, new Int16Array(100));
  playback.take(500, new Int16Array(100));
  assert.deepEqual(started.map(([at, rate]) => [Math.round(1000 * (at - started[0][0])), rate]), [[0, 2], [500, 2]]);
  context.currentTime = started[0][0] + 0.5;
  assert.equal(Math.round(1000 * playback.tick()), 5000);
});

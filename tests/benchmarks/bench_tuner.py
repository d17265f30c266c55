"""Drag to redraw: how long after a pointer moves the threshold stand new turns and figures on the page.

An hour of speech with a reference of about a thousand turns, in JupyterLab and Chromium; every step waits for
the one before, as a hand would. The peer is the bare round trip of a widget message in the same page. Then
with a model's mark at each of about a thousand pauses the detector's threshold is dragged, and the model's.
And a minute of speech heard in noise: how long after the noise's slider moves its turns are drawn anew.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

HOUR = """
import numpy as np
import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner
sample = qaw.sample("noisy")
times = int(3600 / sample.clip.duration) + 1
clip = AudioClip(np.tile(sample.clip.samples, times)[: 3600 * 16_000], 16_000)
step = sample.clip.duration
turns = [ReferenceTurn(round(t.start + k * step, 3), round(t.end + k * step, 3))
         for k in range(times) for t in sample.turns if t.end + k * step < 3600]
tuner = VadTuner(clip, Labels(turns))
_ = tuner.turns
tuner
"""

MARKED = """
from qwen_asr_widgets.vad.end_of_turn.end_of_turn import EndOfTurn
class Spread:
    name, identity, needs_sound = "spread", "spread:1", False
    asked = 0
    def probability(self, samples, text):
        self.asked += 1
        return self.asked * 0.618 % 1
tuner.ends.decide(EndOfTurn(Spread()))
_ = tuner.ends.probabilities
"""

MINUTE = """
import numpy as np
import qwen_asr_widgets as qaw
sample = qaw.sample("noisy")
clip = qaw.AudioClip(np.resize(sample.clip.samples, 60 * 16_000), 16_000)
tuner = qaw.VadTuner(clip, [(turn.start, turn.end) for turn in sample.turns])
tuner
"""

# A step is over when the sentence under the sliders names its decibels and its frame was painted.
NOISE = """async ([count, kind]) => {
  const root = document.querySelector('.qaw-tuner-second');
  root.open = true;
  const noise = root.querySelectorAll('select')[1];
  const slider = root.querySelectorAll('input[type=range]')[1];
  const said = root.querySelector('.qaw-tuner-second-result');
  const telephone = root.querySelector('input[type=checkbox]');
  const until = (holds) => new Promise((done) => {
    const look = () => (holds() ? requestAnimationFrame(() => setTimeout(done)) : setTimeout(look, 1));
    look();
  });
  noise.value = kind === 'telephone' ? 'pink' : kind;
  noise.dispatchEvent(new Event('change'));
  if (telephone.checked !== (kind === 'telephone')) telephone.click();
  await until(() => !said.hidden);
  await new Promise((done) => setTimeout(done, 1500));
  const times = [];
  for (let k = 0; k < count; k += 1) {
    const value = 5 + (k % 30);
    const began = performance.now();
    slider.value = String(value);
    slider.dispatchEvent(new Event('input'));
    await until(() => said.textContent.includes(` ${value} dB`));
    times.push(performance.now() - began);
  }
  return times;
}"""

ECHO = '''
import anywidget
class Echo(anywidget.AnyWidget):
    _esm = """
    export default { render({ model, el }) {
      el.className = 'echo';
      el.roundTrip = () => new Promise((done) => {
        const began = performance.now();
        const heard = () => {
          model.off('msg:custom', heard);
          requestAnimationFrame(() => done(performance.now() - began));
        };
        model.on('msg:custom', heard);
        model.send({ ping: 1 });
      });
    } };
    """
echo = Echo()
echo.on_msg(lambda widget, content, buffers: widget.send({"pong": 1}))
echo
'''

ROUND_TRIPS = """async (count) => {
  const echo = document.querySelector('.echo');
  const times = [];
  for (let k = 0; k < count; k += 1) times.push(await echo.roundTrip());
  return times;
}"""

# A step is over when the count of turns in the panel is the answer to it and its frame was painted.
DRAGS = """async (count) => {
  const handle = document.querySelector('.qaw-tuner-handle');
  const shown = document.querySelector('.qaw-tuner-figure[data-name="turns"] b');
  const wait = () => new Promise((done) => {
    const watch = new MutationObserver(() => {
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(done));
    });
    watch.observe(shown, { childList: true, characterData: true, subtree: true });
    setTimeout(() => { watch.disconnect(); done('same'); }, 400);
  });
  const at = (type, y) => {
    const box = handle.getBoundingClientRect();
    const place = { pointerId: 1, clientX: box.x + 5, clientY: y, bubbles: true, button: 0 };
    handle.dispatchEvent(new PointerEvent(type, place));
  };
  handle.setPointerCapture = () => {};
  const box = handle.getBoundingClientRect();
  let y = box.y + box.height / 2;
  at('pointerdown', y);
  const times = [];
  let way = 1;
  for (let k = 0; times.length < count && k < 4 * count; k += 1) {
    if (k % 20 === 19) way = -way;
    y += 2 * way;
    const began = performance.now();
    const done = wait();
    at('pointermove', y);
    if (await done !== 'same') times.push(performance.now() - began);
  }
  at('pointerup', y);
  return times;
}"""

# As `DRAGS`, of the model's threshold: a step is over when what it costs has changed and was painted.
MODEL_DRAGS = """async (count) => {
  const slider = document.querySelector('[data-handle="threshold"]');
  const figures = document.querySelector('.qaw-ends .qaw-tuner-figures');
  const times = [];
  for (let k = 0; times.length < count && k < 4 * count; k += 1) {
    const began = performance.now();
    const done = new Promise((done) => {
      const watch = new MutationObserver(() => {
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(true)));
      });
      watch.observe(figures, { childList: true, characterData: true, subtree: true });
      setTimeout(() => { watch.disconnect(); done(false); }, 400);
    });
    slider.value = String(0.05 + (k * 0.07) % 0.9);
    slider.dispatchEvent(new Event('input'));
    if (await done) times.push(performance.now() - began);
  }
  return times;
}"""


def measure(notebook: Any, count: int = 100) -> dict[str, list[float]]:
    """Open the hour and drag; return the times in ms."""
    page = notebook.open("tuner", [HOUR, ECHO])
    page.locator(".qaw-tuner-handle").wait_for(timeout=60_000)
    page.wait_for_function(
        "document.querySelector('.qaw-tuner-figure[data-name=\"turns\"] b')?.textContent > 0", timeout=60_000
    )
    page.wait_for_timeout(1_500)
    page.evaluate(ROUND_TRIPS, 10)
    page.evaluate(DRAGS, 5)
    times = {"round trip": page.evaluate(ROUND_TRIPS, count), "drag": page.evaluate(DRAGS, count)}
    notebook.evaluate(f"exec({MARKED!r})")
    page.locator(".qaw-ends > summary").click()
    page.wait_for_function(
        "document.querySelector('.qaw-ends .qaw-tuner-figure b')?.textContent > 0", timeout=60_000
    )
    page.evaluate(MODEL_DRAGS, 5)
    times["drag, with marks"] = page.evaluate(DRAGS, count)
    times["drag of the model's threshold"] = page.evaluate(MODEL_DRAGS, count)
    return times


def measure_noise(notebook: Any, count: int = 30) -> dict[str, list[float]]:
    """Open a minute and drag the noise's slider; return the times in ms."""
    page = notebook.open("noise", [MINUTE])
    page.locator(".qaw-tuner-second").wait_for(timeout=60_000, state="attached")
    return {f"noise slider, {kind}": page.evaluate(NOISE, [count, kind])
            for kind in ("pink", "babble", "telephone")}


def main() -> None:
    """Print what a drag over an hour costs, and one of the noise over a minute."""
    import numpy as np
    from support.lab_bench import lab_page

    with lab_page() as notebook:
        times = measure(notebook)
    with lab_page() as notebook:
        noise = measure_noise(notebook)
    print(f"{'an hour, 16 kHz, ms':34}{'median':>9}{'p95':>9}{'longest':>9}    n")
    for name, row in times.items():
        median, high = np.quantile(row, [0.5, 0.95])
        print(f"{name:34}{median:>9.1f}{high:>9.1f}{max(row):>9.1f}{len(row):>5}")
    for name in list(times)[1:]:
        ratio = np.median(times[name]) / np.median(times["round trip"])
        print(f"{name + ' / bare round trip':46}{ratio:>9.2f}    limit: p95 of a drag 50 ms")
    print(f"{'a minute, 16 kHz, ms':34}{'median':>9}{'p95':>9}{'longest':>9}    n")
    for name, row in noise.items():
        median, high = np.quantile(row, [0.5, 0.95])
        print(f"{name:34}{median:>9.1f}{high:>9.1f}{max(row):>9.1f}{len(row):>5}    limit: p95 300 ms")


if __name__ == "__main__":
    main()

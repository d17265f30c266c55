"""An hour in the waveform: time to the first picture, bytes moved, frames a second while panning.

In JupyterLab and Chromium. The frame rate's peer is the same page at the same time with nothing to draw.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CLIP = """
import sys, time, json
import numpy as np
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.widgets.waveform.waveform import Waveform
minute = (0.3 * np.random.default_rng(0).standard_normal(16_000 * 60)).clip(-1, 1).astype(np.float32)
clip = AudioClip(np.tile(minute, 60), 16_000)
wave = Waveform(AudioClip(minute, 16_000))
"""

OPEN = """
moved = []
wave = Waveform(clip)
send = wave.send
def count(content, buffers=None):
    moved.append(len(json.dumps(content)) + sum(len(buffer) for buffer in buffers or []))
    send(content, buffers)
wave.send = count
began = time.time()
wave
"""

PAINTED = """() => {
  const canvas = document.querySelector('.qaw-plot canvas');
  if (!canvas?.width) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, Math.min(60, canvas.height));
  let seen = 0;
  for (let k = 3; k < data.length; k += 4) seen += data[k] > 200;
  return seen > data.length / 4 / 20 ? Date.now() / 1000 : false;
}"""

FRAMES = """([pan, seconds]) => new Promise((done) => {
  const plot = document.querySelector('.qaw-plot');
  const began = performance.now();
  let frames = 0;
  let way = 1;
  const step = () => {
    frames += 1;
    if (performance.now() - began > seconds * 1000) return done(frames / seconds);
    if (frames % 90 === 0) way = -way;
    const wheel = { deltaX: 7 * way, bubbles: true, cancelable: true };
    if (pan) plot.dispatchEvent(new WheelEvent('wheel', wheel));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""

ZOOMS = 5
SECONDS = 4


def measure(notebook: Any) -> dict[str, float]:
    """Open an hour, zoom in, pan; return the figures."""
    notebook.server.write("hour", [CLIP, OPEN])
    notebook.visit("hour.ipynb")
    notebook.run_all(wait=False)
    page = notebook.page
    painted = page.wait_for_function(PAINTED, timeout=60_000, polling="raf").json_value()
    figures = {"first": painted - notebook.evaluate("began"), "bytes": notebook.evaluate("sum(moved)")}
    page.locator(".qaw-plot").focus()
    for _ in range(ZOOMS):
        page.keyboard.press("+")
    page.wait_for_timeout(500)
    rounds = [[page.evaluate(FRAMES, [pan, SECONDS]) for pan in (False, True)] for _ in range(3)]
    figures["still"], figures["panning"] = (sorted(column)[1] for column in zip(*rounds))
    return figures


def main() -> None:
    """Print what opening and panning an hour cost."""
    from support.lab_bench import lab_page

    with lab_page(height=700) as notebook:
        figures = measure(notebook)
    print(f"{'an hour at 16 kHz':34}{'measured':>12}   limit")
    print(f"{'cell runs -> painted':34}{figures['first']:>10.2f} s   1 s")
    print(f"{'moved before the first zoom':34}{figures['bytes'] / 1e3:>9.0f} kB   200 kB")
    print(f"{'frames/s, nothing drawn':34}{figures['still']:>12.1f}")
    print(f"{'frames/s, panning':34}{figures['panning']:>12.1f}   55")
    print(f"{'ratio':34}{figures['panning'] / figures['still']:>12.2f}   0.92")


if __name__ == "__main__":
    main()

"""How still and quick the transcriber's page is in JupyterLab: what moves, what one waits for, what freezes.

Columns: the figure, its limit, and their ratio. ``moved while recording`` is what the browser's own
``layout-shift`` names outside waveform and words; ``click to first word`` includes the browser's microphone
and a recogniser that is ready; a freeze is the time between two frames while a file of 115 MB is uploaded.
The same page without an upload is the peer of the freeze: a busy machine leaves out frames by itself.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.chromium import find_chromium  # noqa: E402
from support.lab_bench import lab_page  # noqa: E402

from qwen_asr_widgets.audio.samples import sample  # noqa: E402

SETUP = """
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
t = Transcriber(endpoint=embedded("script").start(), autosave=False)
"""

SHIFTS = """() => {
  const free = '.qaw-wave, .qaw-transcript, .qaw-drawer, .qaw-notice, .qaw-tr-said > *';
  window.moved = 0;
  new PerformanceObserver((list) => {
    for (const { sources } of list.getEntries()) {
      for (const { node, previousRect, currentRect } of sources) {
        const element = node?.nodeType === 1 ? node : node?.parentElement;
        if (!element?.closest('.qaw-tr') || element.closest(free)) continue;
        window.moved = Math.max(window.moved, Math.abs(previousRect.y - currentRect.y));
      }
    }
  }).observe({ type: 'layout-shift' });
}"""

FIRST_WORD = """() => new Promise((done) => {
  const clicked = performance.now();
  const look = () => {
    const text = document.querySelector('.qaw-row[data-number] .qaw-text')?.textContent;
    if (text) done(performance.now() - clicked);
    else requestAnimationFrame(look);
  };
  document.querySelector('.qaw-mic-record').click();
  look();
})"""

FRAMES = """() => {
  window.gaps = [];
  let before = performance.now();
  const look = (now) => { window.gaps.push(now - before); before = now; requestAnimationFrame(look); };
  requestAnimationFrame(look);
}"""
GAPS = "() => Math.max(...window.gaps.splice(0))"

MEGABYTES = 115
RATE = 16_000


def write_sound(path: Path) -> None:
    """Write as much noise as a file of `MEGABYTES` holds."""
    noise = np.random.default_rng(1).integers(-3_000, 3_000, 60 * RATE).astype(np.int16)
    count = MEGABYTES * 1_000_000 // 2
    soundfile.write(path, np.resize(noise, count), RATE, subtype="PCM_16")


def upload(page: Any, path: Path) -> tuple[float, float]:
    """Return the longest gap (ms) between two frames while nothing happens, and while a file is uploaded."""
    page.evaluate(FRAMES)
    time.sleep(5)
    idle = page.evaluate(GAPS)
    page.locator(".qaw-tr > input[type=file]").set_input_files(str(path))
    page.locator(".qaw-tr[data-phase=ready]").wait_for(timeout=180_000)
    return idle, page.evaluate(GAPS)


def measure() -> list[tuple[str, float, float, str]]:
    """Return rows of name, figure, limit, unit."""
    with lab_page(sample("conversation").clip) as notebook, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        write_sound(path)
        page = notebook.open("page", [SETUP, "t"])
        page.locator(".qaw-mic-record").wait_for()
        time.sleep(2)  # until the recogniser is ready
        first_word = page.evaluate(FIRST_WORD)
        page.evaluate(SHIFTS)
        time.sleep(15)
        moved = page.evaluate("window.moved")
        page.locator(".qaw-mic-record").click()
        page.locator(".qaw-tr[data-phase=done]").wait_for()
        idle, frozen = upload(page, path)
    return [
        ("moved while recording", moved, 1, "px"), ("click to first word", first_word, 3_000, "ms"),
        ("longest gap between frames, idle", idle, 100, "ms"),
        (f"longest gap, {MEGABYTES} MB uploaded", frozen, 100, "ms"),
    ]


def main() -> None:
    """Print one table."""
    if not find_chromium():
        print("skipped: there is no chromium on the PATH")
        return
    print(f"{'page of the transcriber':<40}{'measured':>12}{'limit':>9}  ratio")
    for name, value, limit, unit in measure():
        print(f"{name:<40}{value:>12.2f}{limit:>9g}  {value / limit:.2f}  {unit}")


if __name__ == "__main__":
    main()

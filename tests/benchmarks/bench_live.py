"""What a live minute of the transcriber costs in a real notebook: the kernel and the display.

The recogniser is the scripted one and a process of its own, so the kernel's figures are those of capture,
session, recording and display. Columns: the figure, its limit, and their ratio, which is to be below 1 on a
machine that does nothing else. ``--seconds`` sets how long is recorded; from five minutes on, what the
kernel's memory grows by after the first one is told too (bench_memory.py says what of it is kept).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.chromium import find_chromium  # noqa: E402
from support.lab_bench import lab_page  # noqa: E402
from support.notebook_page import NotebookPage  # noqa: E402

from qwen_asr_widgets.audio.samples import sample  # noqa: E402

LONG = 300.0
"""Seconds from which on a recording says something about memory."""
MB_OF_SOUND = 60 * 16_000 * 2 / 1e6
"""What a minute of int16 at 16 kHz takes."""

SETUP = """
import gc, os, time
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.widgets.capture.capture import CaptureChunk
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
t = Transcriber(endpoint=embedded("script").start())
delays = []
def note(widget, content, buffers):
    if content.get("kind") == "chunk":
        delays.append(time.time() * 1000 - content["sent"])
t.uplink.on_msg(note)
def cpu():
    return time.process_time()
def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
def partials():
    began = t.recording._began
    shift = time.time() - time.monotonic()
    return [(one.number, part.text + part.stash, (began + part.time + shift) * 1000)
            for one in t.recording.utterances for part in one.partials]
"""

# Notes when a text of the last row first stood on the screen, as of the frame after it was set.
WATCH = """() => {
  window.painted = {};
  const look = () => requestAnimationFrame(() => {
    const now = performance.timeOrigin + performance.now();
    for (const row of document.querySelectorAll('.qaw-row[data-number]')) {
      const key = `${row.dataset.number}|${row.querySelector('.qaw-text')?.textContent}`;
      window.painted[key] ??= now;
    }
  });
  const whatever = { subtree: true, childList: true, characterData: true };
  new MutationObserver(look).observe(document.querySelector('.qaw-tr'), whatever);
}"""


def measure(seconds: float) -> list[tuple[str, float, float, str]]:
    """Record for so long and return rows of name, figure, limit, unit."""
    with lab_page(sample("conversation").clip) as notebook:
        return record(notebook, notebook.open("live", [SETUP, "t"]), seconds)


def record(notebook: NotebookPage, page: Any, seconds: float) -> list[tuple[str, float, float, str]]:
    """Press Record and take the figures between two moments of the recording."""
    page.locator(".qaw-mic-record").click()
    reached = """(least) => {
      const [minutes, rest] = (document.querySelector('.qaw-mic-elapsed')?.textContent || '0:00').split(':');
      return Number(minutes) * 60 + Number(rest) >= least;
    }"""
    begin = 60.0 if seconds >= LONG else 5.0
    page.wait_for_function(reached, arg=begin, timeout=120_000)
    page.evaluate(WATCH)
    figures = "[cpu(), t.recording.duration, resident()]"
    cpu_before, at_before, memory_before = notebook.evaluate(figures)
    page.wait_for_function(reached, arg=begin + seconds, timeout=(60 + seconds) * 1000)
    cpu_after, at_after, memory_after = notebook.evaluate(figures)
    spent = at_after - at_before
    delays = notebook.evaluate("delays")
    painted = page.evaluate("window.painted")
    waits = [
        painted[f"{number}|{text}"] - time
        for number, text, time in notebook.evaluate("partials()") if f"{number}|{text}" in painted
    ]
    waits = sorted(wait for wait in waits if wait > 0) or [float("nan")]
    page.locator(".qaw-mic-record").click()
    rows = [
        ("browser send to kernel, mean", statistics.mean(delays), 25, "ms"),
        ("kernel CPU without the recogniser", 100 * (cpu_after - cpu_before) / spent, 6, "% of a core"),
        ("paint of a partial, median", statistics.median(waits), 100, "ms"),
        (f"paint of a partial, p95 of {len(waits)}", waits[int(0.95 * (len(waits) - 1))], 100, "ms"),
        ("lost chunks", float(notebook.evaluate("t.uplink.session.lost")), 1, ""),
    ]
    if seconds >= LONG:
        grown = (memory_after - memory_before) / 1e6 / (spent / 60)
        rows.append(("memory of the kernel, resident", grown, MB_OF_SOUND, "MB a minute"))
    return rows


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    if not find_chromium(whole=True):
        print("skipped: there is no chromium on the PATH")
        return
    print(f"{'live transcriber, ' + format(seconds, 'g') + ' s':<40}{'measured':>12}{'limit':>9}  ratio")
    for name, value, limit, unit in measure(seconds):
        print(f"{name:<40}{value:>12.2f}{limit:>9g}  {value / limit:.2f}  {unit}")


if __name__ == "__main__":
    main()

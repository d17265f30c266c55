"""What tests show in a transcript, and where it stands on the page."""

from __future__ import annotations

from support.recordings import Script

ROWS = ".qaw-list .qaw-row"
LIST = ".qaw-list"
EDGES = "(rows) => rows.map((row) => row.getBoundingClientRect()).map((box) => [box.top, box.bottom])"
"""Top and bottom of rows, in CSS pixels."""


def few() -> Script:
    """Three turns: words, markup in another language, and one in which nothing was understood."""
    script = Script(30.0)
    script.turn("a", 1.1, 5.2, "So the first thing is the waveform.", partials=[(0.6, "", "so")])
    script.turn("b", 6.3, 9.6, "<img src=x onerror=window.hacked=1><b>bold</b>", language="zh")
    script.turn("c", 11.0, 12.0, "")
    return script


def many(count: int = 400) -> Script:
    """So many turns, two seconds each, with words for one line or several."""
    script = Script(2.0 * count + 5)
    for k in range(count):
        text = f"utterance {k + 1} " + "and more words " * (k % 9)
        script.turn(f"t{k}", 2.0 * k + 0.2, 2.0 * k + 0.9, text)
    return script

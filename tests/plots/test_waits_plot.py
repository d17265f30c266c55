"""Two runs on one slide: every wait once, medians, n, what differs named, legible at 1280 × 720."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from support.recordings import Script, three_turns

from qwen_asr_widgets import SessionConfig, SettingError, TurnDetection, compare, plot_latency
from qwen_asr_widgets.plots.fitted import FittedText


@pytest.fixture(autouse=True)
def one_sound(monkeypatch):
    monkeypatch.setattr(Script, "voice", lambda *_: None)


def run(silence, waits, **about):
    config = SessionConfig(language="en", turn_detection=TurnDetection(silence_duration_ms=silence))
    script = Script(40.0, config, **about)
    for at, wait in enumerate(waits):
        script.turn(f"t{at}", 1.0 + 4 * at, 2.5 + 4 * at, "so", endpoint=wait - 0.2, decode=0.2)
    return script.finish()


QUICK = (0.5, 0.6, 0.6, 0.7, 0.7, 0.6)
SLOW = (1.6, 1.7, 1.7, 1.8, 1.9, 1.8)


def slide(recordings, width=12.8, height=7.2, **options):
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    ax = plot_latency(recordings, figure.add_subplot(), **options)
    figure.draw_without_rendering()
    return ax


def said(ax, gid):
    return [
        artist.get_text() for artist in ax.get_children()
        if isinstance(artist, FittedText) and artist.get_gid() == gid
    ]


def drawn(ax, kind):
    lines = [line for line in ax.lines if (line.get_gid() or "").startswith(kind)]
    return {line.get_gid().removeprefix(kind): line for line in lines}


def test_a_slide_says_which_run_waits_how_long_and_how_sure_that_is():
    runs = run(400, QUICK), run(1500, SLOW)
    ax = slide(runs)
    assert said(ax, "headline") == ["0.60 s against 1.75 s"]
    assert said(ax, "name") == ["silence 400 ms", "silence 1500 ms"]
    assert said(ax, "difference") == [str(compare(*runs, names=said(ax, "name")).differences[0])]
    assert said(ax, "figures")[0] == "median 0.60 s, longest 0.70 s, n = 6"
    for name, waits in zip(said(ax, "name"), (QUICK, SLOW)):
        assert np.allclose(drawn(ax, "waits-")[name].get_xdata(), sorted(waits), atol=2e-3)
        assert np.allclose(drawn(ax, "median-")[name].get_xdata(), np.median(waits), atol=2e-3)


@pytest.mark.parametrize("width, height", [(12.8, 7.2), (9.6, 3.2), (5, 4)])
def test_nothing_covers_anything_and_a_slide_is_legible(width, height):
    ax = slide([run(400, QUICK), run(1500, SLOW)], width, height)
    texts = [one for one in ax.get_children() if isinstance(one, FittedText) and one.get_text()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    frame = ax.figure.bbox
    for text, box in boxes:
        inside = box.x0 >= -1 and box.x1 <= frame.x1 + 1 and box.y0 >= -1 and box.y1 <= frame.y1 + 1
        assert inside, f"{text} is cut off"
    for (one, first), (other, second) in combinations(boxes, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert wide <= 1 or high <= 2, f"{one} covers {other}"
    if width == 12.8:
        assert min(text.get_fontsize() for text in texts) * 100 / 72 >= 16, "pixels of 720"


def test_of_other_sounds_no_pairs_are_made_and_a_run_without_waits_says_why():
    other = Script(8.0, name="another").turn("a", 1.0, 2.0, "so", endpoint=0.4).finish()
    ax = slide([three_turns(), other, three_turns(pace=None)], names=["a", "b", "c"])
    assert said(ax, "headline") == [] and "c" not in drawn(ax, "median-")
    assert said(ax, "figures")[2] == "sent as fast as it was taken, so its waits say nothing"
    ax = slide([three_turns(), run(400, QUICK, chunk_ms=50)])
    assert len(said(ax, "difference")) == 1, "the shorter one is its beginning"


@pytest.mark.parametrize("recordings, names, sentence", [
    ([], (), "no recordings"), (["a"], (), "takes a Recording"), ([three_turns()], ("a", "b"), "2 names"),
])
def test_what_cannot_be_drawn_is_refused(recordings, names, sentence):
    with pytest.raises(SettingError, match=sentence):
        slide(recordings, names=names)

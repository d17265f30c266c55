"""The pictures of pauses and of the trade-off show their numbers and say what they rest on."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.plots.style import DARK, LIGHT
from support import drawn

matplotlib.use("agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@pytest.fixture(scope="module")
def result() -> qaw.TradeOff:
    clips = [drawn.wandering_scores(2_000, seed) for seed in range(4)]
    truths = [
        [(t.onset, t.end) for t in qaw.detect_turns(clip, qaw.TurnDetection(0.1, 1_500, 0))] for clip in clips
    ]
    return qaw.trade_off(clips, truths, ["vad", "silence"], thresholds=[-0.2, 0.0, 0.4])


@pytest.fixture(autouse=True)
def _no_figure_left() -> Iterator[None]:
    yield
    pyplot.close("all")


def _named(ax: Axes, gid: str) -> object:
    return next(artist for artist in ax.get_children() if artist.get_gid() == gid)


@pytest.mark.parametrize("detector", ["vad", "silence"])
def test_a_line_holds_the_front_and_rings_the_operating_points(result: qaw.TradeOff, detector: str) -> None:
    ax = Figure().subplots()
    assert qaw.plot_trade_off(result, ax) is ax
    x, y = _named(ax, f"front {detector}").get_data()  # type: ignore[attr-defined]
    front = result.pareto(detector)
    assert list(zip(x, y))[:-1] == [(point.latency, point.cut_off_rate) for point in front]
    rings = _named(ax, f"points {detector}").get_data()[1]  # type: ignore[attr-defined]
    chosen = [*result.at_budget(detector=detector), *result.latency_at(detector=detector)]
    assert list(rings) == [p.cut_off_rate for p in chosen if p is not None and p.latency <= 2]


def test_a_band_holds_its_line_where_it_was_drawn(result: qaw.TradeOff) -> None:
    ax = qaw.plot_trade_off(result)
    corners = _named(ax, "band silence").get_paths()[0].vertices  # type: ignore[attr-defined]
    point = result.at_budget(0.6, detector="silence")[0]
    assert point is not None
    at = corners[np.isclose(corners[:, 0], 0.605, atol=0.03)][:, 1]
    assert at.min() - 0.02 <= point.cut_off_rate <= at.max() + 0.02
    plain = qaw.plot_trade_off(result, bands=False)
    assert not [artist for artist in plain.get_children() if "band" in (artist.get_gid() or "")]


def test_the_picture_says_what_it_rests_on(result: qaw.TradeOff) -> None:
    footer = _named(qaw.plot_trade_off(result), "footer").get_text()  # type: ignore[attr-defined]
    said = " ".join(footer.split())
    assert said == result.notes[0] and "4 clips, each held out in turn" in said


@pytest.mark.parametrize(("style", "palette"), [("default", LIGHT), ("dark_background", DARK)])
def test_colours_follow_the_ground(result: qaw.TradeOff, style: str, palette: object) -> None:
    with pyplot.style.context(style):
        line = _named(qaw.plot_trade_off(result, bands=False), "front vad")
    assert to_hex(line.get_color()) == palette.turn  # type: ignore[attr-defined]


def test_the_holds_of_each_speaker_are_a_line() -> None:
    turns = [qaw.ReferenceTurn(0, 9, speaker="ann"), qaw.ReferenceTurn(10, 20, speaker="bob")]
    clip = qaw.AudioClip(np.zeros(16_000 * 21, np.float32), 16_000)
    found = qaw.pauses(clip, turns, holds=[(1, 1.3), (2, 2.6), (11, 12)])
    ax = qaw.plot_pauses(found)
    x, y = _named(ax, "holds ann").get_data()  # type: ignore[attr-defined]
    assert dict(zip(x, y))[400] == 0.5 and dict(zip(x, y))[600] == 0.0
    legend = ax.get_legend()
    assert legend is not None and [t.get_text() for t in legend.get_texts()] == ["ann (n = 2)", "bob (n = 1)"]


def test_something_else_is_refused(result: qaw.TradeOff) -> None:
    with pytest.raises(SettingError, match="plot_trade_off takes the result of trade_off"):
        qaw.plot_trade_off(3)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="plot_pauses takes the result of pauses"):
        qaw.plot_pauses(result)  # type: ignore[arg-type]

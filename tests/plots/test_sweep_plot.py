"""The pictures of a sweep show its numbers, mark the same settings in both, and say what they rest on."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.plots.style import DARK, LIGHT
from qwen_asr_widgets.plots.sweep_plot import plot_sweep
from qwen_asr_widgets.vad.sweep.sweep import sweep
from qwen_asr_widgets.vad.sweep.result import SweepResult
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns
from support import drawn

matplotlib.use("agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

THRESHOLDS = (-0.8, -0.2, 0.0, 0.2, 0.6)
SILENCES = (200, 400, 800, 1600)


@pytest.fixture(scope="module")
def result() -> SweepResult:
    clips = [drawn.wandering_scores(3_000, seed) for seed in range(3)]
    truths = [
        [ReferenceTurn(t.onset, t.end) for t in detect_turns(clip, TurnDetection(0.0, 1_000))]
        for clip in clips
    ]
    return sweep(clips, THRESHOLDS, SILENCES, reference=truths, overhead=0.05)


@pytest.fixture(autouse=True)
def _no_figure_left() -> Iterator[None]:
    yield
    pyplot.close("all")


def _named(ax: Axes, gid: str) -> object:
    return next(artist for artist in ax.get_children() if artist.get_gid() == gid)


def test_the_map_holds_the_errors_of_every_cell(result: SweepResult) -> None:
    pair = Figure().subplots(1, 2)
    ax, right = plot_sweep(result, tuple(pair))
    assert (ax, right) == tuple(pair)
    mesh = _named(ax, "errors")
    values = np.ma.getdata(mesh.get_array())  # type: ignore[attr-defined]
    shown = values.reshape(len(SILENCES), len(THRESHOLDS))
    assert np.array_equal(shown, result.total("errors_per_minute").T)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["200", "400", "800", "1600"]


def test_the_figures_of_the_colour_bar_stand_apart() -> None:
    plot_sweep(sweep(sample("noisy"), reference=sample("noisy")))
    figure = pyplot.gcf()
    figure.canvas.draw()
    bar = figure.axes[-1]
    low, high = bar.get_ylim()
    shown = [label for label in bar.get_yticklabels() if low <= label.get_position()[1] <= high]
    boxes = sorted((label.get_window_extent() for label in shown), key=lambda box: box.y0)
    gaps = [above.y0 - below.y1 for below, above in zip(boxes, boxes[1:])]
    assert len(boxes) >= 3 and min(gaps) > 1.5 * boxes[0].height


def test_settings_are_marked_in_both_pictures(result: SweepResult) -> None:
    left, right = plot_sweep(
        result, in_force=TurnDetection(0.2, 800), trying=TurnDetection(0.0, 400),
        best=TurnDetection(-0.2, 1600),
    )
    for name, cell in (("in force", (3, 2)), ("trying", (2, 1)), ("best", (1, 3))):
        box = _named(left, f"map {name}").get_bbox()  # type: ignore[attr-defined]
        assert (box.x0, box.y0, box.width, box.height) == (cell[0] - 0.5, cell[1] - 0.5, 1, 1)
        ring = _named(right, f"front {name}")
        assert ring.get_xdata()[0] == result.total("wait")[cell]  # type: ignore[attr-defined]
        assert ring.get_ydata()[0] == result.total("cut_off_rate")[cell]  # type: ignore[attr-defined]
        assert not ring.get_clip_on()  # at 0 % it is whole


def test_the_line_is_the_front(result: SweepResult) -> None:
    _, ax = plot_sweep(result, tuple(Figure().subplots(1, 2)))
    line = _named(ax, "front")
    front = result.pareto()
    assert list(line.get_xdata()) == [point.wait for point in front]  # type: ignore[attr-defined]
    assert list(line.get_ydata()) == [point.cut_off_rate for point in front]  # type: ignore[attr-defined]
    low, high = ax.get_xlim()
    assert low <= front[0].wait and front[-1].wait <= high


def test_the_corner_says_whose_turns_and_how_many(result: SweepResult) -> None:
    _, right = plot_sweep(result, source="estimated for DashScope, fit ± 28 ms")
    text = _named(right, "footer").get_text()  # type: ignore[attr-defined]
    turns = sum(clip.reference_turns for clip in result.clips)
    assert text.startswith("estimated for DashScope, fit ± 28 ms · ")
    assert f"n = {turns} turns in 4.8 min of 3 calls · padding 300 ms · overhead 50 ms · 20" in text


@pytest.mark.parametrize(("style", "palette"), [("default", LIGHT), ("dark_background", DARK)])
def test_colours_follow_the_style(result: SweepResult, style: str, palette: object) -> None:
    with pyplot.style.context(style):
        _, right = plot_sweep(result, best=TurnDetection(0.0, 800))
        right.figure.canvas.draw()
        front = _named(right, "front")
        assert to_hex(front.get_color()) == palette.turn  # type: ignore[attr-defined]


def test_a_sweep_without_reference_has_no_map(result: SweepResult) -> None:
    blind = sweep(drawn.wandering_scores(500, 1), THRESHOLDS, SILENCES)
    with pytest.raises(SettingError, match="a map of errors cannot be judged; give reference="):
        plot_sweep(blind)


def test_a_grid_of_one_cell_and_settings_that_hear_nothing_are_drawn() -> None:
    scores = drawn.scores("." * 20 + "S" * 40 + "." * 60)
    one = sweep(scores, [0.9], [400], reference=[ReferenceTurn(0.64, 1.92)])
    left, right = plot_sweep(one, in_force=TurnDetection(0.9, 400))
    right.figure.canvas.draw()
    assert len(_named(right, "front").get_xdata()) == 0  # type: ignore[attr-defined]


def test_a_band_shows_the_intervals_of_the_front_where_there_are_several_calls(result: SweepResult) -> None:
    _, ax = plot_sweep(result)
    band, = (one for one in ax.collections if one.get_gid() == "band")
    shown = band.get_paths()[0].vertices
    low, high = result.interval("cut_off_rate")
    for point in result.pareto():
        cell = result.nearest(point.settings)
        for edge in (low[cell], high[cell]):
            assert np.isclose(shown, (point.wait, edge)).all(axis=1).any()
    assert ax.get_ylabel() == "reference turns cut off (band: 95 %)"
    clip = drawn.scores("." * 30 + "S" * 40 + "." * 60)
    _, alone = plot_sweep(sweep(clip, [0.0], [320], reference=[ReferenceTurn(0.96, 2.24)]))
    assert not [one for one in alone.collections if one.get_gid() == "band"]

"""Pictures show what the recording says, and nothing in them overlaps or is cut off."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from support.recordings import TRANSCRIPTION, Script, three_turns

from qwen_asr_widgets import ReferenceTurn, SettingError
from qwen_asr_widgets.plots import plot_latency, plot_recording, plot_waterfall, save_picture
from qwen_asr_widgets.plots.fitted import FittedText
from qwen_asr_widgets.plots.layout import spectrogram_levels
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.recording import Recording

LONG = "so the first thing I would like to show you is the waveform which goes on and on " * 6


def figure_of(recording, plot=plot_recording, width=9.6, height=3.6, **options):
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    ax = plot(recording, figure.add_subplot(), **options)
    figure.draw_without_rendering()  # what is laid out is looked at, not the pixels
    return ax


def marks(ax, kind):
    """Return the artists of a kind by utterance number."""
    found = {}
    for artist in ax.get_children():
        gid = artist.get_gid() or ""
        if gid.startswith(f"{kind}-"):
            found[int(gid.split("-")[1])] = artist
    return found


def texts(ax):
    return [artist for artist in ax.get_children() if isinstance(artist, FittedText) and artist.get_text()]


def faults(ax):
    """Return the texts that leave the figure or cover another; number chips may lie on the waveform."""
    frame = ax.figure.bbox
    boxes = [(artist.get_text(), artist.get_window_extent()) for artist in texts(ax)]
    legend = ax.get_legend()
    if legend is not None and legend.get_visible():
        boxes.append(("legend", legend.get_window_extent()))
    low, high = ax.get_xlim()
    boxes += [
        (tick.get_text(), tick.get_window_extent()) for tick in ax.get_xticklabels()
        if tick.get_text() and low <= tick.get_position()[0] <= high
    ]
    assert boxes
    found = [
        f"{text!r} is cut off" for text, box in boxes
        if box.x0 < frame.x0 - 1 or box.x1 > frame.x1 + 1 or box.y0 < frame.y0 - 1 or box.y1 > frame.y1 + 1
    ]
    for (one, first), (other, second) in combinations(boxes, 2):
        width = min(first.x1, second.x1) - max(first.x0, second.x0)
        height = min(first.y1, second.y1) - max(first.y0, second.y0)
        if width > 1 and height > 2:
            found.append(f"{one!r} covers {other!r}")
    return found


@lru_cache(maxsize=None)
def odd_run():
    """Long text, a wait that lands in the next turn, a failed item, an open turn with a draft."""
    script = Script(14.0)
    script.turn("a", 0.5, 4.0, LONG, decode=2.0)
    script.turn("b", 5.0, 5.4, "yes", decode=0.9)
    script.turn("c", 6.5, 8.0, "", final=False)
    script.come({"type": TRANSCRIPTION + "failed", "item_id": "c", "error": {"message": "no"}}, 9.0)
    script.turn("d", 11.0, 13.0, "", partials=[(0.5, "and", " so")], close=False)
    return script.play().recording


@lru_cache(maxsize=None)
def many_turns(count=80):
    script = Script(count * 4.0 + 3)
    for number in range(count):
        script.turn(f"i{number}", 1 + 4.0 * number, 3 + 4.0 * number, "word " * (number % 9 + 1))
    return script.finish()


def chinese():
    script = Script(10.0, config=SessionConfig(language="zh"))
    script.turn("a", 1.0, 4.0, "今天我想给大家看的第一样东西是波形图" * 4, language="zh")
    return script.finish()


def manual():
    script = Script(6.0, config=SessionConfig(turn_detection=None)).play(5.0)
    script.go({"type": "input_audio_buffer.commit"}, 5.0)
    script.come({"type": "input_audio_buffer.committed", "item_id": "m"}, 5.02)
    script.come({"type": "conversation.item.created", "item": {"id": "m"}}, 5.02)
    script.come({"type": TRANSCRIPTION + "completed", "item_id": "m", "transcript": "all of it"}, 5.4)
    return script.finish()


RUNS = {"three": three_turns, "odd": odd_run, "many": many_turns, "manual": manual, "empty": Recording,
        "as fast as taken": lambda: three_turns(pace=None)}


@pytest.mark.parametrize("size", [(9.6, 3.6), (4.0, 3.0), (2.6, 2.4), (16.0, 7.0), (6.0, 1.8)])
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("plot", [plot_recording, plot_latency, plot_waterfall])
def test_nothing_overlaps_or_is_cut_off(plot, run, size):
    assert faults(figure_of(RUNS[run](), plot, *size)) == []


def test_the_same_holds_after_the_figure_was_made_smaller():
    ax = figure_of(three_turns())
    before = [artist.get_text() for artist in texts(ax)]
    ax.figure.set_size_inches(5.0, 3.6)
    ax.figure.draw_without_rendering()
    assert [artist.get_text() for artist in texts(ax)] != before
    boxes = [artist.get_window_extent() for artist in texts(ax)]
    assert all(box.x1 <= ax.figure.bbox.x1 + 1 for box in boxes)


def test_every_turn_stands_where_it_was_spoken():
    ax = figure_of(three_turns())
    bands = marks(ax, "turn")
    assert [(bands[n].get_x(), bands[n].get_x() + bands[n].get_width()) for n in (1, 2, 3)] == [
        (1.0, 3.0), (5.0, 6.5), (8.0, 10.5)
    ]
    assert [marks(ax, "number")[n].get_text() for n in (1, 2, 3)] == ["1", "2", "3"]


def test_waits_begin_where_speech_ends_and_state_their_total():
    recording = three_turns()
    ax = figure_of(recording)
    for row, end in zip(recording.latency(), (3.0, 6.5, 10.5)):
        endpoint, decode = marks(ax, "endpoint")[row.number], marks(ax, "decode")[row.number]
        assert endpoint.get_x() == end and endpoint.get_width() == pytest.approx(row.endpoint_delay)
        assert decode.get_x() == pytest.approx(end + row.endpoint_delay)
        assert decode.get_width() == pytest.approx(row.decode_delay) and decode.get_hatch()
        assert marks(ax, "total")[row.number].get_text() == f"{row.finalization:.2f} s"


def test_waits_that_overlap_stack():
    ax = figure_of(odd_run())
    bars = marks(ax, "endpoint")
    assert bars[1].get_y() > bars[2].get_y()
    boxes = [bar.get_window_extent() for bar in [*bars.values(), *marks(ax, "decode").values()]]
    for one, other in combinations(boxes, 2):
        assert min(one.x1, other.x1) - max(one.x0, other.x0) <= 2 or one.y0 >= other.y1 or other.y0 >= one.y1


def test_with_a_reference_waits_begin_at_its_ends():
    ax = figure_of(three_turns(), reference=[ReferenceTurn(1.0, 2.9)])
    assert marks(ax, "endpoint")[1].get_x() == 2.9
    assert [tuple(a.get_xdata()) for a in ax.lines if a.get_gid() == "reference"] == [(1.0, 2.9)]


def test_waits_are_drawn_only_of_sound_sent_in_real_time():
    assert not marks(figure_of(three_turns(pace=None)), "endpoint")


def test_a_run_sent_as_fast_as_it_was_taken_has_a_picture_that_states_no_wait():
    fast = three_turns(pace=None)
    for plot in (plot_recording, plot_latency):
        ax = figure_of(fast, plot)
        footer = next(artist for artist in texts(ax) if artist.get_gid() == "footer").get_text()
        assert "n = 3" in footer and "as fast as taken" in footer and "median" not in footer
        assert not marks(ax, "partial") and not marks(ax, "endpoint")
    assert "its waits say nothing" in next(text.full_text for text in texts(ax) if text.get_gid() == "none")
    assert not [line for line in ax.lines if line.get_gid() == "median"]


def test_first_words_that_came_after_their_turn_have_their_tick_on_the_wait():
    late = Script(8.0).turn("a", 1.0, 2.0, "so", partials=[(1.5, "", "so")])
    prompt = Script(8.0).turn("a", 1.0, 2.0, "so", partials=[(0.7, "", "so")])
    (_, low), (_, high) = marks(figure_of(late.finish()), "partial")[1].get_xydata()
    wait = marks(figure_of(late.finish()), "endpoint")[1].get_bbox()
    assert low < wait.y0 < wait.y1 < high
    (_, low), (_, high) = marks(figure_of(prompt.finish()), "partial")[1].get_xydata()
    assert low > wait.y1


def test_on_a_slide_words_are_legible_and_take_up_to_a_third_of_the_height():
    """1280 × 720 pixels: no text is smaller than 17 pixels, words are larger where they have room."""
    ax = figure_of(three_turns(), width=12.8, height=7.2)
    heights = {artist.get_gid(): artist.get_fontsize() * 100 / 72 for artist in texts(ax)}
    assert min(heights.values()) >= 17 and heights["text-1"] >= 30
    words = [artist.get_window_extent() for artist in marks(ax, "text").values()]
    assert 60 < max(box.height for box in words) <= 240 and faults(ax) == []
    usual = figure_of(three_turns(), width=9.6, height=4.0)
    assert {round(artist.get_fontsize(), 1) for artist in texts(usual)} == {7.5, 8.0}


def test_a_legend_names_what_is_drawn_and_nothing_else():
    def named(recording):
        return [text.get_text() for text in figure_of(recording).get_legend().get_texts()]

    assert named(three_turns()) == ["endpoint delay", "decode delay", "first partial"]
    silent = Script(6.0).turn("a", 1.0, 2.0, "so").finish()
    assert named(silent) == ["endpoint delay", "decode delay"] and named(three_turns(pace=None)) == []


def test_the_first_partial_is_marked_inside_its_turn():
    recording = three_turns()
    tick = marks(figure_of(recording), "partial")[1]
    assert tick.get_xdata()[0] == pytest.approx(1.0 + recording.latency()[0].first_partial)


def test_words_stand_under_their_turn_and_end_before_the_next():
    ax = figure_of(three_turns())
    shown = marks(ax, "text")
    assert shown[2].get_text() == "every blue band is one turn"
    for number, begin in ((1, 1.0), (2, 5.0), (3, 8.0)):
        box = shown[number].get_window_extent()
        left, _ = ax.transData.transform((begin, 0))
        assert box.x0 == pytest.approx(left, abs=2)
        assert box.y1 <= marks(ax, "turn")[number].get_window_extent().y0


def test_a_text_too_long_ends_in_an_ellipsis_and_a_narrow_turn_shows_its_number_only():
    shown = marks(figure_of(odd_run()), "text")
    assert shown[1].get_text().endswith("…") and shown[1].get_text().count("\n") >= 1
    assert 2 not in shown or shown[2].get_text() in ("", "yes")
    many = figure_of(many_turns())
    assert not any(artist.get_text() for number, artist in marks(many, "text").items() if number < 80)


def test_what_went_wrong_and_what_is_still_open_look_different():
    ax = figure_of(odd_run())
    bands, shown = marks(ax, "turn"), marks(ax, "text")
    assert shown[3].get_text() == "no transcript" and shown[3].get_color() == "#c9252d"
    assert bands[4].get_linestyle() == "--" and shown[4].get_style() == "italic"


def test_text_is_text():
    recording = Script(8.0).turn("a", 1.0, 6.0, "a $x^2$ costs $5 and _this_ \\alpha").finish()
    assert marks(figure_of(recording), "text")[1].get_text() == "a $x^2$ costs $5 and _this_ \\alpha"


@pytest.mark.parametrize("plot", [plot_recording, plot_latency])
def test_every_picture_says_what_it_shows(plot):
    ax = figure_of(three_turns(), plot)
    footer = next(artist for artist in texts(ax) if artist.get_gid() == "footer")
    assert footer.get_text().replace("\n", " ") == (
        "pocketsphinx · threshold 0.20, silence 800 ms · n = 3, finalization median 1.00 s, longest 1.12 s"
        " · real time · speech ends by the service · 2026-11-22"
    )


def test_an_incomplete_run_says_so_in_its_picture():
    ax = figure_of(odd_run())
    assert next(a for a in texts(ax) if a.get_gid() == "footer").full_text.endswith("incomplete")


def test_the_time_axis_reads_as_a_clock():
    def labels(ax):
        return [tick.get_text() for tick in ax.get_xticklabels()]

    assert labels(figure_of(three_turns()))[:3] == ["0:00", "0:01", "0:02"]
    assert labels(figure_of(Script(480.0).play().recording))[:3] == ["0:00", "1:00", "2:00"]
    assert labels(figure_of(Script(0.8).play().recording))[:2] == ["0:00.0", "0:00.1"]


def test_light_and_dark_styles_use_their_own_colours():
    from matplotlib import style

    light = marks(figure_of(three_turns()), "endpoint")[1].get_facecolor()
    with style.context("dark_background"):
        dark = marks(figure_of(three_turns()), "endpoint")[1].get_facecolor()
    assert matplotlib.colors.to_hex(light) == "#d98200" and matplotlib.colors.to_hex(dark) == "#f0a840"


def test_an_axes_on_a_dark_figure_is_dark_whatever_the_style():
    figure = Figure(facecolor="#111111")
    ax = plot_recording(three_turns(), figure.add_subplot(facecolor="none"))
    assert matplotlib.colors.to_hex(marks(ax, "endpoint")[1].get_facecolor()) == "#f0a840"


@pytest.mark.parametrize("plot", [plot_recording, plot_latency])
def test_a_picture_takes_an_axes_and_returns_it_and_leaves_no_figure_behind(plot):
    from matplotlib import pyplot

    open_before = pyplot.get_fignums()
    ax = Figure().add_subplot()
    assert plot(three_turns(), ax) is ax
    assert pyplot.get_fignums() == open_before


def test_without_an_axes_a_new_figure_is_shown_by_the_notebook():
    from matplotlib import pyplot

    ax = plot_recording(three_turns())
    try:
        assert ax.figure.number in pyplot.get_fignums()
    finally:
        pyplot.close(ax.figure)


@pytest.mark.parametrize("ending, magic", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_picture_can_be_a_file(tmp_path, ending, magic):
    path = save_picture(three_turns(), tmp_path / f"run.{ending}")
    assert path.read_bytes().startswith(magic)


def test_sound_that_was_not_sent_is_paler():
    script = Script(10.0)
    script.turn("a", 1.0, 3.0, "so")
    script.recording.tape.append(script.samples[len(script.recording.tape):])
    alphas = {collection.get_alpha() for collection in figure_of(script.recording).collections}
    assert alphas == {1.0, 0.35}


def test_latency_bars_add_up_and_the_median_is_drawn():
    recording = three_turns()
    ax = figure_of(recording, plot_latency)
    for row in recording.latency():
        bottom, top = marks(ax, "endpoint")[row.number], marks(ax, "decode")[row.number]
        assert bottom.get_height() == pytest.approx(row.endpoint_delay)
        assert top.get_y() + top.get_height() == pytest.approx(row.finalization)
    line = next(line for line in ax.lines if line.get_gid() == "median")
    assert line.get_ydata()[0] == pytest.approx(recording.latency().summary()["finalization"].p50)


def test_utterances_the_summary_leaves_out_are_pale():
    script = Script(6.0).turn("a", 1.0, 2.0, "one").turn("b", 4.0, 5.0, "two")
    script.come({"type": "input_audio_buffer.speech_stopped", "item_id": "b", "audio_end_ms": 5_000,
                 "reason": "finish"}, 5.8)
    bars = marks(figure_of(script.finish(), plot_latency), "endpoint")
    assert (bars[1].get_alpha(), bars[2].get_alpha()) == (1.0, 0.4)


def test_a_spectrogram_stands_under_the_wave_and_shows_each_tone_where_it_is():
    """A tone of 1 kHz in the first second, one of 3 kHz in the second."""
    recording = Recording()
    time = np.arange(16_000) / 16_000
    for hertz in (1_000, 3_000):
        recording.tape.append((8_000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16))
    ax = figure_of(recording, spectrogram=True)
    (image,) = ax.images
    left, right, low, high = image.get_extent()
    assert (left, right) == (0.0, 2.0) and ax.get_xlim()[0] == 0.0 and ax.get_ylim() == (0.0, 1.0)
    levels = image.get_array()
    hertz = levels.argmax(axis=0) * 8_000 / (levels.shape[0] - 1)
    place = np.linspace(0, 2, levels.shape[1])
    assert np.abs(hertz[place < 0.95] - 1_000).max() < 32 and np.abs(hertz[place > 1.05] - 3_000).max() < 32
    wave = [one for one in ax.collections if one.get_paths()]
    assert min(one.get_datalim(ax.transData).y0 for one in wave) >= high - 1e-9
    assert not figure_of(recording).images and faults(ax) == []


def test_a_spectrogram_of_an_hour_has_no_more_columns_than_the_picture_pixels():
    sound = np.random.default_rng(0).integers(-9, 9, 60 * 16_000, np.int16)
    assert spectrogram_levels(sound, 16_000, 900).shape == (257, 900)
    assert spectrogram_levels(sound[:100], 16_000, 900).shape == (257, 2)
    with pytest.raises(SettingError, match="give True or False"):
        plot_recording(Recording(), Figure().add_subplot(), spectrogram="yes")


def test_the_line_of_the_median_ends_short_of_the_totals_it_passes():
    ax = figure_of(three_turns(), plot_latency)
    (median,) = [line for line in ax.lines if line.get_gid() == "median"]
    totals = marks(ax, "total").values()
    assert totals and all(one.get_zorder() > median.get_zorder() and one.get_path_effects() for one in totals)

"""Parts of a sound in the transcriber: transcribed, saved, the whole had again; a long file asks first."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from support.recordings import three_turns
from support.transcribing import NOWHERE, MicrophonePage, ask, of_kind, state
from support.waiting import wait_until

from qwen_asr_widgets import AudioClip
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber


def noise(seconds: float, rate: int = 8_000) -> AudioClip:
    """Return a quiet sound."""
    samples = np.random.default_rng(3).standard_normal(round(seconds * rate)) * 0.01
    return AudioClip(samples.astype(np.float32), rate)


def test_a_part_of_a_recording_is_transcribed_and_the_whole_had_again(
    made: Callable[..., Transcriber]
) -> None:
    whole = three_turns()
    t = made(whole, NOWHERE)
    ask(t, "part", start=5.0, end=6.5, pace=None)
    part = t.recording
    assert part is not whole and part.info.name == "made by hand 0:05.0–0:06.5"
    wait_until(lambda: t.model.run.error is not None and not t.active)
    assert np.array_equal(part.tape.read(), whole.tape.read()[80_000:104_000])
    assert state(t)["part"] == {"start": 5.0, "end": 6.5, "of": "made by hand"}
    assert t.model.baseline is None, "the whole is another sound"
    ask(t, "whole")
    assert t.recording is whole and state(t)["part"] is None
    assert [run["shown"] for run in state(t)["runs"]] == [True, False]


@pytest.mark.parametrize("start, end", [(-1.0, 1.0), (3.0, 3.05), (12.0, 13.0), (5.0, 4.0)])
def test_what_is_no_part_of_the_sound_is_said(
    made: Callable[..., Transcriber], start: float, end: float
) -> None:
    t = made(three_turns(), NOWHERE)
    ask(t, "part", start=start, end=end, pace=None)
    assert "choose a longer part within it" in state(t)["notice"]["detail"] and len(t.recordings) == 1


def test_a_part_is_saved_as_it_was_sent(made: Callable[..., Transcriber]) -> None:
    whole = three_turns()
    t = made(whole, NOWHERE)
    ask(t, "part-save", start=1.0, end=2.5, job="j")
    (message,) = of_kind(t, "saved")
    assert message["name"] == "made-by-hand_1.0s.wav"
    data = next(buffers[0] for content, buffers in t.heard if content["kind"] == "saved")
    samples, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == 16_000 and np.array_equal(samples, whole.tape.read()[16_000:40_000])


def test_a_file_longer_than_five_minutes_asks_before_it_is_transcribed(
    made: Callable[..., Transcriber]
) -> None:
    file = io.BytesIO()
    long = noise(301.0)
    soundfile.write(file, long.samples, long.sample_rate, format="FLAC")
    t = made(endpoint=NOWHERE)
    MicrophonePage(t).upload("lecture.flac", file.getvalue())
    wait_until(lambda: state(t)["phase"] == "ready")
    assert state(t)["asks"] is True and state(t)["seconds"] == 301.0 and t.recordings == ()
    ask(t, "part", start=10.0, end=11.0, pace=2.0)
    assert t.recording is not None and t.recording.info.pace == 2.0
    assert state(t)["part"]["of"] == "lecture.flac"
    t.stop()
    wait_until(lambda: not t.active)
    ask(t, "whole")
    assert state(t)["phase"] == "ready" and state(t)["asks"] is True
    ask(t, "part", start=0.0, end=301.0, pace=None)
    assert state(t)["part"] is None, "all of it is no part"


def test_a_file_of_five_minutes_is_transcribed_at_once(made: Callable[..., Transcriber]) -> None:
    t = made(noise(300.0), NOWHERE)
    assert state(t)["asks"] is False

"""ClipRecorder without a browser: what it makes of the bytes that arrive, or do not."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile
from ipywebrtc import CameraStream
from support.waiting import wait_until

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.widgets import clip_recorder as module
from qwen_asr_widgets.widgets.clip_recorder import ClipRecorder


@pytest.fixture
def recorder() -> Iterator[ClipRecorder]:
    made = ClipRecorder(arrival_timeout=0.2)
    yield made
    made.close()


def stereo(seconds: float = 0.5) -> bytes:
    left = 0.5 * np.sin(np.arange(int(48_000 * seconds)) / 20)
    file = io.BytesIO()
    soundfile.write(file, np.stack([left, np.zeros_like(left)], axis=1), 48_000, format="WAV")
    return file.getvalue()


def test_channels_are_averaged(recorder: ClipRecorder) -> None:
    recorder.start()
    recorder.stop()
    recorder._recorder.audio.value = stereo()
    assert recorder.clip is not None
    assert recorder.clip.sample_rate == 48_000
    assert np.abs(recorder.clip.samples).max() == pytest.approx(0.25, abs=1e-3)
    assert recorder.problem == ""


def test_nothing_arriving_is_detected_and_says_what_to_do(recorder: ClipRecorder) -> None:
    recorder.start()
    recorder.stop()
    wait_until(lambda: "No sound arrived" in recorder.problem)
    assert recorder._text.value == recorder.problem
    assert recorder.clip is None


def test_a_clip_too_large_for_a_message_is_named_as_that(
    recorder: ClipRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", 0.0)
    recorder.start()
    recorder.stop()
    wait_until(lambda: "too large for one message" in recorder.problem)


def test_it_warns_before_ten_minutes(recorder: ClipRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WARN_AFTER", 0.0)
    monkeypatch.setattr(module, "TICK", 0.01)
    recorder.start()
    wait_until(lambda: "stop before 10:00" in recorder._text.value)
    assert module.WARN_AFTER < module.LONGEST


def test_bytes_that_are_no_sound_are_a_message_not_an_exception(recorder: ClipRecorder) -> None:
    recorder._recorder.audio.value = b"no sound at all"
    assert recorder.clip is None
    assert recorder.problem


def test_neither_the_microphone_nor_the_clip_is_ever_shown_and_so_never_played(
    recorder: ClipRecorder,
) -> None:
    shown = [type(child).__name__ for child in recorder.children]
    assert shown == ["Button", "HTML"]
    assert isinstance(recorder._stream, CameraStream)
    assert recorder._stream.constraints["audio"]["echoCancellation"] is False


def test_a_message_is_text_never_html(recorder: ClipRecorder) -> None:
    recorder._fail("<img onerror=x>")
    assert recorder._text.value == "&lt;img onerror=x&gt;"
    assert recorder.problem == "<img onerror=x>"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SettingError, match="'fr'"):
        ClipRecorder(lang="fr")

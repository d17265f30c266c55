"""ClipRecorder without a browser: what it makes of a page's words, and of bytes that arrive or do not."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from ipywebrtc import CameraStream
from support.waiting import wait_until

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.widgets.clip_recorder.clip_recorder import ClipRecorder


@pytest.fixture
def recorder() -> Iterator[ClipRecorder]:
    made = ClipRecorder(arrival_timeout=0.2)
    yield made
    made.close()


def say(recorder: ClipRecorder, kind: str, buffers: tuple[bytes, ...] = (), **more: Any) -> None:
    """Say something as a page does."""
    content = {"kind": kind, "client": "page", "session": "page/1", "rate": 48_000, **more}
    recorder.uplink._handle_custom_msg(content, buffers)


def stop(recorder: ClipRecorder) -> None:
    say(recorder, "stop", chunks=0, reason="stopped")


def stereo(seconds: float = 0.5) -> bytes:
    left = 0.5 * np.sin(np.arange(int(48_000 * seconds)) / 20)
    file = io.BytesIO()
    soundfile.write(file, np.stack([left, np.zeros_like(left)], axis=1), 48_000, format="WAV")
    return file.getvalue()


def test_channels_are_averaged_and_the_bytes_let_go(recorder: ClipRecorder) -> None:
    brought: list[Any] = []
    recorder.on_clip(brought.append)
    say(recorder, "start")
    assert recorder.pending
    recorder.recorder.audio.value = stereo()
    stop(recorder)
    assert recorder.clip is not None and brought == [recorder.clip]
    assert recorder.clip.sample_rate == 48_000
    assert np.abs(recorder.clip.samples).max() == pytest.approx(0.25, abs=1e-3)
    assert recorder.problem == "" and not recorder.pending
    assert bytes(recorder.recorder.audio.value) == b""


def test_nothing_arriving_is_detected_and_says_what_to_do(recorder: ClipRecorder) -> None:
    say(recorder, "start")
    stop(recorder)
    wait_until(lambda: "did not reach Python" in recorder.problem and "record live" in recorder.problem)
    assert recorder.clip is None and not recorder.pending


def test_a_second_clip_that_does_not_arrive_is_detected_too(recorder: ClipRecorder) -> None:
    say(recorder, "start")
    recorder.recorder.audio.value = stereo()
    stop(recorder)
    say(recorder, "start")
    stop(recorder)
    wait_until(lambda: "did not reach Python" in recorder.problem)
    assert recorder.clip is not None and not recorder.pending  # the first one


def test_a_page_that_is_gone_is_not_waited_for(recorder: ClipRecorder) -> None:
    recorder.uplink.inbox.receiver.heartbeat_timeout = 0.1
    say(recorder, "start")
    wait_until(lambda: "reloaded" in recorder.problem)
    assert not recorder.pending and not recorder.recording


def test_what_kept_a_page_from_recording_is_known_in_python(recorder: ClipRecorder) -> None:
    say(recorder, "problem", code="denied", detail="NotAllowedError")
    wait_until(lambda: "not allowed" in recorder.problem)
    assert recorder.problem.endswith("NotAllowedError")


def test_bytes_that_are_no_sound_are_a_message_not_an_exception(recorder: ClipRecorder) -> None:
    recorder.recorder.audio.value = b"no sound at all"
    assert recorder.clip is None
    assert "cannot be read" in recorder.problem


def test_a_missing_decoder_is_named_with_how_to_install_it(recorder: ClipRecorder, monkeypatch: Any) -> None:
    assert recorder.can_decode
    monkeypatch.setitem(sys.modules, "av", None)
    recorder.recorder.audio.value = b"\x1aE\xdf\xa3" + bytes(200)  # how webm begins
    assert "pip install" in recorder.problem and not recorder.pending


def test_a_file_opened_instead_is_the_clip(recorder: ClipRecorder) -> None:
    data = stereo()
    say(recorder, "file", (data,), upload="u", name="talk.wav", size=len(data), slice=0, slices=1)
    clip = wait_until(lambda: recorder.clip)
    say(recorder, "file", (b"hello",), upload="v", name="notes.txt", size=5, slice=0, slices=1)
    wait_until(lambda: "notes.txt" in recorder.problem)
    assert recorder.clip is clip


def test_the_microphone_is_asked_for_without_processing_and_never_played(recorder: ClipRecorder) -> None:
    stream = recorder.recorder.stream
    assert isinstance(stream, CameraStream)
    assert stream.constraints == {
        "audio": {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False},
        "video": False,
    }
    assert not recorder.recorder.autosave
    assert recorder.recorder.audio.trait_metadata("value", "echo_update") is False


def test_the_words_are_in_the_language_asked_for() -> None:
    recorder = ClipRecorder(lang="zh")
    say(recorder, "problem", code="none")
    wait_until(lambda: "未找到麦克风" in recorder.problem)
    recorder.close()


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SettingError, match="'fr'"):
        ClipRecorder(lang="fr")

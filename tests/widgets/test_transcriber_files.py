"""Files opened in a transcriber's page."""

from __future__ import annotations

import pytest
from support.transcribing import SECONDS, MicrophonePage, ask, of_kind, state, transcribers
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample


@pytest.fixture
def made():
    yield from transcribers()


def test_a_file_sent_in_slices_is_transcribed_and_one_without_sound_is_said(made, tmp_path) -> None:
    path = tmp_path / "talk.wav"
    sample("conversation").clip.resample(44_100).save(path)
    t = made(pace=None)
    ask(t, "hello")
    MicrophonePage(t).upload("talk.wav", path.read_bytes())
    wait_until(lambda: t.recording is not None)
    assert t.wait(SECONDS).info.name == "talk.wav"
    assert state(t)["title"] == "talk.wav"
    MicrophonePage(t).upload("notes.txt", b"this is no sound" * 100)
    notice = wait_until(lambda: of_kind(t, "state")[-1]["notice"])
    assert notice["code"] == "file" and notice["detail"].startswith("notes.txt")
    assert t.recording.complete

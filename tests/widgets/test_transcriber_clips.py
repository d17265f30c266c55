"""Record a clip first, transcribe it then, from a transcriber's page and from code."""

from __future__ import annotations

import io
import itertools

import pytest
import soundfile
from support.transcribing import SECONDS, ask, of_kind, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import AudioError
from qwen_asr_widgets.widgets.clip_recorder.clip_recorder import ClipRecorder

pytestmark = pytest.mark.service


@pytest.fixture
def recorder():
    widget = ClipRecorder(arrival_timeout=0.2)
    yield widget
    widget.close()


numbers = itertools.count(1)


def say(recorder: ClipRecorder, kind: str, session: str = "page/0", **more: object) -> None:
    """Say something as the page that records does."""
    content = {"kind": kind, "client": "page", "session": session, "rate": 48_000, **more}
    recorder.uplink._handle_custom_msg(content, [])


def bring(recorder: ClipRecorder, seconds: float = 4.0) -> None:
    """Record the conversation as a page does."""
    session = f"page/{next(numbers)}"
    say(recorder, "start", session)
    file = io.BytesIO()
    soundfile.write(file, sample("conversation").clip[:seconds].samples, 16_000, format="WAV")
    recorder.recorder.audio.value = file.getvalue()
    say(recorder, "stop", session, chunks=0, reason="stopped")


def test_the_page_chooses_to_record_a_clip_and_it_is_transcribed_on_arrival(made) -> None:
    t = made(pace=None)
    assert state(t)["clips"] is False and state(t)["clip_uid"] == ""
    ask(t, "clips", on=True)
    assert state(t)["clips"] is True and state(t)["clip_uid"] == t.pages.clips.recorder.uid
    bring(t.pages.clips.recorder)
    assert t.wait(SECONDS).duration == pytest.approx(4.0, abs=0.01)
    assert t.recording.complete and t.recording.text
    ask(t, "clips", on=False)
    assert state(t)["clips"] is False


def test_a_recorder_given_is_the_way_chosen_and_stays_open(made, recorder) -> None:
    t = made(recorder, pace=None)
    assert state(t)["phase"] == "empty" and state(t)["clips"] and state(t)["notice"] is None
    bring(recorder)
    assert t.wait(SECONDS).duration == pytest.approx(4.0, abs=0.01)
    t.close()
    assert recorder.comm is not None


def test_a_clip_that_is_there_already_is_ready(made, recorder) -> None:
    bring(recorder)
    t = made(recorder, pace=None)
    assert state(t)["phase"] == "ready"
    t.start()
    assert t.wait(SECONDS).duration == pytest.approx(4.0, abs=0.01)


def test_start_from_code_waits_for_the_clip_of_the_page(made, recorder) -> None:
    t = made(recorder, pace=None)
    for count in (1, 2):
        t.start()
        ask(t, "claim", token=of_kind(t, "call")[-1]["token"])
        with pytest.raises(TimeoutError):
            t.wait(0.1)
        bring(recorder)
        t.wait(SECONDS)
        assert len(t.recordings) == count


def test_a_clip_that_does_not_come_ends_the_waiting_with_the_reason(made, recorder) -> None:
    t = made(recorder)
    t.start()
    say(recorder, "start")
    wait_until(lambda: not t.pages.called)
    with pytest.raises(TimeoutError, match="The clip was not there after 0.1 s"):
        t.wait(0.1)
    say(recorder, "stop", chunks=0, reason="stopped")
    with pytest.raises(AudioError, match="did not reach Python"):
        t.wait(SECONDS)


def test_a_microphone_that_is_not_allowed_ends_the_waiting_too(made, recorder) -> None:
    t = made(recorder)
    t.start()
    say(recorder, "problem", code="denied")
    wait_until(lambda: not t.pages.called)
    with pytest.raises(AudioError, match="not allowed"):
        t.wait(SECONDS)


def test_where_the_kernel_hears_nothing_meanwhile_the_recorder_is_there_at_once(monkeypatch, made) -> None:
    monkeypatch.setattr("qwen_asr_widgets.widgets.microphone.microphone.kernel_is_live", lambda: False)
    t = made()
    assert not t.live_while_busy and state(t)["clip_uid"]
    t.start()
    with pytest.raises(AudioError, match="no sound arrives while a cell runs"):
        t.wait(1)

"""The transcriber while a page records: what comes is kept, what is lost is listed, one page at a time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from support.transcribing import SECONDS, MicrophonePage, ask, of_kind, spoken, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.recording import load_recording
from qwen_asr_widgets.widgets.transcriber.save import file_name

pytestmark = pytest.mark.service


def test_everything_the_microphone_sends_is_on_the_tape_in_order(made) -> None:
    t, heard = made(), spoken(3.0)
    page = MicrophonePage(t).start()
    page.speak(heard)
    page.stop()
    wait_until(lambda: t.recording is not None)
    recording = t.wait(SECONDS)
    assert recording.complete and t.recordings == (recording,)
    expected = resample(heard, 48_000, 16_000)
    assert np.array_equal(recording.tape.read(), expected)
    assert recording.info.original_rate == 48_000 and recording.info.name == "Built-in"


def test_what_the_browser_did_to_the_sound_is_noted_in_the_recording(made, tmp_path: Path) -> None:
    t = made()
    page = MicrophonePage(t)
    for count, on in ((1, False), (2, True)):
        page.start(echoCancellation=on, autoGainControl=on, noiseSuppression=None).speak(spoken(0.4))
        page.stop()
        wait_until(lambda count=count: len(t.recordings) == count)
        t.wait(SECONDS)
    plain, processed = t.recordings
    assert plain.notes == ()
    assert processed.notes == ("The browser processed the sound: echo cancellation, automatic gain",)
    assert processed.info.capture["device"] == "Built-in" and processed.info.capture["asked"] == {}
    assert processed.info.capture["echoCancellation"] is True
    processed.save(tmp_path / "processed.qasr")
    assert load_recording(tmp_path / "processed.qasr").info.capture == processed.info.capture


def test_lost_chunks_stand_as_listed_zeros_and_are_shown(made) -> None:
    t, heard = made(), spoken(2.0)
    page = MicrophonePage(t).start()
    page.speak(heard, lose=(7, 8))
    page.stop()
    wait_until(lambda: t.recording is not None)
    recording = t.wait(SECONDS)
    assert len(recording.tape) == 32_000
    ((start, stop),) = recording.lost
    assert abs(start - 11_200) <= 1 and abs(stop - 14_400) <= 1
    assert not recording.tape.read(start, stop).any()
    assert state(t)["lost"] == 0.2


def gathering(widget) -> dict:
    """Return what views are told of the run."""
    content, _ = widget.view.shown.run.snapshot()
    return content


def test_commit_closes_an_utterance_in_manual_mode(made) -> None:
    t = made(config=SessionConfig(turn_detection=None))
    page = MicrophonePage(t).start()
    page.speak(spoken(2.0))
    wait_until(lambda: t.recording is not None and t.recording.duration > 1.9)
    assert gathering(t)["info"]["gathered"] == 1
    ask(t, "commit")
    assert gathering(t)["info"]["gathered"] == 0
    page.speak(spoken(1.5))
    wait_until(lambda: t.recording.duration > 3.4 and gathering(t)["info"]["gathered"] == 1)
    page.stop()
    recording = t.wait(SECONDS)
    assert [one.ended_by for one in recording.utterances] == ["commit", "commit"]
    assert [state(t)["figures"][name] for name in ("count", "n", "left_out")] == [2, 0, 2]
    assert [one.get("commit") for one in gathering(t)["utterances"]] == [None, "finish"]
    assert recording.utterances[0].end == pytest.approx(2.0, abs=0.06)


def test_a_second_recording_leaves_the_first_where_it_was(made) -> None:
    t = made()
    page = MicrophonePage(t)
    for count in (1, 2):
        page.start().speak(spoken(0.4))
        page.stop()
        wait_until(lambda: len(t.recordings) == count)
        t.wait(SECONDS)
    assert [recording.duration for recording in t.recordings] == [pytest.approx(0.4)] * 2


def test_a_page_that_is_gone_ends_the_run_and_keeps_what_came(made) -> None:
    t = made()
    receiver = t.uplink.inbox.receiver
    assert receiver.patience == 600.0
    receiver.heartbeat_timeout, receiver.patience = 0.3, 0.1
    page = MicrophonePage(t).start()
    page.speak(spoken(1.0))
    wait_until(lambda: t.recording is not None)
    recording = t.wait(SECONDS)
    assert recording.complete and recording.duration == pytest.approx(1.0)
    assert t.uplink.state == "interrupted"


def test_a_page_that_is_away_is_said_and_goes_on_with_its_recording_when_it_is_back(made) -> None:
    t = made()
    t.uplink.inbox.receiver.heartbeat_timeout = 0.2
    page = MicrophonePage(t).start()
    page.speak(spoken(0.5))
    wait_until(lambda: state(t)["away"])
    page.speak(spoken(0.5))
    assert wait_until(lambda: not state(t)["away"]) and t.active
    page.stop()
    assert t.wait(SECONDS).duration == pytest.approx(1.0) and len(t.recordings) == 1


def test_a_page_that_is_away_is_not_waited_for_after_stop(made) -> None:
    t = made()
    t.uplink.inbox.receiver.heartbeat_timeout = 0.2
    MicrophonePage(t).start().speak(spoken(0.5))
    wait_until(lambda: state(t)["away"])
    t.stop()
    assert t.wait(SECONDS).duration == pytest.approx(0.5) and not state(t)["away"]


def test_views_know_which_page_records_and_any_of_them_may_stop_it(made) -> None:
    t = made()
    assert state(t)["recorder"] == ""
    page = MicrophonePage(t, "first").start()
    wait_until(lambda: state(t)["recorder"] == "first")
    ask(t, "stop", view="second")
    assert of_kind(t, "halt")
    page.stop()
    wait_until(lambda: state(t)["recorder"] == "")


def test_a_second_browser_is_told_that_its_sound_is_not_taken(made) -> None:
    t = made()
    first, second = MicrophonePage(t, "first").start(), MicrophonePage(t, "second")
    first.speak(spoken(0.5))
    second.start().speak(spoken(0.5))
    refused = wait_until(lambda: of_kind(t, "refused"))
    assert [message["client"] for message in refused] == ["second"]
    first.stop()
    assert t.wait(SECONDS).duration == pytest.approx(0.5) and len(t.recordings) == 1


def test_what_a_microphone_heard_is_named_after_the_moment_in_which_it_began(made) -> None:
    t = made(pace=None)
    before = datetime.now()
    page = MicrophonePage(t).start()
    page.speak(spoken(0.5))
    wait_until(lambda: t.active)
    page.stop()
    name = file_name(t.wait(SECONDS), "wav")
    began = datetime.strptime(name, "%Y-%m-%d_%H.%M.%S_microphone.wav")
    assert before.replace(microsecond=0) <= began <= datetime.now()

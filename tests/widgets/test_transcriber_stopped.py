"""A sound that was stopped before its end stays whole: all of it is kept and can be run again."""

from __future__ import annotations

import numpy as np
import pytest
from support.scripted_server import ScriptedServer
from support.transcribing import SECONDS, MicrophonePage, ask, spoken, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.recording import load_recording

pytestmark = pytest.mark.service


def stopped(made, seconds: float = 1.0, **options):
    """Return a transcriber whose sound was stopped after some seconds, and the sound."""
    clip = sample("conversation").clip[:8.0]
    t = made(clip, **options)
    t.start()
    wait_until(lambda: t.recording.sent_duration >= seconds)
    t.stop()
    return t, clip.resample(16_000).to_pcm16()


def test_the_rest_of_a_stopped_sound_is_kept_unsent_and_said(made, tmp_path) -> None:
    t, whole = stopped(made)
    recording = t.wait(SECONDS)
    sent = recording.sent_duration
    assert 1.0 <= sent < 7.0
    assert np.array_equal(recording.tape.read(), whole)
    assert not recording.complete and state(t)["notice"] is None
    assert recording.notes == (f"Stopped at 0:{sent:04.1f}; the last {8.0 - sent:.1f} s were not sent",)
    assert state(t)["partly"] == {"sent": pytest.approx(sent, abs=0.01), "of": 8.0}
    assert state(made(load_recording(recording.save(tmp_path / "talk.qasr"))))["partly"] == state(t)["partly"]


def test_a_stopped_sound_is_run_again_from_its_start_to_its_end(made) -> None:
    t, whole = stopped(made)
    t.wait(SECONDS)
    ask(t, "again", pace=None)
    again = t.wait(SECONDS)
    assert again.complete and again.sent_duration == 8.0 and np.array_equal(again.tape.read(), whole)
    assert state(t)["partly"] is None
    t.start()
    t.stop()
    assert t.wait(SECONDS).duration == 8.0


def test_what_the_service_heard_of_a_stopped_sound_is_answered(made) -> None:
    t, _ = stopped(made, 3.0, pace=4.0)
    recording = t.wait(SECONDS)
    first = sample("conversation").turns[0]
    assert recording.utterances[0].text and abs(recording.utterances[0].onset - first.start) <= 0.2
    assert all(one.status == "final" for one in recording.utterances)


def test_turns_taken_here_end_at_the_stop_too(made) -> None:
    t, whole = stopped(made, 0.0, pace=4.0, turn_taking="client")
    recording = t.wait(SECONDS)
    assert np.array_equal(recording.tape.read(), whole) and not recording.complete
    assert recording.notes[-1].startswith("Stopped at 0:0")
    heard = state(t)["partly"]
    assert heard["of"] == 8.0 and heard["sent"] == pytest.approx(8.0 - recording.unsent_duration, abs=0.01)


def test_a_stop_before_the_service_answered_leaves_the_whole_sound(made) -> None:
    with ScriptedServer(lambda peer: peer.until("session.finish")) as server:
        t = made(sample("conversation").clip[:2.0], server.url)
        t.start()
        server.peer(0)
        t.stop()
        wait_until(lambda: state(t)["waiting"])
        ask(t, "leave")
    assert t.recording.duration == 2.0 and not t.recording.complete
    assert t.recording.notes == ("Ended before the service had answered; the last 2.0 s were not sent",)


def test_a_microphone_that_takes_the_place_of_a_file_leaves_the_files_recording_whole(made) -> None:
    clip = sample("conversation").clip[:8.0]
    t = made(clip)
    t.start()
    file = t.recording
    wait_until(lambda: file.sent_duration > 0.2)
    page = MicrophonePage(t).start()
    page.speak(spoken(0.5))
    wait_until(lambda: t.recording is not file)
    page.stop()
    t.wait(SECONDS)
    wait_until(lambda: file.notes)
    assert file.duration == 8.0 and not file.complete and file.notes[0].startswith("Stopped at 0:0")

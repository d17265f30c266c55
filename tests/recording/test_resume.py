"""A lost connection is taken up again: every word once, the sound bit-exact, times as in a clean run."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from support.scripted_server import ScriptedServer, created, item_events, updated
from support.tone_service import PAUSE, RATE, ToneService, close, drop, server_error, talk, words_in

from qwen_asr_widgets import Endpoint, Retry, SessionConfig, TurnDetection, load_recording, transcribe
from qwen_asr_widgets.client.resume_plan import WARM_UP
from qwen_asr_widgets.errors import ServiceClosed

TALK = talk(2, 3, 1, 4, 2)
WORDS = [f"w{number}" for number in range(1, 13)]
CONFIG = SessionConfig(turn_detection=TurnDetection(0.0, 600))
QUICK = Retry(patience=10, first=0.05, longest=0.1)


def run(*breaks, sound=TALK, config=CONFIG, update_midway=True, **options):
    """Transcribe at a service that breaks so; return the recording and the service."""
    service = ToneService(*breaks, update_midway=update_midway)
    options = {"pace": None, "progress": False, "sample_rate": RATE, "retry": QUICK, **options}
    with ScriptedServer(service) as server:
        return transcribe(sound, Endpoint(server.url), config, **options), service


@pytest.fixture(scope="module")
def clean():
    return run()[0]


def spans(recording):
    return [(one.number, one.onset, one.end, one.text, one.status) for one in recording.utterances]


def assert_as(recording, clean):
    assert recording.text == clean.text and recording.complete
    assert (recording.tape.read() == TALK).all()
    assert [one.status for one in recording.utterances] == ["final"] * 5
    for ours, theirs in zip(recording.utterances, clean.utterances):
        assert ours.number == theirs.number and ours.text == theirs.text
        for name in ("onset", "start", "end"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), abs=0.05)


def test_the_service_of_these_tests_hears_every_word(clean):
    assert clean.text.split() == WORDS and clean.complete and clean.gaps == () and clean.notes == ()


@pytest.mark.parametrize("end", [
    drop, server_error, close(1001), close(1011, "Internal server error"), close(1000),
    close(1007, "Input traffic exceeds the limit"),
    close(1007, "Your session was closed because no response was generated for 180 seconds"),
])
def test_every_loss_that_heals_is_taken_up_again(clean, end):
    recording, service = run((5.0, end))
    assert_as(recording, clean)
    assert len(service.sessions) == 2 and [gap.why for gap in recording.gaps] == ["lost"]


@pytest.mark.parametrize("at", np.arange(0.0, len(TALK) / RATE, 0.37).tolist())
def test_wherever_it_is_cut_every_word_comes_once_at_its_time(clean, at):
    recording, _ = run((at, drop))
    assert_as(recording, clean)


def test_three_cuts_in_a_row_are_outlived_and_the_gaps_are_told(clean):
    recording, service = run((4.2, drop), (1.0, close(1011)), (2.5, server_error))
    assert_as(recording, clean)
    assert len(service.sessions) == 4 and len(recording.gaps) == 3
    assert all(gap.start <= gap.at and gap.lost <= gap.resumed for gap in recording.gaps)
    assert recording.notes[0].startswith("The connection was lost 3 times, at ")


def test_of_what_was_answered_only_what_the_turn_detector_must_know_is_sent_again():
    long = talk(2, 3, 1, 4, 2, 3, 3)
    recording, service = run((16.0, drop), sound=long)
    answered = [one for one in run(sound=long)[0].utterances if one.end + 0.6 < 16.0][-1]
    gap = recording.gaps[0]
    assert answered.end <= gap.start < answered.end + PAUSE
    again = len(service.sessions[1].audio) - (len(long) - round(gap.start * RATE))
    assert WARM_UP - PAUSE < again / RATE < WARM_UP + 0.032


def test_a_final_is_told_once_and_in_order():
    finals = []
    recording, _ = run((5.0, drop), (3.0, drop), on_final=finals.append)
    assert [one.text for one in finals] == [one.text for one in recording.utterances]
    assert [one.number for one in finals] == [1, 2, 3, 4, 5]


def test_manual_commits_are_sent_again_at_their_places():
    config, long = SessionConfig(turn_detection=None), np.tile(TALK, 6)
    whole, _ = run(sound=long, config=config)
    for at in (9.0, 65.0):
        cut, service = run((at, drop), sound=long, config=config)
        assert spans(cut) == spans(whole) and cut.complete and len(cut.utterances) == 2
        assert cut.gaps[0].start == (0.0 if at < 60 else 60.0)


def test_turns_taken_by_the_client_are_committed_again(clean):
    config = SessionConfig(turn_detection=TurnDetection(0.0, 400))
    sound = real_speech()
    whole, _ = run(sound=sound, config=config, turn_taking="client")
    cut, _ = run((3.0, drop), (2.0, close(1011)), sound=sound, config=config, turn_taking="client")
    assert len(whole.turns) == 5 and len(cut.gaps) == 2 and cut.complete
    assert [one.status for one in cut.utterances] == ["final"] * len(whole.turns)
    assert cut.unsent_duration == 0
    assert cut.sent_duration + cut.skipped_duration == pytest.approx(cut.duration)
    assert cut.skipped_duration == pytest.approx(whole.skipped_duration, abs=1.0)
    for ours, theirs in zip(cut.turns, whole.turns, strict=True):
        assert (ours.onset, ours.end) == pytest.approx((theirs.onset, theirs.end), abs=0.05)


def real_speech():
    from qwen_asr_widgets import sample

    return sample("conversation").clip[:20.0].to_pcm16()


def test_a_cut_recording_reads_the_same_from_its_bundle(tmp_path):
    recording, _ = run((4.2, drop), (2.0, close(1011)))
    again = load_recording(recording.save(tmp_path / "cut.qasr"))
    assert again.utterances == recording.utterances and again.gaps == recording.gaps
    assert again.events == recording.events and again.notes == recording.notes
    assert again.settings == recording.settings and again.connections == recording.connections


def test_a_service_that_stays_away_is_given_up_after_the_patience():
    calls = []

    def first(peer):
        if calls:
            peer.close(1011)
        calls.append(peer)
        ToneService((3.0, drop))(peer)

    with ScriptedServer(first) as server, pytest.raises(ServiceClosed) as caught:
        transcribe(TALK, Endpoint(server.url), CONFIG, pace=None, progress=False, sample_rate=RATE,
                   retry=Retry(patience=0.4, first=0.05, longest=0.1))
    recording = caught.value.recording
    assert len(calls) > 2 and not recording.complete and (recording.tape.read() == TALK).all()
    assert recording.text.split() == ["w1", "w2"]


class BreaksOff:
    """A service that shows the beginning of one utterance and breaks off; each session shows what is asked.

    Parameters
    ----------
    shown : callable
        Given the number of a session, from 0, returns what its only partial says.
    """

    def __init__(self, shown):
        self.shown = shown
        self.sessions = 0

    def __call__(self, peer):
        number, self.sessions = self.sessions, self.sessions + 1
        peer.send(created())
        peer.send(updated(**peer.until("session.update")["session"]))
        peer.until("input_audio_buffer.append")
        started, partial = item_events(f"item_{number}", start_ms=900)[:2]
        peer.send(started, {**partial, "stash": self.shown(number)})
        peer.close(1011)


def broken_off(shown):
    """Return the service after a run at it was given up."""
    service = BreaksOff(shown)
    with ScriptedServer(service) as server, pytest.raises(ServiceClosed):
        transcribe(TALK, Endpoint(server.url), CONFIG, pace=None, progress=False, sample_rate=RATE,
                   retry=Retry(patience=0.2, first=0.01, longest=0.02))
    return service


def test_a_service_that_says_more_each_time_is_not_given_up_though_it_has_no_final_yet():
    assert broken_off(lambda number: "word " * min(number, 30)).sessions > 30


def test_one_that_breaks_at_the_same_word_again_and_again_is_given_up():
    assert broken_off(lambda number: "the same words").sessions > 1


@pytest.mark.parametrize("end", [close(1008, "no"), close(1007, "Session update error"), close(1009)])
def test_what_would_come_again_is_not_tried_again(end):
    with pytest.raises(ServiceClosed):
        run((3.0, end))


def test_nothing_is_left_of_the_sessions_before():
    before = set(threading.enumerate())
    run((2.0, drop), (2.0, drop), (2.0, drop))
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(("qwen-asr", "qaw-run")):
            thread.join(5)
    assert len(set(threading.enumerate()) - before) <= 1


def test_words_are_counted_where_they_begin():
    assert words_in(TALK) == WORDS and words_in(TALK[round(0.9 * RATE):])[0] == "w1"

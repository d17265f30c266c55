"""A recording as it was at a moment is what a session makes of the events until then."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_asr_widgets import Recording, SessionConfig, SettingError, TurnDetection, sample
from qwen_asr_widgets.protocol.codec import read_client, read_server
from qwen_asr_widgets.recording.earlier import history as history_module
from qwen_asr_widgets.recording.earlier.history import History
from qwen_asr_widgets.recording.log.run_info import RunInfo
from qwen_asr_widgets.recording.observers import RunObserver
from qwen_asr_widgets.recording.run import Run
from qwen_asr_widgets.recording.values import AudioSent, SessionBegun

WORDS = "conversation.item.input_audio_transcription."
STATE = (
    "events", "utterances", "settings", "connections", "gaps", "errors", "config", "text", "turns", "info",
)


def run_with_a_lost_connection(pace: float | None = 1.0, pause: float = 0.0) -> Recording:
    """Play 12 s of sound in two sessions with five turns; sending may pause in the third of them."""
    recording = Recording(SessionConfig(language="en"), RunInfo(pace=pace, chunk_ms=100), clock=lambda: 0.0)
    lost_at, late = 6.0, 0.0
    acts = [(0.0, "open", None), (0.01, "in", {"type": "session.created", "session": {"id": "s"}})]
    acts += [(0.02, "out", {"type": "session.update", "session": SessionConfig(language="en").to_wire()})]
    acts += [(0.03, "in", {"type": "session.updated", "session": {}})]
    for chunk in range(120):
        end = (chunk + 1) / 10
        late = pause if chunk >= 70 else 0.0
        acts.append((end + late + (0.5 if end > lost_at else 0.0), "sound", chunk))
    for number, begin in enumerate((0.5, 2.4, 5.0, 7.0, 9.0)):
        acts += turn_acts(f"i{number}", begin, lost_at if begin == 5.0 else None)
    acts += [(lost_at, "close", 1011), (lost_at + 0.5, "again", None)]
    acts += [(lost_at + 0.5, "in", {"type": "session.created", "session": {"id": "s2"}})]
    acts += [(13.4 + pause, "out", {"type": "session.finish"})]
    acts += [(13.5 + pause, "in", {"type": "session.finished"})]
    acts += [(13.6 + pause, "close", 1000)]
    for time, kind, what in sorted(acts, key=lambda act: act[0]):
        play(recording, time, kind, what)
    recording.finish(complete=True)
    return recording


def turn_acts(item, begin, lost_at):
    """Return what the service says of a turn that begins at a second, as far as it comes to say it."""
    said = [
        (0.1, {"type": "input_audio_buffer.speech_started", "item_id": item,
               "audio_start_ms": round(1000 * begin), "audio_onset_ms": round(1000 * begin) + 300}),
        (0.4, {"type": WORDS + "text", "item_id": item, "text": "", "stash": "so"}),
        (0.8, {"type": WORDS + "text", "item_id": item, "text": "so", "stash": " it"}),
        (1.6, {"type": "input_audio_buffer.speech_stopped", "item_id": item,
               "audio_end_ms": round(1000 * begin) + 1000}),
        (1.6, {"type": "input_audio_buffer.committed", "item_id": item}),
        (1.6, {"type": "conversation.item.created", "item": {"id": item}}),
        (1.7, {"type": WORDS + "completed", "item_id": item, "transcript": "so it was"}),
    ]
    shift = 0.5 if begin > 6 else 0.0
    heard = [(at, message) for at, message in said if lost_at is None or begin + at < lost_at]
    return [(begin + shift + at, "in", message) for at, message in heard]


def play(recording, time, kind, what):
    if kind == "open":
        recording.opened(time)
    elif kind == "again":
        recording.opened(time, SessionBegun(5 * 16_000, 3, "lost"))
    elif kind == "close":
        recording.closed(what, "", time)
    elif kind == "sound":
        start = recording.tape.append(np.full(1_600, what, np.int16))
        recording.audio_sent(start, start + 1_600, time)
    elif kind == "out":
        recording.sent(what, read_client(what), time)
    else:
        recording.received(what, read_server(what), time)


def fed_until(recording: Recording, time: float) -> Recording:
    """Return the recording that restoring makes of the events until a time, and of nothing else."""
    state = recording.snapshot()
    spans = [span for span in state.connections if span.opened <= time]
    if spans and (spans[-1].closed or 0.0) > time:
        spans[-1] = type(spans[-1])(spans[-1].opened)
    events = tuple(event for event in state.events if event.time <= time)
    then = {"events": events, "connections": tuple(spans), "notes": (), "complete": False}
    return Recording.restore(state._replace(**then))


def as_values(recording: Recording):
    return {name: getattr(recording, name) for name in STATE}


RUNS = {
    "in real time": run_with_a_lost_connection(),
    "with a pause": run_with_a_lost_connection(pause=0.9),
    "at once": run_with_a_lost_connection(pace=None),
}
HISTORIES = {name: History(recording) for name, recording in RUNS.items()}


@settings(max_examples=40)
@given(st.sampled_from(sorted(RUNS)), st.lists(st.floats(0, 15), min_size=1, max_size=6))
def test_any_moments_in_any_order_are_those_of_a_session_fed_until_then(name, times):
    for time in times:
        assert as_values(HISTORIES[name].at(time)) == as_values(fed_until(RUNS[name], time))


def test_kept_logs_change_nothing(monkeypatch):
    monkeypatch.setattr(history_module, "SNAPSHOT_EVENTS", 7)
    history = History(RUNS["in real time"])
    assert len(history._places) > 20
    for time in (13.55, 0.3, 6.2, 2.5, 9.999, 6.0, 0.0):
        assert as_values(history.at(time)) == as_values(fed_until(RUNS["in real time"], time))


def test_a_moment_handed_out_stays_as_it_is():
    history = HISTORIES["in real time"]
    early = history.at(3.0)
    before = as_values(early)
    history.at(14.0), history.at(5.0)
    assert as_values(early) == before


def test_the_sound_of_a_moment_is_what_had_gone_out():
    history = HISTORIES["in real time"]
    assert [history.at(time).duration for time in (0.0, 0.35, 6.2, 6.65, 99.0)] == [0.0, 0.3, 6.0, 6.1, 12.0]
    assert history.at(0.35).tape.read().tolist() == RUNS["in real time"].tape.read(0, 4_800).tolist()


def test_a_lost_connection_is_awaited_until_the_next_stands():
    history = HISTORIES["in real time"]
    assert [history.at(time).interrupted for time in (5.9, 6.2, 6.6)] == [False, True, False]


def test_notes_and_completeness_belong_to_the_end():
    history = HISTORIES["in real time"]
    assert [history.at(time).complete for time in (13.5, 14.0)] == [False, True]
    assert history.at(99.0).notes == RUNS["in real time"].notes


def test_steps_go_from_event_to_event_and_stop_at_both_ends():
    history = HISTORIES["in real time"]
    events = RUNS["in real time"].events
    passed = sorted({0.0, 13.6, *(one.time for one in events if not isinstance(one.event, AudioSent))})
    forward, time = [0.0], 0.0
    while history.next(time) > time:
        forward.append(time := history.next(time))
    backward = [time]
    while history.next(time, -1) < time:
        backward.append(time := history.next(time, -1))
    assert forward == passed == backward[::-1]


def test_a_recording_without_anything_has_one_moment():
    history = History(Recording())
    assert (history.duration, history.next(0.0), history.at(3.0).events) == (0.0, 0.0, ())


def test_something_else_is_refused_in_a_sentence():
    with pytest.raises(SettingError, match="History takes a Recording, not 'talk.qasr'"):
        History("talk.qasr")


class Watched(RunObserver):
    """Notes the state of a recording whenever an event comes, unless another one comes meanwhile."""

    def __init__(self, recording):
        self.recording = recording
        self.seen = []

    def received(self, timed):
        recording = self.recording
        count, version = len(recording.events), recording.version
        state = recording.utterances, recording.config, recording.connections, recording.settings
        if recording.version == version:
            self.seen.append((count, state))


@pytest.mark.service
def test_it_is_event_for_event_and_state_for_state_what_a_live_run_was(script):
    recording = Recording(SessionConfig(turn_detection=TurnDetection(0.0, 400)), RunInfo(pace=None))
    watched = Watched(recording)
    run = Run(script, recording, watched)
    run.append(sample("conversation").clip[:9.0].to_pcm16())
    run.start()
    run.finish()
    assert run.wait(30) and recording.complete
    history, times = History(recording), [event.time for event in recording.events]
    compared = 0
    for count, state in watched.seen:
        time = max(times[:count])
        if min(times[count:], default=np.inf) <= time or time == recording.connections[0].closed:
            continue  # another event has the same time
        then = history.at(time)
        assert len(then.events) == count
        assert (then.utterances, then.config, then.connections, then.settings) == state
        compared += 1
    assert compared > 10 and then.events == recording.events[:count]

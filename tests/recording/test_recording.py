"""The recording is the one record: what is read from it follows from what passed, while it still runs."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from support.recordings import TRANSCRIPTION, Script, three_turns

from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.client.stream import StreamObserver
from qwen_asr_widgets.recording import AudioSent, Recording
from qwen_asr_widgets.vad.turns import Turn, TurnDetection


def test_it_observes_a_stream():
    observer: StreamObserver = Recording()
    for name in ("opened", "sent", "audio_sent", "received", "closed"):
        assert callable(getattr(observer, name))


def test_the_version_grows_with_every_change():
    script = Script(2.0)
    recording = script.recording
    changes = [
        lambda: recording.tape.append(np.zeros(10, np.int16)),
        lambda: recording.audio_sent(0, 10, 101.0),
        lambda: script.come({"type": "input_audio_buffer.speech_started", "item_id": "a",
                             "audio_start_ms": 0}, 1.0),
        lambda: script.partial("a", 1.1, "so", ""),
        lambda: recording.note("a note"),
        lambda: recording.lose(10),
        lambda: recording.closed(1000, "", 102.0),
        lambda: recording.finish(False),
    ]
    for change in changes:
        before = recording.version
        change()
        assert recording.version > before
    assert recording.version == recording.version


def test_times_count_from_the_beginning_of_the_recording():
    recording = three_turns()
    assert recording.events[0].time == 0.0
    assert recording.utterances[0].started_at == pytest.approx(1.1)
    assert recording.connections[0].opened == 0.0


def test_turns_are_those_the_service_closed():
    script = Script(8.0)
    script.turn("a", 1.0, 2.0, "one").turn("b", 5.0, 6.0, "", close=False)
    assert script.recording.turns == [Turn(onset=1.0, start=0.7, end=2.0)]


def test_audio_sends_stand_among_the_events_as_sample_ranges():
    events = three_turns().events
    sent = [timed.event for timed in events if isinstance(timed.event, AudioSent)]
    assert sent[0] == AudioSent(0, 1_600) and sent[1].start == 1_600
    assert all(timed.message["type"] == "input_audio_buffer.append" for timed in events
               if isinstance(timed.event, AudioSent))


def test_changed_settings_hold_from_where_the_update_was_sent():
    script = Script(6.0)
    script.play(3.0)
    script.go({"type": "session.update", "session": {"turn_detection": {"threshold": 0.5}}}, 3.0)
    script.play(3.5)
    script.come({"type": "session.updated", "session": {}}, 3.6)
    first, second = script.recording.settings
    assert (first.sample, second.sample, second.time) == (0, 48_000, 3.0)
    assert second.frame == 93
    assert (first.config.turn_detection.threshold, second.config.turn_detection.threshold) == (0.2, 0.5)
    assert script.recording.config is second.config


def test_refused_settings_never_held():
    script = Script(6.0)
    script.play(1.0)
    wrong = {"turn_detection": {"threshold": 9}}
    script.go({"event_id": "bad", "type": "session.update", "session": wrong}, 1.0)
    script.play(2.0)
    script.go({"type": "session.update", "session": {"turn_detection": {"threshold": 0.4}}}, 2.0)
    script.come({"type": "error", "error": {"type": "invalid_request_error", "code": "invalid_value",
                 "param": "turn_detection.threshold", "message": "threshold is 9", "event_id": "bad"}}, 2.1)
    script.come({"type": "session.updated", "session": {}}, 2.2)
    held = [(change.sample, change.config.turn_detection.threshold) for change in script.recording.settings]
    assert held == [(0, 0.2), (32_000, 0.4)]
    assert any("threshold is 9" in note for note in script.recording.notes)


def test_frames_count_at_16_khz_whatever_the_session_rate():
    script = Script(4.0, rate=8_000)
    script.play(2.0)
    script.update({"turn_detection": None}, 2.0)
    change = script.recording.settings[-1]
    assert (change.sample, change.frame, change.config.turn_detection) == (16_000, 62, None)


def test_lost_sound_stands_as_zeros_and_is_listed():
    recording = Recording(SessionConfig())
    recording.tape.append(np.full(100, 7, np.int16))
    recording.lose(50)
    recording.tape.append(np.full(10, 7, np.int16))
    assert recording.lost == ((100, 150),)
    assert not recording.tape.read(100, 150).any() and len(recording.tape) == 160
    assert "lost in the browser" in recording.notes[0]


def test_a_connection_that_breaks_marks_what_was_open_as_lost():
    script = Script(6.0)
    script.turn("a", 1.0, 2.0, "one").turn("b", 4.0, 5.0, "", partials=[(0.3, "tw", "")], close=False)
    script.recording.closed(1011, "gone", 105.5)
    assert [u.status for u in script.recording.utterances] == ["final", "lost"]
    assert script.recording.utterances[1].text == "tw"
    connection = script.recording.connections[0]
    assert (connection.closed, connection.code, connection.reason) == (5.5, 1011, "gone")
    assert not script.recording.complete


def test_an_utterance_is_measured_once_and_replaced_when_it_changes():
    script = Script(6.0)
    script.turn("a", 1.0, 3.0, "so", partials=[(0.5, "s", "")])
    before = script.recording.utterances[0]
    assert script.recording.utterances[0] is before
    assert before.latency == script.recording.latency()[0]


def test_readers_and_writers_may_be_different_threads():
    script = Script(30.0)
    recording, stop, seen, problems = script.recording, threading.Event(), [], []

    def read():
        while not stop.is_set():
            try:
                seen.append((recording.version, len(recording.events)))
                assert len(recording.latency()) <= len(recording.utterances)
                recording.snapshot(), recording.text, recording.notes
            except Exception as error:  # the test must see what a reader would have seen
                problems.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(20):
        begin = 0.2 + 1.4 * number
        script.turn(f"i{number}", begin, begin + 0.5, "word", partials=[(0.2, "w", "")], endpoint=0.4)
    stop.set()
    reader.join(10)
    assert not problems and seen == sorted(seen)
    assert [u.number for u in recording.utterances] == list(range(1, 21))


def test_in_a_notebook_text_is_text():
    script = Script(4.0, name="<b>name</b>")
    script.turn("a", 1.0, 2.0, "<script>alert(1)</script> & more")
    page = script.finish()._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "0:01.0 – 0:02.0" in page and "1.00 s" in page
    assert "color:" not in page.replace("background:none", "")


def test_a_notebook_shows_waits_with_their_conditions_or_says_why_there_are_none():
    timed, burst = three_turns()._repr_html_(), three_turns(pace=None)._repr_html_()
    assert "Final" in timed and "1.00 s" in timed and "(n = 3; 100 ms chunks, real time; speech ends" in timed
    assert "Final" not in burst and " s<" not in burst and "sent as fast as it was taken" in burst
    assert burst.count("<td") == 3 * 3


def test_every_table_of_a_notebook_is_well_formed():
    from html.parser import HTMLParser

    class Checker(HTMLParser):
        open: list = []

        def handle_starttag(self, tag, attrs):
            self.open = [*self.open, tag]

        def handle_endtag(self, tag):
            assert self.open[-1] == tag
            self.open = self.open[:-1]

    recording = three_turns()
    for thing in (recording, recording.latency(), recording.latency().summary(), Recording()):
        checker = Checker()
        checker.feed(thing._repr_html_())
        assert checker.open == []


def test_its_repr_says_what_it_is():
    assert repr(three_turns()) == "<Recording 12.0 s, 3 utterances, pocketsphinx, complete>"


def test_settings_of_the_session_are_those_the_service_confirmed():
    script = Script(2.0)
    script.go({"type": "session.update", "session": {}}, 1.0)
    script.come({"type": "session.updated", "session": {"turn_detection": {
        "type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}}}, 1.0)
    assert script.recording.config.turn_detection == TurnDetection(0.0, 400, 300)


def test_a_failed_item_says_so_in_the_table():
    script = Script(4.0)
    script.turn("a", 1.0, 2.0, "", final=False)
    script.come({"type": TRANSCRIPTION + "failed", "item_id": "a", "error": {"message": "no"}}, 3.0)
    assert "(no transcript)" in script.finish()._repr_html_()


def test_a_frame_without_utterances_has_the_columns_of_one_with_them():
    pytest.importorskip("pandas")
    empty, full = Recording(), three_turns()
    assert list(empty.to_frame().columns) == list(full.to_frame().columns) and len(empty.to_frame()) == 0
    assert list(empty.latency().to_frame().columns) == list(full.latency().to_frame().columns)
    assert empty.to_frame().index.name == full.to_frame().index.name == "number"

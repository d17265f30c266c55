"""Turns by the client: the tuner's detector runs here, commits each turn, and sends no silence."""

from __future__ import annotations

import base64
import math
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scripted_server import ScriptedServer, created, item_events, updated

from qwen_asr_widgets import Endpoint, SessionConfig, TurnDetection, calibrate, embedded, sample, transcribe
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.errors import QawError, ServiceClosed, SettingError
from qwen_asr_widgets.plots import plot_recording
from qwen_asr_widgets.realtime.client_turn import ClientTurnClosed, ClientTurnOpened
from qwen_asr_widgets.realtime.events import (
    AppendAudio,
    BufferCommitted,
    CommitBuffer,
    ItemCreated,
    SessionCreated,
    TranscriptCompleted,
    TranscriptPartial,
)
from qwen_asr_widgets.realtime.session import Session
from qwen_asr_widgets.recording import load_recording
from qwen_asr_widgets.recording.comparison import error_rate
from qwen_asr_widgets.recording.turn_taking import Send, TurnGate, max_turn_frames
from qwen_asr_widgets.recording.values import AudioSent, AudioSkipped
from qwen_asr_widgets.vad.scores import speech_scores
from qwen_asr_widgets.vad.turns import detect_turns

TALK = sample("conversation")
APPEND, COMMIT = "input_audio_buffer.append", "input_audio_buffer.commit"
SETTINGS = [
    TurnDetection(),
    TurnDetection(0.0, 400),
    TurnDetection(-0.5, 200, 1_000),
    TurnDetection(0.9, 250, 0),
    TurnDetection(0.6, 3_000, 6_000),
]


@pytest.fixture(scope="module")
def script():
    with embedded("script") as endpoint:
        yield endpoint


def by_client(source, endpoint, detection=TurnDetection(0.0, 400), **options):
    config = SessionConfig(turn_detection=detection, **{
        name: options.pop(name) for name in ("sample_rate", "input_audio_format") if name in options
    })
    options = {"sample_rate": config.sample_rate, **options} if isinstance(source, list) else options
    options = {"pace": None, "progress": False, **options}
    return transcribe(source, endpoint, config, turn_taking="client", **options)


def padded(clip, before=8.0, after=8.0):
    """Return a clip with silence around it."""
    rate = clip.sample_rate
    quiet = [np.zeros(round(seconds * rate), np.float32) for seconds in (before, after)]
    return AudioClip(np.concatenate([quiet[0], clip.samples, quiet[1]]), rate)


def sent_samples(recording):
    return sum(timed.event.stop - timed.event.start for timed in recording.events
               if isinstance(timed.event, AudioSent))


class Service:
    """A manual-mode service that answers every commit with a word, and keeps what was appended to each."""

    def __init__(self, refuse=()):
        self.refuse = refuse
        self.seconds: list[float] = []
        self.pcm = b""

    def __call__(self, peer):
        peer.send(created())
        buffered = b""
        while True:
            message = peer.receive()
            kind = message["type"]
            if kind == "session.update":
                peer.send(updated(**message["session"]))
            elif kind == APPEND:
                buffered += base64.b64decode(message["audio"])
            elif kind == COMMIT:
                self.seconds.append(len(buffered) / 32_000)
                self.pcm, buffered = self.pcm + buffered, b""
                self.answer(peer, len(self.seconds))
            elif kind == "session.finish":
                peer.send({"type": "session.finished"})

    def answer(self, peer, number):
        if number in self.refuse:
            error = {"type": "invalid_request_error", "code": "input_audio_buffer_commit_empty",
                     "message": "too little"}
            peer.send({"type": "error", "error": error})
        else:
            peer.send(*item_events(f"item_{number}", f"words {number}")[3:])


# ---- what is found


@pytest.mark.parametrize("detection", SETTINGS, ids=str)
def test_the_turns_are_those_of_the_tuner_to_the_frame(script, detection):
    recording = by_client(TALK, script, detection)
    expected = detect_turns(speech_scores(TALK.clip), detection, max_turn_frames=max_turn_frames(detection))
    assert expected and recording.turns == expected
    assert recording.complete and recording.notes == ()
    assert {utterance.status for utterance in recording.utterances} == {"final"}
    assert {utterance.onset_source for utterance in recording.utterances} == {"client"}


def test_at_8_khz_the_turns_are_those_of_the_service_at_the_same_settings(script):
    config = SessionConfig(sample_rate=8_000, turn_detection=TurnDetection(0.0, 400))
    theirs = transcribe(TALK, script, config, pace=None, progress=False)
    recording = by_client(TALK, script, sample_rate=8_000)
    assert len(recording.turns) == len(theirs.turns) > 5
    for ours, turn in zip(recording.turns, theirs.turns):
        wire = (turn.onset, turn.start, turn.end)
        assert (ours.onset, ours.start, ours.end) == pytest.approx(wire, abs=6e-4)


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_opus_carries_the_same_turns_as_pcm(script, rate):
    opus = by_client(TALK, script, sample_rate=rate, input_audio_format="opus")
    pcm = by_client(TALK, script, sample_rate=rate)
    assert opus.turns == pcm.turns and opus.complete and opus.notes == ()
    assert len(opus.utterances) == len(pcm.utterances) == len(pcm.turns)
    assert opus.sent_duration == pcm.sent_duration


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=30))
@settings(max_examples=15, deadline=None)
def test_however_the_sound_is_cut_the_same_is_sent_of_it(cuts):
    samples = TALK.clip[:9.5].to_pcm16()
    detection = TurnDetection(0.0, 400)

    def play(pieces):
        gate, sent, position, turns = TurnGate(detection, 16_000), np.zeros(len(samples), bool), 0, []
        steps = [step for piece in pieces for step in gate.hear(piece)] + list(gate.finish())
        for step in steps:
            if isinstance(step, (ClientTurnOpened, ClientTurnClosed)):
                turns.append((step, position if isinstance(step, ClientTurnClosed) else None))
            elif step.stop > position:
                sent[position:step.stop] = isinstance(step, Send)
                position = step.stop
        assert position == len(samples)
        return sent.tolist(), turns

    places = np.cumsum(cuts)
    assert play(np.split(samples, places[places < len(samples)])) == play([samples])


def test_words_come_out_as_well_as_with_the_services_turns():
    with embedded() as endpoint:
        detection = TurnDetection(0.2, 800)
        config = SessionConfig("en", TALK.corpus_text, turn_detection=detection)
        with ThreadPoolExecutor(2) as pool:  # a recogniser for each
            ours, theirs = pool.map(
                lambda by: transcribe(TALK, endpoint, config, turn_taking=by, pace=None, progress=False),
                ("client", "service"),
            )
    assert len(ours.utterances) == len(theirs.utterances) and all(one.text for one in ours.utterances)
    wrong = [error_rate(TALK.transcript, run.text, "en") for run in (ours, theirs)]
    assert wrong[0] <= wrong[1] + 0.02


# ---- what is sent


def test_silence_is_not_sent_and_stays_on_the_tape():
    clip = padded(TALK.clip[:9.5])
    service = Service()
    with ScriptedServer(service) as server:
        recording = by_client(clip, Endpoint(server.url))
    tape = recording.tape.read()
    assert (tape == clip.to_pcm16()).all()
    ranges = [timed.event for timed in recording.events if isinstance(timed.event, AudioSent)]
    assert np.frombuffer(service.pcm, "<i2").tolist() == np.concatenate(
        [tape[one.start:one.stop] for one in ranges]
    ).tolist()
    assert sent_samples(recording) == len(service.pcm) // 2 == round(recording.sent_duration * 16_000)
    spans = [turn.end + 0.416 - turn.start for turn in recording.turns]
    assert recording.sent_duration == pytest.approx(sum(spans), abs=1e-6)
    assert recording.skipped_duration > 16 and recording.unsent_duration == 0
    assert recording.sent_duration + recording.skipped_duration == pytest.approx(recording.duration)


def test_a_skipped_sample_has_no_sending_time():
    with ScriptedServer(Service()) as server:
        recording = by_client(padded(TALK.clip[:9.5]), Endpoint(server.url))
    for timed in recording.events:
        if isinstance(timed.event, AudioSkipped):
            assert recording.sent_at(timed.event.start) is recording.sent_at(timed.event.stop - 1) is None
        elif isinstance(timed.event, AudioSent):
            first, last = timed.event.start, timed.event.stop - 1
            assert recording.sent_at(first) == recording.sent_at(last) == timed.time


def test_the_session_is_manual_on_the_wire_and_the_recording_keeps_the_clients_settings():
    with ScriptedServer(Service()) as server:
        recording = by_client(TALK.clip[:5.0], Endpoint(server.url))
        first = server.peer().messages[0]
    assert first["type"] == "session.update" and first["session"]["turn_detection"] is None
    assert recording.config.turn_detection == TurnDetection(0.0, 400) and len(recording.settings) == 1
    assert recording.info.turn_taking == "client"


@pytest.mark.parametrize("padding", [0, 300, 1_000, 6_000])
def test_no_commit_holds_more_than_a_minute(padding):
    detection = TurnDetection(-1.0, 200, padding)
    clip = AudioClip(np.zeros(16_000 * 130, np.float32), 16_000)
    service = Service()
    with ScriptedServer(service) as server:
        recording = by_client(clip, Endpoint(server.url), detection, chunk_ms=2_000)
    assert len(service.seconds) == 3 and max(service.seconds) <= 60.0 and recording.notes == ()
    assert sum(service.seconds) == pytest.approx(130, abs=0.1)
    assert [one.ended_by for one in recording.utterances] == ["limit", "limit", "finish"]
    expected = detect_turns(speech_scores(clip), detection, max_turn_frames=max_turn_frames(detection))
    assert recording.turns == expected


@pytest.mark.parametrize("rate, form", [(8_000, "pcm"), (8_000, "opus"), (16_000, "opus")])
def test_the_embedded_service_takes_the_longest_turn_in_every_format(script, rate, form):
    clip = AudioClip(np.zeros(8_000 * 65, np.float32), 8_000)
    recording = by_client(clip, script, TurnDetection(-1.0, 200, 320), sample_rate=rate,
                          input_audio_format=form)
    assert recording.notes == () and [one.status for one in recording.utterances] == ["final", "final"]


# ---- how long it took


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_delays_are_known_and_add_up(script, rate):
    recording = by_client(TALK, script, sample_rate=rate)
    table = recording.latency()
    assert table.source == "client" and table.summary().n == len(table) > 5
    for row, utterance in zip(table, recording.utterances):
        assert all(math.isfinite(getattr(row, name)) for name in (
            "endpoint_delay", "decode_delay", "finalization"
        ))
        assert row.finalization == pytest.approx(row.endpoint_delay + row.decode_delay, abs=1e-9)
        assert row.endpoint_delay >= 0 and row.onset_delay is None
        assert utterance.stopped_at == utterance.committed_sent_at > utterance.started_at


def test_in_real_time_the_endpoint_is_the_silence():
    clip, detection = TALK.clip[:4.5], TurnDetection(0.0, 400)
    with ScriptedServer(Service()) as server:
        recording = by_client(clip, Endpoint(server.url), detection, pace=2.0, chunk_ms=20)
    row = next(row for row in recording.latency() if row.ended_by == "silence")
    assert row.endpoint_delay >= 0.416 / 2 - 0.021, "13 frames of silence, sent twice as fast"
    measured = recording.latency([turn for turn in TALK.turns if turn.end < 4.5])
    assert measured.source == "reference" and measured[0].finalization is not None


def test_commits_in_the_record_are_the_stops(script):
    recording = by_client(TALK, script)
    commits = [timed.time for timed in recording.events if timed.message["type"] == COMMIT]
    opened = [timed.time for timed in recording.events if isinstance(timed.event, ClientTurnOpened)]
    assert commits == [one.stopped_at for one in recording.utterances]
    assert opened == [one.started_at for one in recording.utterances]


def test_a_bundle_keeps_all_of_it(script, tmp_path):
    recording = by_client(TALK, script)
    path = recording.save(tmp_path / "run.qasr")
    loaded = load_recording(path)
    for name in ("info", "config", "settings", "events", "utterances", "turns", "notes", "connections",
                 "sent_duration", "skipped_duration", "unsent_duration", "complete", "text"):
        assert getattr(loaded, name) == getattr(recording, name), name
    assert loaded.latency() == recording.latency()
    assert loaded.save(tmp_path / "again.qasr").read_bytes() == path.read_bytes()


# ---- how it ends


def test_a_live_source_is_transcribed_as_it_comes(script):
    samples = TALK.clip.to_pcm16()
    pieces = np.array_split(samples, 97)
    recording = by_client(pieces, script)
    assert recording.turns == by_client(TALK, script).turns


def test_ctrl_c_commits_the_open_turn():
    class Interrupting(Service):
        def answer(self, peer, number):
            super().answer(peer, number)
            if number == 1:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with ScriptedServer(Interrupting()) as server:
        recording = by_client(TALK, Endpoint(server.url), pace=12.0, chunk_ms=20)
    assert not recording.complete and recording.notes[0].startswith("Interrupted at 0:0")
    assert recording.duration == TALK.clip.duration and recording.unsent_duration > 0
    assert {one.status for one in recording.utterances} == {"final"}
    assert all(one.item_id and one.end is not None for one in recording.utterances)


def test_a_connection_that_breaks_in_a_turn_loses_no_sound(tmp_path):
    def broken(peer):
        peer.send(created())
        peer.send(updated(**peer.until("session.update")["session"]))
        peer.until(APPEND)
        peer.drop()

    with ScriptedServer(broken) as server, pytest.raises(ServiceClosed) as caught:
        by_client(TALK, Endpoint(server.url), pace=12.0, chunk_ms=20)
    recording = caught.value.recording
    assert recording.duration == TALK.clip.duration and recording.unsent_duration > 0
    assert recording.utterances and {one.status for one in recording.utterances} == {"lost"}
    loaded = load_recording(recording.save(tmp_path / "lost.qasr"))
    assert loaded.utterances == recording.utterances and loaded.notes == recording.notes


def test_a_refused_commit_shifts_no_words():
    with ScriptedServer(Service(refuse={2})) as server:
        recording = by_client(TALK, Endpoint(server.url))
    texts = [one.text for one in recording.utterances]
    assert texts[0] == "words 1" and recording.utterances[1].status == "failed" and texts[2] == "words 3"
    assert texts[3:] == [f"words {number}" for number in range(4, len(texts) + 1)]


def test_turns_find_their_items_though_the_network_lags_behind():
    session = Session(SessionConfig(turn_detection=None))
    session.receive(SessionCreated({"id": "s"}), 0.0)
    for number in (1, 2):
        session.take_turn(ClientTurnOpened(16_000 * number, 16_000 * number + 4_800), 2.0 * number)
        session.take_turn(ClientTurnClosed(16_000 * number + 12_000, "silence"), 2.0 * number + 1)
    session.take_turn(ClientTurnOpened(64_000, 65_000), 7.0)
    for number in (1, 2):
        session.send(AppendAudio(b"\0" * 24_000), 7.0 + number)
        session.send(CommitBuffer(), 7.1 + number)
    for number in (1, 2):
        session.receive(TranscriptPartial(f"item_{number}", "so", ""), 9.5)
        session.receive(BufferCommitted(f"item_{number}"), 9.6)
        session.receive(ItemCreated(f"item_{number}"), 9.7)
        session.receive(TranscriptCompleted(f"item_{number}", f"text {number}"), 9.8)
    first, second, third = session.utterances
    assert [(one.item_id, one.text, one.stopped_at) for one in (first, second, third)] == [
        ("item_1", "text 1", 8.1), ("item_2", "text 2", 9.1), ("", "", None)
    ]
    assert (second.start, second.onset, second.end, second.ended_by) == (2.0, 2.3, 2.75, "silence")
    assert third.status == "speaking"


def test_sound_without_speech_is_not_sent_at_all(script):
    recording = by_client(AudioClip(np.zeros(48_000, np.float32), 16_000), script)
    assert recording.complete and recording.utterances == () and recording.sent_duration == 0
    assert recording.skipped_duration == recording.duration == 3.0


# ---- what is said of it, and what is refused


def test_pictures_tables_and_info_say_who_takes_turns(script):
    recording = by_client(TALK.clip[:9.5], script)
    assert "turns by the client" in str(recording.latency().summary())
    assert "turns by the client" in recording._repr_html_()
    ax = plot_recording(recording)
    footer = next(artist for artist in ax.get_children() if artist.get_gid() == "footer")
    assert "turns by the client" in footer.get_text()
    assert footer.get_text().count("by the client") == 1


def test_turns_by_the_client_calibrate_nothing(script):
    recordings = [by_client(TALK, script, TurnDetection(threshold, 400)) for threshold in (0.0, 0.4)]
    with pytest.raises(QawError):
        calibrate(recordings)


def test_a_client_without_settings_cannot_take_turns(script):
    with pytest.raises(SettingError, match="turn_taking is 'client', but turn_detection is None"):
        by_client(TALK, script, None)


@pytest.mark.parametrize("wrong", ["server", None, True, ["client"]])
def test_an_unknown_way_is_refused_with_the_choices(script, wrong):
    with pytest.raises(SettingError, match="it must be 'service' .* or 'client'"):
        transcribe(TALK, script, turn_taking=wrong, progress=False)


def test_the_service_takes_turns_unless_asked_otherwise(script):
    recording = transcribe(TALK.clip[:5.0], script, pace=None, progress=False)
    assert recording.info.turn_taking == "service" and recording.skipped_duration == 0
    assert replace(recording.info, turn_taking="client") != recording.info

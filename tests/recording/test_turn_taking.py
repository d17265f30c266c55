"""Turns by the client: the tuner's detector runs here, commits each turn, and sends no silence."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.client_turns import COMMIT, TALK, ManualService, by_client, padded
from support.scripted_server import ScriptedServer

from qwen_asr_widgets import Endpoint, SessionConfig, TurnDetection, embedded, transcribe
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.protocol.events import ClientTurnClosed, ClientTurnOpened
from qwen_asr_widgets.recording.text import error_rate
from qwen_asr_widgets.recording.turn_taking import Send, TurnGate, max_turn_frames
from qwen_asr_widgets.recording.values import AudioSent, AudioSkipped
from qwen_asr_widgets.vad.scoring.scores import speech_scores
from qwen_asr_widgets.vad.turns import detect_turns

pytestmark = pytest.mark.service

SETTINGS = [
    TurnDetection(),
    TurnDetection(0.0, 400),
    TurnDetection(-0.5, 200, 1_000),
    TurnDetection(0.9, 250, 0),
    TurnDetection(0.6, 3_000, 6_000),
]


@pytest.fixture(scope="module")
def talk(script):
    """Return the conversation with turns by the client at a sample rate; each rate is run once."""
    return cache(lambda rate: by_client(TALK, script, sample_rate=rate))


def sent_samples(recording):
    return sum(timed.event.stop - timed.event.start for timed in recording.events
               if isinstance(timed.event, AudioSent))


@pytest.mark.parametrize("detection", SETTINGS, ids=str)
def test_the_turns_are_those_of_the_tuner_to_the_frame(script, detection):
    recording = by_client(TALK, script, detection)
    expected = detect_turns(speech_scores(TALK.clip), detection, max_turn_frames=max_turn_frames(detection))
    assert expected and recording.turns == expected
    assert recording.complete and recording.notes == ()
    assert {utterance.status for utterance in recording.utterances} == {"final"}
    assert {utterance.onset_source for utterance in recording.utterances} == {"client"}


def test_at_8_khz_the_turns_are_those_of_the_service_at_the_same_settings(script, talk):
    config = SessionConfig(sample_rate=8_000, turn_detection=TurnDetection(0.0, 400))
    theirs = transcribe(TALK, script, config, pace=None, progress=False)
    recording = talk(8_000)
    assert len(recording.turns) == len(theirs.turns) > 5
    for ours, turn in zip(recording.turns, theirs.turns):
        wire = (turn.onset, turn.start, turn.end)
        assert (ours.onset, ours.start, ours.end) == pytest.approx(wire, abs=6e-4)


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_opus_carries_the_same_turns_as_pcm(script, talk, rate):
    opus = by_client(TALK, script, sample_rate=rate, input_audio_format="opus")
    pcm = talk(rate)
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
    config = SessionConfig("en", TALK.corpus_text, turn_detection=TurnDetection(0.2, 800))
    with embedded() as endpoint, ThreadPoolExecutor(2) as pool:  # a recogniser for each
        ours, theirs = pool.map(
            lambda by: transcribe(TALK, endpoint, config, turn_taking=by, pace=None, progress=False),
            ("client", "service"),
        )
    assert len(ours.utterances) == len(theirs.utterances) and all(one.text for one in ours.utterances)
    wrong = [error_rate(TALK.transcript, run.text, "en") for run in (ours, theirs)]
    assert wrong[0] <= wrong[1] + 0.02


def test_silence_is_not_sent_and_stays_on_the_tape():
    clip = padded(TALK.clip[:9.5])
    service = ManualService()
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
    with ScriptedServer(ManualService()) as server:
        recording = by_client(padded(TALK.clip[:9.5]), Endpoint(server.url))
    for timed in recording.events:
        if isinstance(timed.event, AudioSkipped):
            assert recording.sent_at(timed.event.start) is recording.sent_at(timed.event.stop - 1) is None
        elif isinstance(timed.event, AudioSent):
            first, last = timed.event.start, timed.event.stop - 1
            assert recording.sent_at(first) == recording.sent_at(last) == timed.time


def test_the_session_is_manual_on_the_wire_and_the_recording_keeps_the_clients_settings():
    with ScriptedServer(ManualService()) as server:
        recording = by_client(TALK.clip[:5.0], Endpoint(server.url))
        first = server.peer().messages[0]
    assert first["type"] == "session.update" and first["session"]["turn_detection"] is None
    assert recording.config.turn_detection == TurnDetection(0.0, 400) and len(recording.settings) == 1
    assert recording.info.turn_taking == "client"


@pytest.mark.parametrize("padding", [0, 300, 6_000])
def test_no_commit_holds_more_than_a_minute(padding):
    detection = TurnDetection(-1.0, 200, padding)
    clip = AudioClip(np.zeros(16_000 * 130, np.float32), 16_000)
    service = ManualService()
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


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_delays_are_known_and_add_up(talk, rate):
    recording = talk(rate)
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
    with ScriptedServer(ManualService()) as server:
        recording = by_client(clip, Endpoint(server.url), detection, pace=2.0, chunk_ms=20)
    row = next(row for row in recording.latency() if row.ended_by == "silence")
    assert row.endpoint_delay >= 0.416 / 2 - 0.021, "13 frames of silence, sent twice as fast"
    measured = recording.latency([turn for turn in TALK.turns if turn.end < 4.5])
    assert measured.source == "reference" and measured[0].finalization is not None


def test_commits_in_the_record_are_the_stops(talk):
    recording = talk(16_000)
    commits = [timed.time for timed in recording.events if timed.message["type"] == COMMIT]
    opened = [timed.time for timed in recording.events if isinstance(timed.event, ClientTurnOpened)]
    assert commits == [one.stopped_at for one in recording.utterances]
    assert opened == [one.started_at for one in recording.utterances]

"""A run whose turns the client takes: how it ends, what is kept and said of it, what is refused."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
from support.client_turns import APPEND, TALK, ManualService, by_client
from support.scripted_server import ScriptedServer, created, updated

from qwen_asr_widgets import Endpoint, Retry, SessionConfig, TurnDetection, calibrate, transcribe
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.errors import QawError, ServiceClosed, SettingError
from qwen_asr_widgets.plots import plot_recording
from qwen_asr_widgets.protocol.events import ClientTurnClosed, ClientTurnOpened
from qwen_asr_widgets.protocol.events import (
    AppendAudio, BufferCommitted, CommitBuffer, ItemCreated, SessionCreated, TranscriptCompleted,
    TranscriptPartial,
)
from qwen_asr_widgets.protocol.session import Session
from qwen_asr_widgets.recording import load_recording

pytestmark = pytest.mark.service


def test_a_bundle_keeps_all_of_it(script, tmp_path):
    recording = by_client(TALK, script)
    path = recording.save(tmp_path / "run.qasr")
    loaded = load_recording(path)
    for name in ("info", "config", "settings", "events", "utterances", "turns", "notes", "connections",
                 "sent_duration", "skipped_duration", "unsent_duration", "complete", "text"):
        assert getattr(loaded, name) == getattr(recording, name), name
    assert loaded.latency() == recording.latency()
    assert loaded.save(tmp_path / "again.qasr").read_bytes() == path.read_bytes()


def test_a_live_source_is_transcribed_as_it_comes(script):
    samples = TALK.clip.to_pcm16()
    pieces = np.array_split(samples, 97)
    recording = by_client(pieces, script)
    assert recording.turns == by_client(TALK, script).turns


def test_ctrl_c_commits_the_open_turn():
    class Interrupting(ManualService):
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
        by_client(TALK, Endpoint(server.url), pace=12.0, chunk_ms=20, retry=Retry(patience=0))
    recording = caught.value.recording
    assert recording.duration == TALK.clip.duration and recording.unsent_duration > 0
    assert recording.utterances and {one.status for one in recording.utterances} == {"lost"}
    loaded = load_recording(recording.save(tmp_path / "lost.qasr"))
    assert loaded.utterances == recording.utterances and loaded.notes == recording.notes


def test_a_refused_commit_shifts_no_words():
    with ScriptedServer(ManualService(refuse={2})) as server:
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

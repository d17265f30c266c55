"""What a conversation remembers: the delay of the first text, with turn detection and in manual mode."""

from __future__ import annotations

from typing import Any

import pytest
from support.scripted_server import Peer, ScriptedServer, created, item_events

from qwen_asr_widgets.client.dashscope import OmniRealtimeCallback, OmniRealtimeConversation, session_memory
from qwen_asr_widgets.client.dashscope.session_memory import SessionMemory

EMPTY = {"type": "conversation.item.input_audio_transcription.text", "text": "", "stash": ""}


@pytest.fixture()
def memory(monkeypatch: pytest.MonkeyPatch) -> SessionMemory:
    """Return a memory whose clock goes on by 250 ms with every event."""
    clock = iter(range(100))
    monkeypatch.setattr(session_memory, "time", type("Clock", (), {"time": lambda: next(clock) / 4}))
    return SessionMemory()


def delays(memory: SessionMemory, *events: dict[str, Any]) -> list[float | None]:
    told = []
    for event in events:
        memory.take(event)
        told.append(memory.last_first_text_delay)
    return told


def test_the_first_text_delay_begins_with_the_speech_that_was_detected(memory: SessionMemory) -> None:
    started, partial, stopped, committed, item, completed = item_events()
    assert delays(memory, started, EMPTY, partial, partial) == [None, None, 500.0, 500.0]
    assert delays(memory, stopped, committed, item, completed) == [500.0] * 4
    assert delays(memory, item_events("item_2")[0]) == [None]


def test_the_first_text_delay_begins_with_the_commit_in_manual_mode(memory: SessionMemory) -> None:
    _, partial, _, committed, item, completed = item_events()
    assert delays(memory, committed, item, partial, completed) == [None, None, 500.0, 500.0]
    _, _, _, committed, item, completed = item_events("item_2")
    assert delays(memory, committed, item, completed) == [None, None, 500.0]


def test_a_commit_after_the_next_turn_has_begun_does_not_begin_the_delay_anew(memory: SessionMemory) -> None:
    first, second = item_events("a"), item_events("b")
    told = delays(memory, first[0], first[1], second[0], first[3], second[1])
    assert told == [None, 250.0, None, None, 500.0]


def test_the_conversation_tells_the_delay_of_a_manual_session() -> None:
    def script(peer: Peer) -> None:
        peer.send(created())
        peer.until("input_audio_buffer.commit")
        peer.send(*item_events()[3:])
        peer.until("session.finish")
        peer.send({"type": "session.finished"})
        peer.drain()

    with ScriptedServer(script) as server:
        conversation = OmniRealtimeConversation("m", OmniRealtimeCallback(), url=server.url)
        conversation.connect()
        conversation.commit()
        conversation.end_session()
        assert conversation.get_last_first_text_delay() >= 0
        assert conversation.session_id == conversation.get_session_id() == "sess_1"
        conversation.close()

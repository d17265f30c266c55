"""A service that repeats the key: it reaches nobody, whichever way it was given."""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np
import pytest
from support.scripted_server import Peer, ScriptedServer, created, updated

from qwen_asr_widgets import transcribe
from qwen_asr_widgets.client.dashscope.conversation import OmniRealtimeCallback, OmniRealtimeConversation
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.client.redaction import Redactor
from qwen_asr_widgets.client.retry import Retry
from qwen_asr_widgets.errors import QawError

KEY = "sk-planted/0815+x"
GIVEN: dict[str, dict[str, Any]] = {
    "as the key": {"api_key": KEY},
    "as a header": {"headers": {"authorization": f"Bearer {KEY}"}},
    "as a header of another name": {"headers": {"X-Api-Key": KEY}},
    "as a header that only looks like one": {"headers": {"X-Any": KEY}},
    "as a cookie": {"headers": {"Cookie": f"session={KEY}; theme=dark"}},
    "in the address": {"query": "?token=sk-planted%2F0815%2Bx"},
}


def echo(peer: Peer) -> None:
    """Repeat the key in every way there is: in an event, escaped, as an unreadable frame, when leaving."""
    peer.send(created(KEY))
    peer.until("session.update")
    peer.send(updated(), {"type": "heard", "said": f"invalid Bearer {KEY}", KEY: [KEY]})
    peer.send_raw(json.dumps({"type": "heard", "said": KEY}).replace("/", r"\/"))
    peer.send_raw(f"no JSON {KEY}")
    peer.send_raw(f'{{"type": "in bytes", "said": "{KEY}"}}'.encode())
    peer.until("input_audio_buffer.append")
    peer.send({"type": "error", "error": {"type": "server_error", "message": f"bad {KEY}", "code": KEY}})
    peer.close(4001, f"bad {KEY}")


@pytest.mark.parametrize("way", GIVEN)
def test_a_key_the_service_repeats_is_in_nothing_that_is_kept(
    way: str, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    given = dict(GIVEN[way])
    with ScriptedServer(echo) as server:
        endpoint = Endpoint(server.url + given.pop("query", ""), **given)
        with pytest.raises(QawError) as caught:
            transcribe(
                np.zeros(16_000, np.int16), endpoint, sample_rate=16_000, pace=None, progress=False,
                retry=Retry(patience=0),
            )
        sent = server.peer()
        assert KEY in str([*sent.headers.values()]) or "sk-planted%2F0815%2Bx" in sent.path
    recording = caught.value.recording  # type: ignore[attr-defined]
    told = [
        str(caught.value), repr(vars(caught.value)), repr([*recording.events]), repr(recording.notes),
        recording._repr_html_(), repr(recording.connections), repr(recording.info), repr(endpoint),
        caplog.text,
    ]
    assert not [text for text in told if "planted" in text]
    assert "invalid Bearer ***" in repr([*recording.events]) and "bad ***" in str(caught.value)


def test_the_drop_in_class_hands_out_what_came_but_for_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[Any] = []
    ends: list[Any] = []

    class Kept(OmniRealtimeCallback):
        def on_event(self, message: Any) -> None:
            events.append(message)

        def on_close(self, code: Any, reason: Any) -> None:
            ends.append((code, reason))

    def script(peer: Peer) -> None:
        peer.send_raw('{"type": "x", "said": "a \\ud800 b Bearer sk-plante"}')
        peer.send_raw(json.dumps({"type": "y", "said": [KEY, f"invalid Bearer {KEY}"]}))
        peer.close(4001, f"bad {KEY}")

    with ScriptedServer(script) as server:
        conversation = OmniRealtimeConversation("m", Kept(), url=server.url, api_key=KEY)
        conversation.connect()
        server.peer().wait_until_ended()
        assert conversation.thread is not None
        conversation.thread.join(20)
    assert events == [
        {"type": "x", "said": "a \ud800 b Bearer sk-plante"},
        {"type": "y", "said": ["***", "invalid Bearer ***"]},
    ]
    assert ends == [(4001, "bad ***")]
    assert "planted" not in caplog.text + repr(vars(conversation))


def test_what_is_no_key_is_left_alone() -> None:
    mask = Redactor("wss://example.org/x?model=qwen3-asr&language=english")
    mask.learn({"user-agent": "transcriber", "X-DashScope-WorkSpace": "space-1", "Authorization": "Bearer a"})
    mask.learn({"Cookie": "speaks=english; a=b"})
    said = "qwen3-asr english transcriber space-1 a Bearer"
    assert mask.hide(said) == said and mask.hide(said.encode()) == said.encode()

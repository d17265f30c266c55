"""Our own streaming path: what the observer is told, and how a session ends."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scripted_server import Peer, ScriptedServer, created, greet_and_record, item_events, updated

from qwen_asr_widgets.client.answers import Answers
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.client.healing import heals_at_first
from qwen_asr_widgets.client.stream import AudioStream
from qwen_asr_widgets.errors import ConnectFailed, NotConnected, ServiceClosed, ServiceError, SessionLost
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE, ServiceFacts
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.protocol.events import RecognizerBehind, ServerEvent, SessionUpdated

RAMP = np.arange(-8_000, 8_000, dtype=np.int16)
MANUAL = SessionConfig(turn_detection=None)


class Notes:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.told: list[tuple[Any, ...]] = []

    def note(self, *entry: Any) -> None:
        with self.lock:
            self.told.append(entry)

    def opened(self, time: float) -> None:
        self.note("opened", time)

    def sent(self, message: Any, event: Any, time: float) -> None:
        self.note("sent", message["type"], time)

    def audio_sent(self, start: int, stop: int, time: float) -> None:
        self.note("audio", start, stop, time)

    def received(self, message: Any, event: Any, time: float) -> None:
        self.note("received", message["type"], time)

    def round_trip(self, seconds: float, time: float) -> None:
        self.note("round trip", seconds, time)

    def closed(self, code: Any, reason: str, time: float) -> None:
        self.note("closed", code, time)

    @property
    def names(self) -> list[Any]:
        return [entry[1] if entry[0] in ("sent", "received") else entry[0] for entry in self.told]


def stream(server: ScriptedServer, config: SessionConfig | None = None, **options: Any) -> AudioStream:
    return AudioStream(Endpoint(server.url, "sk-x"), config, **options)


class Slow(Endpoint):
    """An endpoint that bears 400 kB/s."""

    @property
    def facts(self) -> ServiceFacts:
        return DASHSCOPE.measured(upload_pace_kB_s=400.0)


def audio_of(peer: Peer) -> bytes:
    return b"".join(base64.b64decode(m["audio"]) for m in peer.messages if "audio" in m)


def test_a_session_tells_its_observer_everything_in_order() -> None:
    notes = Notes()
    ticks = iter(range(1_000))
    with ScriptedServer() as server:
        made = stream(server, observer=notes, clock=lambda: float(next(ticks)))
        made.connect()
        made.append(RAMP[:1_600])
        made.append(RAMP[1_600:])
        made.finish()
        peer = server.peer()
    assert peer.types == ["session.update", *["input_audio_buffer.append"] * 2, "session.finish"]
    assert peer.messages[0]["session"] == SessionConfig().to_wire()
    assert audio_of(peer) == RAMP.tobytes()
    assert [entry[1:3] for entry in notes.told if entry[0] == "audio"] == [(0, 1_600), (1_600, 16_000)]
    assert notes.names[0] == "opened" and notes.names[-1] == "closed"
    order = [notes.names.index(name) for name in
             ("session.update", "session.updated", "audio", "session.finish", "session.finished")]
    assert order == sorted(order)
    assert made.finished and not made.connected


def test_headers_carry_key_workspace_and_protocol() -> None:
    with ScriptedServer() as server:
        made = AudioStream(Endpoint(server.url, "sk-x", "a model/2", "ws-1", {"X-Mine": "1"}))
        made.connect()
        made.close()
        headers = server.peer().headers
        assert server.peer().path.endswith("?model=a%20model%2F2")
    assert (headers["Authorization"], headers["X-DashScope-WorkSpace"], headers["OpenAI-Beta"],
            headers["X-Mine"]) == ("Bearer sk-x", "ws-1", "realtime=v1", "1")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5_000), max_size=8))
def test_samples_arrive_whatever_the_chunks(sizes: list[int]) -> None:
    sound = np.arange(sum(sizes), dtype=np.int64).astype(np.int16)
    notes = Notes()
    with ScriptedServer() as server:
        with stream(server, observer=notes) as made:
            position = 0
            for size in sizes:
                made.append(sound[position : position + size])
                position += size
            made.finish()
        assert audio_of(server.peer()) == sound.tobytes()
    ranges = [entry[1:3] for entry in notes.told if entry[0] == "audio"]
    assert [stop for _, stop in ranges[:-1]] == [start for start, _ in ranges[1:]]
    assert sum(stop - start for start, stop in ranges) == len(sound)


def test_a_very_long_chunk_is_cut() -> None:
    with ScriptedServer() as server:
        with stream(server) as made:
            made.append(np.zeros(16_000 * 25, np.int16))
            made.finish()
        sizes = [len(m["audio"]) for m in server.peer().messages if "audio" in m]
    assert sizes == [426_668, 426_668, 213_336]


def test_opus_goes_out_as_ogg_pages_and_the_ledger_covers_every_sample() -> None:
    pytest.importorskip("av")
    from qwen_asr_widgets.audio.opus import OpusDecoder

    notes = Notes()
    tone = (8_000 * np.sin(np.arange(16_000) / 8)).astype(np.int16)
    with ScriptedServer() as server:
        config = SessionConfig(input_audio_format="opus", turn_detection=None)
        with stream(server, config, observer=notes) as made:
            for start in range(0, 16_000, 1_600):
                made.append(tone[start : start + 1_600])
            made.commit()
            made.append(tone[:4_000])
            made.finish()
        appends = [base64.b64decode(m["audio"]) for m in server.peer().messages if "audio" in m]
        kinds = server.peer().types
    assert all(page[:4] == b"OggS" for page in appends)
    assert kinds.index("input_audio_buffer.commit") > 50
    decoder = OpusDecoder(16_000)
    heard = sum(len(decoder.push(page)) for page in appends) + len(decoder.flush())
    assert heard == 20_000
    ranges = [entry[1:3] for entry in notes.told if entry[0] == "audio"]
    assert ranges[0][0] == 0 and ranges[-1][1] == 20_000
    assert [stop for _, stop in ranges[:-1]] == [start for start, _ in ranges[1:]]


def refusing(error: dict[str, Any]) -> Any:
    def script(peer: Peer) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send({"type": "error", "error": error})
        peer.drain()

    return script


def test_refused_settings_are_an_error_when_connecting() -> None:
    error = {"type": "invalid_request_error", "code": "invalid_value", "message": "No Klingon.", "param": "x"}
    with ScriptedServer(refusing(error)) as server, pytest.raises(ServiceError, match="No Klingon") as caught:
        stream(server).connect()
    assert (caught.value.code, caught.value.param) == ("invalid_value", "x")


def test_a_refusal_is_told_though_the_service_was_gone_before_the_settings_left() -> None:
    gone = threading.Event()

    class Ends(Notes):
        def closed(self, code: Any, reason: str, time: float) -> None:
            super().closed(code, reason, time)
            gone.set()

    class SentLate(SessionConfig):
        def to_wire(self) -> dict[str, Any]:
            assert gone.wait(20)
            return super().to_wire()

    error = {"type": "invalid_request_error", "code": "unsupported_language", "message": "only 'en'"}
    with ScriptedServer(lambda peer: peer.send(created(), {"type": "error", "error": error})) as server:
        with pytest.raises(ServiceError, match="only 'en'"):
            stream(server, SentLate(), observer=Ends()).connect()


def test_a_service_that_does_not_confirm_is_given_up() -> None:
    with ScriptedServer(lambda peer: peer.drain()) as server:
        with pytest.raises(ConnectFailed, match="did not confirm"):
            stream(server, connect_timeout=0.3).connect()


class Arriving(threading.Condition):
    """In place of each wait one of these events comes, or nothing any more."""

    def __init__(self, answers: Answers, events: list[ServerEvent]) -> None:
        super().__init__()
        self.answers, self.events = answers, events

    def wait_for(self, predicate: Any, timeout: float | None = None) -> bool:
        if self.events:
            self.answers.take(self.events.pop(0))
        return bool(predicate())


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_a_service_that_speaks_while_it_loads_is_waited_for(is_confirmed: bool) -> None:
    answers = Answers("the service")
    events: list[ServerEvent] = [RecognizerBehind(3_000) for _ in range(9)]
    answers._changed = Arriving(answers, events + [SessionUpdated({})] * is_confirmed)
    if is_confirmed:
        return answers.await_settings(5.0)
    with pytest.raises(ConnectFailed, match="did not confirm the settings: .* seems to be busy") as failed:
        answers.await_settings(5.0)
    assert heals_at_first(failed.value)


def midway(act: Any) -> Any:
    def script(peer: Peer) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send(updated())
        peer.until("input_audio_buffer.append")
        act(peer)

    return script


@pytest.mark.parametrize(("act", "kind", "text"), [
    (lambda peer: peer.close(1011, "worker died"), ServiceClosed, "1011, 'worker died'"),
    (lambda peer: peer.drop(), ServiceClosed, "without a close frame"),
    (lambda peer: (peer.send({"type": "error", "error": {"type": "server_error", "message": "burnt"}}),
                   peer.drain()), ServiceError, "burnt"),
], ids=["close", "drop", "server_error"])
def test_a_session_that_ends_midway_is_an_error_of_the_next_call(act: Any, kind: Any, text: str) -> None:
    notes = Notes()
    with ScriptedServer(midway(act)) as server:
        made = stream(server, observer=notes)
        made.connect()
        with pytest.raises(kind, match=text):
            made.append(RAMP)
            made.finish()
        with pytest.raises(kind, match=text):
            made.append(RAMP)
        made.close()
    assert notes.names[-1] == "closed"


def test_a_refused_request_does_not_end_the_session() -> None:
    def act(peer: Peer) -> None:
        peer.send({"type": "error", "error": {"type": "invalid_request_error", "code": "x", "message": "no"}})
        peer.until("session.finish")
        peer.send(*item_events(), {"type": "session.finished"})
        peer.drain()

    with ScriptedServer(midway(act)) as server:
        made = stream(server)
        made.connect()
        made.append(RAMP)
        made.finish()
    assert made.finished


def test_a_finish_without_an_answer_has_its_deadline() -> None:
    with ScriptedServer(midway(lambda peer: peer.drain())) as server:
        made = stream(server)
        made.connect()
        made.append(RAMP)
        with pytest.raises(SessionLost, match="nothing came for 0.2 s") as caught:
            made.finish(timeout=0.2)
    assert isinstance(caught.value, ServiceClosed) and isinstance(caught.value, TimeoutError)


def test_a_close_from_another_thread_ends_the_wait_for_the_finish() -> None:
    asked, made = threading.Event(), []

    def act(peer: Peer) -> None:
        peer.until("session.finish")
        asked.set()
        peer.drain()

    def close() -> None:
        asked.wait(20)
        made[0].close()

    with ScriptedServer(midway(act)) as server:
        made.append(stream(server))
        made[0].connect()
        made[0].append(RAMP)
        closing = threading.Thread(target=close)
        closing.start()
        with pytest.raises(NotConnected, match="closed here before the session was finished"):
            made[0].finish(timeout=60)
        closing.join()


def test_an_observer_that_raises_does_not_end_the_session(caplog: pytest.LogCaptureFixture) -> None:
    class Raising(Notes):
        def received(self, message: Any, event: Any, time: float) -> None:
            raise ZeroDivisionError("in the observer")

    with ScriptedServer() as server:
        made = stream(server, observer=Raising())
        made.connect()
        made.finish()
    assert made.finished
    assert [record for record in caplog.records if record.exc_info]


def test_sending_before_connecting_or_after_the_end_is_refused() -> None:
    with ScriptedServer() as server:
        made = stream(server)
        with pytest.raises(NotConnected, match="connect"):
            made.append(RAMP)
        made.connect()
        made.finish()
        for act in (lambda: made.append(RAMP), made.commit, made.clear, made.cancel):
            with pytest.raises(NotConnected):
                act()


def test_every_request_can_be_sent() -> None:
    with ScriptedServer() as server:
        with stream(server, MANUAL) as made:
            made.append(RAMP)
            made.commit()
            made.clear()
            made.cancel()
            made.update(SessionConfig(language="en"))
            made.finish()
        assert server.peer().types[2:] == [
            "input_audio_buffer.commit", "input_audio_buffer.clear", "response.cancel", "session.update",
            "session.finish",
        ]


def kept(thing: object, seen: set[int] | None = None) -> Iterator[str]:
    """Yield the attributes of an object of the package, and of every such object among them, as text."""
    seen = set() if seen is None else seen
    if id(thing) in seen or not type(thing).__module__.startswith("qwen_asr_widgets"):
        return
    seen.add(id(thing))
    for value in getattr(thing, "__dict__", {}).values():
        yield repr(value)
        yield from kept(value, seen)


def test_frames_are_logged_without_audio_and_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer() as server:
        made = AudioStream(Endpoint(server.url, "sk-planted-0815"), observer=Notes())
        made.connect()
        made.append(RAMP)
        made.finish()
    texts = [record.getMessage() for record in caplog.records]
    assert any("session.update" in text for text in texts)
    encoded = base64.b64encode(RAMP.tobytes()).decode()[:40]
    assert not [text for text in texts if encoded in text or "sk-planted" in text]
    assert "sk-planted" not in repr(made) + "".join(kept(made))


def test_a_script_may_greet_by_default() -> None:
    with ScriptedServer(greet_and_record) as server, stream(server) as made:
        assert made.connected


def test_what_is_sent_as_fast_as_may_be_stays_under_the_pace_of_the_service() -> None:
    sound = np.tile(RAMP, 8)  # 8 s are 341 kB as base64
    notes = Notes()
    with ScriptedServer(max_queue=1_000) as server:
        made = AudioStream(Slow(server.url, "sk-x"), observer=notes)
        made.connect()
        for start in range(0, len(sound), 1_600):
            made.append(sound[start : start + 1_600])
        made.finish()
        sent = audio_of(server.peer())
    times = [entry[3] for entry in notes.told if entry[0] == "audio"]
    assert sent == sound.tobytes() and len(times) == 80
    assert times[-1] - times[0] > 0.8  # 341 kB at 380 kB/s, less the 20 kB of the beginning

"""The Microphone's Python side, with messages as a browser sends them."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.errors import AudioError, SettingError
from qwen_asr_widgets.widgets.capture import upload as capture_upload
from qwen_asr_widgets.widgets.microphone import inbox as microphone_inbox
from qwen_asr_widgets.widgets.microphone import microphone as module
from qwen_asr_widgets.widgets.capture.capture import CaptureChunk, CaptureEnded, CaptureEvent, CaptureProblem
from qwen_asr_widgets.widgets.capture.upload import FileOpened
from qwen_asr_widgets.widgets.microphone.microphone import Microphone
from qwen_asr_widgets.widgets.shared.comm import free_of_subshell

RATE = 48_000


@pytest.fixture
def mic() -> Iterator[Microphone]:
    made = Microphone(heartbeat_timeout=0.2)
    yield made
    made.close()


def say(mic: Microphone, kind: str, buffers: tuple[bytes, ...] = (), **more: object) -> None:
    told = {"kind": kind, "client": "page", "session": "page/1", "rate": RATE, **more}
    mic.inbox.take(told, buffers)


def worker(mic: Microphone) -> threading.Thread | None:
    """Return the thread on which a microphone calls its subscribers, where it runs."""
    ours = [one for one in threading.enumerate() if one.name == f"qaw-microphone-{mic.uid[:8]}"]
    return ours[0] if ours else None


def speak(mic: Microphone, samples: np.ndarray) -> None:
    """Send samples as chunks of 100 ms and a stop."""
    say(mic, "start")
    pieces = [samples[start : start + RATE // 10] for start in range(0, len(samples), RATE // 10)]
    for seq, piece in enumerate(pieces):
        say(mic, "chunk", (piece.astype("<i2").tobytes(),), seq=seq, peak=0.5)
    say(mic, "stop", chunks=len(pieces), reason="stopped")


def speech() -> np.ndarray:
    return np.random.default_rng(7).integers(-9_000, 9_000, 2 * RATE + 1_234).astype(np.int16)


def collected(mic: Microphone, samples: np.ndarray, take: object) -> list[np.ndarray]:
    """Iterate on a thread of its own, from before the first chunk."""
    pieces: list[np.ndarray] = []
    subscribed, subscribe = threading.Event(), mic.subscribe

    def note(callback: object) -> object:
        unsubscribe = subscribe(callback)
        subscribed.set()
        return lambda: (unsubscribe(), subscribed.clear())

    mic.subscribe = note
    thread = threading.Thread(target=lambda: pieces.extend(take()))
    thread.start()
    assert subscribed.wait(5)
    speak(mic, samples)
    thread.join(10)
    assert not thread.is_alive()
    assert not subscribed.is_set(), "nobody listens once the loop is over"
    return pieces


def test_chunks_are_the_sound_that_was_sent(mic: Microphone) -> None:
    samples = speech()
    np.testing.assert_array_equal(np.concatenate(collected(mic, samples, mic.chunks)), samples)
    assert mic.state == "stopped"


def test_the_stream_equals_resampling_at_once(mic: Microphone) -> None:
    samples = speech()
    streamed = np.concatenate(collected(mic, samples, lambda: mic.stream(16_000)))
    np.testing.assert_array_equal(streamed, resample(samples, RATE, 16_000))


def test_a_page_that_falls_silent_is_given_up_and_the_thread_ends(mic: Microphone) -> None:
    ended = threading.Event()
    mic.subscribe(lambda event: ended.set() if isinstance(event, CaptureEnded) else None)
    say(mic, "start")
    thread = worker(mic)
    assert ended.wait(5)
    assert mic.state == "interrupted"
    assert thread is not None
    thread.join(5)
    assert not thread.is_alive()


def test_a_full_queue_counts_what_it_refuses_and_puts_zeros_there(
    mic: Microphone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone_inbox, "QUEUE_CHUNKS", 3)
    held, ended, events = threading.Event(), threading.Event(), list[CaptureEvent]()

    def slow(event: CaptureEvent) -> None:
        held.wait(5)
        events.append(event)
        if isinstance(event, CaptureEnded):
            ended.set()

    mic.subscribe(slow)
    samples = speech()
    speak(mic, samples)
    held.set()
    assert ended.wait(5)
    session = mic.session
    assert session is not None
    assert session.lost > 0
    assert session.received + session.lost == -(-len(samples) // (RATE // 10))
    delivered = sum(len(event.samples) for event in events if isinstance(event, CaptureChunk))
    assert delivered == pytest.approx(len(samples), abs=4_800)
    assert session.gaps[-1][1] == session.samples


def test_a_failing_subscriber_is_logged_and_disturbs_no_other(
    mic: Microphone, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()
    mic.subscribe(lambda event: 1 / 0)
    mic.subscribe(lambda event: ended.set() if isinstance(event, CaptureEnded) else None)
    with caplog.at_level(logging.ERROR, "qwen_asr_widgets"):
        speak(mic, speech())
        assert ended.wait(5)
    assert "a subscriber of the microphone failed on CaptureStarted" in caplog.text


def test_what_no_page_says_is_logged_once_and_the_sound_goes_on(
    mic: Microphone, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "qwen_asr_widgets"):
        say(mic, "start")
        thread = worker(mic)
        for seq in (0, "x", "y", 1):
            say(mic, "chunk", (bytes(RATE // 5),), seq=seq)
        say(mic, "chunk", (b"odd",), seq=2)
        mic.inbox.take({"kind": "foo"})
        drained(mic)
    assert worker(mic) is thread is not None
    assert mic.session is not None and (mic.session.received, mic.session.lost) == (2, 0)
    assert [record.getMessage().split(": ", 1)[1] for record in caplog.records] == [
        "chunk seq: 'x', not a number", "chunk buffers: 3 bytes, not pairs of them", "kind: 'foo' is unknown",
    ]


def test_not_even_an_exit_in_a_subscriber_ends_the_sound(
    mic: Microphone, caplog: pytest.LogCaptureFixture
) -> None:
    mic.subscribe(lambda event: sys.exit())
    say(mic, "start")
    thread = worker(mic)
    drained(mic)
    assert worker(mic) is thread is not None
    assert "SystemExit" in caplog.text


def test_the_beginning_of_a_file_is_dropped_without_another_message(
    mic: Microphone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_upload, "UPLOAD_TIMEOUT", 0.3)
    said: list[CaptureEvent] = []
    mic.subscribe(said.append)
    say(mic, "file", (b"abc",), upload="u", name="a.wav", size=6, slice=0, slices=2)
    thread = worker(mic)
    assert thread is not None
    thread.join(5)
    assert [event.code for event in said if isinstance(event, CaptureProblem)] == ["incomplete"]
    assert not mic.inbox.receiver.waits


def test_an_old_kernel_refuses_a_loop_that_would_never_end(
    mic: Microphone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "kernel_is_live", lambda: False)
    old = Microphone()
    with pytest.raises(AudioError, match="subscribe"):
        next(old.chunks())
    old.close()


def test_an_opened_file_that_is_no_sound_says_so(mic: Microphone) -> None:
    with pytest.raises(AudioError, match="No file"):
        mic.file_clip()
    about = {"upload": "u", "name": "a.txt", "size": 5, "slice": 0, "slices": 1}
    arrived = threading.Event()
    mic.subscribe(lambda event: arrived.set())
    say(mic, "file", (b"hello",), **about)
    assert arrived.wait(5)
    with pytest.raises(AudioError):
        mic.file_clip()


def test_the_binding_to_a_shell_is_undone_where_there_is_one() -> None:
    class Comm:
        def _reply_subshell_for(self, data: object, default: object) -> object:
            return "the cell's shell"

    class Widget:
        comm = Comm()

    free_of_subshell(Widget())
    assert Widget.comm._reply_subshell_for(None, "its own") == "its own"
    plain = type("Widget", (), {"comm": object()})()
    free_of_subshell(plain)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SettingError, match="'fr'"):
        Microphone(lang="fr")


def test_the_kernel_never_writes_to_it_after_it_is_made(mic: Microphone) -> None:
    sent: list[object] = []
    mic.comm.publish_msg = lambda *message, **more: sent.append((message, more))
    speak(mic, speech())
    thread = worker(mic)
    if thread is not None:
        thread.join(5)
    assert sent == []


def drained(mic: Microphone) -> None:
    """Wait until every message was handed on."""
    ended = threading.Event()
    mic.subscribe(lambda event: ended.set() if isinstance(event, FileOpened) else None)
    say(mic, "file", (b"",), upload="end", name="end", size=0, slice=0, slices=1)
    assert ended.wait(5)


def test_the_report_counts_what_was_lost_of_the_recording_under_way(mic: Microphone) -> None:
    samples = np.zeros(RATE // 10, "<i2").tobytes()
    for session, chunks in (("page/1", (0, 2)), ("page/2", (0, 1, 4))):
        say(mic, "start", session=session)
        for seq in chunks:
            say(mic, "chunk", (samples,), seq=seq, session=session)
        say(mic, "stop", chunks=chunks[-1] + 2, reason="stopped", session=session)
    drained(mic)
    report = mic.report
    assert report is not None
    assert (report.client, report.lost, report.lost_seconds) == ("page", 3, 0.3)
    assert mic.session is not None and mic.session.lost == 3
    say(mic, "start", session="page/3")
    drained(mic)
    assert (report.lost, report.lost_seconds) == (0, 0.0)


def test_the_report_says_only_what_the_page_does_not_show_and_numbers_it(mic: Microphone) -> None:
    report = mic.report
    assert report is not None
    say(mic, "problem", code="denied", detail="")
    drained(mic)
    assert report.problem == {}
    say(mic, "start")
    for number in (1, 2):
        say(mic, "start", client="other", session=f"other/{number}")
        drained(mic)
        told = report.problem
        assert (told["client"], told["number"]) == ("other", number)
    assert mic.problem is not None and mic.problem.code == told["code"] == "othertab"


def test_a_front_end_whose_messages_wait_for_the_cell_is_found_out(
    mic: Microphone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "kernel_is_live", lambda: True)
    young = Microphone()
    assert young.hears_beside_cells
    say(young, "hello")  # on the main thread, as between two cells
    assert not young.hears_beside_cells
    with pytest.raises(AudioError, match="subscribe"):
        next(young.chunks())
    thread = threading.Thread(target=say, args=(young, "hello"))
    thread.start()
    thread.join()
    assert young.hears_beside_cells
    young.close()

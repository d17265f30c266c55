"""What the kernel makes of the messages of pages that record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets.widgets.capture import (
    CaptureChunk,
    CaptureEnded,
    CaptureEvent,
    CapturePaused,
    CaptureProblem,
    CaptureReceiver,
    CaptureStarted,
    FileOpened,
)

RATE = 1_000
LENGTH = RATE // 10


def message(kind: str, session: str = "page/1", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "client": session.split("/")[0], "session": session, "rate": RATE, **more}


def chunk(seq: int, session: str = "page/1") -> tuple[dict[str, Any], list[memoryview]]:
    samples = np.full(LENGTH, seq + 1, "<i2")
    return message("chunk", session, seq=seq, peak=0.5, clipped=0), [memoryview(samples.tobytes())]


def stream(events: list[CaptureEvent]) -> np.ndarray:
    pieces = [event.samples for event in events if isinstance(event, CaptureChunk)]
    return np.concatenate([np.zeros(0, np.int16), *pieces])


def kinds(events: list[CaptureEvent]) -> list[type]:
    return [type(event) for event in events]


@given(st.sets(st.integers(0, 19)))
def test_lost_chunks_stand_as_listed_zeros_and_the_timeline_stays_true(lost: set[int]) -> None:
    receiver = CaptureReceiver()
    events = receiver.receive(message("start"), [], 0.0)
    for seq in sorted(set(range(20)) - lost):
        events += receiver.receive(*chunk(seq), 0.0)
    events += receiver.receive(message("stop", chunks=20, reason="stopped"), [], 0.0)
    expected = np.repeat([0 if seq in lost else seq + 1 for seq in range(20)], LENGTH)
    np.testing.assert_array_equal(stream(events), expected)
    session = receiver.session
    assert session is not None
    assert (session.received, session.lost, session.samples) == (20 - len(lost), len(lost), 20 * LENGTH)
    silent = np.zeros(20 * LENGTH, bool)
    for start, stop in session.gaps:
        silent[start:stop] = True
    np.testing.assert_array_equal(silent, expected == 0)
    starts = [event.start for event in events if isinstance(event, CaptureChunk)]
    assert starts == sorted(starts)


def test_a_chunk_that_comes_twice_or_late_is_counted_and_left_out() -> None:
    receiver = CaptureReceiver()
    events = [event for seq in (0, 2, 2, 1) for event in receiver.receive(*chunk(seq), 0.0)]
    np.testing.assert_array_equal(stream(events), np.repeat([1, 0, 3], LENGTH))
    assert receiver.session is not None
    assert (receiver.session.late, receiver.session.lost) == (2, 1)


def test_a_lost_start_does_not_lose_the_recording() -> None:
    receiver = CaptureReceiver()
    assert kinds(receiver.receive(*chunk(0), 0.0)) == [CaptureStarted, CaptureChunk]


def test_a_silent_page_is_given_up_and_taken_back_when_it_speaks_again() -> None:
    receiver = CaptureReceiver(heartbeat_timeout=5.0)
    receiver.receive(*chunk(0), 10.0)
    assert receiver.tick(15.0) == []
    (ended,) = receiver.tick(15.1)
    assert isinstance(ended, CaptureEnded) and ended.reason == "interrupted"
    assert receiver.tick(99.0) == []
    assert kinds(receiver.receive(*chunk(1), 100.0)) == [CaptureStarted, CaptureChunk]
    assert receiver.session is not None and receiver.session.samples == 2 * LENGTH


def test_a_heartbeat_keeps_a_paused_recording_alive() -> None:
    receiver = CaptureReceiver(heartbeat_timeout=5.0)
    receiver.receive(*chunk(0), 0.0)
    (paused,) = receiver.receive(message("pause"), [], 1.0)
    assert isinstance(paused, CapturePaused) and paused.at == LENGTH
    receiver.receive(message("beat"), [], 5.0)
    assert receiver.tick(9.0) == []
    (resumed,) = receiver.receive(message("resume"), [], 9.5)
    assert isinstance(resumed, CapturePaused) and resumed.resumed


def test_a_second_page_is_refused_once_and_counted_while_the_first_records() -> None:
    receiver = CaptureReceiver()
    receiver.receive(*chunk(0), 0.0)
    problems = [event for seq in range(3) for event in receiver.receive(*chunk(seq, "other/1"), 0.0)]
    assert kinds(problems) == [CaptureProblem]
    assert receiver.refused == 3
    receiver.receive(message("stop", chunks=1, reason="stopped"), [], 1.0)
    assert kinds(receiver.receive(*chunk(0, "other/2"), 1.0)) == [CaptureStarted, CaptureChunk]


def test_a_file_in_slices_arrives_whole_or_says_what_is_missing() -> None:
    receiver = CaptureReceiver()
    about = {"upload": "u", "name": "a.wav", "size": 6, "slices": 2}
    assert receiver.receive(message("file", slice=0, **about), [b"abc"], 0.0) == []
    (opened,) = receiver.receive(message("file", slice=1, **about), [b"def"], 0.0)
    assert opened == FileOpened("a.wav", b"abcdef")
    (problem,) = receiver.receive(message("file", slice=1, **{**about, "upload": "v"}), [b"def"], 0.0)
    assert isinstance(problem, CaptureProblem) and problem.code == "incomplete"
    (problem,) = receiver.receive(message("file", slice=0, **{**about, "size": 3 << 30}), [b"abc"], 0.0)
    assert isinstance(problem, CaptureProblem) and problem.code == "toolarge"


@pytest.mark.parametrize("kind", ["pause", "resume", "stop", "beat"])
def test_a_straggler_after_the_end_opens_nothing(kind: str) -> None:
    receiver = CaptureReceiver()
    assert receiver.receive(message(kind, chunks=0, reason="stopped"), [], 0.0) == []
    assert receiver.session is None


def test_the_beginning_of_a_file_whose_page_is_gone_is_dropped() -> None:
    receiver = CaptureReceiver()
    about = {"name": "a.wav", "size": 6, "slices": 2}
    receiver.receive(message("file", upload="gone", slice=0, **about), [b"abc"], 0.0)
    receiver.receive(message("file", upload="slow", slice=0, **about), [b"abc"], 50.0)
    receiver.receive(message("file", upload="new", slice=0, **about), [b"abc"], 70.0)
    assert sorted(receiver._uploads) == ["new", "slow"]
    (opened,) = receiver.receive(message("file", upload="slow", slice=1, **about), [b"def"], 80.0)
    assert opened == FileOpened("a.wav", b"abcdef")


def test_a_page_that_comes_while_another_records_disturbs_nothing() -> None:
    receiver = CaptureReceiver()
    receiver.receive(*chunk(0), 0.0)
    assert receiver.receive(message("hello", "other/0"), [], 1.0) == []
    assert receiver.active and receiver.refused == 0


def test_problems_say_whether_the_page_shows_them_already() -> None:
    receiver = CaptureReceiver()
    (theirs,) = receiver.receive(message("problem", code="denied", detail="why"), [], 0.0)
    assert theirs == CaptureProblem("denied", "why", "page", shown=True)
    receiver.receive(*chunk(0), 0.0)
    (ours,) = receiver.receive(*chunk(0, "other/1"), 0.0)
    assert isinstance(ours, CaptureProblem) and not ours.shown

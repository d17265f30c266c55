"""What the kernel makes of the messages of pages that record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets.widgets.capture.capture import (
    LEAP_LIMIT, CaptureChunk, CaptureEnded, CaptureEvent, CaptureHeard, CapturePaused, CaptureProblem,
    CaptureReceiver, CaptureStarted,
)
from qwen_asr_widgets.widgets.capture.messages import KINDS
from qwen_asr_widgets.widgets.capture.upload import FileArriving, FileOpened
from qwen_asr_widgets.widgets.shared.commands import MessageError

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


class KeepingPage:
    """A page that keeps its chunks until it is told that they have come, over a line that loses messages.

    Parameters
    ----------
    lost : set of int
        Which of its messages are lost on the way, counted from 0.
    """

    def __init__(self, lost: set[int]) -> None:
        self.receiver = CaptureReceiver()
        self.events: list[CaptureEvent] = []
        self.lost = lost
        self.first = self.count = self.sent = 0
        self.now = 0.0

    def say(self, content: dict[str, Any], buffers: Any = ()) -> None:
        self.sent += 1
        if self.sent - 1 in self.lost:
            return
        events = self.receiver.receive({**content, "held": self.first}, buffers, self.now)
        self.events += events
        for heard in events:
            if isinstance(heard, CaptureHeard):
                self.first = max(self.first, heard.chunks)
                for seq in range(heard.chunks, heard.upto or 0):
                    self.say(*chunk(seq))

    def record(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.now += 0.1
            self.say(*chunk(self.count - 1))

    def stop(self) -> None:
        """Say it again each second until all has come."""
        over = False
        while not over:
            self.now += 1.0
            self.say(message("stop", chunks=self.count, reason="stopped"))
            last = self.events[-1] if self.events else None
            over = isinstance(last, CaptureHeard) and last.over


@given(st.integers(1, 30), st.sets(st.integers(1, 60), max_size=20))
def test_what_a_line_loses_comes_again_and_in_order_where_the_page_keeps_it(
    count: int, lost: set[int]
) -> None:
    page = KeepingPage(lost)
    page.record(count)
    page.stop()
    np.testing.assert_array_equal(stream(page.events), np.repeat(np.arange(1, count + 1), LENGTH))
    session = page.receiver.session
    assert session is not None and (session.lost, session.received) == (0, count)
    assert session.ended_by == "stopped" and kinds(page.events).count(CaptureEnded) == 1


def test_what_the_page_cannot_send_again_is_lost_and_waited_for_no_longer_than_30_seconds() -> None:
    receiver = CaptureReceiver()

    def take(seq: int, held: int, now: float) -> list[CaptureEvent]:
        content, buffers = chunk(seq)
        return receiver.receive({**content, "held": held}, buffers, now)

    events = take(0, 0, 0.0) + take(4, 2, 0.4)  # of 1 to 3 the page has 2 and 3 still
    np.testing.assert_array_equal(stream(events), np.repeat([1, 0], LENGTH))
    assert take(2, 2, 0.5)[0].samples[0] == 3
    events = take(5, 3, 30.3)
    assert stream(events).size == 0 and events == [CaptureHeard(receiver.session, 3, 4)]
    events = take(6, 3, 30.8)
    np.testing.assert_array_equal(stream(events), np.repeat([0, 5, 6, 7], LENGTH))
    assert receiver.session is not None and receiver.session.gaps == [(LENGTH, 2 * LENGTH), (300, 400)]


def test_a_page_that_is_away_is_waited_for_and_its_recording_goes_on() -> None:
    receiver = CaptureReceiver(heartbeat_timeout=5.0, patience=600.0)
    receiver.receive(*chunk(0), 0.0)
    session = receiver.session
    assert session is not None and receiver.tick(5.1) == [] and session.away
    content, buffers = chunk(1)
    assert kinds(receiver.receive({**content, "held": 1}, buffers, 500.0)) == [CaptureChunk, CaptureHeard]
    assert not session.away and session.lost == 0
    assert receiver.tick(1_105.0) == []
    (ended,) = receiver.tick(1_105.1)
    assert isinstance(ended, CaptureEnded) and ended.reason == "interrupted" and not session.away


def test_a_recording_goes_on_in_another_kernel_with_the_chunks_that_the_first_has_not() -> None:
    receiver = CaptureReceiver()
    receiver.receive(message("start", first=5), [], 0.0)
    events = [event for seq in (5, 6) for event in receiver.receive(*chunk(seq), 0.0)]
    np.testing.assert_array_equal(stream(events), np.repeat([6, 7], LENGTH))
    assert receiver.session is not None and receiver.session.lost == 0


def test_a_recording_whose_page_is_gone_ends_with_what_has_come_when_it_is_given_up() -> None:
    receiver = CaptureReceiver(patience=600.0)
    assert receiver.give_up(0.0) == []
    receiver.receive(*chunk(0), 0.0)
    content, buffers = chunk(3)
    receiver.receive({**content, "held": 0}, buffers, 0.1)
    events = receiver.give_up(20.0)
    np.testing.assert_array_equal(stream(events), np.repeat([0, 0, 4], LENGTH))
    assert isinstance(events[-1], CaptureEnded) and not receiver.active


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


def file_slice(index: int, data: bytes, **more: Any) -> tuple[dict[str, Any], list[bytes]]:
    about = {"upload": "u", "name": "a.wav", "size": 6, "slices": 2, **more}
    return message("file", slice=index, **about), [data]


def test_a_file_in_slices_arrives_whole_or_says_what_is_missing() -> None:
    receiver = CaptureReceiver()
    assert receiver.receive(*file_slice(0, b"abc"), 0.0) == [FileArriving("page", "u", 3, 6)]
    (opened,) = receiver.receive(*file_slice(1, b"def"), 0.0)
    assert opened == FileOpened("a.wav", b"abcdef", "page", "u")
    assert receiver.receive(*file_slice(1, b"def", upload="v"), 0.0) == [FileArriving("page", "v", 3, 6)]
    assert receiver.tick(5.0) == []
    (problem,) = receiver.tick(5.1)
    assert isinstance(problem, CaptureProblem) and problem.code == "incomplete"
    assert problem.detail == "3 of 6 bytes of a.wav arrived; open it again"
    (problem,) = receiver.receive(*file_slice(0, b"abc", upload="w", size=3 << 30), 0.0)
    assert isinstance(problem, CaptureProblem) and problem.code == "toolarge"
    assert receiver.receive(*file_slice(1, b"def", upload="w", size=3 << 30), 0.0) == []


@given(st.permutations(range(5)))
def test_the_slices_of_a_file_stand_where_they_belong_in_whatever_order_they_come(order: list[int]) -> None:
    receiver = CaptureReceiver()
    data = bytes(range(48))
    told = [file_slice(k, data[k * 10 : k * 10 + 10], size=48, slices=5) for k in order]
    *arriving, opened = [event for one in told for event in receiver.receive(*one, 0.0)]
    assert opened == FileOpened("a.wav", data, "page", "u")
    assert kinds(arriving) == 4 * [FileArriving]
    assert not receiver.waits


@pytest.mark.parametrize(
    "second",
    [
        file_slice(0, b"xyz"), file_slice(1, b"defg"), file_slice(1, b"de"),
        file_slice(1, b"def", name="b.wav"), file_slice(1, b"def", size=9), file_slice(1, b"def", slices=3),
    ],
    ids=["other bytes", "too many", "too few", "other name", "other size", "other count"],
)
def test_a_slice_that_does_not_fit_its_file_ends_it_with_one_message(second: Any) -> None:
    receiver = CaptureReceiver()
    receiver.receive(*file_slice(0, b"abc"), 0.0)
    (problem,) = receiver.receive(*second, 0.0)
    assert isinstance(problem, CaptureProblem) and problem.code == "incomplete"
    assert receiver.receive(*file_slice(1, b"def"), 0.0) == receiver.tick(100.0) == []
    assert not receiver.waits


@pytest.mark.parametrize("kind", ["pause", "resume", "stop", "beat"])
def test_a_straggler_after_the_end_opens_nothing(kind: str) -> None:
    receiver = CaptureReceiver()
    assert receiver.receive(message(kind, chunks=0, reason="stopped"), [], 0.0) == []
    assert receiver.session is None


def test_the_beginning_of_a_file_whose_page_is_gone_is_dropped_with_a_message() -> None:
    receiver = CaptureReceiver()
    receiver.receive(*file_slice(0, b"abc", upload="gone"), 0.0)
    receiver.receive(*file_slice(0, b"abc", upload="slow"), 50.0)
    assert receiver.waits
    (problem,) = receiver.tick(70.0)
    assert isinstance(problem, CaptureProblem) and problem.code == "incomplete" and not problem.shown
    (opened,) = receiver.receive(*file_slice(1, b"def", upload="slow"), 80.0)
    assert opened == FileOpened("a.wav", b"abcdef", "page", "slow")
    assert not receiver.waits


def test_a_file_that_its_page_gives_up_is_forgotten_without_a_word() -> None:
    receiver = CaptureReceiver()
    receiver.receive(*file_slice(0, b"abc"), 0.0)
    assert receiver.receive(message("forget", upload="u"), [], 0.1) == []
    assert not receiver.waits
    assert receiver.receive(*file_slice(1, b"def"), 0.2) == receiver.tick(100.0) == []
    assert receiver.receive(message("forget", upload="never seen"), [], 0.1) == []


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


def start(session: str, browser: str) -> tuple[dict[str, Any], list[memoryview]]:
    return message("start", session, browser=browser), []


def test_the_page_that_has_its_browsers_lock_takes_over_from_one_that_is_gone() -> None:
    receiver = CaptureReceiver()
    receiver.receive(*start("before/1", "firefox"), 0.0)
    receiver.receive(*chunk(0, "before/1"), 0.0)
    receiver.receive(message("pause", "before/1"), [], 0.0)
    before = receiver.session
    ended, started = receiver.receive(*start("after/1", "firefox"), 0.1)
    assert isinstance(ended, CaptureEnded) and ended.session is before and ended.reason == "interrupted"
    assert isinstance(started, CaptureStarted) and started.session.id == "after/1"
    assert receiver.receive(message("stop", "before/1", chunks=1, reason="stopped"), [], 0.2) == []
    assert kinds(receiver.receive(*chunk(0, "after/1"), 0.2)) == [CaptureChunk]


@pytest.mark.parametrize("browsers", [("firefox", "chromium"), ("", "")], ids=["two browsers", "no locks"])
def test_a_page_that_may_not_be_the_only_one_does_not_take_over(browsers: tuple[str, str]) -> None:
    receiver = CaptureReceiver()
    receiver.receive(*start("first/1", browsers[0]), 0.0)
    assert kinds(receiver.receive(*start("second/1", browsers[1]), 0.1)) == [CaptureProblem]
    assert receiver.active and receiver.session is not None and receiver.session.id == "first/1"


def state_of(receiver: CaptureReceiver) -> str:
    return repr((receiver.session, receiver.refused, receiver.waits))


NO_SOUND = [memoryview(b"\0\0")]
MALFORMED = {
    "message": (5, []),
    "kind": ({"kind": ["start"]}, []),
    "chunk session": ({"kind": "chunk", "client": "p", "rate": RATE, "seq": 1}, NO_SOUND),
    "chunk seq": (message("chunk", seq="x"), NO_SOUND),
    "chunk peak": (message("chunk", seq=5, peak=None), NO_SOUND),
    "chunk buffers": (message("chunk", seq=5), [b"odd"]),
    "chunk rate": ({**message("chunk", seq=5), "rate": 0}, NO_SOUND),
    "leap": (message("chunk", seq=10**12), NO_SOUND),
    "stop chunks": (message("stop", reason="stopped"), []),
    "start rate": ({**message("start"), "rate": "abc"}, []),
    "start settings": (message("start", settings=5), []),
    "problem client": ({"kind": "problem", "code": "denied"}, []),
    "file slices": ({"kind": "file"}, [b""]),
    "file slice": (message("file", upload="u", name="a", size=6, slice=2, slices=2), [b""]),
    "file buffers": (message("file", upload="u", name="a", size=6, slice=0, slices=2), []),
}


@pytest.mark.parametrize("about", MALFORMED)
def test_what_no_page_says_is_refused_by_name_and_changes_nothing(about: str) -> None:
    receiver = CaptureReceiver()
    receiver.receive(*chunk(0), 0.0)
    before = state_of(receiver)
    with pytest.raises(MessageError) as refused:
        receiver.receive(*MALFORMED[about], 0.0)
    assert refused.value.about == about
    assert state_of(receiver) == before


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([])
NAMES = (
    "client session rate seq peak chunks held first reason upload name size slice slices code label "
    "settings browser"
)
FIELDS = st.sampled_from(NAMES.split())


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(FIELDS, ANYTHING), st.lists(st.binary(), max_size=2))
def test_no_message_raises_anything_but_what_is_wrong_with_it(
    kind: str, wrong: dict[str, Any], buffers: list[bytes]
) -> None:
    upload = {"upload": "u", "name": "a", "size": 2, "slice": 0, "slices": 1}
    good = {"seq": 1, "chunks": 1, "reason": "", **upload}
    receiver = CaptureReceiver()
    receiver.receive(*chunk(0), 0.0)
    try:
        receiver.receive({**message(kind, code="denied", **good), **wrong}, buffers, 0.0)
    except MessageError as error:
        assert str(error)


def test_an_hour_lost_at_once_takes_the_memory_of_ten_seconds() -> None:
    receiver = CaptureReceiver()
    events = receiver.receive(message("chunk", seq=LEAP_LIMIT), NO_SOUND, 0.0)
    lost = [event for event in events if isinstance(event, CaptureChunk) and event.lost]
    assert sum(len(event.samples) for event in lost) == 3_600 * RATE
    owners = {id(event.samples.base if event.samples.base is not None else event.samples) for event in lost}
    assert len(owners) == 1 and max(len(event.samples) for event in lost) == 10 * RATE
    assert receiver.session is not None and receiver.session.gaps == [(0, 3_600 * RATE)]

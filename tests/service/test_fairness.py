"""Sessions that share a process get the same time: no upload delays the finals of those who speak."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qwen_asr_widgets.service.recognizers import Hypothesis
from qwen_asr_widgets.service.workers.messages import (
    CloseSession, Configure, Configured, FinalText, FinishUtterance, OpenSession, PartialText,
    RecognizerFailed, StartUtterance, UtteranceAudio, UtteranceSilence, WorkerCommand,
)
from qwen_asr_widgets.service.workers.scheduler import HEAD_START, FairQueue, SessionScheduler

SECOND = np.zeros(16_000, np.int16)
UPLOADER = 8
TURN = 3.0
"""Seconds for which a turn of a live session lasts, and a pause after it."""
SILENCE = 0.5
"""Seconds of silence that end a turn, and are part of it."""


class Script:
    """Decodes the whole utterance for each result, in a tenth of the sound's time on the test's own clock."""

    engine, languages, costly_partials, can_finish_early = "script", None, True, True

    def __init__(self, clock: list[float]) -> None:
        self._clock, self._language = clock, ""

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        self._language = language or ""
        return ()

    def start(self, first_sample: int) -> None:
        self._heard = 0

    def accept(self, samples: np.ndarray) -> None:
        self._heard += len(samples)

    def partial(self) -> Hypothesis:
        self._clock[0] += self._heard / 160_000
        return Hypothesis(draft=f"{self._heard} {self._language}")

    def finish(self) -> str:
        self._clock[0] += self._heard / 160_000
        return f"{self._heard} {self._language}"


class StreamingScript(Script):
    """Decodes as the sound comes, in a tenth of its time."""

    costly_partials = False

    def accept(self, samples: np.ndarray) -> None:
        self._heard += len(samples)
        self._clock[0] += len(samples) / 160_000

    def partial(self) -> Hypothesis:
        return Hypothesis(draft=f"{self._heard} {self._language}")

    def finish(self) -> str:
        return f"{self._heard} {self._language}"


Arrival = tuple[float, int, WorkerCommand]


def speaks(session: int, until: float) -> Iterator[Arrival]:
    """Yield what a live session sends, and when: turns of 3 s that end with 0.5 s of silence, and pauses."""
    begin = 0.45 * session
    yield begin, session, OpenSession()
    while begin + TURN < until:
        item = f"{session} {begin:.2f}"
        yield begin, session, StartUtterance(item, 0)
        for piece in range(1, 26):
            yield begin + piece / 10, session, UtteranceAudio(SECOND[:1_600])
        for tenth in range(1, 5):
            yield begin + TURN + tenth / 10 - SILENCE, session, UtteranceSilence(SILENCE - tenth / 10)
        yield begin + TURN, session, FinishUtterance(item)
        begin += 2 * TURN


def uploads(session: int, turns: int) -> Iterator[Arrival]:
    """Yield what one sends that has turns of 5 s ready, all at once."""
    yield 0.0, session, OpenSession()
    for turn in range(turns):
        yield 0.0, session, StartUtterance(f"{session} {turn}", 0)
        yield 0.0, session, UtteranceAudio(np.zeros(80_000, np.int16))
        yield 0.0, session, UtteranceSilence(0.1)
        yield 0.0, session, FinishUtterance(f"{session} {turn}")


def finals(
    arrivals: list[Arrival], until: float, kind: type[Script] = Script
) -> list[tuple[int, str, float]]:
    """Run a process on its own clock; return session, item and time of each final."""
    clock, found = [0.0], []

    def send(session: int, result: object) -> None:
        if isinstance(result, FinalText):
            found.append((session, result.item_id, clock[0]))

    scheduler = SessionScheduler(lambda: kind(clock), send, lambda: clock[0])
    coming = sorted(arrivals, key=lambda arrival: arrival[0])[::-1]
    while clock[0] < until and (coming or scheduler.has_work):
        while coming and coming[-1][0] <= clock[0]:
            scheduler.handle(*coming.pop()[1:])
        if scheduler.has_work:
            scheduler.work()
        elif coming:
            clock[0] = coming[-1][0]
    return found


def waits(found: list[tuple[int, str, float]]) -> list[float]:
    """Return how long after its end each turn of a live session had its final."""
    return [at - float(item.split()[1]) - TURN for session, item, at in found if session != UPLOADER]


@pytest.mark.parametrize(("kind", "one_piece"), [(Script, 0.5), (StreamingScript, 0.02)])
def test_finals_of_seven_who_speak_do_not_wait_behind_an_upload(kind: type[Script], one_piece: float) -> None:
    """Of the upload they wait for the one piece of work under way: a pass over 5 s, or a step of 0.2 s."""
    live = [arrival for session in range(1, 8) for arrival in speaks(session, until=60.0)]
    alone = waits(finals(live, 61.0, kind))
    found = finals([*live, *uploads(UPLOADER, 200)], 61.0, kind)
    beside = waits(found)
    assert len(beside) == len(alone) >= 60
    assert max(beside) <= max(alone) + one_piece + 1e-9
    assert np.median(beside) <= np.median(alone) + one_piece
    uploaded = [item for session, item, _ in found if session == UPLOADER]
    assert 20 <= len(uploaded) < 120, "it has what the others leave"
    assert uploaded == [f"{UPLOADER} {turn}" for turn in range(len(uploaded))]


def test_who_is_silent_saves_up_no_time() -> None:
    queue = FairQueue()
    for _ in range(100):
        assert queue.next({1: False}) == 1
        queue.spent(1, 1.0)
    chosen = []
    for _ in range(10):
        chosen.append(queue.next({1: False, 2: False}))
        queue.spent(chosen[-1], 1.0)
    assert chosen.count(1) == chosen.count(2) == 5


@pytest.mark.parametrize(("ahead", "first"), [(HEAD_START - 0.1, 2), (HEAD_START + 0.1, 1)])
def test_a_final_goes_before_partials_by_a_bounded_lead(ahead: float, first: int) -> None:
    queue = FairQueue()
    queue.next({1: False, 2: False})
    queue.spent(2, ahead)
    assert queue.next({1: False, 2: True}) == first


def results_of(*frames: tuple[int, WorkerCommand]) -> list[tuple[int, object]]:
    clock, results = [0.0], []
    scheduler = SessionScheduler(lambda: Script(clock), lambda *each: results.append(each), lambda: clock[0])
    for frame in frames:
        scheduler.handle(*frame)
    while scheduler.has_work:
        scheduler.work()
    return results


def test_settings_of_one_session_are_unknown_to_another_in_the_same_process() -> None:
    results = results_of(
        (1, OpenSession()), (2, OpenSession()), (1, Configure("en", "secret words")),
        *((session, command) for command in (
            StartUtterance("a", 0), UtteranceAudio(SECOND), FinishUtterance("a"),
        ) for session in (1, 2)),
    )
    texts = {session: result.text for session, result in results if isinstance(result, FinalText)}
    assert texts == {1: "16000 en", 2: "16000 "}
    assert [session for session, result in results if isinstance(result, Configured)] == [1]


def test_an_utterance_is_finished_before_the_next_one_of_its_session_begins() -> None:
    results = results_of(
        (1, OpenSession()),
        *((1, command) for item in "ab" for command in (
            StartUtterance(item, 0), UtteranceAudio(SECOND), FinishUtterance(item),
        )),
    )
    told = [result.item_id for _, result in results if isinstance(result, (FinalText, PartialText))]
    assert told == sorted(told) and set(told) == {"a", "b"}


def test_what_comes_for_a_session_that_is_over_is_passed_over() -> None:
    results = results_of((1, OpenSession()), (1, CloseSession()), (1, StartUtterance("a", 0)))
    assert [type(result).__name__ for _, result in results] == ["RecognizerReady"]


def test_a_recogniser_that_cannot_be_made_for_a_session_is_told_to_it_alone() -> None:
    def make() -> Script:
        raise MemoryError("no memory for one more")

    results = []
    scheduler = SessionScheduler(make, lambda *each: results.append(each))
    scheduler.handle(3, OpenSession())
    assert results == [(3, RecognizerFailed(None, "no memory for one more"))] and not scheduler.has_work

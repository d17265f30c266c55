"""The transcriber's model by itself: no comm, no page, one lock, and notices as things happen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.transcribing import NOWHERE, SECONDS, script
from support.waiting import wait_until

from qwen_asr_widgets import SessionConfig, TurnDetection, sample
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.protocol.events import SessionUpdated
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.recording.run import Reported, RunObserver
from qwen_asr_widgets.recording.values import TimedEvent
from qwen_asr_widgets.widgets.transcriber.endpoints import EndpointChoice
from qwen_asr_widgets.widgets.transcriber.model import TranscriberModel

pytestmark = pytest.mark.service


@pytest.fixture
def clip() -> AudioClip:
    return sample("conversation").clip[:0.5]


@pytest.fixture
def made() -> Iterator[Callable[..., TranscriberModel]]:
    models: list[TranscriberModel] = []

    def make(endpoint: Any = NOWHERE, pace: float | None = None) -> TranscriberModel:
        models.append(TranscriberModel(EndpointChoice(endpoint), SessionConfig(), pace))
        return models[-1]

    yield make
    for model in models:
        model.abandon()


def lock_is_free(model: TranscriberModel) -> bool:
    """Tell, on another thread, whether nobody holds a model's lock."""
    found: list[bool] = []

    def look() -> None:
        found.append(model.lock.acquire(timeout=1.0))
        if found[0]:
            model.lock.release()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]


def test_what_ends_a_run_is_noticed_although_nobody_looks(made, clip) -> None:
    model, told = made(), threading.Event()
    model.grown = lambda: told.set() if model.notice is not None else None
    model.load(clip)
    model.begin()
    assert told.wait(SECONDS) and model.notice.code == "connect"
    assert model.run.error is not None and model.notice.detail == str(model.run.error)


def test_what_is_shown_is_told_with_the_lock_free_and_done(made, clip) -> None:
    model = made(script())
    seen: list[tuple[bool, Any]] = []
    model.shown = lambda: seen.append((lock_is_free(model), model.recording))
    model.load(clip)
    model.begin()
    assert seen == [(True, None), (True, model.recording)] and model.recording is not None
    assert model.run.wait(SECONDS)
    model.repeat(None)
    assert seen[2:] == [(True, model.recording)] and len(model.recordings) == 2


class StillRun:
    """A run under way that says what a test wants."""

    def __init__(
        self, endpoint: Any, recording: Recording, observer: RunObserver, retry: Any, end_of_turn: Any
    ) -> None:
        self.endpoint, self.recording, self.observer = endpoint, recording, observer
        self.reports: tuple[Reported, ...] = ()
        self.outage, self.silent = None, 0.0
        self.error, self.active, self.ended, self.settled, self.by_client = None, True, False, False, False

    def start(self) -> None:
        """Begin nothing."""

    abort = start

    def wait_for_service(self, timeout: float | None = None) -> bool:
        return False

    def withhold(self, samples: Any) -> None:
        """Keep nothing."""

    update = withhold

    def finish(self, why: str = "") -> None:
        self.active, self.ended = False, True

    def report(self, text: str, refuses: bool = False) -> None:
        self.reports = (*self.reports, Reported(text, refuses))
        self.observer.reported(self.reports[-1])


@pytest.fixture
def running(made, clip) -> TranscriberModel:
    model = made(script())
    model.make_run = StillRun
    model.load(clip)
    model.begin()
    return model


def test_a_refusal_of_settings_is_not_covered_by_what_the_service_reports_after_it(running) -> None:
    running.run.report("slow down")
    assert (running.notice.code, running.notice.detail) == ("reported", "slow down")
    running.run.report("not today", refuses=True)
    running.run.report("slow down")
    assert (running.notice.code, running.notice.detail) == ("settings", "not today")
    running.change(SessionConfig(language="en"))
    assert running.notice is None


def test_after_a_refusal_the_settings_in_force_are_shown_once_all_is_answered(running) -> None:
    asked = SessionConfig(turn_detection=TurnDetection(0.9, 400))
    running.config = asked
    running.run.report("not today", refuses=True)
    assert running.config == asked, "another answer is still to come"
    running.run.settled = True
    running.run.observer.received(TimedEvent(1.0, "in", {}, SessionUpdated({})))
    assert running.config == running.recording.config == SessionConfig()


def test_a_run_that_is_not_shown_any_more_gives_no_notice(running, clip) -> None:
    before = running.run
    before.finish()
    running.load(clip)
    before.report("too late")
    before.observer.failed(RuntimeError("too late"))
    assert running.notice is None


def test_of_several_threads_that_begin_one_begins_the_run(made, clip) -> None:
    model = made(script(), pace=1.0)  # half a second, in which all of them have begun
    model.load(clip)
    threads = [threading.Thread(target=model.begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(model.recordings) == 1
    wait_until(lambda: not model.active)

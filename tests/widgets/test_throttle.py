"""The throttle: how often it looks and how much it sends, whatever happens."""

from __future__ import annotations

import contextvars
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

from support.waiting import wait_until

from qwen_asr_widgets.widgets.shared import throttle as pump_module
from qwen_asr_widgets.widgets.shared.throttle import IDLE_PERIOD, UPDATES_PER_SECOND, Throttle


def run_for(throttle: Throttle, seconds: float) -> list[float]:
    """Drive a throttle on a clock of its own; return when it looked."""
    now, looks = 0.0, []
    while now < seconds:
        looks.append(now)
        now += throttle.step(now)
    return looks


def test_a_source_that_always_changes_is_told_of_twenty_times_a_second_at_most() -> None:
    sent = []
    throttle = Throttle(lambda: [({"kind": "run"}, [])], lambda *message: sent.append(message), lambda: True)
    looks = run_for(throttle, 10.0)
    assert len(looks) == len(sent)
    for start in looks:
        assert sum(start <= look < start + 0.999 for look in looks) <= UPDATES_PER_SECOND


def test_an_isolated_change_leaves_when_it_is_told_of_and_a_flood_keeps_the_bounds(monkeypatch) -> None:
    monkeypatch.setattr(pump_module, "IDLE_PERIOD", 60.0)
    queue, sent, clock = [], [], [0.0]

    def poll() -> list:
        taken, queue[:] = queue[:], []
        return [({"last": taken[-1]}, [])] if taken else []

    def now() -> float:
        clock[0] = time.monotonic()
        return clock[0]

    def send(content: dict, buffers: list) -> None:
        sent.append((clock[0], content["last"]))

    throttle = Throttle(poll, send, lambda: True, now)
    throttle.start()
    queue.append(-1)
    throttle.wake()
    wait_until(lambda: sent, 5, "the change has left")
    numbers = itertools.count()

    def flood() -> int | None:
        last = next(numbers)
        queue.append(last)
        throttle.wake()
        return last if len(sent) > UPDATES_PER_SECOND + 5 else None

    last = wait_until(flood, 10, "more has left than a second may take", every=0.002)
    wait_until(lambda: sent[-1][1] == last, 5, "the last change has left")
    throttle.stop()
    for start, _ in sent:
        assert sum(start <= moment < start + 0.999 for moment, _ in sent) <= UPDATES_PER_SECOND


def test_no_second_sees_more_than_sixty_messages_and_none_is_lost() -> None:
    told, times = iter(range(10**6)), []
    clock = [0.0]

    def send(content: dict, buffers: list) -> None:
        times.append((clock[0], content["number"]))

    throttle = Throttle(lambda: [({"number": next(told)}, []) for _ in range(7)], send, lambda: True)
    while clock[0] < 5.0:
        clock[0] += throttle.step(clock[0])
    assert [number for _, number in times] == list(range(len(times)))
    for start, _ in times:
        assert sum(start <= moment < start + 0.999 for moment, _ in times) <= 60


def test_a_new_look_waits_until_the_last_one_has_left() -> None:
    looks = []

    def poll() -> list:
        looks.append(1)
        return [({}, [])] * 500

    throttle = Throttle(poll, lambda *message: None, lambda: True)
    run_for(throttle, 3.0)
    assert len(looks) == 1


def test_a_source_at_rest_is_looked_at_less_often() -> None:
    throttle = Throttle(lambda: [], lambda *message: None, lambda: True)
    looks = run_for(throttle, 10.0)
    assert looks[-1] - looks[-2] == IDLE_PERIOD


def test_the_thread_keeps_the_context_of_the_cell_that_started_it() -> None:
    parent: contextvars.ContextVar[str] = contextvars.ContextVar("parent")
    parent.set("the cell")
    seen: list[str] = []
    throttle = Throttle(lambda: [({}, [])], lambda *message: seen.append(parent.get()), lambda: True)
    throttle.start()
    wait_until(lambda: seen, 5, "a message is sent")
    throttle.stop()
    assert seen[0] == "the cell" and not throttle.running


def test_it_can_be_stopped_while_another_thread_is_just_starting_it(monkeypatch) -> None:
    starting, go_on, start = threading.Event(), threading.Event(), threading.Thread.start

    def held_up(thread: threading.Thread) -> None:
        if thread.name == "qaw-throttle":
            starting.set()
            go_on.wait(5)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", held_up)
    throttle = Throttle(lambda: [], lambda *message: None, lambda: True)
    with ThreadPoolExecutor(2) as threads:
        started = threads.submit(throttle.start)
        assert starting.wait(5)
        stopped = threads.submit(throttle.stop)
        wait([stopped], 0.2)  # without the lock it fails by then
        go_on.set()
        started.result(5)
        stopped.result(5)
    assert not throttle.running


def test_the_thread_ends_when_nothing_more_is_wanted_and_what_there_was_has_left() -> None:
    wanted = threading.Event()
    wanted.set()
    queue, sent = [], []

    def poll() -> list:
        taken, queue[:] = queue[:], []
        return taken

    throttle = Throttle(poll, lambda content, buffers: sent.append(content["n"]), wanted.is_set)
    throttle.start()
    queue += [({"n": n}, []) for n in range(10)]
    wanted.clear()
    wait_until(lambda: not throttle.running, 5, "the thread ends")
    assert sent == list(range(10))
    wanted.set()
    throttle.start()
    assert throttle.running
    throttle.stop()


def test_an_error_is_logged_once_and_ends_only_the_display(caplog) -> None:
    def fail() -> list:
        raise RuntimeError("no kernel")

    throttle = Throttle(fail, lambda *message: None, lambda: True)
    throttle.start()
    wait_until(lambda: not throttle.running, 5, "the thread ends")
    assert "display stopped moving" in caplog.text


def test_one_that_is_started_while_it_is_about_to_end_goes_on() -> None:
    """The last look may take long: it draws the picture for the saved notebook."""
    sent: list[str] = []
    looks = iter([False, True, True])

    def wanted() -> bool:
        look = next(looks, False)
        if not look and not sent:
            throttle.start()  # another run begins meanwhile
        return look

    changes = [({"kind": "run"}, [])]
    throttle = Throttle(lambda: changes, lambda content, _: sent.append(content["kind"]), wanted)
    throttle.start()
    wait_until(lambda: len(sent) >= 2)
    wait_until(lambda: not throttle.running)
    throttle.stop()

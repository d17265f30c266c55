"""Tasks over any ``concurrent.futures.Executor``: bounded; a lost worker loses nothing but its own task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_PENDING = 256
"""Tasks handed to an executor ahead of their results."""


def in_batches(items: Iterable[Item], seconds: Callable[[Item], float], most: float) -> list[list[Item]]:
    """Divide clips, in their order, into batches that are each closed once they last so many seconds.

    Examples
    --------
    >>> in_batches([3.0, 1.0, 1.0, 2.0], lambda clip: clip, 2.0)
    [[3.0], [1.0, 1.0], [2.0]]
    """
    made: list[list[Item]] = []
    length = 0.0
    for item in items:
        if not made or length >= most:
            made.append([])
            length = 0.0
        made[-1].append(item)
        length += seconds(item)
    return made


def spread(
    executor: Executor,
    function: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    finished: Callable[[int], None] = lambda number: None,
) -> tuple[dict[int, Result], BaseException | None]:
    """Run tasks on an executor, a bounded number ahead of their results.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        A process pool, Dask's, or any other.
    function : callable
        What a task runs; it and its arguments must pickle.
    tasks : sequence of tuple
        The arguments of each task.
    finished : callable
        Called with the number of each task that is done.

    Returns
    -------
    done : dict of int to result
        The results by number of their task.
    lost : BaseException or None
        What broke the executor, if anything did; tasks that were still to come are not begun then.

    Raises
    ------
    Exception
        What a task itself raised.
    """
    pending: dict[Future[Any], int] = {}
    done: dict[int, Any] = {}
    lost: BaseException | None = None
    waiting = iter(enumerate(tasks))
    try:
        while True:
            while lost is None and len(pending) < _PENDING and (item := next(waiting, None)) is not None:
                try:
                    pending[executor.submit(_guarded, function, *item[1])] = item[0]
                except RuntimeError as error:
                    lost = error
            if not pending:
                return done, lost
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                number = pending.pop(future)
                lost = _collect(future, number, done) or lost
                if number in done:
                    finished(number)
    finally:
        for future in pending:
            future.cancel()


def _guarded(function: Callable[..., Result], *args: Any) -> tuple[Result | None, Exception | None]:
    """Run a task and hand its own error back as a value: what a future raises is then the executor's."""
    try:
        return function(*args), None
    except Exception as error:
        return None, error


def _collect(future: Future[Any], number: int, done: dict[int, Any]) -> BaseException | None:
    """Keep the value of a finished task; return what broke the executor; raise the task's own error."""
    if future.cancelled():
        return RuntimeError("the executor cancelled a task")
    broken = future.exception()
    if broken is not None:
        return broken
    value, error = future.result()
    if error is not None:
        raise error
    done[number] = value
    return None

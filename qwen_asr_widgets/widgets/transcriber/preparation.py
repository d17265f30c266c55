"""Gets the chosen recogniser ready in the background: loads it, after a download that was agreed to."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ...client.embedded import EmbeddedEndpoint
from ...client.endpoints import Endpoint
from ...errors import QawError
from .model import TranscriberModel
from .notices import Notice, notice_of_missing, notice_of_run

NOTICEABLE = 1.0
"""Seconds from which on a page says that the recogniser is getting ready."""


@dataclass(frozen=True)
class Job:
    """What is done in the background for an endpoint; another one of the same endpoint is another job."""

    kind: Literal["loading", "fetching"]
    endpoint: Endpoint
    name: str
    megabytes: int | None = None


class Preparation:
    """Loads the chosen recogniser before the first word, so that nobody waits for it then.

    A model that must be downloaded first is asked for in a notice, and downloaded when `fetch` is called.

    Parameters
    ----------
    model : TranscriberModel
        Says what is chosen; takes the notices.
    changed : callable
        Told, from a thread of its own, when `state` or a notice has changed.

    Examples
    --------
    >>> from qwen_asr_widgets import SessionConfig
    >>> from qwen_asr_widgets.widgets.transcriber.endpoints import EndpointChoice
    >>> model = TranscriberModel(EndpointChoice("beijing"), SessionConfig(), pace=None)
    >>> Preparation(model, lambda: None).begin()   # there is nothing to do for a service elsewhere
    """

    def __init__(self, model: TranscriberModel, changed: Callable[[], None]) -> None:
        self._model = model
        self._changed = changed
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._is_noticed = False

    def state(self) -> dict[str, Any] | None:
        """Return what is going on, once it takes noticeable time: its kind, of what, how many MB."""
        job = self._job
        if job is None or not self._is_noticed or job.endpoint != self._model.choice.endpoint:
            return None
        return {"kind": job.kind, "name": job.name, "megabytes": job.megabytes}

    def begin(self) -> None:
        """See to what is chosen now: load it, or ask for its model; one that is elsewhere needs neither."""
        endpoint = self._model.choice.endpoint
        if not isinstance(endpoint, EmbeddedEndpoint) or not endpoint.is_offline or endpoint.running:
            return
        lacking = endpoint.missing_model
        if lacking is None:
            self._do(Job("loading", endpoint, endpoint.recognizer), endpoint.start)
        elif self._model.notice is None:
            self._model.notice = notice_of_missing(lacking)

    def fetch(self) -> None:
        """Download the model that is missing, then load it; a run that failed for want of it goes on."""
        endpoint = self._model.choice.endpoint
        lacking = endpoint.missing_model
        if lacking is None:
            return
        self._model.notice = None
        job = Job("fetching", endpoint, lacking.model.name, lacking.model.megabytes)
        self._do(job, lacking.fetch, self._fetched)

    def _do(self, job: Job, work: Callable[[], object], after: Callable[[Job], None] | None = None) -> None:
        """Do a job on a thread of its own, unless one of the same endpoint is under way."""
        with self._lock:
            if self._job is not None and self._job.endpoint == job.endpoint:
                return
            self._job, self._is_noticed = job, job.kind == "fetching"
        notice = threading.Timer(NOTICEABLE, self._notice, [job])
        notice.daemon = True

        def run() -> None:
            notice.start()
            problem = _problem_of(work)
            notice.cancel()
            self._end(job, problem)
            if problem is None and after is not None:
                after(job)
            self._changed()

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(run,), name="qaw-preparation", daemon=True).start()

    def _notice(self, job: Job) -> None:
        """Say that it takes time, unless it is over."""
        with self._lock:
            if self._job is not job:
                return
            self._is_noticed = True
        self._changed()

    def _end(self, job: Job, problem: QawError | None) -> None:
        with self._lock:
            if self._job is job:
                self._job = None
        model = self._model
        with model.lock:
            if problem is not None and not model.active and model.choice.endpoint == job.endpoint:
                fetched = Notice("fetch", str(problem))
                model.notice = fetched if job.kind == "fetching" else notice_of_run(problem, job.endpoint)

    def _fetched(self, job: Job) -> None:
        model = self._model
        if model.choice.endpoint != job.endpoint:
            return
        self.begin()
        if model.run is not None and model.run.error is not None:
            model.try_again()


def _problem_of(work: Callable[[], object]) -> QawError | None:
    try:
        work()
    except QawError as problem:
        return problem
    return None

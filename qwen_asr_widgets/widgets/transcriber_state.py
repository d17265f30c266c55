"""What the transcriber's views are told beside the run itself: phase, settings, figures, what went wrong."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..errors import (
    AudioError, BundleError, ConnectFailed, EndpointError, MissingKey, ServiceClosed, SettingError
)
from ..realtime.config import SessionConfig
from ..recording.comparison import compare
from ..vad.turns import TurnDetection
from .run_feed import RunFeed, utterance_state

if TYPE_CHECKING:
    from ..recording import Recording
    from .transcriber_run import LiveRun

_numbers = itertools.count(1)

BEHIND = 2.0
"""Seconds of sound not yet sent from which on it is said."""


@dataclass(frozen=True)
class Notice:
    """What went wrong, as the views show it with a way on.

    Parameters
    ----------
    code : str
        One of those that strings.js has as ``transcriber.problem.CODE``.
    detail : str
        What the error says, in English.
    """

    code: str
    detail: str
    id: int = field(default_factory=lambda: next(_numbers))


def notice_of(error: Exception) -> Notice:
    """Return the notice that stands for an error.

    Examples
    --------
    >>> notice_of(ConnectFailed("No connection: the key was refused (401).", 401)).code
    'key'
    """
    if isinstance(error, ConnectFailed):
        return Notice("key" if error.status in (401, 403) else "connect", str(error))
    kinds = (
        (MissingKey, "nokey"), (EndpointError, "endpoint"), (SettingError, "settings"),
        ((AudioError, BundleError), "file"), (ServiceClosed, "closed"),
    )
    code = next((code for kind, code in kinds if isinstance(error, kind)), "service")
    return Notice(code, str(error))


class LiveFeed(RunFeed):
    """Follows the recording of a run: it grows as long as the run has sound or answers to come."""

    def __init__(self, source: str, recording: Recording, run: LiveRun | None, title: str = "") -> None:
        self._live = run
        super().__init__(source, recording, title)

    @property
    def growing(self) -> bool:
        """Whether more is to come."""
        return self._live is not None and self._live.active

    def _look_at_info(self, changed: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        info, marks = super()._look_at_info(changed)
        return {**info, "growing": self.growing}, marks


def config_state(config: SessionConfig) -> dict[str, Any]:
    """Return settings as the view edits them."""
    detection = config.turn_detection or TurnDetection()
    return {
        "threshold": detection.threshold,
        "silence": detection.silence_duration_ms,
        "padding": detection.prefix_padding_ms,
        "language": config.language or "",
        "context": config.corpus_text or "",
        "manual": config.turn_detection is None,
    }


def config_of(state: Mapping[str, Any], config: SessionConfig) -> SessionConfig:
    """Return ``config`` with what a view has edited.

    Raises
    ------
    SettingError
        A value is out of its range.
    """
    fields = {**config_state(config), **state}
    detection = None
    if not fields["manual"]:
        detection = TurnDetection(fields["threshold"], fields["silence"], fields["padding"])
    return replace(
        config, turn_detection=detection, language=str(fields["language"]).strip() or None,
        corpus_text=str(fields["context"]).strip() or None,
    )


def figures(recording: Recording) -> dict[str, Any]:
    """Return the few figures of the foot: how many utterances, and how long their finals took."""
    utterances = recording.utterances
    wait = recording.latency().summary().measures.get("finalization") if utterances else None
    return {
        "count": len(utterances),
        "n": wait.n if wait else 0,
        "median": wait.p50 if wait else None,
        "p95": wait.p95 if wait else None,
        "longest": wait.longest if wait else None,
        "pace": recording.info.pace,
    }


def other_state(recording: Recording, source: str) -> dict[str, Any]:
    """Return an earlier run of the same sound, to stand above the present one."""
    latency = recording.latency()
    rows = [utterance_state(one, latency[at]) for at, one in enumerate(recording.utterances)]
    return {"kind": "other", "source": source, "utterances": rows}


def comparison_state(before: Recording, now: Recording) -> list[dict[str, Any]]:
    """Return two runs as rows of a table."""
    return [
        {
            "engine": run.engine, "settings": run.settings, "count": run.utterances, "n": run.n,
            "median": run.finalization, "longest": run.longest,
        }
        for run in compare(before, now).runs
    ]

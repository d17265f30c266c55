"""Going on after a lost connection: which losses heal, when to try again, and from where on to send again.

Nothing here has a socket, a clock or a thread. What was sent, what was answered and how it ended go in; a
delay and a place on the timeline come out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import (
    ConnectFailed, NotConnected, OutboxFull, QawError, ServiceClosed, ServiceError, SettingError,
)
from ..protocol.cloud_facts import ServiceFacts
from ..protocol.utterance import Utterance
from ..vad.turns import HOP, TurnDetection

AFTER_SOUND = 60.0
"""Seconds that a run without a patience of its own waits for its service once no more sound comes."""

LEAD = 1.0
"""Seconds of sound before a turn that are sent again with it, so that the turn detector knows the silence."""

TOLD_WITHIN = 120.0
"""Seconds after which speech that was sent would have been reported by a service whose connection stands."""

_OVERLAP = 0.3
"""Seconds by which a turn may begin before the one before it was closed (`cloud_facts`, 4), rounded up."""

_FRAME = HOP / 16_000

_REFUSALS = frozenset({1002, 1003, 1008, 1009, 1010, 3000, 3003})
"""Close codes that the next connection would meet again: the client is at fault, or has no right."""

_HEALING_1007 = ("traffic", "no response was generated", "idle")
_THROTTLED = ("rate limit", "try again later", "too many", "throttl", "quota")
_RENEWABLE = ("session expired", "session has expired", "maximum duration", "session limit")


@dataclass(frozen=True)
class Retry:
    """How a lost connection is taken up again.

    Each try comes after a random time (full jitter) of at most ``first`` seconds, then twice that, and so
    on up to ``longest``: many clients that lost their service at once do not come back at once. What stood
    for a while, or brought a transcript, begins anew with ``first``.

    Parameters
    ----------
    patience : float or None
        Seconds without progress after which the service is given up; 0 takes the first loss for the end.
        None: as long as sound comes, and for a minute after its end.
    first, longest : float
        Seconds before the first try, and between later ones, at most; 0.01 to 3600.
    opus_when_slow : bool
        Whether a run whose line proves slower than its sound goes on in Opus, which needs a tenth of PCM: in
        another session, without a gap. It needs PyAV (extra ``media``).

    Raises
    ------
    SettingError
        A value is out of its range.

    Examples
    --------
    >>> Retry(patience=60).delay(0, lambda: 1.0), Retry().delay(10, lambda: 1.0)
    (0.5, 15.0)
    """

    patience: float | None = None
    first: float = 0.5
    longest: float = 15.0
    opus_when_slow: bool = False

    def __post_init__(self) -> None:
        if self.patience is not None:
            _check("patience", self.patience, 0.0, math.inf)
        _check("first", self.first, 0.01, 3_600)
        _check("longest", self.longest, self.first, 3_600)

    def delay(self, tries: int, chance: Callable[[], float] = random.random) -> float:
        """Return the seconds to wait after so many tries that failed; ``chance`` gives a number in [0, 1]."""
        return chance() * min(self.longest, self.first * 2 ** min(tries, 32))


def _check(name: str, value: Any, low: float, high: float) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise SettingError(
            f"{name} is {value!r:.60}; it must be a number of seconds from {low:g}"
            f"{f' to {high:g}' if high < math.inf else ' on'}.", name,
        )


def checked_retry(retry: Any, default: Retry) -> Retry:
    """Return a `Retry`, or the default for None; `SettingError` for anything else."""
    if retry is None:
        return default
    if not isinstance(retry, Retry):
        raise SettingError(
            f"retry must be a Retry or None, not {retry!r:.60}; e.g. Retry(patience=60).", "retry"
        )
    return retry


class Backoff:
    """When to try again, and when to give up: one for each run, told of losses and of progress.

    Parameters
    ----------
    retry : Retry
        How often and how long.
    chance : callable
        Returns a random number in [0, 1].

    Attributes
    ----------
    tries : int
        Tries since the last progress.

    Examples
    --------
    >>> backoff = Backoff(Retry(patience=3.0), lambda: 1.0)
    >>> backoff.next(now=10.0), backoff.next(now=10.5), backoff.next(now=12.5), backoff.next(now=13.0)
    (0.5, 1.0, 0.5, None)
    """

    def __init__(self, retry: Retry, chance: Callable[[], float] = random.random) -> None:
        self._retry = retry
        self._chance = chance
        self._since: float | None = None
        self.tries = 0

    def next(self, now: float, sound_ended: float | None = None, throttled: bool = False) -> float | None:
        """Return the seconds to wait before the next try, or None where the patience is at its end.

        Parameters
        ----------
        now : float
            Seconds of any one clock.
        sound_ended : float or None
            When the sound ended; None while it comes.
        throttled : bool
            Whether the service has asked to come back later: then the wait is at least half of its longest.
        """
        if self._since is None:
            self._since = now
        left = self._left(now, sound_ended)
        if left <= 0:
            return None
        most = min(self._retry.longest, 2.0) if throttled else 0.0
        wait = max(self._retry.delay(self.tries, self._chance), most * (1 + self._chance()) / 2)
        self.tries += 1
        return min(wait, left)

    def _left(self, now: float, sound_ended: float | None) -> float:
        since, patience = now if self._since is None else self._since, self._retry.patience
        if patience is not None:
            return since + patience - now
        return math.inf if sound_ended is None else max(since, sound_ended) + AFTER_SOUND - now

    def reset(self) -> None:
        """Note progress: the next loss is a first one."""
        self._since, self.tries = None, 0


# ---- what heals

def heals(error: QawError) -> bool:
    """Tell whether a connection that ended so may stand again by itself.

    Refused, reset, silent and throttled connections, broken TLS, a service that restarts or fails within, the
    end of a session's time: they heal. A wrong key, a model or path that is not there, refused settings and
    what the client did wrong do not.

    Examples
    --------
    >>> heals(ServiceClosed("closed", code=1011)), heals(ConnectFailed("no", status=401))
    (True, False)
    """
    if isinstance(error, ConnectFailed):
        return error.status is None or error.status == 429 or error.status >= 500
    if isinstance(error, ServiceClosed):
        return _close_heals(error.code, error.reason.lower())
    if isinstance(error, ServiceError):
        return error.kind == "server_error" or is_throttled(error) or _says(error, _RENEWABLE)
    return isinstance(error, (NotConnected, OutboxFull))


def heals_at_first(error: QawError) -> bool:
    """Tell whether to try again although no connection stood yet.

    Where nothing listens, no name is known or no answer comes, the address is as likely to be wrong: that is
    said at once. Where somebody was there and cut it off, or said to come later, it is tried again.

    Examples
    --------
    >>> heals_at_first(ConnectFailed("nothing listens")), heals_at_first(ConnectFailed("wait", status=429))
    (False, True)
    """
    if isinstance(error, ConnectFailed):
        return heals(error) and (error.status is not None or error.cut_off)
    return heals(error)


def is_throttled(error: QawError) -> bool:
    """Tell whether the service has asked to come back later."""
    return getattr(error, "status", None) == 429 or _says(error, _THROTTLED)


def _close_heals(code: int | None, reason: str) -> bool:
    if code == 1007:
        return any(text in reason for text in _HEALING_1007)
    return code not in _REFUSALS


def _says(error: QawError, texts: Sequence[str]) -> bool:
    said = f"{error} {getattr(error, 'code', '')} {getattr(error, 'reason', '')}".lower()
    return any(text in said for text in texts)


# ---- from where on

@dataclass(frozen=True)
class ResumePlan:
    """Where a session goes on with the sound of those before it.

    Parameters
    ----------
    start : float
        Seconds on the timeline from which on sound is sent (again).
    first_number : int
        Number of the first utterance that the session will report. What earlier sessions reported from that
        number on is superseded by what this one finds.
    """

    start: float = 0.0
    first_number: int = 1


def resume_plan(
    utterances: Sequence[Utterance], detections: Sequence[TurnDetection | None], facts: ServiceFacts,
    told_to: float = 0.0, finished_at: float | None = None,
) -> ResumePlan:
    """Return where to go on: behind the last utterance before which every one has its answer.

    Parameters
    ----------
    utterances : sequence of Utterance
        What was reported until now, in order.
    detections : sequence of TurnDetection or None
        The settings by which turns were found; empty or None: by commits.
    facts : ServiceFacts
        What is known of the service.
    told_to : float
        Seconds on the timeline up to which speech would have been reported by now (`TOLD_WITHIN`).
    finished_at : float or None
        Seconds on the timeline up to which the session was sent and answered, where it finished cleanly.

    Examples
    --------
    >>> from qwen_asr_widgets.protocol.cloud_facts import IDEAL
    >>> said = Utterance(1, "a", start=0.7, onset=1.0, end=2.0, ended_by="silence", status="final")
    >>> cut = Utterance(2, "b", start=8.0, onset=8.3, status="lost")
    >>> resume_plan([said], [TurnDetection(silence_duration_ms=800)], IDEAL)
    ResumePlan(start=2.496, first_number=2)
    >>> resume_plan([said, cut], [TurnDetection()], IDEAL)
    ResumePlan(start=6.976, first_number=2)
    """
    settled = 0
    while settled < len(utterances) and utterances[settled].status in ("final", "failed"):
        settled += 1
    last = utterances[settled - 1] if settled else None
    found = [detection for detection in detections if detection is not None]
    start = 0.0 if last is None else _after(last, found, facts, finished_at)
    if found and settled < len(utterances):
        start = max(start, _to_frame((utterances[settled].start or 0.0) - LEAD))
    elif found:
        start = max(start, _to_frame(max(told_to, (finished_at or 0.0) - LEAD)))
    elif finished_at is not None:
        start = finished_at
    return ResumePlan(round(start, 6), settled + 1)


def _after(
    last: Utterance, detections: Sequence[TurnDetection], facts: ServiceFacts, finished_at: float | None
) -> float:
    """Return the place behind an utterance from which on nothing is lost and none of its words comes again.

    Where silence closed it, that is as late in this silence as the padding of the next turn allows: of the
    fading end of a word a turn detector without memory could make another turn.
    """
    end = last.end or 0.0
    if last.ended_by == "finish" and finished_at is not None:
        return max(end, finished_at)
    if last.ended_by != "silence" or not detections:
        return end
    padding = max(detection.prefix_padding_ms for detection in detections) / 1_000
    if facts.end_contains_silence and last.end_source != "client":
        return max(end, (last.reported_end or end) - max(padding, _OVERLAP))
    is_exact = last.end_source == "client" or facts.grade("end_contains_silence") in ("own", "measured")
    silence = min(detection.silence_frames for detection in detections) * _FRAME
    return max(end, _to_frame(end + silence - padding)) if is_exact else end


def _to_frame(seconds: float) -> float:
    """Return the beginning of the detector's frame (32 ms) at a place: all sessions then cut sound alike."""
    return max(0.0, math.floor(seconds / _FRAME + 1e-6) * _FRAME)

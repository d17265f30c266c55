"""What a wait consists of: from the end of speech over the silence and the recogniser to the screen.

The client's clock measures when a sample left and when an event came. Where the silence was met and what the
network took lies at the service: it is inferred from the settings, the service's report and the pings of the
connection, or it is not known. Every time is a whole millisecond before it is subtracted, so that the parts
add up to the wait.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...audio.units import seconds_to_ms, seconds_to_samples
from ...protocol.cloud_facts import GRADES, ServiceFacts
from ...protocol.utterance import Utterance
from ...vad.turns import HOP, TurnDetection
from ..latency import SentAt, UtteranceLatency
from ..log.settings import SettingsChange
from ..values import ConnectionSpan

PARTS = {
    "network_there": "network, there",
    "silence": "silence",
    "detection": "detection",
    "network_back": "network, back",
    "decoding": "decoding",
    "painting": "painting",
}
"""The parts of a wait, with the name each has in print."""

Basis = Literal["measured", "inferred", "unknown"]

NEAR = 10.0
"""Seconds within which a ping speaks of the network at a moment."""

_FRAME_MS = HOP / 16
_DETECTED = "from then until speech_stopped came"
_NO_TRIP = "no ping was answered within 10 s on this connection"
_LONG_TRIP = "the ping nearest in time took longer than this part of the wait"
_NO_PAINT = "no page has reported it"


@dataclass(frozen=True)
class WaitPart:
    """One part of the wait of an utterance.

    Parameters
    ----------
    name : str
        One of `PARTS`.
    start : float or None
        Seconds from the beginning of the wait to that of the part; None where it is not known.
    seconds : float or None
        What it took; None where it is not known.
    basis : {"measured", "inferred", "unknown"}
        Both ends by the client's clock; at least one end computed from what is known of the service or the
        network; or neither.
    why : str
        What it was computed from, or why it cannot be known.
    within : str
        The part in which the time of one that is not known lies; empty where it lies in none.
    """

    name: str
    start: float | None
    seconds: float | None
    basis: Basis
    why: str
    within: str = ""


@dataclass(frozen=True)
class Waterfall:
    """The wait of one utterance, part by part, in order of time.

    Parameters
    ----------
    number : int
        The utterance's number.
    parts : tuple of WaitPart
        Empty where there is no wait: no final came, its speech end is not known, or its sound did not go out
        at the run's pace. What is known adds up to ``total``.
    begins : {"speech end", "commit"}
        Where the wait begins: when the last sample of speech left, or in manual mode the commit.
    counts : bool
        Whether summaries take it: closed by silence, and not before its reference turn had ended.

    Examples
    --------
    >>> decoding = WaitPart("decoding", 0.8, 0.2, "measured", "from speech_stopped to the final")
    >>> silence = WaitPart("silence", 0.0, 0.8, "inferred", "800 ms asked for")
    >>> one = Waterfall(1, (silence, decoding))
    >>> one.total, one["silence"].basis, one["painting"].basis
    (1.0, 'inferred', 'unknown')
    """

    number: int
    parts: tuple[WaitPart, ...] = ()
    begins: Literal["speech end", "commit"] = "speech end"
    counts: bool = False

    def __getitem__(self, name: str) -> WaitPart:
        if name not in PARTS:
            raise KeyError(f"There is no part {name!r}; there are {', '.join(PARTS)}.")
        unknown = WaitPart(name, None, None, "unknown", "there is no wait")
        return next((part for part in self.parts if part.name == name), unknown)

    @property
    def total(self) -> float | None:
        """Seconds from the beginning to the screen, or to the final where no page reported it; or None."""
        known = [round(1_000 * part.seconds) for part in self.parts if part.seconds is not None]
        return sum(known) / 1_000 if known else None


@dataclass(frozen=True)
class RunTimes:
    """What a run knows of its times beside its utterances.

    Parameters
    ----------
    sent_at : callable
        When a sample left (s), or None.
    sample_rate : int
        Rate (Hz) of the samples.
    settings : sequence of SettingsChange
        What held from which sample on.
    facts : ServiceFacts
        How the service's reports are read.
    round_trips : sequence of tuple of float
        When a ping was answered, and how long that took (s), in order.
    connections : sequence of ConnectionSpan
        When a connection stood.
    painted : mapping of str to float
        When an item's final words stood on a screen (s).
    """

    sent_at: SentAt
    sample_rate: int
    settings: Sequence[SettingsChange]
    facts: ServiceFacts
    round_trips: Sequence[tuple[float, float]] = ()
    connections: Sequence[ConnectionSpan] = ()
    painted: Mapping[str, float] | None = None

    def left_ms(self, position: float) -> int | None:
        """Return when the last sample before a position (s of the sound) left, in ms; None if it did not."""
        time = self.sent_at(max(0, seconds_to_samples(position, self.sample_rate) - 1))
        return None if time is None else seconds_to_ms(time)

    def detection_at(self, position: float) -> TurnDetection | None:
        """Return the turn detection in force at a position (s of the sound)."""
        sample = seconds_to_samples(position, self.sample_rate)
        held = [change for change in self.settings if change.sample <= sample]
        return (held or self.settings)[-1 if held else 0].config.turn_detection

    def trip_ms(self, time: float) -> int | None:
        """Return what the ping nearest to a time (s) took, in ms; None without one on the same connection."""
        span = next((one for one in self.connections if _stands(one, time)), None)
        at = bisect_left(self.round_trips, (time, 0.0))
        near = [one for one in self.round_trips[max(0, at - 1) : at + 1] if abs(one[0] - time) <= NEAR]
        near = [one for one in near if span is not None and _stands(span, one[0])]
        return seconds_to_ms(min(near, key=lambda one: abs(one[0] - time))[1]) if near else None


def waterfall_of(
    utterance: Utterance, row: UtteranceLatency, speech_end: float | None, run: RunTimes
) -> Waterfall:
    """Take the wait of one utterance apart.

    Parameters
    ----------
    utterance : Utterance
        As the session knows it.
    row : UtteranceLatency
        Its delays: what they leave out has no parts.
    speech_end : float or None
        Where speech ended (s of the sound), by the reference or the service.
    run : RunTimes
        What is known beside it.
    """
    by_client = row.source == "client" or utterance.end_source == "client"
    if row.finalization is not None and speech_end is not None and not row.cut:
        begin = run.left_ms(speech_end)
        parts = _Parts()
        if begin is not None and by_client:
            _add_client(parts, utterance, begin, run)
        elif begin is not None:
            _add_service(parts, utterance, begin, run)
        _add_painting(parts, utterance, run)
        return Waterfall(row.number, tuple(parts.all), counts=row.ended_by == "silence")
    if utterance.committed_sent_at is not None and row.decode_delay is not None and not by_client:
        parts = _Parts()
        _add_answer(parts, utterance, utterance.committed_sent_at, run)
        _add_painting(parts, utterance, run)
        return Waterfall(row.number, tuple(parts.all), "commit")
    return Waterfall(row.number)


class _Parts:
    """Parts that follow each other from 0 on."""

    def __init__(self) -> None:
        self.all: list[WaitPart] = []
        self._at = 0

    def known(self, name: str, ms: int, basis: Basis, why: str) -> None:
        self.all.append(WaitPart(name, self._at / 1_000, ms / 1_000, basis, why))
        self._at += ms

    def unknown(self, name: str, why: str, within: str = "") -> None:
        self.all.append(WaitPart(name, None, None, "unknown", why, within))


def _add_service(parts: _Parts, utterance: Utterance, begin: int, run: RunTimes) -> None:
    """Add what passed until the service's ``speech_stopped``, then until its final."""
    assert utterance.stopped_at is not None and utterance.final_at is not None
    stopped = seconds_to_ms(utterance.stopped_at)
    met, why_met = _silence_met(utterance, run)
    if met is not None and not begin <= met <= stopped:
        met, why_met = None, "the sound that would have met it left after speech_stopped had come"
    rest = stopped - (begin if met is None else met)
    trip, why_trip = _trip(run, utterance.stopped_at, rest)
    half = trip // 2 if trip is not None else 0
    _add_network(parts, "network_there", half, trip, why_trip, "detection")
    if met is None:
        parts.unknown("silence", why_met, "detection")
    else:
        parts.known("silence", met - begin, "inferred", why_met)
    since = _DETECTED if met is not None else "from the end of speech until speech_stopped came"
    detected = "measured" if met is None and trip is None else "inferred"
    parts.known("detection", rest - (trip or 0), detected, since)  # type: ignore[arg-type]
    _add_network(parts, "network_back", (trip or 0) - half, trip, why_trip, "detection")
    decoding = seconds_to_ms(utterance.final_at) - stopped
    parts.known("decoding", decoding, "measured", "from speech_stopped to the final")


def _add_client(parts: _Parts, utterance: Utterance, begin: int, run: RunTimes) -> None:
    """Add what the client itself waited for before its commit, then what the answer took."""
    assert utterance.stopped_at is not None
    waited = seconds_to_ms(utterance.stopped_at) - begin
    parts.known("silence", waited, "measured", "until the client's own detector closed the turn")
    parts.unknown("detection", "the client decides for itself", "silence")
    _add_answer(parts, utterance, utterance.stopped_at, run)


def _add_answer(parts: _Parts, utterance: Utterance, committed: float, run: RunTimes) -> None:
    """Add what passed from a commit to the final: there, the recogniser, and back."""
    assert utterance.final_at is not None
    rest = seconds_to_ms(utterance.final_at) - seconds_to_ms(committed)
    trip, why = _trip(run, utterance.final_at, rest)
    half = trip // 2 if trip is not None else 0
    _add_network(parts, "network_there", half, trip, why, "decoding")
    basis: Basis = "measured" if trip is None else "inferred"
    parts.known("decoding", rest - (trip or 0), basis, "from the commit to the final")
    _add_network(parts, "network_back", (trip or 0) - half, trip, why, "decoding")


def _add_network(parts: _Parts, name: str, ms: int, trip: int | None, why: str, within: str) -> None:
    if trip is None:
        parts.unknown(name, why, within)
    else:
        parts.known(name, ms, "inferred", why)


def _add_painting(parts: _Parts, utterance: Utterance, run: RunTimes) -> None:
    painted = (run.painted or {}).get(utterance.item_id)
    if painted is None or utterance.final_at is None or painted < utterance.final_at:
        parts.unknown("painting", _NO_PAINT)
    else:
        ms = seconds_to_ms(painted) - seconds_to_ms(utterance.final_at)
        parts.known("painting", ms, "measured", "until the page's report of the painted words came")


def _trip(run: RunTimes, time: float, rest: int) -> tuple[int | None, str]:
    """Return a round trip in ms that fits into what is left of the wait, and what is to be said of it."""
    trip = run.trip_ms(time)
    if trip is None:
        return None, _NO_TRIP
    if trip > rest:
        return None, _LONG_TRIP
    return trip, f"half of the {trip} ms that the ping nearest in time took"


def _silence_met(utterance: Utterance, run: RunTimes) -> tuple[int | None, str]:
    """Return when the sound had left with which the silence lasted long enough (ms), and what says so."""
    if utterance.ended_by != "silence" or utterance.end is None or utterance.reported_end is None:
        return None, "it was not silence that closed the turn"
    if run.facts.end_contains_silence:
        grade = GRADES[run.facts.grade("end_contains_silence")]
        why = f"up to audio_end_ms, which holds the silence ({grade})"
        return run.left_ms(utterance.reported_end), why
    detection = run.detection_at(utterance.end)
    if detection is None:
        return None, "no silence was asked for"
    ms: float = detection.silence_duration_ms
    why = f"{ms:g} ms asked for, after the end of speech that the service reported"
    if run.facts.grade("end_contains_silence") == "own":
        ms = detection.silence_frames * _FRAME_MS
        why = f"{detection.silence_duration_ms} ms asked for, in whole frames of 32 ms: {ms:g} ms"
    return run.left_ms(utterance.end + ms / 1_000), why


def _stands(span: ConnectionSpan, time: float) -> bool:
    return span.opened <= time and (span.closed is None or time <= span.closed)

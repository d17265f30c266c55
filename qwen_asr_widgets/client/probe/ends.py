"""What the ends of turns tell: facts 2, 3 and 4, from one sound sent with several silences.

The same sentence stands again and again in the sound, with known silences between. So its last moment of
speech is known, and what the service makes of it is the same every time: differences between two sessions
depend on the silence asked for alone. Two of them are used, for the same pause:

* *offset*: the reported end minus the end of speech. Where the end contains the silence, it grows by a
  millisecond for each millisecond asked for; else it stays.
* *lag*: the sound sent when ``speech_stopped`` came, minus the end of speech. It grows with the silence that
  is really waited for, whatever is reported; it means something only for sound sent in real time.

Offset and lag of 600 and 900 ms tell whether ends contain the silence; those of 200 and 400 ms beside 600
tell which silence was waited for. Where neither can be used, or both contradict it, which pauses ended a turn
leaves an interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median

from ...audio.units import ms_to_seconds
from .finding import Finding, agrees, differs, either, unknown
from .outcome import Outcome, SeenTurn, way_there_and_back

HIGH_MS, HIGHER_MS, LOW_MS, MIDDLE_MS = 600, 900, 200, 400

_MOST_SPREAD = 0.1
"""Seconds by which differences of one pair of sessions may differ among themselves."""

_FRAME = 0.032
_NEAR = (0.03, 0.48)
"""Seconds from a reported end to the next speech where the two turns are neighbours in dense speech."""

_TOUCH = 0.005

ByPause = Mapping[int, float]


def pauses_seen(outcomes: Sequence[Outcome]) -> dict[int, Outcome]:
    """Return the sessions with the sound of known pauses, by the silence asked for in milliseconds."""
    return {
        seen.experiment.silence_ms: seen
        for seen in outcomes if seen.experiment.sound_name == "pauses" and seen.ended_in
    }


def offsets(seen: Outcome) -> dict[int, float]:
    """Return the reported end minus the end of speech in seconds, by pause."""
    return {number: turn.end - seen.end_of_speech(number) for number, turn in seen.ended_in.items()}


def lags(seen: Outcome) -> dict[int, float]:
    """Return the sound sent when a turn was reported as over, minus the end of speech, by pause."""
    if not seen.in_real_time:
        return {}
    return {
        number: seen.sent_by(turn.stopped_at) - seen.end_of_speech(number)
        for number, turn in seen.ended_in.items()
    }


def differences(low: ByPause, high: ByPause) -> list[float]:
    """Return by how much the second lies above the first, for the pauses of both."""
    return [high[number] - low[number] for number in sorted(low.keys() & high.keys())]


def settled(values: Sequence[float], least: int = 2) -> float | None:
    """Return the median of values that are enough and agree with one another, else None."""
    if len(values) < least or max(values) - min(values) > _MOST_SPREAD:
        return None
    return median(values)


# ---- fact 2: does the end contain the silence?

@dataclass(frozen=True)
class Slopes:
    """By how much ends and lags grow with the silence asked for: 1 with it, 0 not at all, None unknown.

    Parameters
    ----------
    of_ends : float or None
        Of the reported end.
    of_rest : float or None
        Of the sound sent after the reported end when the turn was reported as over, which is the lag without
        the offset: 0 where the end contains the silence, 1 where it does not.
    n : int
        Pauses compared.
    """

    of_ends: float | None
    of_rest: float | None
    n: int

    @property
    def contains(self) -> bool | None:
        """Whether ends contain the silence; None where that is not decided, or two answers differ."""
        answers = {_near_one(self.of_ends), _near_one(None if self.of_rest is None else 1 - self.of_rest)}
        answers.discard(None)
        return answers.pop() if len(answers) == 1 else None


def _near_one(slope: float | None) -> bool | None:
    if slope is None or 0.25 < slope < 0.75 or not -0.25 <= slope <= 1.25:
        return None
    return slope >= 0.75


def slopes(outcomes: Sequence[Outcome]) -> Slopes:
    """Return how reported ends grow from 600 to 900 ms of silence."""
    seen = pauses_seen(outcomes)
    if HIGH_MS not in seen or HIGHER_MS not in seen:
        return Slopes(None, None, 0)
    low, high = seen[HIGH_MS], seen[HIGHER_MS]
    step = ms_to_seconds(HIGHER_MS - HIGH_MS)
    of_ends = differences(offsets(low), offsets(high))
    end, rest = settled(of_ends), settled(differences(_rests(low), _rests(high)))
    return Slopes(end and end / step, rest and rest / step, len(of_ends))


def _rests(seen: Outcome) -> dict[int, float]:
    at_end = offsets(seen)
    return {number: lag - at_end[number] for number, lag in lags(seen).items()}


def end_contains_silence(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 2."""
    fact, found = "end_contains_silence", slopes(outcomes)
    figures = {name: round(value, 2) for name, value in
               (("slope_of_ends", found.of_ends), ("slope_of_rest", found.of_rest)) if value is not None}
    if found.contains is None:
        return unknown(fact, (
            f"From {HIGH_MS} to {HIGHER_MS} ms of silence the reported ends of the same speech neither "
            "clearly move with it nor clearly stay."
        ), found.n, **figures)
    how = "move with the silence" if found.contains else "stay where speech ends"
    return either(fact, found.contains, (
        f"From {HIGH_MS} to {HIGHER_MS} ms of silence the reported ends of the same speech {how}."
    ), found.n, **figures)


def stopped_after_end_s(outcomes: Sequence[Outcome]) -> Finding:
    """Judge how much sound follows a reported end that contains the silence."""
    fact = "stopped_after_end_s"
    if not slopes(outcomes).contains:
        return unknown(fact, "It is about ends that contain the silence, which is not so here or not known.")
    rests = [rest for seen in pauses_seen(outcomes).values() for rest in _rests(seen).values()]
    if len(rests) < 3:
        return unknown(fact, "The sound was not sent in real time.", len(rests))
    middle, way = median(rests), way_there_and_back(outcomes)
    figures = {"median_s": round(middle, 3), "least_s": round(min(rests), 3), "network_s": round(way, 3)}
    sentence = (
        f"speech_stopped came {middle:.2f} s of sound after audio_end_ms, of which the network explains up "
        f"to {way:.2f} s."
    )
    if middle - way > 0.3 or middle < 0:
        return differs(fact, sentence, len(rests), max(0.0, figures["least_s"]), **figures)
    return (agrees if middle <= 0.3 else unknown)(fact, sentence, len(rests), **figures)


# ---- fact 3: the shortest silence that has an effect

def silence_floor_ms(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 3."""
    fact, seen = "silence_floor_ms", pauses_seen(outcomes)
    if LOW_MS not in seen or HIGH_MS not in seen:
        return unknown(fact, f"Turns at {LOW_MS} and {HIGH_MS} ms of silence are needed, and there are none.")
    measure = offsets if slopes(outcomes).contains else lags
    waited = {
        ms: _waited(measure(seen[ms]), measure(seen[HIGH_MS])) for ms in (LOW_MS, MIDDLE_MS) if ms in seen
    }
    shortest, by_pauses = waited[LOW_MS], _floor_by_pauses(seen)
    if shortest is None or not _is_possible(shortest, by_pauses):
        return by_pauses  # a report that comes late is no silence that was waited for
    n = len(differences(measure(seen[LOW_MS]), measure(seen[HIGH_MS])))
    figures = {f"waited_at_{ms}_ms": float(value) for ms, value in waited.items() if value is not None}
    sentence = f"Where {LOW_MS} ms were asked for, {shortest} ms were waited for."
    if shortest <= LOW_MS + 2_000 * _FRAME:
        return differs(fact, sentence, n, 0, **figures)
    middle = waited.get(MIDDLE_MS)
    if middle is not None and middle - shortest > 3_000 * _FRAME:
        return unknown(fact, f"{sentence} At {MIDDLE_MS} ms it was {middle} ms.", n, **figures)
    if abs(shortest - 400) <= 3_000 * _FRAME:
        return agrees(fact, sentence, n, **figures)
    return differs(fact, sentence, n, shortest, **figures)


def _waited(at: ByPause, at_high: ByPause) -> int | None:
    """Return the milliseconds of silence waited for, taking those at `HIGH_MS` to be in force."""
    shorter = settled(differences(at, at_high))
    return None if shorter is None else round((ms_to_seconds(HIGH_MS) - shorter) * 100) * 10


def _is_possible(floor_ms: int, by_pauses: Finding) -> bool:
    """Tell whether a shortest silence is one of those that explain which pauses ended a turn."""
    low, high = by_pauses.figures.get("low_ms"), by_pauses.figures.get("high_ms")
    return low is not None and high is not None and low - 40 <= floor_ms <= high + 40


def _floor_by_pauses(seen: Mapping[int, Outcome]) -> Finding:
    """Judge fact 3 by which pauses ended a turn: all floors that explain it make an interval."""
    fact = "silence_floor_ms"
    possible = sorted({floor for floor, habit in product(range(0, 801, 20), range(-60, 301, 20)) if all(
        _explains(one, max(ms, floor) + habit) for ms, one in seen.items()
    )})
    n = sum(len(one.ended_in) for one in seen.values())
    if not possible:
        return unknown(fact, "Which pauses ended a turn fits no shortest silence.", n)
    low, high = possible[0], possible[-1]
    sentence = f"Which pauses ended a turn fits a shortest silence from {low} to {high} ms."
    figures = {"low_ms": float(low), "high_ms": float(high)}
    if not low <= 400 <= high:
        return differs(fact, sentence, n, None, **figures)
    if low > LOW_MS and high - low <= 320:
        return agrees(fact, sentence, n, **figures)
    return unknown(fact, sentence, n, **figures)


def _explains(seen: Outcome, needed_ms: float) -> bool:
    """Tell whether pauses from a length on ended turns, and shorter ones did not, to the frame.

    The silence after the last speech is left out: the end of the session ends that turn too.
    """
    needed = ms_to_seconds(needed_ms)
    for number in range(len(seen.experiment.sound.speech) - 1):
        pause = seen.experiment.sound.pause(number)
        if abs(pause - needed) > _FRAME and (pause > needed) != (number in seen.ended_in):
            return False
    return True


# ---- fact 4: neighbouring turns

def turns_touch(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 4 by neighbours whose distance the padding does not explain."""
    fact = "turns_touch"
    pairs = [pair for seen in pauses_seen(outcomes).values() for pair in _neighbours(seen)]
    gaps = [gap for gap, _ in pairs]
    strange = [gap for gap, is_explained in pairs if not is_explained]
    figures = {"smallest_gap_s": round(min(gaps), 3)} if gaps else {}
    if len(strange) < 2:
        return unknown(
            fact, "No two turns came near one another without the padding explaining it.", len(strange),
            **figures,
        )
    share = sum(gap <= _TOUCH for gap in strange) / len(strange)
    overlap = f" (by up to {-min(gaps):.3f} s)" if min(gaps) < -_TOUCH else ""
    sentence = (
        f"{share:.0%} of neighbours in dense speech, where the padding does not explain it, touch or overlap"
        f"{overlap}."
    )
    if 0.25 < share < 0.75:
        return unknown(fact, sentence, len(strange), **figures)
    return either(fact, share >= 0.75, sentence, len(strange), **figures)


def _neighbours(seen: Outcome) -> Iterator[tuple[float, bool]]:
    """Yield for near neighbours the gap that is reported, and whether the padding explains a touch."""
    settings = seen.experiment.config.turn_detection
    padding = ms_to_seconds(settings.prefix_padding_ms) if settings else 0.0
    for number, turn in seen.ended_in.items():
        following = _next(seen, turn)
        if following is None or number + 1 >= len(seen.experiment.sound.speech):
            continue
        distance = seen.experiment.sound.speech[number + 1][0] - turn.end
        if _NEAR[0] < distance < _NEAR[1]:
            yield following.start - turn.end, distance <= padding + 1.5 * _FRAME


def _next(seen: Outcome, turn: SeenTurn) -> SeenTurn | None:
    later = [each for each in seen.turns.values() if each.end > turn.end]
    return min(later, key=lambda each: each.end, default=None)

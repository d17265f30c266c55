"""From what was seen to what is found: pure functions, one for each fact (those of the ends are in `ends`).

Each is given all sessions of a probe and looks at those that tell something of its fact. Where they do not
decide it, the finding says so: nothing is guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from statistics import median, quantiles

from ...protocol.cloud_facts import DECODE_DELAY_S, FACTS
from ...protocol.events import (
    BufferCommitted, ErrorEvent, ItemCreated, SessionUpdated, SpeechStarted, SpeechStopped,
    TranscriptCompleted, TranscriptPartial,
)
from . import ends
from .experiments import FINISH_SECONDS, IDLE_SECONDS
from .finding import Finding, agrees, differs, either, not_asked, unknown
from .outcome import Outcome, way_there_and_back

PROBE_ITEM = "item_probe"
"""Id of the conversation item that a probe asks for."""

_LEAST_FINALS = 3
_POLICY = 1007
"""Close code that DashScope is reported to give where something is not to its liking."""

Judge = Callable[[Sequence[Outcome]], Finding]


def judge(outcomes: Sequence[Outcome]) -> tuple[Finding, ...]:
    """Return a finding for every fact, in the order of `FACTS`.

    Parameters
    ----------
    outcomes : sequence of Outcome
        One for each experiment that was made.

    Examples
    --------
    >>> {finding.verdict for finding in judge([])}
    {'not asked'}
    """
    asked = {fact for seen in outcomes for fact in seen.experiment.facts}
    return tuple(
        _found(fact.name, outcomes) if fact.name in asked else not_asked(fact.name) for fact in FACTS
    )


def _found(fact: str, outcomes: Sequence[Outcome]) -> Finding:
    meant = [seen for seen in outcomes if fact in seen.experiment.facts]
    broken = [seen for seen in meant if seen.problem]
    if len(broken) == len(meant):
        return unknown(fact, f"The experiment came to nothing: {broken[0].problem}")
    return JUDGES[fact]([seen for seen in meant if not seen.problem])


def _acted(outcomes: Sequence[Outcome], action: str) -> Outcome | None:
    """Return the session in which an action was done."""
    return next((seen for seen in outcomes if seen.experiment.action == action
                 and seen.acted_at is not None), None)


# ---- what a session takes

def update_midway(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 1."""
    fact, seen = "update_midway", _acted(outcomes, "update")
    if seen is None:
        return unknown(fact, "The second session.update was not sent.")
    if seen.of(SessionUpdated, seen.acted_at):
        return differs(fact, "A second session.update, once sound was sent, was confirmed.", 1, True)
    refused, closed = seen.of(ErrorEvent, seen.acted_at), seen.close_code == _POLICY
    if not refused and not closed:
        return unknown(fact, "A second session.update was neither confirmed nor refused.")
    what = "answered by an error" if refused else "not answered"
    after = "stayed open" if seen.closed_at is None else f"was closed ({seen.close_code})"
    sentence = f"A second session.update, once sound was sent, was {what}; the connection {after}."
    return agrees(fact, sentence, 1)


def commit_in_vad_mode(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 9: a commit while a turn is open."""
    fact, seen = "commit_in_vad_mode", _acted(outcomes, "commit")
    if seen is None or not seen.of(SpeechStarted):
        return unknown(fact, "No turn was open when the commit was sent.")
    if seen.of(ErrorEvent, seen.acted_at):
        return differs(fact, "A commit while a turn was open was refused.", 1, False)
    stopped = {event.item_id for _, event in seen.of(SpeechStopped)}
    committed = [event.item_id for _, event in seen.of(BufferCommitted)]
    without = [item for item in dict.fromkeys(committed) if item not in stopped]
    again = len(committed) - len(set(committed))
    if not without and not again:
        return unknown(fact, "A commit while a turn was open left no trace.")
    return agrees(
        fact, "A commit while a turn was open was taken.", 1, committed_twice=again,
        without_speech_stopped=len(without),
    )


def takes_items(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 14."""
    fact, seen = "takes_items", _acted(outcomes, "item")
    if seen is None:
        return unknown(fact, "The item was not sent.")
    if any(event.item_id == PROBE_ITEM for _, event in seen.of(ItemCreated, seen.acted_at)):
        return differs(fact, "conversation.item.create was taken.", 1, True)
    if seen.of(ErrorEvent, seen.acted_at):
        return agrees(fact, "conversation.item.create was refused.", 1)
    return unknown(fact, "conversation.item.create was not answered.")


def errors_without_code(outcomes: Sequence[Outcome]) -> Finding:
    """Judge the form of errors."""
    errors = [error for seen in outcomes for error in seen.errors]
    if not errors:
        return unknown("errors_without_code", "Nothing was refused, so no error came.")
    codeless = sum(not event.error.get("code") for event in errors)
    typeless = sum(not event.error.get("type") for event in errors)
    return either(
        "errors_without_code", bool(codeless or typeless),
        f"Of {_counted(errors, 'error')} {codeless} had no code and {typeless} no type.", len(errors),
    )


# ---- turns, partials and finals

def longest_turn_s(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 5: speech without a pause that could end a turn is cut after a while."""
    fact = "longest_turn_s"
    seen = next((each for each in outcomes if each.experiment.sound_name == "unbroken"), None)
    if seen is None or not seen.turns:
        return unknown(fact, "No turn was begun and ended.")
    first, last = seen.experiment.sound.speech[0][0], seen.experiment.sound.speech[-1][1]
    turn = next(iter(seen.turns.values()))
    length = turn.end - first
    if turn.end >= last - 0.3:
        whole = round(last - first, 1)
        return differs(fact, f"A turn of {whole:.0f} s was not cut.", 1, None, at_least_s=whole)
    sentence = f"Speech without a pause was cut after {length:.1f} s."
    if abs(length - 30) <= 1.0:
        return agrees(fact, sentence, 1, length_s=round(length, 2))
    return differs(fact, sentence, 1, round(length, 1), length_s=round(length, 2))


def empty_finals(outcomes: Sequence[Outcome]) -> Finding:
    """Judge whether finals without words come; speech alone cannot tell that they do not."""
    finals = _finals(outcomes)
    empty = sum(not _has_word(final.transcript) for final in finals)
    if not empty:
        return unknown("empty_finals", "No noise or music was sent, and no final was empty.", len(finals))
    return agrees("empty_finals", f"{empty} of {_counted(finals, 'final')} had no word.", len(finals))


def usage(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 6."""
    finals = _finals(outcomes)
    if not finals:
        return unknown("usage", "There was no final.")
    carrying = sum(bool(final.usage) for final in finals)
    sentence = f"{carrying} of {_counted(finals, 'final')} carried usage."
    if 0 < carrying < len(finals):
        return unknown("usage", sentence, len(finals))
    return either("usage", bool(carrying), sentence, len(finals))


def text_stash_exclusive(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 7: partials that carry one of the two; both kinds of them must have come."""
    fact = "text_stash_exclusive"
    partials = [event for seen in outcomes for _, event in seen.of(TranscriptPartial)]
    both = sum(bool(one.text and one.stash) for one in partials)
    text = sum(bool(one.text and not one.stash) for one in partials)
    stash = sum(bool(one.stash and not one.text) for one in partials)
    sentence = f"{text} partials carried text alone, {stash} stash alone, {both} both."
    if both:
        return differs(fact, sentence, len(partials), False)
    if min(text, stash) < 2:
        return unknown(fact, sentence, len(partials))
    return agrees(fact, sentence, len(partials))


def late_partials(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 7: partials of an item that has its final."""
    late = sum(len(_late_items(seen)) for seen in outcomes)
    finals = len(_finals(outcomes))
    partials = sum(len(seen.of(TranscriptPartial)) for seen in outcomes)
    if not late and (finals < _LEAST_FINALS or not partials):
        return unknown("late_partials", "There were too few finals, or no partials.", finals)
    return either("late_partials", late > 0, f"After {late} of {finals} finals a partial came.", finals)


def _late_items(seen: Outcome) -> set[str]:
    final: set[str] = set()
    late: set[str] = set()
    for each in seen.events:
        if isinstance(each.event, TranscriptCompleted):
            final.add(each.event.item_id)
        elif isinstance(each.event, TranscriptPartial) and each.event.item_id in final:
            late.add(each.event.item_id)
    return late


_DECODES_IN = (DECODE_DELAY_S / 2, DECODE_DELAY_S * 2)
"""Seconds between which a median delay of finals agrees with what was reported: half of it and twice."""


def decode_delay_s(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 8."""
    fact = "decode_delay_s"
    after = "speech_stopped" if ends.slopes(outcomes).contains is False else "audio_end_ms"
    delays = [delay for seen in outcomes for delay in _decode_delays(seen, after)]
    if len(delays) < _LEAST_FINALS:
        return unknown(fact, "Too few finals came of sound that was sent in real time.", len(delays))
    p50, p95 = median(delays), quantiles(delays, n=20, method="inclusive")[-1]
    way = way_there_and_back(outcomes)
    sentence = (
        f"The final came {p50:.2f} s (p50), {p95:.2f} s (p95) after {after}, of which the network explains "
        f"up to {way:.2f} s."
    )
    figures = {"p50_s": round(p50, 3), "p95_s": round(p95, 3), "network_s": round(way, 3)}
    shortest, longest = p50 - way, p50 + (way if after == "speech_stopped" else 0.0)  # that may be late too
    if longest < _DECODES_IN[0] or shortest > _DECODES_IN[1]:
        return differs(fact, sentence, len(delays), max(0.0, figures["p50_s"]), **figures)
    is_sure = _DECODES_IN[0] <= shortest and longest <= _DECODES_IN[1]
    return (agrees if is_sure else unknown)(fact, sentence, len(delays), **figures)


def _decode_delays(seen: Outcome, after: str) -> list[float]:
    """Return how long finals took: after the end was sent, where that holds the silence, or was reported."""
    if not seen.in_real_time:
        return []
    first: dict[str, float] = {}
    for time, event in seen.finals:
        first.setdefault(event.item_id, time)
    ended = {
        item: turn.stopped_at if after == "speech_stopped" else seen.sent_when(turn.end)
        for item, turn in seen.turns.items()
    }
    return [time - at for item, time in first.items() if (at := ended.get(item)) is not None]


# ---- the end of a session

def finish_delay_s(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 10."""
    fact = "finish_delay_s"
    delays = [seen.finish_delay for seen in outcomes if seen.finish_delay is not None]
    if not delays:
        return unknown(fact, f"No session was finished within {FINISH_SECONDS:g} s.")
    longest = max(delays)
    sentence = f"session.finished came {median(delays):.1f} s after session.finish, {longest:.1f} s at most."
    figures = {"median_s": round(median(delays), 2), "longest_s": round(longest, 2)}
    if longest >= 8:
        return agrees(fact, sentence, len(delays), **figures)
    return differs(fact, sentence, len(delays), round(longest, 1), **figures)


def upload_limit_kB_s(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 11: a burst below the reported limit, and one above it."""
    fact = "upload_limit_kB_s"
    floods = {seen.experiment.kilobytes: seen for seen in outcomes if seen.experiment.action == "flood"}
    survived = [upload_rate(seen) for seen in floods.values() if seen.closed_at is None]
    closed = [rate for rate, seen in floods.items() if seen.close_code == _POLICY]
    figures = {"survived_kB_s": round(max(survived))} if survived else {}
    figures |= {"closed_kB_s": round(min(closed))} if closed else {}
    if closed and survived and max(survived) <= 2_560 <= min(closed):
        return agrees(fact, "A burst below 2,560 kB/s was taken, one above it closed (1007).", 2, **figures)
    if closed and min(closed) < 2_560:
        sentence = f"A burst of {min(closed):,.0f} kB/s was closed (1007)."
        return differs(fact, sentence, 1, min(closed), **figures)
    if not closed and survived and max(survived) > 2_700:
        return differs(fact, f"A burst of {max(survived):,.0f} kB/s was taken.", 1, None, **figures)
    return unknown(
        fact, "No burst reached the reported limit, or it was closed for another reason.", len(floods),
        **figures,
    )


def upload_rate(seen: Outcome) -> float:
    """Return the kilobytes a second, base64 counted, at which a session's sound went out."""
    if len(seen.sent) < 2 or seen.sent[-1][0] <= seen.sent[0][0]:
        return 0.0
    (begun, first), (ended, last) = seen.sent[0], seen.sent[-1]
    return (last - first) * 32 * 4 / 3 / (ended - begun)


def idle_close_s(outcomes: Sequence[Outcome]) -> Finding:
    """Judge fact 12."""
    fact, seen = "idle_close_s", _acted(outcomes, "idle")
    if seen is None:
        return unknown(fact, "The session was not opened.")
    if seen.closed_at is None:
        return differs(fact, f"A session without sound was open after {IDLE_SECONDS:g} s.", 1, None,
                       at_least_s=IDLE_SECONDS)
    after = seen.closed_at - (seen.acted_at or 0.0)
    sentence = f"A session without sound was closed after {after:.0f} s ({seen.close_code})."
    if abs(after - 180) <= 10:
        return agrees(fact, sentence, 1, closed_after_s=round(after, 1))
    return differs(fact, sentence, 1, round(after, 1), closed_after_s=round(after, 1))


# ---- helpers

def _finals(outcomes: Iterable[Outcome]) -> list[TranscriptCompleted]:
    return [event for seen in outcomes for _, event in seen.finals]


def _has_word(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def _counted(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"


JUDGES: dict[str, Judge] = {
    each.__name__: each for each in (
        update_midway, ends.end_contains_silence, ends.stopped_after_end_s, ends.silence_floor_ms,
        ends.turns_touch, longest_turn_s, empty_finals, usage, text_stash_exclusive, late_partials,
        decode_delay_s, commit_in_vad_mode, errors_without_code, finish_delay_s, upload_limit_kB_s,
        idle_close_s, takes_items,
    )
}
"""How each fact that a probe asks for is judged, by name."""

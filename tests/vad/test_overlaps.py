"""Overlaps, backchannels and interruptions of two speakers are those that a look at every moment finds."""

from __future__ import annotations

import random

import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import LabelError, SettingError
from qwen_asr_widgets.vad.turns import Turn

TICK = 0.01
Spans = list[tuple[int, int]]


def drawn(random_: random.Random, count: int, end: int = 3_000) -> Spans:
    """Return turns in ticks of 10 ms, at times overlapping and touching each other."""
    turns = []
    for _ in range(count):
        start = random_.randrange(end)
        turns.append((start, start + random_.choice([20, 60, 99, 100, 101, 250, 600])))
    return turns


def spoken(turns: Spans) -> list[bool]:
    """Return for each tick whether somebody speaks in it."""
    said = [False] * 4_000
    for start, end in turns:
        for tick in range(start, end):
            said[tick] = True
    return said


def by_ticks(mine: list[bool], other: list[bool], longest: int) -> list[tuple[int, int, str, int]]:
    """Return a speaker's turns that begin while the other speaks, found tick by tick."""
    found = []
    for tick in range(1, len(mine)):
        if not mine[tick] or mine[tick - 1]:
            continue
        end = mine.index(False, tick)
        if not (other[tick] and other[tick - 1]):
            continue
        inside = all(other[tick:end])
        kind = "backchannel" if inside and end - tick <= longest else "interruption"
        found.append((tick, end, kind, sum(other[tick:end])))
    return found


@pytest.mark.parametrize("seed", range(300))
def test_they_are_those_found_tick_by_tick(seed: int) -> None:
    random_ = random.Random(seed)
    turns = [drawn(random_, random_.randrange(12)) for _ in range(2)]
    longest = random_.choice([0, 50, 100, 300])
    found = qaw.overlaps(*([(TICK * start, TICK * end) for start, end in each] for each in turns),
                         speakers=("a", "b"), longest_backchannel=longest * TICK)
    said = [spoken(each) for each in turns]
    expected = sorted([*((*one, "a") for one in by_ticks(said[0], said[1], longest)),
                       *((*one, "b") for one in by_ticks(said[1], said[0], longest))])
    assert sorted((round(e.start / TICK), round(e.end / TICK), e.kind, round(e.seconds / TICK), e.speaker)
                  for e in found.events) == expected
    both = sum(a and b for a, b in zip(*said))
    assert found.seconds == pytest.approx(both * TICK, abs=1e-9)
    assert found.speech == pytest.approx([sum(each) * TICK for each in said], abs=1e-9)
    ticks = [tick for start, end in found.stretches for tick in range(round(start / TICK), round(end / TICK))]
    assert ticks == [tick for tick, pair in enumerate(zip(*said)) if all(pair)]
    anybody = sum(a or b for a, b in zip(*said))
    assert found.share == pytest.approx(both / anybody if anybody else 0.0)


@pytest.mark.parametrize(("turn", "kind"), [
    ((1.0, 2.0), "backchannel"), ((1.0, 2.01), "interruption"), ((3.5, 4.0), "backchannel"),
    ((3.5, 4.01), "interruption"), ((0.5, 1.0), None), ((4.0, 4.5), None), ((0.4, 0.9), None),
])
def test_the_edges(turn: tuple[float, float], kind: str | None) -> None:
    """Around a turn from 0.5 to 4 s of the other: begun together is neither, one second still short."""
    events = qaw.overlaps([turn], [(0.5, 4.0)]).events
    mine = [event.kind for event in events if event.speaker == "first"]
    assert mine == ([] if kind is None else [kind])


def test_whatever_holds_turns_is_taken() -> None:
    call = qaw.sample("call")
    caller = [turn for turn in call.turns if turn.speaker == "caller"]
    agent = [turn for turn in call.turns if turn.speaker == "agent"]
    found = qaw.overlaps(caller, agent, speakers=("caller", "agent"))
    detected = [Turn(turn.start, max(turn.start - 0.3, 0.0), turn.end) for turn in agent]
    assert qaw.overlaps(caller, detected, speakers=("caller", "agent")) == found
    labelled = qaw.overlaps(qaw.Labels(caller), qaw.Labels(agent))  # on the grid of 1 ms
    assert labelled.seconds == pytest.approx(found.seconds, abs=2e-3)
    assert len(found.interruptions) == 1 and found.backchannels == ()
    assert "Interruptions" in found._repr_html_() and ">1<" in found._repr_html_()


@pytest.mark.parametrize(("given", "sentence"), [
    ({"speakers": ("a", "a")}, "speakers is .*; give two names that differ"),
    ({"speakers": ("a",)}, "speakers is .*; give two names that differ"),
    ({"longest_backchannel": -1}, "longest_backchannel is -1; it must be a number from 0 to 60"),
])
def test_what_cannot_be_is_told(given: dict, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        qaw.overlaps([(0, 1)], [(0, 1)], **given)


def test_turns_that_are_none_are_told_by_whose_they_are() -> None:
    with pytest.raises(LabelError, match=r"second\[0\]"):
        qaw.overlaps([(0, 1)], [(2, 1)])

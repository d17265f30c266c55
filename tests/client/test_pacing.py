"""When a chunk of recorded sound leaves: as if it were spoken now, whatever keeps its reader."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets.client.pacing import UploadPace, paced
from qwen_asr_widgets.errors import SettingError

RAMP = np.arange(-8_000, 8_000, dtype=np.int16)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@given(
    st.lists(st.integers(1, 8_000), min_size=1, max_size=10), st.floats(0.25, 8), st.lists(st.floats(0, 2))
)
def test_a_chunk_leaves_when_its_last_sample_would_have_been_spoken(
    sizes: list[int], pace: float, delays: list[float]
) -> None:
    clock = Clock()
    spoken = 0
    late = iter(delays)
    for chunk in paced([np.zeros(n, np.int16) for n in sizes], 16_000, pace, clock, clock.wait):
        spoken += len(chunk)
        due = 100.0 + spoken / (16_000 * pace)
        assert clock.now >= due - 1e-9
        if not delays:
            assert clock.now == pytest.approx(due)
        clock.now += next(late, 0.0)


@pytest.mark.parametrize("pace", [None, 0, 0.0])
def test_without_a_pace_or_at_0_nothing_is_waited_for(pace: float | None) -> None:
    clock = Clock()
    assert len(list(paced([RAMP] * 3, 16_000, pace, clock, clock.wait))) == 3
    assert clock.waits == []


@pytest.mark.parametrize(
    "pace", [False, -1, float("nan"), float("inf"), 10**400, 1e-300, "fast", True, [1.0]]
)
def test_a_pace_that_cannot_be_kept_is_refused_with_its_value_and_the_remedy(pace: Any) -> None:
    refusal = re.escape(f"pace is {pace!r:.60};") + ".*None for as fast as taken"
    with pytest.raises(SettingError, match=refusal) as told:
        paced([RAMP], 16_000, pace)
    assert told.value.param == "pace"


@given(st.lists(st.tuples(st.floats(0, 0.3), st.integers(1, 400_000)), min_size=1, max_size=60))
def test_no_second_carries_more_than_the_upload_pace(frames: list[tuple[float, int]]) -> None:
    pace, now = UploadPace(1_900), 50.0
    written: list[tuple[float, int]] = []
    for pause, size in frames:
        now += pause
        while size:
            count = pace.allowed(size, now)
            now += 0.0 if count else pace.wait(size, now) + 1e-9
            pace.spend(count, now)
            written.append((now, count))
            size -= count
    for start, _ in written:
        assert sum(count for at, count in written if start <= at < start + 1) <= 1_900_000


def test_an_upload_reaches_the_pace_it_may_have() -> None:
    pace, now, left = UploadPace(1_900), 0.0, 19_000_000
    while left:
        count = pace.allowed(left, now)
        pace.spend(count, now)
        left -= count
        now += pace.wait(left, now) + 1e-9
    assert 10.0 <= now < 10.6

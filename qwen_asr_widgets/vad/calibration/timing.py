"""How a service reports positions: its starts and ends beside the speech that our detector finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .track import CAP, HELD, Numbers, Pairs

TOUCHES = 0.02
"""Seconds to the previous end within which a start is reported there."""


@dataclass(frozen=True, eq=False)
class EndFit:
    """What the reported ends tell.

    Parameters
    ----------
    shift : float
        Seconds added to the ends found.
    includes_silence : bool
    floor_ms : int
    costs : ndarray, float64, shape (2, floors)
        Of ends without and with the silence in them, by floor, with what the waits say of the floor.
    shifts : ndarray, float64, shape (2, floors)
        The best shift of each.
    count : int
        Ends that were judged: those of turns closed by silence.
    """

    shift: float
    includes_silence: bool
    floor_ms: int
    costs: Numbers
    shifts: Numbers
    count: int


def fit_ends(
    pairs: Sequence[Pairs], floors: Sequence[int], waits: Numbers, includes: bool | None = None
) -> EndFit:
    """Fit how ends are reported.

    Parameters
    ----------
    pairs : sequence of Pairs
        Of each recording.
    floors : sequence of int
        Floors of the silence to choose from, in milliseconds, 0 first.
    waits : ndarray, float64, shape (floors,)
        What each floor costs by the turns that were found.
    includes : bool or None
        Whether ends contain the silence, where that is known.
    """
    late = np.concatenate([(one.end - one.speech_end)[one.by_silence] for one in pairs])
    asked = np.concatenate([
        np.full(int(one.by_silence.sum()), one.settings.silence_duration_ms) for one in pairs
    ])
    shifts, costs = np.zeros((2, len(floors))), np.zeros((2, len(floors)))
    for k, floor in enumerate(floors):
        for contains in (0, 1):
            rest = late - contains * np.maximum(asked, floor) / 1_000
            shifts[contains, k] = float(np.median(rest)) if len(rest) else 0.0
            costs[contains, k] = capped(rest - shifts[contains, k])
    costs += waits
    allowed = costs.copy()
    if includes is not None:
        allowed[int(not includes)] = np.inf
    equal = allowed <= allowed.min() + 1e-6
    contains = int(not equal[0].any())
    k = plain_or_middle(equal[contains], 0)
    return EndFit(
        round(float(shifts[contains, k]), 6), bool(contains), floors[k], allowed, shifts, len(late)
    )


def plain_or_middle(equal: NDArray[np.bool_], plain: int) -> int:
    """Return the place without a departure where that is one of those that are equal, else their middle."""
    places = np.flatnonzero(equal)
    return plain if equal[plain] else int(places[(len(places) - 1) // 2])


@dataclass(frozen=True, eq=False)
class StartFit:
    """What the reported starts tell.

    Parameters
    ----------
    shift : float
        Seconds added to the starts found.
    overlap : bool
        Whether starts may lie before the end of the turn before.
    held_cost, overlap_cost : float
        Seconds that both explanations are off; equal where nothing tells.
    early : int
        Starts that would lie before that end.
    touch_within : float
        See `Model`.
    touch_low, touch_high : float
        Between these it lies.
    free : int
        Starts that nothing holds back.
    """

    shift: float
    overlap: bool
    held_cost: float
    overlap_cost: float
    early: int
    touch_within: float
    touch_low: float
    touch_high: float
    free: int


def fit_starts(pairs: Sequence[Pairs]) -> StartFit:
    """Fit how starts are reported, given the end that was reported before each."""
    start, before = (np.concatenate([getattr(one, name) for one in pairs]) for name in ("start", "before"))
    found = np.concatenate([one.onset - one.padding for one in pairs])
    is_free = start > before + HELD
    known = (start - found)[is_free] if is_free.any() else start - found
    shift = round(float(np.median(known)), 6) if len(known) else 0.0
    gap = np.maximum(found + shift, 0.0) - before
    follows = before > 0
    early = follows & (gap < -HELD)
    held = capped((start - before)[early])
    overlap = capped((start - before - gap)[early])
    later = follows & (gap > TOUCHES)
    touching = later & (np.abs(start - before) <= TOUCHES)
    within, low, high = _touch_within(gap[later], touching[later])
    unsure = float(np.quantile(np.abs(known - shift), 0.9)) if is_free.any() else 0.0
    low, high = max(low - unsure, 0.0), high + unsure
    return StartFit(
        shift, overlap < held, held, overlap, int(early.sum()), within, low, high, int(is_free.sum())
    )


def _touch_within(gaps: Numbers, touching: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return the distance within which starts touch, and between which values it lies."""
    if not touching.any():
        return 0.0, 0.0, float(gaps.min()) if len(gaps) else np.inf
    order = np.argsort(gaps)
    gaps, touching = gaps[order], touching[order]
    wrong = np.concatenate(([touching.sum()], touching.sum() - np.cumsum(touching) + np.cumsum(~touching)))
    best = np.flatnonzero(wrong == wrong.min())
    edges = np.concatenate(([0.0], gaps, [np.inf]))
    low, high = float(edges[best[0]]), float(edges[best[-1] + 1])
    return (low + high) / 2 if np.isfinite(high) else low + TOUCHES, low, high


def capped(errors: Numbers) -> float:
    """Return the sum of errors in seconds, each at most ``CAP``."""
    return float(np.minimum(np.abs(errors), CAP).sum())

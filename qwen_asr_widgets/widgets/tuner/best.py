"""The best settings of a sweep as the tuner offers them: without cut-offs, unless a limit says otherwise."""

from __future__ import annotations

from dataclasses import replace

from ...vad.sweep.choice import Choice
from ...vad.sweep.result import SweepResult
from ...vad.turns import MAX_TURN_SECONDS


def best_within(result: SweepResult, max_wait: float | None = None, max_cut: float | None = None) -> Choice:
    """Return the settings with the fewest errors within limits.

    Parameters
    ----------
    result : SweepResult
        With a reference.
    max_wait : float, optional
        Longest mean wait in seconds.
    max_cut : float, optional
        Largest share of reference turns that may be cut off, in [0, 1]. Without it none may be, or where
        every setting cuts some off, as few as there can be: a default is no limit for held-out calls.

    Raises
    ------
    SettingError
        No setting keeps to the limits.
    """
    if max_cut is not None:
        return result.best(max_wait, max_cut)
    fewest, = result.at_budget(MAX_TURN_SECONDS if max_wait is None else max_wait)
    found = result.best(max_wait, None if fewest is None else fewest.cut_off_rate)
    if found.held_out is None:
        return found
    return replace(found, within_limits=max_wait is None or found.held_out["wait"] <= max_wait)

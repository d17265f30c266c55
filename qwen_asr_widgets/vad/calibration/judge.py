"""How well a fit holds where it was not fitted: recordings, or parts of them, predicted from the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .fit import Search
from .model import Model
from .timing import TOUCHES
from .track import Numbers, Pairs, Track

FOLDS = 5
PARTS = 3
"""Parts into which a recording is cut that nothing else can stand in for."""
_REFIT_ROUNDS = 2


@dataclass(frozen=True)
class HeldStarts:
    """Starts that lie on the end of the turn before: expected there and reported there.

    Parameters
    ----------
    expected, reported, both : int
        Among the turns that were found one to one on held-out sound.
    """

    expected: int
    reported: int
    both: int

    def __str__(self) -> str:
        return (
            f"{self.expected} starts expected on the end of the turn before, {self.reported} reported there, "
            f"{self.both} of them the same"
        )


@dataclass(frozen=True, eq=False)
class Judged:
    """What held-out sound showed.

    Parameters
    ----------
    errors : ndarray, float64, shape (m,)
        Distances between boundaries in seconds, starts and ends alike.
    agreement : float
        Share of turns found one to one, counted on both sides.
    held : HeldStarts
    """

    errors: Numbers
    agreement: float
    held: HeldStarts


def judge(search: Search, whole: Model) -> Judged:
    """Predict held-out sound from the rest.

    Parameters
    ----------
    search : Search
        In all recordings.
    whole : Model
        What was found there, from which the fits to the rest are begun.
    """
    errors, held, paired, possible = [np.zeros(0)], np.zeros(3, dtype=np.int64), 0, 0
    for model, pairs in _predictions(search, whole):
        starts = model.starts(pairs)
        errors += [pairs.start - starts, pairs.end - model.ends(pairs)]
        follows = pairs.before > 0
        expected, reported = (
            follows & (np.abs(one - pairs.before) <= TOUCHES) for one in (starts, pairs.start)
        )
        held += [expected.sum(), reported.sum(), (expected & reported).sum()]
        paired += 2 * len(pairs.turn)
        possible += pairs.found + pairs.reported
    distances = np.round(np.abs(np.concatenate(errors)), 6).astype(np.float64)
    return Judged(distances, paired / possible if possible else 0.0, HeldStarts(*held.tolist()))


def _predictions(search: Search, whole: Model) -> Iterator[tuple[Model, Pairs]]:
    """Yield each held-out recording or part beside what a fit to the others finds in it.

    Recordings are held out whole where the others still hold its silence and two thresholds, else a part of
    each: what a setting alone can tell must be in every fit.
    """
    tracks = search.tracks
    parts = list(tracks) if _replaceable(tracks) else [part for one in tracks for part in one.parts(PARTS)]
    if len(parts) < 2:
        yield whole, parts[0].pairs(whole.point(parts[0].settings))
        return
    count = min(len(parts), FOLDS if parts[0] is tracks[0] else PARTS)
    for fold in range(count):
        rest = Search([part for k, part in enumerate(parts) if k % count != fold], search.known)
        model = rest.reporting(rest.improved(whole, _REFIT_ROUNDS))
        for part in parts[fold::count]:
            yield model, part.pairs(model.point(part.settings))


def _replaceable(tracks: Sequence[Track]) -> bool:
    """Tell whether the others of each recording hold its silence, and two thresholds where there are two."""
    settings = [track.settings for track in tracks]
    wanted = min(2, len({one.threshold for one in settings}))
    for number, one in enumerate(settings):
        others = settings[:number] + settings[number + 1:]
        told = len({other.threshold for other in others}) >= wanted
        if not told or one.silence_duration_ms not in {other.silence_duration_ms for other in others}:
            return False
    return len(tracks) >= 3

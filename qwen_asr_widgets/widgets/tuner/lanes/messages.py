"""How the second lane and the other speaker travel to a page; positions are samples at 16 kHz in int32.

* ``second``: how the second lane hears, what it could hear with, and what the settings tried do there.
  Buffers as of ``judged``: turns, errors, their kinds.
* ``second-scores``: its scores, float32.
* ``speaker``: the other channel of a call. Buffers: its turns; where both speak (start, end); backchannels
  and interruptions (start, end), their kinds (uint8, index in ``KINDS``) and whose they are (uint8: 1 the
  other's).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....audio.condition import LEVEL_RANGE_DB, SNR_RANGE_DB, Condition
from ....vad.evaluation.matching import to_samples
from ....vad.evaluation.overlaps import KINDS, Overlaps
from ...shared.throttle import Message
from ..messages import figures, problems_bytes, settings_state, turns_bytes
from ..model import TunerModel


def second_message(model: TunerModel, serial: int | None = None) -> Message:
    """Return how the second lane hears, and what the settings tried do with what it hears."""
    hearing = model.second.hearing
    judged = model.judged_second()
    reach = model.second.reach(model.case, model.settings, model.estimator)
    content = {
        "kind": "second", "serial": serial, "on": hearing.differs, "busy": hearing.differs and judged is None,
        "detector": hearing.name, "detectors": model.second.detectors, "threshold": hearing.threshold,
        "condition": condition_state(hearing.condition), "name": str(hearing.condition),
        "recorded": None if model.noise is None else model.noise.origin.name,
        "ranges": {"snr": SNR_RANGE_DB, "level": LEVEL_RANGE_DB},
        "settings": None if judged is None else settings_state(judged.settings),
        "figures": None if judged is None else figures(judged.measures, judged.wait),
        "reach": None if reach is None else [[snr, found.errors] for snr, found in sorted(reach.items())],
    }
    if judged is None:
        return content, []
    return content, [turns_bytes(judged.turns), *problems_bytes(judged.measures.problems)]


def condition_state(condition: Condition) -> dict[str, Any]:
    """Return a condition as the page's controls show it."""
    made = condition.noise is None or isinstance(condition.noise, str)
    return {
        "noise": (condition.noise or "none") if made else "recorded", "snr": condition.snr_db,
        "level": condition.level_db, "telephone": condition.telephone,
    }


def second_scores(model: TunerModel) -> list[Message]:
    """Return the scores of the second lane; nothing where there are none."""
    scores = model.second.scores(model.case)
    if scores is None:
        return []
    return [({"kind": "second-scores", "hop": scores.hop}, [scores.values.tobytes()])]


def judged_lanes(model: TunerModel) -> list[Message]:
    """Return what the settings tried do in the lanes that there are besides the clip's own."""
    second = [second_message(model)] if model.second.hearing.differs else []
    return [*second, *speaker_messages(model)]


def speaker_messages(model: TunerModel) -> list[Message]:
    """Return what the other channel of the call does; nothing where the clip in sight has none."""
    other = model.other_speaker()
    if other is None:
        return []
    content = {
        "kind": "speaker", "name": other.name, "tried": _counts(other.tried),
        "true": None if other.true is None else _counts(other.true),
    }
    events = other.tried.events
    return [(content, [
        turns_bytes(other.turns), _bytes(other.tried.stretches),
        _bytes([(event.start, event.end) for event in events]),
        np.array([KINDS.index(event.kind) for event in events], np.uint8).tobytes(),
        np.array([event.speaker == other.tried.speakers[1] for event in events], np.uint8).tobytes(),
    ])]


def _counts(found: Overlaps) -> dict[str, Any]:
    return {
        "seconds": found.seconds, "share": found.share,
        **{f"{kind}s": [found.count(kind, name) for name in found.speakers] for kind in KINDS},
    }


def _bytes(spans: Sequence[tuple[float, float]]) -> bytes:
    return to_samples(spans).astype(np.int32).tobytes()

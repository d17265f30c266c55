"""What pages are told of the ends of turns: pauses and what is said at them, the policy, the trade-off.

* ``ends``: what decides, the pauses of the clip in sight and what a model says at them, and how sure that is.
  Buffers: a row for each pause judged, holds first: start, end, start of the speech before it, number of the
  turn (int32, samples); speaker of each (uint8, an index); the turns (int32 pairs); probabilities (float32).
* ``asking``: how many pauses a model has been asked about.
* ``policy``: the three handles. ``traded``: the trade-off, and the policy found for a purpose.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....audio.units import SAMPLE_RATE
from ....vad.pauses import NEUTRAL_THRESHOLD
from ....vad.trade_off.curves import OperatingPoint
from ....vad.trade_off.policy import Policy, in_samples
from ....vad.trade_off.trade_off import HOLD_RANGE
from ...shared.throttle import Message
from ..changes import Change, ReferenceEdited, Scored
from ..model import TunerModel
from .changes import EndsAsked, EndsChanged, PolicyTried, Traded
from .ends import DELAY_RANGE, TIME_OUT_RANGE, TurnEnds
from .purposes import PURPOSES
from .reading import Reading
from .synthetic import is_synthetic

MOST_SPEAKERS = 200
"""Speakers told apart in the page; the others count together with the last of them."""


class TurnEndsView:
    """Says `TurnEnds` in messages; a part of the tuner's view.

    Parameters
    ----------
    model : TunerModel
    ends : TurnEnds
        Both are only read.
    """

    def __init__(self, model: TunerModel, ends: TurnEnds) -> None:
        self._model = model
        self._ends = ends

    def opening(self) -> list[Message]:
        """Return everything a page needs."""
        return [self._about(), *self._trade_off()]

    def told(self, change: Change) -> list[Message]:
        """Return what pages are to know of a change."""
        with self._model.lock:
            match change:
                case EndsChanged() | ReferenceEdited() | Scored():
                    return [self._about(), *self._trade_off()]
                case EndsAsked(done, count):
                    return [({"kind": "asking", "done": done, "count": count}, [])]
                case PolicyTried(serial):
                    policy = policy_state(self._ends.policy)
                    return [({"kind": "policy", "policy": policy, "serial": serial}, [])]
                case Traded():
                    return self._trade_off()
        return []

    def _about(self) -> Message:
        ends = self._ends
        reading, model = ends.reading(), ends.end_of_turn
        hears = model is not None and model.needs_sound
        content = {
            "kind": "ends", "detector": ends.detector, "detectors": list(ends.detectors),
            "policy": policy_state(ends.policy),
            "ranges": {"delay": (ends.least_delay, DELAY_RANGE[1]), "time_out": TIME_OUT_RANGE},
            "asking": ends.is_asking, "problem": ends.problem,
            "synthetic": hears and is_synthetic(self._model.case.clip),
            "purposes": {k: {"limited": one.limited, "limit": one.limit} for k, one in PURPOSES.items()},
            "instants": [] if model is None else in_samples(np.array(model.instants)).tolist(),
            **_pauses_state(reading),
        }
        return content, _pauses_bytes(reading, model is not None)

    def _trade_off(self) -> list[Message]:
        ends = self._ends
        found = ends.traded
        aim = ends.aim
        if found is None:
            return []
        curves = {
            name: [(point.latency, point.cut_off_rate) for point in found.pareto(name)]
            for name in found.detectors
        }
        chosen = None if aim is None else {
            "purpose": aim.purpose, "limit": aim.limit,
            "point": None if aim.point is None else point_state(aim.point),
        }
        content = {
            "kind": "traded", "curves": curves, "holds": found.holds, "ends": found.ends,
            "clips": len(found.clips), "chosen": chosen,
        }
        return [(content, [])]


def policy_state(policy: Policy) -> dict[str, Any]:
    """Return a policy as a page takes it: seconds, and None for no threshold."""
    threshold = None if math.isnan(policy.threshold) else policy.threshold
    return {"threshold": threshold, "delay": policy.action_delay, "timeOut": policy.time_out}


def point_state(point: OperatingPoint) -> dict[str, Any]:
    """Return an operating point as values, which the page says in its language."""
    edges = [edge if math.isfinite(edge) else None for edge in point.interval]
    return {
        "policy": policy_state(point.policy), "cut_off": point.cut_off_rate, "latency": point.latency,
        "holds": point.holds, "ends": point.ends, "interval": None if None in edges else edges,
        "held_out": point.held_out if math.isfinite(point.held_out) else None,
    }


def _pauses_state(reading: Reading | None) -> dict[str, Any]:
    """Return what is to be said of the pauses; without a reference that there are none."""
    if reading is None:
        return {"known": False, "given": False, "threshold": NEUTRAL_THRESHOLD, "holds": 0, "length": 0,
                "speakers": [], "left_out": 0, "range": HOLD_RANGE}
    judged = reading.judged
    return {
        "known": True, "given": reading.is_given, "threshold": NEUTRAL_THRESHOLD, "holds": len(judged.holds),
        "length": int(in_samples(np.array(reading.pauses.duration))), "range": HOLD_RANGE,
        "speakers": list(reading.pauses.speakers[:MOST_SPEAKERS]),
        "left_out": len(reading.pauses.holds) - len(judged.holds),
    }


def _pauses_bytes(reading: Reading | None, asks: bool) -> list[bytes]:
    """Return the pauses judged and what is said at them as binary."""
    if reading is None:
        return [b""] * 4
    judged = reading.judged
    rows = np.concatenate([
        np.column_stack([judged.holds, judged.hold_since, judged.hold_turn]),
        np.column_stack([judged.ends, judged.end_since, judged.end_turn]),
    ])
    names = {name: min(k, MOST_SPEAKERS - 1) for k, name in enumerate(reading.pauses.speakers)}
    speakers = np.array([names[pause.speaker] for pause in reading.asked], dtype=np.uint8)
    turns = np.array([(turn.start, turn.end) for turn in reading.pauses.turns]).reshape(-1, 2) * SAMPLE_RATE
    said = reading.said() if asks else None
    return [
        rows.astype(np.int32).tobytes(), speakers.tobytes(), np.rint(turns).astype(np.int32).tobytes(),
        b"" if said is None else said.tobytes(),
    ]

"""What pages are told of a tuner: everything when they open, and what has changed since.

Kernel to page, beside the sound (see `Shown`):

* ``tuner``: what does not change while one drags: clips, ranges, presets, what is in force, the turns that
  the service reported.
* ``reference``, ``scores``: what the page finds and measures turns with, on its own, under the hand.
* ``judged``: turns, errors and figures of the settings tried; ``differences`` from the service's turns.
  ``tried``: settings were taken that are judged as soon as there are scores.
* ``sweep``, ``best``, ``verifying``, ``verify``: sweeps and replays, under way and done.
* ``explanation``, ``cues``, ``file``: answers; ``tuner-problem``: what could not be done, in one sentence.
* ``second``, ``second-scores``, ``speaker``: see ``lanes/messages.py``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ...audio.units import SAMPLE_RATE
from ...client.named_endpoints import dashscope
from ...vad.evaluation.metrics import total
from ...vad.labels.formats import FORMATS
from ...vad.turns import PADDING_RANGE_MS, SILENCE_RANGE_MS, THRESHOLD_RANGE, TurnDetection
from ..shared.shown import Shown
from ..shared.throttle import Message
from .case import Case
from .changes import (
    Change, ClipChosen, Failed, InForce, ReferenceEdited, Replayed, Replaying, Scored, ScoresGrew, Swept,
    HeardOtherwise, Tried,
)
from .exports import CODE_KINDS, settings_code
from .lanes.messages import judged_lanes, second_message, second_scores
from .messages import (
    agreement_state, best_state, difference_message, figures, judged_message, reference_message,
    scores_message, settings_state, sweep_message,
)
from .model import TunerModel
from .why import why_state

logger = logging.getLogger("qwen_asr_widgets")

PRESETS = {"low": TurnDetection(0.0, 400), "balanced": TurnDetection(0.2, 800)}
"""The two that the service's documentation recommends; each keeps the padding in use."""

CLOUDS = ("beijing", "singapore")
"""Regions offered for a replay, beside the tuner's endpoint."""


class ViewPart(Protocol):
    """A part of the tuner's view, with messages of its own."""

    def opening(self) -> list[Message]: ...

    def told(self, change: Change) -> list[Message]: ...


class TunerView:
    """Says a tuner's model in messages; a `ViewModel`.

    Parameters
    ----------
    model : TunerModel
        Read only.
    parts : sequence of ViewPart
        What is told with every opening and change.

    Attributes
    ----------
    hears : bool
        Whether pages are told with each judgement where endpoints come, because somebody listens.
    shown : Shown
        The sound of the clip in sight.

    Examples
    --------
    >>> from qwen_asr_widgets import sample
    >>> from qwen_asr_widgets.widgets.tuner.sources import open_cases
    >>> model = TunerModel(open_cases(sample("noisy"), None))
    >>> [content["kind"] for content, _ in TunerView(model).told(Tried(serial=1))]
    ['judged']
    """

    growing = False
    """The sound is whole from the beginning."""

    def __init__(self, model: TunerModel, parts: Sequence[ViewPart] = ()) -> None:
        self._model = model
        self._parts = tuple(parts)
        self.hears = False
        self.shown = _shown(model.case)

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        sound = self.shown.opening()
        with self._model.lock:
            case = self._model.case
            return [
                *sound, self.about(), reference_message(case), *_scores(case), *self.judgement(),
                self.replays(), *self.sweep(), *second_scores(self._model), second_message(self._model),
                *(each for part in self._parts for each in part.opening()),
            ]

    def changes(self) -> list[Message]:
        """Return what the sound has gained: nothing, it is whole."""
        return []

    def told(self, change: Change) -> list[Message]:
        """Return what pages are to know of a change."""
        if isinstance(change, ClipChosen):
            self.shown = _shown(self._model.case)
            return self.opening()
        return [*self._told(change), *(each for part in self._parts for each in part.told(change))]

    def _told(self, change: Change) -> list[Message]:
        with self._model.lock:
            match change:
                case Tried(serial):
                    return self.judgement(serial)
                case InForce():
                    return [self.about(), *self.judgement()]
                case ReferenceEdited():
                    return [reference_message(self._model.case), *self.judgement()]
                case ScoresGrew(case, first):
                    return _scores(case, first) if case is self._model.case else []
                case Scored(case, last):
                    return self.judgement() if last or case is self._model.case else []
                case Swept():
                    return self.sweep()
                case Replaying():
                    return [self._replaying(change)]
                case Replayed():
                    return [self.about(), *self.judgement(), self.replays()]
                case HeardOtherwise(serial):
                    return [*second_scores(self._model), second_message(self._model, serial)]
                case Failed(sentence):
                    return [self.problem(sentence)]
        return []

    def problem(self, sentence: str) -> Message:
        """Return what could not be done."""
        logger.info("the tuner: %s", sentence)
        return {"kind": "tuner-problem", "text": sentence}, []

    # What does not change while one drags.

    def about(self) -> Message:
        """Return clips, ranges, presets, what is in force, what the service did, and what turns are worth."""
        model = self._model
        fit = model.estimator.calibration
        content = {
            "kind": "tuner", "at": model.at, "in_force": settings_state(model.in_force),
            "settings": settings_state(model.settings),
            "cases": [{"name": one.name, "duration": one.clip.duration} for one in model.cases],
            "label_formats": list(FORMATS),
            "presets": {name: settings_state(one) for name, one in PRESETS.items()},
            "ranges": {
                "threshold": THRESHOLD_RANGE, "silence": SILENCE_RANGE_MS, "padding": PADDING_RANGE_MS,
            },
            "estimate": model.estimate_kind, "fit": None if fit is None else {
                "error": fit.boundary_error, "turns": fit.turns, "agreement": fit.agreement,
                "floor": fit.floor_ms, "seen": {
                    name: [min(values), max(values)] for name, values in (
                        ("threshold", fit.thresholds), ("silence", fit.silences), ("padding", fit.paddings),
                    )
                },
            },
            "service": _service_state(model.case), "overhead": self._overhead_state(),
        }
        return content, []

    def _overhead_state(self) -> dict[str, Any]:
        model, overhead = self._model, self._model.case.overhead
        extra = model.estimator.extra_wait(model.in_force)
        return {
            "endpoint": overhead.endpoint + extra, "decode": overhead.decode, "n": overhead.n,
            "seconds": overhead.seconds + extra,
        }

    # What settings do.

    def judgement(self, serial: int | None = None) -> list[Message]:
        """Return what the settings tried do; before the clip in sight is scored only that they were taken."""
        model, case = self._model, self._model.case
        if case.scores is None:
            return [] if serial is None else [({"kind": "tried", "serial": serial}, [])]
        judged = model.judged()
        code = {kind: settings_code(model.settings, kind) for kind in CODE_KINDS}
        more = {"serial": serial, "code": code, "table": self._table()}
        messages = [judged_message(case, judged, model.judged_in_force(), **more)]
        if serial is None:
            messages.append(difference_message(case, judged))
        if self.hears:
            messages.append(self._cues())
        return [*messages, *judged_lanes(model)]

    def differences(self) -> list[Message]:
        """Return where turns differ from the service's: asked for when a drag rests."""
        with self._model.lock:
            case = self._model.case
            return [] if case.scores is None else [difference_message(case, self._model.judged())]

    def _table(self) -> list[dict[str, Any]] | None:
        """Return the figures of every clip and of all together, where there are several."""
        model = self._model
        if len(model.cases) < 2:
            return None
        known = [index for index, case in enumerate(model.cases) if case.scores is not None]
        pairs = [(model.judged(index), model.judged_in_force(index)) for index in known]
        rows: list[dict[str, Any]] = [
            {"case": index, "figures": figures(tried.measures, tried.wait),
             "was": figures(before.measures, before.wait)}
            for index, (tried, before) in zip(known, pairs)
        ]
        if len(known) == len(model.cases):
            now, was = (total(judged.measures for judged in side) for side in zip(*pairs))
            rows.append({
                "case": None, "figures": figures(now, model.total_wait(now)),
                "was": figures(was, model.total_wait(was)),
            })
        return rows

    def explanation(self, index: int | None, start: float, end: float, kind: str) -> list[Message]:
        """Return why a turn is wrong; nothing for an error that settings tried since have healed."""
        model = self._model
        with model.lock:
            scores = model.case.scores
            problems = model.judged().measures.problems if scores is not None else ()
            asked = [one for one in problems if (one.start, one.end, one.kind) == (start, end, kind)]
            if scores is None or not asked:
                return []
            why = model.explanations(asked[0])[0]
            state = why_state(why, model.settings, model.estimator, scores)
        return [({"kind": "explanation", "error": index, **state}, [])]

    def hear(self, on: bool) -> list[Message]:
        """Tell with each judgement from now on where endpoints come, or no longer."""
        self.hears = on
        return [self._cues()] if on and self._model.case.scores is not None else []

    def _cues(self) -> Message:
        """Return the samples at which endpoints come, by the settings in force (A) and those tried (B)."""
        buffers = [
            np.array([cue.sample for cue in self._model.cues(one)], np.int32).tobytes()
            for one in (self._model.in_force, self._model.settings)
        ]
        return {"kind": "cues", "rate": SAMPLE_RATE}, buffers

    # Sweeps and replays.

    def sweep(self) -> list[Message]:
        """Return the last sweep and the best of it."""
        with self._model.lock:
            result, choice = self._model.sweep_result, self._model.choice
        if result is None:
            return []
        return [sweep_message(result), ({"kind": "best", "best": best_state(choice)}, [])]

    def sweeping(self, share: float) -> Message:
        """Return how far a sweep is, in [0, 1]."""
        return {"kind": "sweep", "state": "running", "done": share}, []

    def _replaying(self, now: Replaying) -> Message:
        content = {
            "kind": "verifying", "seconds": now.seconds, "total": now.case.clip.duration,
            "which": f"{now.number}/{now.count}", "clip": self._name_among(now.case),
            "settings": settings_state(now.settings),
        }
        return content, []

    def replays(self) -> Message:
        """Return which services can be asked for a replay, and what was found by those before."""
        found = [
            {"clip": self._name_among(case), "settings": settings_state(one.settings),
             "engine": one.recording.info.engine, **agreement_state(one.agreement)}
            for case, one in self._model.replays
        ]
        return {"kind": "verify", "endpoints": self._endpoint_states(), "results": found}, []

    def _endpoint_states(self) -> list[dict[str, Any]]:
        """Return the endpoints offered, with what the clip in sight and all clips would cost there."""
        from ...client.prices import endpoint_prices

        model = self._model
        choices = [("given", model.endpoint)]
        choices += [(name, dashscope(name)) for name in CLOUDS if dashscope(name) != model.endpoint]
        here, together = model.case.clip.duration, sum(case.clip.duration for case in model.cases)
        return [
            {"id": name, "name": where.name, "cloud": not where.is_loopback,
             "price": [{"cost": price.cost(here), "all": price.cost(together), "currency": price.currency,
                        "source": str(price)} for price in endpoint_prices(where)]}
            for name, where in choices
        ]

    def _name_among(self, case: Case) -> str:
        """Return the name of a clip where there are others to tell it from."""
        return case.name if len(self._model.cases) > 1 else ""


def _shown(case: Case) -> Shown:
    return Shown(None, case.clip, case.name)


def _scores(case: Case, first: int = 0) -> list[Message]:
    """Return the scores of a clip from a frame on, as far as there are any."""
    if case.scores is not None:
        return [scores_message(case.scores, first)]
    if case.growing is not None:
        return [scores_message(case.growing.scores, first, case.growing.frames)]
    return []


def _service_state(case: Case) -> dict[str, Any] | None:
    service = case.service
    if service is None:
        return None
    return {
        "settings": None if service.settings is None else settings_state(service.settings),
        "name": service.name, "replayed": service.replayed,
        "turns": [[turn.onset, turn.end] for turn in service.turns],
    }

"""The tuner's longer trials: sweeping the settings, choosing the best, and verifying by replay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import SettingError
from ...client.endpoints import Endpoint, dashscope, resolve_endpoint
from ...vad.sweep.choice import Choice
from ...vad.sweep.sweep import SILENCES, THRESHOLDS, Progress, make_grid, sweep
from ...vad.sweep.result import SweepResult
from ...vad.turns import TurnDetection
from ..shared.throttle import Message
from .case import Case
from .messages import best_state, settings_state, sweep_message
from .sources import is_exact
from .view import TunerView

if TYPE_CHECKING:
    from ...protocol.config import SessionConfig
    from ...recording.verification import Agreement, Pace, Verification

CLOUDS = ("beijing", "singapore")
SWEEP_STEPS = 20
"""Progress messages of a sweep."""


def agreement_state(found: Agreement) -> dict[str, Any]:
    """Return an agreement as values, which the view says in its language."""
    return {
        "exact": found.exact, "share": found.share, "median": found.boundary_error,
        "p90": found.boundary_error_p90, "expected": found.expected, "real": found.real,
    }


class Trials(TunerView):
    """The part of `VadTuner` that takes its time: on a thread where a view asks for it."""

    def __init__(self, cases: Any, *, config: SessionConfig | None, **options: Any) -> None:
        self._config = config
        self._sweep: SweepResult | None = None
        self._best: Choice | None = None
        self._replays: list[tuple[Case, Verification]] = []
        super().__init__(cases, **options)

    # Sweep.

    def sweep(
        self, thresholds: Iterable[float] = THRESHOLDS, silences: Iterable[float] = SILENCES,
        executor: Executor | None = None, progress: Progress = False,
    ) -> SweepResult:
        """Measure all clips at every combination of settings, and show it.

        Parameters
        ----------
        thresholds, silences : iterable of numbers
            What to try; the padding stays.
        executor : concurrent.futures.Executor, optional
            Where to work, see ``sweep``.
        progress : bool or callable
            See ``sweep``.
        """
        wanted = make_grid(thresholds, silences, [self.settings.prefix_padding_ms])
        of_thresholds, of_silences = self._estimator.our_grid(wanted.thresholds, wanted.silences)
        found = sweep(
            [self._scores_of(case) for case in self._cases], of_thresholds, of_silences, wanted.paddings,
            [case.reference for case in self._cases] if len(self._cases) > 1 else self.case.reference,
            executor, progress, overhead=self.case.overhead.seconds + self._estimator.extra_wait,
        )
        self._sweep, self._best = self._estimator.named(found, of_thresholds, of_silences), None
        if self._sweep.has_reference and self._sweep.total("coverage").max() >= 0.5:
            self._best = self._sweep.best()
        self.page.tell_all(self._sweep_messages())
        return self._sweep

    def best(self, max_wait: float | None = None, max_cut: float | None = None) -> Choice:
        """Take the settings with the fewest errors within limits, sweeping first where that was not done.

        Parameters
        ----------
        max_wait : float, optional
            Longest mean wait in seconds.
        max_cut : float, optional
            Largest share of reference turns that may be cut off, in [0, 1].
        """
        self._best = (self._sweep or self.sweep()).best(max_wait, max_cut)
        self.settings = self._best.settings
        self.page.tell_all(self._sweep_messages())
        return self._best

    def _sweep_messages(self) -> list[Message]:
        if self._sweep is None:
            return []
        return [sweep_message(self._sweep), ({"kind": "best", "best": best_state(self._best)}, [])]

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        return [*super().opening(), self._verify_state(), *self._sweep_messages()]

    # Verify.

    @property
    def verifications(self) -> list[Verification]:
        """Every replay so far."""
        return [done for _, done in self._replays]

    def verify(
        self, settings: TurnDetection | Sequence[TurnDetection] | None = None,
        endpoint: Endpoint | str | None = None, *, all_clips: bool = False, pace: Pace = "auto",
        max_cost: float | None = None,
    ) -> Verification:
        """Replay the clip in sight, or all, through a service and show what it really does.

        Parameters
        ----------
        settings : TurnDetection or sequence of them, optional
            By default those tried.
        endpoint : Endpoint or str, optional
            By default the tuner's.
        all_clips : bool
            Whether every clip of the tuner is replayed, one after the other; else the one in sight alone.
        pace, max_cost
            See ``recording.verification.verify``; the cap is for all replays together.

        Returns
        -------
        Verification
            The last one; all are in ``verifications``.
        """
        one = settings is None or isinstance(settings, TurnDetection)
        wanted: Any = [settings or self.settings] if one else settings
        if not wanted:
            raise SettingError("There are no settings to verify.", "settings")
        where = self._endpoint if endpoint is None else resolve_endpoint(endpoint)
        replays = [(case, one) for case in (self._cases if all_clips else [self.case]) for one in wanted]
        seconds = sum(case.clip.duration for case, _ in replays)
        for number, (case, one) in enumerate(replays, 1):
            share = None if max_cost is None else max_cost * case.clip.duration / seconds
            self._verify_one(case, one, where, pace, share, f"{number}/{len(replays)}")
            if self._work.cancelled and self._work.busy:
                break
        return self.verifications[-1]

    def _verify_one(
        self, case: Case, settings: TurnDetection, endpoint: Endpoint, pace: Pace, cap: float | None,
        which: str,
    ) -> None:
        from ...recording.verification import verify

        told = -1.0

        def tell(seconds: float) -> None:
            nonlocal told
            if seconds - told >= case.clip.duration / 50:
                told = seconds
                self.page.tell({
                    "kind": "verifying", "seconds": seconds, "total": case.clip.duration, "which": which,
                    "clip": self._name_among(case), "settings": settings_state(settings),
                })

        tell(0.0)
        stops = self._work
        done = verify(
            case.clip, settings, endpoint, self._config, pace=pace, max_cost=cap,
            calibration=self._estimator.calibration, on_progress=tell,
            cancelled=lambda: stops.busy and stops.cancelled,
        )
        self._replays.append((case, done))
        case.service, case.service_settings = done.turns, settings
        case.service_name, case.exact = done.recording.info.engine, is_exact(done.recording)
        with self.page.order:
            self.page.tell_all([(self._state(), []), *self._judgement(), self._verify_state()])
        self.saved.refresh()

    def _name_among(self, case: Case) -> str:
        """Return the name of a clip where there are others to tell it from."""
        return case.name if len(self._cases) > 1 else ""

    def _verify_state(self) -> Message:
        """Return what can be asked for a replay, and what was found by those before."""
        from ...recording.verification import replay_prices

        choices = [("given", self._endpoint)]
        choices += [(name, dashscope(name)) for name in CLOUDS if dashscope(name) != self._endpoint]
        duration = self.case.clip.duration
        together = sum(case.clip.duration for case in self._cases)
        endpoints = [
            {"id": name, "name": where.name, "cloud": not where.is_loopback,
             "price": [{"cost": price.cost(duration), "all": price.cost(together),
                        "currency": price.currency, "source": str(price)} for price in replay_prices(where)]}
            for name, where in choices
        ]
        results = [
            {"clip": self._name_among(case), "settings": settings_state(one.settings),
             "engine": one.recording.info.engine, **agreement_state(one.agreement)}
            for case, one in self._replays
        ]
        return {"kind": "verify", "endpoints": endpoints, "results": results}, []

    # What views ask, beyond trying.

    def _on_sweep(self, content: dict[str, Any]) -> list[Message]:
        def tell(done: int, steps: int) -> None:
            if done * SWEEP_STEPS // steps != (done - 1) * SWEEP_STEPS // steps:
                self.page.tell({"kind": "sweep", "state": "running", "done": done / steps}, [])

        started = self._work.start("sweep", lambda: self.sweep(progress=tell))
        return [({"kind": "sweep", "state": "running", "done": 0.0}, [])] if started else [self._busy()]

    def _on_best(self, content: dict[str, Any]) -> list[Message]:
        limits = (content.get("max_wait"), content.get("max_cut"))
        started = self._work.start("choice", lambda: self.best(*limits))
        return [] if started else [self._busy()]

    def _on_verify(self, content: dict[str, Any]) -> list[Message]:
        name = content.get("endpoint")
        endpoint = self._endpoint if name not in CLOUDS else dashscope(str(name))
        settings = self._asked_for(str(content.get("which")))
        more: Any = {"all_clips": content.get("clips") == "all", "max_cost": content.get("max_cost")}
        started = self._work.start("replay", lambda: self.verify(settings, endpoint, **more))
        return [] if started else [self._busy()]

    def _asked_for(self, which: str) -> list[TurnDetection]:
        """Return the settings a view wants verified."""
        if which == "in_force":
            return [self.in_force]
        if which == "corners":
            if self._sweep is None or not self._sweep.has_reference:
                raise SettingError("Sweep first: the corner points are those of the sweep.")
            front = self._sweep.pareto()
            ends = [front[0].settings, front[-1].settings] if front else []
            found = [*ends, *([self._best.settings] if self._best else []), self.settings]
            padded = [replace(one, prefix_padding_ms=self.settings.prefix_padding_ms) for one in found]
            return list(dict.fromkeys(padded))
        return [self.settings]

    def _on_cancel(self, content: dict[str, Any]) -> list[Message]:
        self._work.cancel()
        return []

    def _busy(self) -> Message:
        return {"kind": "tuner-problem", "text": f"The {self._work.name} still runs; wait or cancel it."}, []

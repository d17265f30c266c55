"""What a tuner knows and works out, without a page: clips and labels, settings, scores, sweeps and replays.

What follows from what::

    clips, labels ──> Case ──> scores (in the background for long sound) ──> sweep ──> best
                                  │
    settings, Estimator ──────────┴──> Judgement: turns, measures, wait ──> explanations, verify

Python and the pages call the same methods. After each of them every subscriber is told what has changed, as
one of the values of `changes`; it reads the rest from the model.

One lock guards what is known. It is held for no longer than it takes to look something up or to judge a clip
(milliseconds), never while scores are waited for, a sweep runs or a service is asked. Subscribers are told
without it, and may take it so that what they read belongs together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ...client.endpoints import Endpoint
from ...client.named_endpoints import resolve_endpoint
from ...errors import SettingError
from ...vad.evaluation.cues import Cue, cue_times
from ...vad.evaluation.explain import Explanation, explain
from ...vad.evaluation.metrics import Measures, total
from ...vad.evaluation.measures import Problem
from ...vad.labels.editor import LabelEditor
from ...vad.scoring.frames import SpeechScores
from ...vad.scoring.scores import speech_scores
from ...vad.sweep.choice import Choice
from ...vad.sweep.result import SweepResult
from ...vad.sweep.sweep import SILENCES, THRESHOLDS, SweepProgress, make_grid, sweep
from ...vad.turns import TurnDetection, detect_turns
from .best import best_within
from .case import Case, Growing, Judgement, ServiceTurns
from .changes import (
    Change, ClipChosen, Failed, InForce, ReferenceEdited, Replayed, Replaying, Scored, ScoresGrew, Swept,
    Tried,
)
from .estimate import Estimator
from .lanes.other_speaker import OtherSpeaker, other_channel, other_speaker
from .lanes.second_lane import Hearing, SecondLane
from .sources import check_limit, checked_config, checked_settings
from .work import Work

if TYPE_CHECKING:
    from ...audio.clip import AudioClip
    from ...protocol.config import SessionConfig
    from ...recording.verification import Pace, Verification
    from ...vad.calibration.calibrate import Calibration

AT_ONCE_SECONDS = 120.0
"""Sound of this length is scored (0.1 s) before anything is shown; more of it while it is shown."""

LABELLED_ENOUGH = 0.5
"""Share of the sound that must be labelled for a sweep to name the best settings by itself."""

PROGRESS_STEPS = 50
"""Times that a replay says how far it is."""


class Replay(NamedTuple):
    """A clip and what a service did with it."""

    case: Case
    verification: Verification


class TunerModel:
    """Clips, settings and what they make of each other. Thread-safe; knows no page and no widget.

    Parameters
    ----------
    cases : sequence of Case
        The clips, at least one; the first is in sight.
    settings : TurnDetection, optional
        What is tried; by default what is in force.
    in_force : TurnDetection, optional
        What changes are compared with; by default the recording's, else the service's default.
    endpoint : Endpoint or str, optional
        The service meant, see `resolve_endpoint`.
    config : SessionConfig, optional
        Language and context for replays.
    calibration : Calibration, optional
        A good fit to that service.
    noise : AudioClip, optional
        A recorded noise that pages offer.

    Attributes
    ----------
    lock : threading.RLock
        Whoever reads several things that must belong together holds it; briefly.
    cases : tuple of Case
    estimator : Estimator
    endpoint : Endpoint
    sweep_result : SweepResult or None
        Of the last sweep.
    choice : Choice or None
        The best settings of it; None where nothing tells which they are.
    second : SecondLane
        The clip in sight, heard otherwise.
    noise : AudioClip or None

    Examples
    --------
    >>> from qwen_asr_widgets import sample
    >>> from qwen_asr_widgets.widgets.tuner.sources import open_cases
    >>> model, changes = TunerModel(open_cases(sample("noisy"), None)), []
    >>> model.subscribe(changes.append)
    >>> model.try_settings(TurnDetection(0.0, 400))
    >>> changes, len(model.judged().turns)
    ([Tried(serial=None)], 7)
    """

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        settings: TurnDetection | None = None,
        in_force: TurnDetection | None = None,
        endpoint: Endpoint | str | None = None,
        config: SessionConfig | None = None,
        calibration: Calibration | None = None,
        noise: AudioClip | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.cases = tuple(cases)
        self.estimator = Estimator.of(calibration)
        self.endpoint = resolve_endpoint(endpoint)
        self.sweep_result: SweepResult | None = None
        self.choice: Choice | None = None
        self._config = checked_config(config)
        self._at = 0
        reported = self.cases[0].service
        usual = (reported.settings if reported is not None else None) or TurnDetection()
        self._in_force = usual if in_force is None else checked_settings(in_force, "in_force")
        self._settings = self._in_force if settings is None else checked_settings(settings)
        self._judgements: dict[tuple[str, int], Judgement] = {}
        self._replays: list[Replay] = []
        self._subscribers: list[Callable[[Change], object]] = []
        self.noise = noise
        self.second = SecondLane(self._say, lambda sentence: self._say(Failed(sentence)))
        self._scoring = Work(lambda sentence: self._say(Failed(sentence)))
        if sum(case.clip.duration for case in self.cases) <= AT_ONCE_SECONDS:
            self._score_all()
        else:
            self._scoring.start("scores", self._score_all)

    def subscribe(self, told: Callable[[Change], object]) -> None:
        """Call ``told`` with every change from now on, on the thread that made the change."""
        self._subscribers.append(told)

    def _say(self, change: Change) -> None:
        for told in list(self._subscribers):
            told(change)

    def close(self) -> None:
        """End what is computed in the background, and tell nobody any more."""
        self._subscribers.clear()
        self._scoring.cancel()
        self.second.close()

    # Which clip is in sight, and what is tried on it.

    @property
    def at(self) -> int:
        """The index of the clip in sight."""
        return self._at

    @property
    def case(self) -> Case:
        """The clip in sight."""
        return self.cases[self._at]

    def show_case(self, index: int) -> None:
        """Put another clip in sight.

        Raises
        ------
        SettingError
            There is no such clip.
        """
        if not 0 <= index < len(self.cases):
            raise SettingError(f"There is no clip {index}; there are {len(self.cases)}, counted from 0.")
        with self.lock:
            self._at = index
        self._say(ClipChosen())

    @property
    def settings(self) -> TurnDetection:
        """What is tried."""
        return self._settings

    def try_settings(self, settings: TurnDetection, serial: int | None = None) -> None:
        """Try settings. A page's request (with a serial) is answered even where it changes nothing."""
        with self.lock:
            if serial is None and settings == self._settings:
                return
            self._settings = settings
        self._say(Tried(serial))

    @property
    def in_force(self) -> TurnDetection:
        """What the settings tried are compared with."""
        return self._in_force

    def put_in_force(self, settings: TurnDetection) -> None:
        """Compare with other settings."""
        with self.lock:
            self._in_force = settings
        self._say(InForce())

    def edit(self, edited: Callable[[LabelEditor], LabelEditor]) -> None:
        """Change the reference turns of the clip in sight, e.g. ``edit(lambda editor: editor.undo())``."""
        with self.lock:
            self.case.editor = edited(self.case.editor)
            self._judgements.clear()
        self._say(ReferenceEdited())

    # Scores.

    def scores(self, index: int | None = None) -> SpeechScores:
        """Return the scores of a clip, by default the one in sight; waits until they are computed.

        Raises
        ------
        SettingError
            They could not be computed.
        """
        case = self.case if index is None else self.cases[index]
        if case.scores is None:
            self._scoring.join()
        if case.scores is None:
            raise SettingError(f"The scores of {case.name} could not be computed; see the message above.")
        return case.scores

    @property
    def all_scored(self) -> bool:
        """Whether every clip has its scores."""
        return all(case.scores is not None for case in self.cases)

    def _score_all(self) -> None:
        """Score clip after clip, saying how far it is."""
        for case in self.cases:
            if self._scoring.cancelled:
                return
            scores = speech_scores(case.clip, self._growing(case))
            with self.lock:
                case.scores, case.growing = scores, None
            self._say(Scored(case, last=case is self.cases[-1]))

    def _growing(self, case: Case) -> Callable[[Any, int], None]:
        """Return a callback for `speech_scores` that keeps a clip's scores while they are computed."""
        def take(values: Any, frames: int) -> None:
            first = len(case.growing.scores) if case.growing is not None else 0
            if len(values) > first:
                with self.lock:
                    case.growing = Growing(SpeechScores(values), frames)
                self._say(ScoresGrew(case, first))

        return take

    # What the settings are worth.

    def judged(self, index: int | None = None) -> Judgement:
        """Return what the settings tried do with a clip, by default the one in sight; waits for scores."""
        return self._judgement("tried", index)

    def judged_in_force(self, index: int | None = None) -> Judgement:
        """Return what the settings in force do with a clip, by default the one in sight."""
        return self._judgement("in force", index)

    def _judgement(self, role: str, index: int | None) -> Judgement:
        """Judge a clip once for the settings of each role."""
        at = self._at if index is None else index
        self.scores(at)
        with self.lock:
            settings = self._settings if role == "tried" else self._in_force
            known = self._judgements.get((role, at))
            if known is None or known.settings != settings:
                known = self._judgements[role, at] = self.cases[at].judge(settings, self.estimator)
            return known

    def hear_otherwise(self, hearing: Hearing, serial: int | None = None) -> None:
        """Hear the clip in sight in a second lane, see `Hearing`; one that differs in nothing ends it."""
        self.second.hear(self.case, hearing, serial)

    def judged_second(self) -> Judgement | None:
        """Return what the settings tried do in the second lane; None where there is none or not yet."""
        return self.second.judged(self.case, self._settings, self.estimator)

    def other_speaker(self) -> OtherSpeaker | None:
        """Return what the other channel of the call in sight does; None where there is none or not yet."""
        at = other_channel(self.cases, self._at)
        if at is None or self.case.scores is None or self.cases[at].scores is None:
            return None
        return other_speaker(self.case, self.cases[at], self.judged(), self.judged(at))

    @property
    def measures(self) -> Measures:
        """What the settings tried are worth over all clips."""
        found = [self.judged(index).measures for index in range(len(self.cases))]
        return found[0] if len(found) == 1 else total(found)

    def total_wait(self, measures: Measures) -> float | None:
        """Return the median wait in seconds that measures of several clips lead to expect."""
        wait = measures.quantile("waits", 0.5)
        return None if wait is None else wait + self.case.overhead.seconds

    def explanations(self, problem: Problem | None = None) -> tuple[Explanation, ...]:
        """Return why turns of the clip in sight are wrong; of one problem, or of all.

        Raises
        ------
        SettingError
            There is no reference.
        """
        scores, reference = self.scores(), self.case.reference
        if reference is None:
            raise SettingError("There is no reference to judge by; draw its turns or give reference=.")
        return explain(scores, self.estimator.ours(self._settings), reference, problem)

    def cues(self, settings: TurnDetection, final: bool = False) -> tuple[Cue, ...]:
        """Return the moments at which endpoints (or finals) would come in the clip in sight."""
        case, ours, scores = self.case, self.estimator.ours(settings), self.scores()
        return cue_times(
            detect_turns(scores, ours), ours, case.clip.duration, overhead=max(case.overhead.endpoint, 0.0),
            decode_delay=case.overhead.decode if final else None,
        )

    @property
    def estimate_kind(self) -> str:
        """What the turns shown are worth: ``"exact"``, ``"calibrated"`` or ``"estimated"``."""
        if self.estimator.calibration is not None:
            return "calibrated"
        service = self.case.service
        same = service.exact if service is not None else hasattr(self.endpoint, "recognizer")
        return "exact" if same else "estimated"

    # Other settings.

    def sweep(
        self, thresholds: Iterable[float] = THRESHOLDS, silences: Iterable[float] = SILENCES,
        executor: Executor | None = None, progress: SweepProgress = False,
    ) -> SweepResult:
        """Measure all clips at every combination of settings; see `VadTuner.sweep`."""
        grid = make_grid(thresholds, silences, [self._settings.prefix_padding_ms])
        our_thresholds, our_silences = self.estimator.our_grid(grid.thresholds, grid.silences)
        references = [case.reference for case in self.cases]
        found = sweep(
            [self.scores(index) for index in range(len(self.cases))],
            our_thresholds, our_silences, grid.paddings, references if len(references) > 1 else references[0],
            executor, progress, overhead=self.case.overhead.seconds,
        )
        result = self.estimator.named(found, our_thresholds, our_silences)
        labelled = result.has_reference and result.total("coverage").max() >= LABELLED_ENOUGH
        choice = best_within(result) if labelled else None
        with self.lock:
            self.sweep_result, self.choice = result, choice
        self._say(Swept())
        return result

    def best(self, max_wait: float | None = None, max_cut: float | None = None) -> Choice:
        """Choose the settings with the fewest errors within limits, and try them where they hold elsewhere.

        See `VadTuner.best`.
        """
        check_limit(max_wait, "max_wait")
        check_limit(max_cut, "max_cut")
        result = self.sweep() if self.sweep_result is None else self.sweep_result
        choice = best_within(result, max_wait, max_cut)
        with self.lock:
            self.choice = choice
        if choice.recommended:
            self.try_settings(choice.settings)
        self._say(Swept())
        return choice

    def corners(self) -> list[TurnDetection]:
        """Return the ends of the sweep's trade-off, its best settings and those tried, each once.

        Raises
        ------
        SettingError
            There was no sweep with a reference.
        """
        if self.sweep_result is None or not self.sweep_result.has_reference:
            raise SettingError("Sweep first: the corner points are those of the sweep.")
        front = self.sweep_result.pareto()
        ends = [front[0].settings, front[-1].settings] if front else []
        found = [*ends, *([self.choice.settings] if self.choice else []), self._settings]
        padded = [replace(one, prefix_padding_ms=self._settings.prefix_padding_ms) for one in found]
        return list(dict.fromkeys(padded))

    # Replays.

    @property
    def replays(self) -> tuple[Replay, ...]:
        """Every replay so far."""
        return tuple(self._replays)

    def verify(
        self, settings: TurnDetection | Sequence[TurnDetection] | None = None,
        endpoint: Endpoint | str | None = None, *, all_clips: bool = False, pace: Pace = "auto",
        max_cost: float | None = None, cancelled: Callable[[], bool] = lambda: False,
    ) -> Verification:
        """Replay the clip in sight, or all, through a service; see `VadTuner.verify`.

        ``cancelled`` is asked before every 0.1 s of sound; True ends the replay there and begins no other.
        """
        wanted = self._to_verify(settings)
        check_limit(max_cost, "max_cost")
        where = self.endpoint if endpoint is None else resolve_endpoint(endpoint)
        replays = [(case, one) for case in (self.cases if all_clips else (self.case,)) for one in wanted]
        seconds = sum(case.clip.duration for case, _ in replays)
        for number, (case, one) in enumerate(replays, 1):
            cap = None if max_cost is None else max_cost * case.clip.duration / seconds
            begun = Replaying(case, one, 0.0, number, len(replays))
            self._replay(begun, where, pace=pace, max_cost=cap, cancelled=cancelled)
            if cancelled():
                break
        return self._replays[-1].verification

    def _to_verify(self, settings: TurnDetection | Sequence[TurnDetection] | None) -> list[TurnDetection]:
        """Return the settings to replay at; those tried where none are named."""
        if settings is None:
            return [self._settings]
        wanted = settings if isinstance(settings, (list, tuple)) else [settings]
        if not wanted:
            raise SettingError("There are no settings to verify.", "settings")
        return [checked_settings(one) for one in wanted]

    def _replay(self, begun: Replaying, endpoint: Endpoint, **options: Any) -> None:
        """Replay one clip at some settings, saying how far it is."""
        from ...recording.verification import verify

        case, settings = begun.case, begun.settings
        told = -1.0

        def tell(seconds: float) -> None:
            nonlocal told
            if told < 0 or seconds - told >= case.clip.duration / PROGRESS_STEPS:
                told = seconds
                self._say(replace(begun, seconds=seconds))

        tell(0.0)
        done = verify(
            case.clip, settings, endpoint, self._config, calibration=self.estimator.calibration,
            on_progress=tell, **options,
        )
        with self.lock:
            self._replays.append(Replay(case, done))
            case.service = ServiceTurns.of(done.recording, settings, replayed=True)
        self._say(Replayed(case))

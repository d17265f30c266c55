"""What decides that a turn is over, tried on the tuner's clips: the detector, silence alone, or a model.

What follows from what::

    clips, labels, scores ──> Reading: pauses ──> a model is asked, once a pause, on a thread
                                  │                        │
    Policy: the three handles ────┴────────────────────────┴──> judged in the page, at once
                                  └──> trade-off over all clips ──> a policy for a purpose

The definitions stand in ``vad.trade_off``. Like the `TunerModel` it tells subscribers what has changed, and
holds the model's lock only briefly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....arguments import checked_number
from ....audio.clip import AudioClip
from ....audio.units import SAMPLE_RATE
from ....errors import LabelError, QawError, SettingError
from ....vad.end_of_turn.base import registered
from ....vad.end_of_turn.end_of_turn import EndOfTurn
from ....vad.pauses import Pauses
from ....vad.trade_off.curves import OperatingPoint
from ....vad.trade_off.counting import Sums, count_timers, count_vad
from ....vad.trade_off.policy import Policy, PolicyGrid, silence_grid
from ....vad.trade_off.result import TradeOff
from ....vad.trade_off.trade_off import trade_off
from ....vad.turns import TurnDetection
from ..changes import Change, ClipChosen, Failed, ReferenceEdited, Scored
from ..model import TunerModel
from ..work import Work
from .changes import EndsAsked, EndsChanged, PolicyTried, Traded
from .purposes import checked_purpose
from .reading import Reading, checked_pauses, read_pauses

VAD, SILENCE = "vad", "silence"
"""What decides beside models: the turn detector as it is tuned, and a fixed silence after true speech."""

DELAY_RANGE, TIME_OUT_RANGE = (0.2, 3.5), (0.2, 6.0)
"""Seconds that can be tried: those of eot-bench, and time-outs up to the longest silence of the service."""


class Aim(NamedTuple):
    """What was last looked for, and the policy found; None where none keeps the limit."""

    purpose: str
    limit: float
    point: OperatingPoint | None


class PolicyCosts(NamedTuple):
    """What a policy costs in one clip.

    Holds that count and those of them cut off, ends and those answered, and the mean wait there in seconds.
    """

    holds: int
    cut_off: int
    ends: int
    answered: int
    wait: float | None


class _Traded(NamedTuple):
    """A trade-off and what it was made with."""

    model: EndOfTurn | None
    of: list[Reading]
    found: TradeOff


class _Outdated(Exception):
    """What is being asked is not wanted any more."""


class TurnEnds:
    """Pauses of the tuner's clips, what decides at them, and the policy tried. Thread-safe.

    Parameters
    ----------
    model : TunerModel
        Whose clips, labels and scores they are.
    end_of_turn : EndOfTurn or str, optional
        The model that decides, see ``EndOfTurn``; without one the turn detector does.
    pauses : Pauses, or a list of Pauses and None, optional
        Pauses labelled by hand, as ``qaw.pauses`` returns them; others are read off the speech scores.

    Examples
    --------
    >>> from qwen_asr_widgets import sample
    >>> from qwen_asr_widgets.widgets.tuner.sources import open_cases
    >>> ends = TurnEnds(TunerModel(open_cases(sample("conversation"), None)))
    >>> ends.decide("silence")
    >>> ends.tune_for("dictation").policy.time_out, ends.policy.time_out
    (0.58, 0.58)
    """

    def __init__(
        self, model: TunerModel, end_of_turn: EndOfTurn | str | None = None, pauses: Any = None
    ) -> None:
        self._model = model
        self._given = checked_pauses(pauses, model.cases)
        self._readings: dict[int, Reading] = {}
        self._end_of_turn: EndOfTurn | None = None
        self._detector = VAD
        self._policy = Policy()
        self._traded: _Traded | None = None
        self.aim: Aim | None = None
        self.problem = ""
        self._asking = False
        self._subscribers: list[Callable[[Any], object]] = []
        self._work = Work(lambda sentence: self._say(Failed(sentence)))
        model.subscribe(self._follow)
        if end_of_turn is not None:
            self.decide(end_of_turn)

    def subscribe(self, told: Callable[[Any], object]) -> None:
        """Call ``told`` with every change from now on, on the thread that made it."""
        self._subscribers.append(told)

    def _say(self, change: Any) -> None:
        for told in list(self._subscribers):
            told(change)

    def close(self) -> None:
        """End what is asked in the background, and tell nobody any more."""
        self._subscribers.clear()
        self._work.cancel()

    # What decides.

    @property
    def detector(self) -> str:
        """What decides: ``"vad"``, ``"silence"`` or the name of a model."""
        return self._detector

    @property
    def detectors(self) -> tuple[str, ...]:
        """What can be chosen."""
        return tuple(dict.fromkeys([VAD, SILENCE, *sorted(registered()), self._detector]))

    @property
    def end_of_turn(self) -> EndOfTurn | None:
        """The model that decides, if one does."""
        return self._end_of_turn

    def decide(self, detector: EndOfTurn | str) -> None:
        """Let something else decide.

        Parameters
        ----------
        detector : EndOfTurn or str
            ``"vad"``: the turn detector at the tuner's settings; ``"silence"``; a model, or its name.

        Raises
        ------
        SettingError
            There is no such model.
        """
        plain = isinstance(detector, str) and detector in (VAD, SILENCE)
        asked = None if plain else EndOfTurn(detector) if isinstance(detector, str) else detector
        if asked is not None and not isinstance(asked, EndOfTurn):
            raise SettingError(
                f"end_of_turn is {detector!r:.60}; give a name or an EndOfTurn.", "end_of_turn"
            )
        with self._model.lock:
            if asked != self._end_of_turn:
                for reading in self._readings.values():
                    reading.heard.clear()
            self._end_of_turn, self.aim, self.problem = asked, None, ""
            self._detector = str(detector) if asked is None else asked.name
            self._policy = _with_delay(self._policy, self.least_delay)
        self._wake()
        self._say(EndsChanged())

    @property
    def least_delay(self) -> float:
        """The shortest action delay in seconds: a model is not asked before its first instant."""
        instants = (DELAY_RANGE[0],) if self._end_of_turn is None else self._end_of_turn.instants
        return max(DELAY_RANGE[0], instants[0])

    @property
    def policy(self) -> Policy:
        """The three handles; may be set. Of the turn detector and of silence alone not all of them count."""
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self.try_policy(policy)

    def try_policy(self, policy: Policy, serial: int | None = None) -> None:
        """Try another policy.

        Raises
        ------
        SettingError
            A value is out of its range, or the time-out shorter than the action delay.
        """
        if not isinstance(policy, Policy):
            raise SettingError(f"policy takes a Policy, not {type(policy).__name__}.", "policy")
        threshold = policy.threshold
        if not math.isnan(threshold):
            threshold = checked_number("threshold", threshold, 0.0, 1.0)
        delay = checked_number("action_delay", policy.action_delay, self.least_delay, DELAY_RANGE[1])
        time_out = checked_number("time_out", policy.time_out, *TIME_OUT_RANGE)
        if time_out < delay:
            raise SettingError(
                f"The time-out of {time_out:g} s is shorter than the action delay of {delay:g} s; give a "
                "longer one.", "time_out",
            )
        with self._model.lock:
            self._policy = Policy(threshold, delay, time_out)
        self._say(PolicyTried(serial))

    # Pauses, and what a model says at them.

    def reading(self, index: int | None = None) -> Reading | None:
        """Return the pauses of a clip, by default the one in sight; None without scores or reference."""
        with self._model.lock:
            at = self._model.at if index is None else index
            found = read_pauses(self._model.cases[at], self._given[at], self._readings.get(at))
            if found is not None:
                self._readings[at] = found
            return found

    @property
    def pauses(self) -> Pauses:
        """The pauses of the clip in sight; waits for its scores.

        Raises
        ------
        SettingError
            There is no reference.
        """
        self._model.scores()
        return self._needed(self.reading()).pauses

    @property
    def probabilities(self) -> NDArray[np.float32] | None:
        """What the model says at the pauses judged of the clip in sight, holds first, float32 (P, K); waits.

        None where no model decides.

        Raises
        ------
        SettingError
            The model cannot be asked, or there is no reference.
        """
        self._model.scores()
        reading = self._needed(self.reading())
        if self._end_of_turn is None:
            return None
        self._wake()
        self._work.join()
        if self.problem:
            raise SettingError(self.problem, "end_of_turn")
        return reading.said()

    @property
    def is_asking(self) -> bool:
        """Whether a model is being asked."""
        return self._asking

    def _needed(self, reading: Reading | None) -> Reading:
        if reading is None:
            raise SettingError("There is no reference to judge by; draw its turns or give reference=.")
        return reading

    def _follow(self, change: Change) -> None:
        """Ask about what has come into sight."""
        if isinstance(change, (ClipChosen, ReferenceEdited, Scored)):
            self._wake()

    def _wake(self) -> None:
        """Ask what is not known yet, unless that is under way already."""
        with self._model.lock:
            if self._asking or self.problem or self._next() is None:
                return
            self._asking = True
        self._work.join()  # the thread before has nothing left to do
        self._work.start("ends", self._ask)

    def _next(self) -> tuple[EndOfTurn, int, Reading] | None:
        """Return whom to ask about which pauses: those of the clip in sight."""
        reading = self.reading()
        if self._end_of_turn is None or reading is None or not reading.missing:
            return None
        return self._end_of_turn, self._model.at, reading

    def _ask(self) -> None:
        """Ask until nothing is missing; what is in sight may change meanwhile."""
        while True:
            with self._model.lock:
                task = None if self._work.cancelled else self._next()
                if task is None:
                    self._asking = False
                    break
            try:
                self._ask_about(*task)
            except _Outdated:
                continue
            except QawError as error:
                with self._model.lock:
                    self.problem, self._asking = str(error), False
                break
        self._say(EndsChanged())

    def _ask_about(self, model: EndOfTurn, at: int, reading: Reading) -> None:
        """Ask a model about the pauses of a clip of which it has said nothing yet."""
        missing = reading.missing

        def tell(done: int, count: int) -> None:
            if self._work.cancelled or self._end_of_turn is not model or self._model.at != at:
                raise _Outdated
            self._say(EndsAsked(done, count))

        said = model.probabilities(self._model.cases[at].clip, reading.pauses, missing, progress=tell)
        with self._model.lock:
            if self._end_of_turn is model:
                reading.keep(missing, said)

    # What a policy costs, and which serves a purpose.

    @property
    def clip(self) -> AudioClip:
        """The clip in sight."""
        return self._model.case.clip

    @property
    def is_used(self) -> bool:
        """Whether anybody has looked at them: something was chosen, given or worked out."""
        return self._detector != VAD or self.traded is not None or any(one is not None for one in self._given)

    @property
    def policy_in_force(self) -> Policy:
        """The policy by which what decides ends turns: of silence alone the time-out is all there is."""
        policy = self._policy
        if self._detector != SILENCE:
            return policy
        return Policy(math.nan, policy.time_out, policy.time_out)

    def costs(self) -> PolicyCosts | None:
        """Return what the policy costs in the clip in sight; None while a model has not said all."""
        with self._model.lock:
            reading, model = self.reading(), self._end_of_turn
            said = None if reading is None else reading.said()
        if reading is None or (model is not None and said is None):
            return None
        sums = {name: int(row[0, 0]) for name, row in self._counted(reading, said).items()}
        wait = sums["wait"] / SAMPLE_RATE / sums["answered"] if sums["answered"] else None
        judged = reading.judged
        cut_off = sums["holds_cut"] + sums["early"]
        return PolicyCosts(len(judged.holds), cut_off, len(judged.ends), sums["answered"], wait)

    def _counted(self, reading: Reading, said: NDArray[np.float32] | None) -> Sums:
        """Return the counts of the one policy that is tried, of one clip."""
        judged, policy, model = reading.judged, self._policy, self._end_of_turn
        if self._detector == VAD:
            ours = self._model.estimator.ours(self._model.settings)
            return count_vad(
                [judged], [reading.scores.values], [ours.threshold], [ours.silence_duration_ms]
            )
        if model is None or said is None:
            return count_timers([judged], silence_grid([policy.time_out]), np.empty(0))
        handles = policy.threshold, policy.action_delay, policy.time_out
        grid = PolicyGrid(*(np.array([value]) for value in handles))
        holds = len(judged.holds)
        return count_timers([judged], grid, np.array(model.instants), [(said[:holds], said[holds:])])

    def trade_off(self) -> TradeOff:
        """Set false cut-offs against latency for what decides, over all clips with a reference; waits.

        The turn detector and silence alone stand beside it. Kept until labels or the model are others.

        Raises
        ------
        LabelError
            No clip has a reference, or none of them a hold or an end to judge by.
        """
        for index in range(len(self._model.cases)):
            self._model.scores(index)
        if (kept := self.traded) is not None:
            return kept
        readings, model = self._all_readings(), self._end_of_turn
        if not readings:
            raise LabelError("There is no reference to judge by; draw its turns or give reference=.")
        sounds = [self._model.cases[k].clip if model else each.scores for k, each in readings.items()]
        detectors = [VAD, SILENCE, *([model] if model else [])]
        found = trade_off(sounds, [each.pauses for each in readings.values()], detectors)
        with self._model.lock:
            self._traded = _Traded(model, list(readings.values()), found)
        self._say(Traded())
        return found

    @property
    def traded(self) -> TradeOff | None:
        """The last trade-off, if labels and model are still those it was made with."""
        with self._model.lock:
            kept = self._traded
            fits = kept is not None and kept.model == self._end_of_turn
            return kept.found if kept and fits and kept.of == list(self._all_readings().values()) else None

    def _all_readings(self) -> dict[int, Reading]:
        """Return the pauses of every clip that has scores and a reference."""
        return {k: each for k in range(len(self._model.cases)) if (each := self.reading(k)) is not None}

    def tune_for(self, purpose: str, limit: float | None = None) -> OperatingPoint | None:
        """Take the policy that serves a purpose best, over all clips; waits for the trade-off.

        Parameters
        ----------
        purpose : {"agent", "dictation", "captions", "telephone"}
            ``"agent"`` and ``"telephone"``: the fewest cut-offs with a mean wait of at most 0.6 and 0.3 s;
            ``"dictation"`` and ``"captions"``: the shortest wait with at most 0 and 10 % of the holds cut.
        limit : float, optional
            Another limit, in seconds or as a share.

        Returns
        -------
        OperatingPoint or None
            None where no policy keeps the limit: then nothing is taken.

        Raises
        ------
        SettingError
            There is no such purpose, or the limit is out of its range: 0 to 60 s, or 0 to 1.
        LabelError
            As for `trade_off`.
        """
        wanted = checked_purpose(purpose, limit)
        point = wanted.choose(self.trade_off(), self._detector)
        with self._model.lock:
            self.aim = Aim(purpose, wanted.limit, point)
        if point is not None:
            self._take(point.policy)
        self._say(Traded())
        return point

    def _take(self, policy: Policy) -> None:
        """Try a policy of the trade-off: by the tuner's own settings where the turn detector decides."""
        if self._detector == VAD:
            padding = self._model.settings.prefix_padding_ms
            ours = TurnDetection(policy.threshold, round(1_000 * policy.time_out), padding)
            self._model.try_settings(self._model.estimator.theirs(ours))
        elif self._detector == SILENCE:
            delay = min(self._policy.action_delay, policy.time_out)
            self.try_policy(replace(self._policy, action_delay=delay, time_out=policy.time_out))
        else:
            self.try_policy(policy)


def _with_delay(policy: Policy, least: float) -> Policy:
    """Return a policy whose action delay is at least so long."""
    delay = max(policy.action_delay, least)
    return replace(policy, action_delay=delay, time_out=max(policy.time_out, delay))

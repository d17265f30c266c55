"""The VAD tuner: see what other turn-detection settings would have done, and why.

`VadTuner` is the widget: its traits, and the names for Python. What it holds does the work::

    page asks ──> PageLink ──> TunerCommands ──> TunerModel <── Python, by `VadTuner`
                                                     │
                                                     │ says what has changed
                                                     v
    pages <────── PageLink <── messages ──────── TunerView

A change also reaches the trait ``settings`` and, where it is worth a picture, what a saved notebook shows.
Report and picture are read from the model; sweeps and replays that a page asks for run by `Work`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from ...audio.clip import AudioClip, Sound, as_clip
from ...audio.condition import Condition
from ...arguments import checked_keywords
from ...errors import SettingError
from ...vad.evaluation.cues import TONES, Cue, cue_track
from ...vad.evaluation.explain import Explanation
from ...vad.detectors.registry import Detector
from ...vad.evaluation.metrics import Measures
from ...vad.labels.files import save_labels
from ...vad.labels.labels import Labels
from ...vad.scoring.frames import SILERO, SpeechScores
from ...vad.sweep.choice import Choice
from ...vad.sweep.result import SweepResult
from ...vad.sweep.sweep import SILENCES, THRESHOLDS, SweepProgress
from ...vad.turns import Turn, TurnDetection
from ...writing import write_text
from ..shared.assets import css, esm
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput
from ..shared.view_widget import ViewWidget
from .case import Case
from .changes import Change, InForce, Replayed, Scored, Tried
from .commands import TunerCommands
from .exports import settings_code
from .lanes.other_speaker import OtherSpeaker
from .lanes.second_lane import Hearing
from .model import TunerModel
from .report import caption, named, report_html, summary_html
from .sources import checked_settings, open_cases
from .turn_ends.changes import EndsChanged, PolicyTried, Traded
from .turn_ends.commands import TurnEndsCommands
from .turn_ends.ends import TurnEnds
from .turn_ends.saved import report_parts, summary_parts
from .turn_ends.view import TurnEndsView
from .view import TunerView
from .work import Work

if TYPE_CHECKING:
    from ...client.endpoints import Endpoint
    from ...protocol.config import SessionConfig
    from ...recording.verification import Pace, Verification
    from ...vad.calibration.calibrate import Calibration
    from ...vad.end_of_turn.end_of_turn import EndOfTurn


class DetectionTrait(traitlets.TraitType):  # type: ignore[type-arg]
    """A trait for a `TurnDetection`; anything else is a `SettingError` that says how to make one."""

    def validate(self, obj: Any, value: Any) -> TurnDetection:
        """Return the value, if it is one."""
        return checked_settings(value, self.name or "settings")


@checked_keywords
class VadTuner(ViewWidget):
    """See what other turn-detection settings would have done with a sound, and why; verify and take them.

    Drag the threshold over the score curve: the turns move at once, and what was cut, merged, missed or
    invented is counted beside the wait a person would feel. Settings are tried in the kernel: with ipykernel
    7 or newer also while a cell runs, with older ones when it ends.

    Parameters
    ----------
    source : AudioClip, Recording, Sample, path, or a list of those
        The sound. A recording brings the turns that its service reported, the settings that were in force
        and the delays seen.
    reference : Labels, Sample, label file, list of turns, or a list of those
        What is true; turns are ``ReferenceTurn`` or (start, end) in seconds. Can also be drawn and edited in
        the view. For a list of sources one for each.
    settings : TurnDetection, optional
        What to try first; by default what is in force.
    in_force : TurnDetection, optional
        What changes are compared with; by default the recording's, else the service's default (0.2, 800 ms).
    endpoint : Endpoint or str, optional
        The service the turns are expected of, and the one that `verify` asks; by default the embedded one,
        whose detector is this very one.
    config : SessionConfig, optional
        Language and context for `verify`.
    calibration : Calibration, optional
        A good fit to that service (see ``calibrate``); what is shown is then called calibrated.
    end_of_turn : EndOfTurn or str, optional
        A model that says at each pause whether the speaker is done, such as ``"smart-turn"``; see `ends`.
    pauses : Pauses, or a list of Pauses and None, optional
        Pauses labelled by hand (``qaw.pauses(…, holds=…)``); by default they are read off the scores.
    noise : AudioClip, Sample, Recording or sound file, optional
        A recorded noise, offered beside pink noise and babble.
    height : int
        CSS pixels of the wave, 40 to 2000.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    save_outputs : bool
        Whether picture and figures stay in the saved notebook.

    Attributes
    ----------
    settings : TurnDetection
        What is tried now; may be set and observed.
    in_force : TurnDetection
        What it is compared with; may be set.
    ends : TurnEnds
        What decides that a turn is over: ``ends.decide("smart-turn")``, ``ends.policy``, ``ends.pauses``,
        ``ends.probabilities``, ``ends.trade_off()``, ``ends.tune_for("agent", 0.6)``.

    Raises
    ------
    SettingError, LabelError
        One sentence on what cannot be used.

    Examples
    --------
    >>> import qwen_asr_widgets as qaw
    >>> tuner = VadTuner(qaw.sample("noisy"))
    >>> tuner.settings = TurnDetection(0.0, 400)
    >>> tuner.measures.errors
    1
    """

    _esm = esm("tuner/tuner.js")
    _css = css("tuner/tuner.css")

    settings = DetectionTrait(TurnDetection())

    def __init__(
        self,
        source: Any,
        reference: Any = None,
        *,
        settings: TurnDetection | None = None,
        in_force: TurnDetection | None = None,
        endpoint: Endpoint | str | None = None,
        config: SessionConfig | None = None,
        calibration: Calibration | None = None,
        end_of_turn: EndOfTurn | str | None = None,
        pauses: Any = None,
        noise: Sound | None = None,
        height: int = 84,
        lang: str = "",
        save_outputs: bool = True,
    ) -> None:
        model = self.model = TunerModel(
            open_cases(source, reference), settings=settings, in_force=in_force, endpoint=endpoint,
            config=config, calibration=calibration,
            noise=None if noise is None else as_clip(noise, "VadTuner"),
        )
        saved = SavedOutput(
            lambda: caption(model), lambda: summary_html(model, summary_parts(self.ends)),
            lambda: model.all_scored, lambda: self.save_outputs,
        )
        super().__init__(saved, lang=lang, height=height, save_outputs=save_outputs)
        self.ends = TurnEnds(model, end_of_turn, pauses)
        self.view = TunerView(model, [TurnEndsView(model, self.ends)])
        self.work = Work(lambda sentence: self.page.tell_all([self.view.problem(sentence)]))
        commands = TunerCommands(
            model, self.view, self.work, lambda messages: self.page.tell_all(messages), self._report
        )
        self.page = PageLink(
            self, self.view, {**commands.table, **TurnEndsCommands(self.ends, commands.begin).table},
            rested=saved.refresh,
            failed=lambda error: self.page.tell_all([self.view.problem(str(error))]),
        )
        self.settings = model.settings
        self.observe(lambda change: model.try_settings(change["new"]), names="settings")
        model.subscribe(self._follow)
        self.ends.subscribe(self._follow)

    def _follow(self, change: Change) -> None:
        """Tell the pages, the trait and the saved output what has changed in the model."""
        with self.page.order:
            self.page.tell_all(self.view.told(change))
        if isinstance(change, Tried):
            self.settings = self.model.settings
        if _changes_saved(change):
            self.saved.refresh()

    # What is known.

    @property
    def case(self) -> Case:
        """The clip in sight."""
        return self.model.case

    @property
    def in_force(self) -> TurnDetection:
        """What the settings tried are compared with; may be set."""
        return self.model.in_force

    @in_force.setter
    def in_force(self, settings: TurnDetection) -> None:
        self.model.put_in_force(checked_settings(settings, "in_force"))

    @property
    def estimate_kind(self) -> str:
        """What the turns shown are worth: ``"exact"``, ``"calibrated"`` or ``"estimated"``."""
        return self.model.estimate_kind

    @property
    def scores(self) -> SpeechScores:
        """The speech scores of the clip in sight; waits for them."""
        return self.model.scores()

    @property
    def turns(self) -> list[Turn]:
        """The turns that the settings tried would make of the clip in sight."""
        return self.model.judged().turns

    @property
    def measures(self) -> Measures:
        """What the settings tried are worth, over all clips."""
        return self.model.measures

    @property
    def expected_wait(self) -> float | None:
        """Median seconds from the end of speech to the final, or to the endpoint if decoding is unknown."""
        return self.model.judged().wait

    @property
    def labels(self) -> Labels:
        """The reference turns of the clip in sight, as they stand now."""
        return self.case.editor.labels

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """Why each turn of the clip in sight is wrong, and what would heal it."""
        return self.model.explanations()

    # Heard otherwise.

    @checked_keywords
    def hear_under(
        self, condition: Condition | None = None, *, detector: Detector = SILERO,
        threshold: float | None = None,
    ) -> Measures | None:
        """Show a second lane: what the settings tried do with the clip in sight, heard otherwise.

        Parameters
        ----------
        condition : Condition, optional
            Noise, level and line. Noise is so far from the speech of the reference turns, without any from
            the whole clip.
        detector : str or SpeechDetector
            What scores it, see ``speech_scores``.
        threshold : float, optional
            The threshold on that detector's scores, in [-1, 1]; by default the one tried.

        Returns
        -------
        Measures or None
            None where nothing is heard otherwise, which ends the second lane, and for a sound over two
            minutes, which is heard in the background.

        Examples
        --------
        >>> import qwen_asr_widgets as qaw
        >>> tuner = VadTuner(qaw.sample("prompts"), settings=TurnDetection(0.2, 400))
        >>> tuner.hear_under(qaw.Condition("pink", -10)).missed, tuner.measures.missed
        (7, 0)
        """
        heard = Hearing(Condition() if condition is None else condition, detector, threshold)
        self.model.hear_otherwise(heard)
        judged = self.model.judged_second()
        return None if judged is None else judged.measures

    def reach(self) -> dict[float, Measures]:
        """Return what the settings tried are worth with the noise of the second lane at each distance.

        Returns
        -------
        dict of float to Measures
            By the distance of speech and noise in dB, from 40 to -10.

        Raises
        ------
        SettingError
            There is no second lane with a noise: call ``hear_under`` first.

        Examples
        --------
        >>> import qwen_asr_widgets as qaw
        >>> tuner = VadTuner(qaw.sample("prompts"), settings=TurnDetection(0.2, 400))
        >>> _ = tuner.hear_under(qaw.Condition("pink", 20))
        >>> found = tuner.reach()
        >>> found[40].errors, found[-10].errors
        (0, 7)
        """
        model = self.model
        model.second.find_reach(model.case)
        return model.second.reach(model.case, model.settings, model.estimator) or {}

    @property
    def other_speaker(self) -> OtherSpeaker | None:
        """The other channel of the call in sight, with overlaps, backchannels and interruptions.

        None where the clips of the tuner are not the two channels of one call.
        """
        return self.model.other_speaker()

    # Other settings.

    @checked_keywords
    def sweep(
        self, thresholds: Iterable[float] = THRESHOLDS, silences: Iterable[float] = SILENCES,
        executor: Executor | None = None, progress: SweepProgress = False,
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
        return self.model.sweep(thresholds, silences, executor, progress)

    @checked_keywords
    def best(self, max_wait: float | None = None, max_cut: float | None = None) -> Choice:
        """Use the settings with the fewest errors within limits, sweeping first where that was not done.

        Where they leave the limits on held-out calls they are said, and not used.

        Parameters
        ----------
        max_wait : float, optional
            Longest mean wait in seconds.
        max_cut : float, optional
            Largest share of reference turns that may be cut off, in [0, 1]. By default none, or where every
            setting cuts some off, the fewest.
        """
        return self.model.best(max_wait, max_cut)

    @property
    def verifications(self) -> list[Verification]:
        """Every replay so far."""
        return [replay.verification for replay in self.model.replays]

    @checked_keywords
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
        return self.model.verify(settings, endpoint, all_clips=all_clips, pace=pace, max_cost=max_cost)

    # Take away.

    def code(self, kind: str = "sdk") -> str:
        """Return the settings tried as code: ``"sdk"``, ``"json"`` or ``"python"``."""
        return settings_code(self.settings, kind)

    def cues(self, settings: TurnDetection, final: bool = False) -> tuple[Cue, ...]:
        """Return the moments at which endpoints (or finals) would come in the clip in sight."""
        return self.model.cues(checked_settings(settings), final)

    @checked_keywords
    def hear(
        self, settings: TurnDetection | None = None, *, final: bool = False, tone: str = "B"
    ) -> AudioClip:
        """Return the clip with a soft tone at every endpoint (or final) that settings would make.

        Parameters
        ----------
        settings : TurnDetection, optional
            By default those tried.
        final : bool
            Tones for the final texts, with the decode delay seen in the recording.
        tone : {"A", "B"}
            The higher or the lower of the two pitches.
        """
        if tone not in TONES:
            raise SettingError(f"tone is {tone!r}; it must be 'A' or 'B'.", "tone")
        cues = self.cues(self.settings if settings is None else settings, final)
        return cue_track(self.case.clip, cues, tone=TONES[tone])

    def save_labels(self, path: str | Path, format: str | None = None) -> Path:
        """Write the reference turns of the clip in sight; see ``save_labels`` for formats."""
        return save_labels(self.labels, path, format, duration=self.case.clip.duration)

    def report(self, path: str | Path) -> Path:
        """Write one HTML page with pictures and figures that needs no server, and return its path."""
        target = Path(path)
        write_text(target, self._report())
        return target

    def _report(self) -> str:
        return report_html(self.model, report_parts(self.ends))

    def _about(self) -> str:
        return f"{caption(self.model)}, trying {named(self.settings)}"

    def close(self) -> None:
        """Take the widget off the page and end its work."""
        if hasattr(self, "work"):  # not there where a setting was refused
            self.work.cancel()
        if hasattr(self, "ends"):
            self.ends.close()
        if hasattr(self, "model"):
            self.model.close()
        super().close()


def _changes_saved(change: Change) -> bool:
    """Tell whether a saved notebook is drawn anew: not for every step of a drag, nor for every edit."""
    match change:
        case Tried(serial):
            return serial is None
        case Scored(last=last):
            return last
        case PolicyTried(serial):
            return serial is None
        case InForce() | Replayed() | EndsChanged() | Traded():
            return True
    return False

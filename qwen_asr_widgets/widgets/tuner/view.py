"""The tuner's half that talks to its views: which clip is in sight, what is tried, edited and asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from ...audio.units import SAMPLE_RATE
from ...errors import QawError, SettingError
from ...client.endpoints import Endpoint, resolve_endpoint
from ...vad.evaluation.cues import Cue, cue_times
from ...vad.evaluation.explain import Explanation, explain
from ...vad.evaluation.metrics import COUNTS, Measures, total
from ...vad.evaluation.problems import Problem
from ...vad.scoring.scores import SpeechScores, speech_scores
from ...vad.turns import PADDING_RANGE_MS, SILENCE_RANGE_MS, THRESHOLD_RANGE, TurnDetection, detect_turns
from ..shared.throttle import Message
from ..shared.commands import Bare, Command, Commands
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput
from ..shared.shown import Shown
from ..shared.sound_messages import AudioRequest, TilesRequest
from ..shared.view_widget import ViewWidget
from .case import Case, Judgement
from .code import KINDS, settings_code
from .estimate import Estimator
from .messages import (
    difference_message, figures, judged_message, read_settings, reference_message, scores_message,
    settings_state,
)
from .why import why_state
from .work import Work

if TYPE_CHECKING:
    from ...vad.calibration.calibrate import Calibration

logger = logging.getLogger("qwen_asr_widgets")

PRESETS = {"low": TurnDetection(0.0, 400), "balanced": TurnDetection(0.2, 800)}
"""The two that the service's documentation recommends; each keeps the padding in use."""

AT_ONCE_SECONDS = 120.0
"""Sound of this length is scored (0.1 s) before anything is shown; more of it while it is shown."""


ASKED = (
    "try", "rest", "case", "edit", "explain", "hear", "sweep", "best", "verify", "cancel", "export",
)
"""What views ask for, beside sound."""


class TunerView(ViewWidget):
    """What `VadTuner` shows and how it answers; the names for Python are in `VadTuner`."""

    settings = traitlets.Instance(TurnDetection)
    _cases: list[Case] = []
    _quiet = False

    def __init__(
        self, cases: Sequence[Case], *, settings: TurnDetection | None, in_force: TurnDetection | None,
        endpoint: Endpoint | str | None, calibration: Calibration | None, lang: str, height: int,
        save_outputs: bool,
    ) -> None:
        self._estimator = Estimator.of(calibration)
        self._endpoint = resolve_endpoint(endpoint)
        self.in_force = in_force or cases[0].service_settings or TurnDetection()
        self._judged: dict[int, Judgement] = {}
        self._was: dict[int, Judgement] = {}
        self._hears = False
        self._scoring = Work(self._say_problem)
        self._work = Work(self._say_problem)
        self._cases, self._at = list(cases), 0
        case = self.case
        self.shown = Shown(None, case.clip, case.name)
        saved = SavedOutput(
            self.static_title, self.static_html, self.static_ready, lambda: self.save_outputs
        )
        super().__init__(saved, lang=lang, height=height, save_outputs=save_outputs)
        asked: Commands = {kind: Command(Bare, lambda message: None) for kind in ASKED}
        sound: Commands = {
            "tiles": Command(TilesRequest, lambda wanted: self.shown.tiles(wanted)),
            "audio": Command(AudioRequest, lambda wanted: self.shown.audio(wanted)),
        }
        self.page = PageLink(self, self, {**asked, **sound}, rested=saved.refresh)
        self.on_msg(self._take)
        self.settings = settings or self.in_force
        self.observe(lambda change: self._settings_set(), names="settings")
        if sum(case.clip.duration for case in self._cases) <= AT_ONCE_SECONDS:
            self._score_all()
        else:
            self._scoring.start("scores", self._score_all)

    @property
    def case(self) -> Case:
        """The clip in sight."""
        return self._cases[self._at]

    # What views are told.

    @property
    def growing(self) -> bool:
        """Whether more sound is to come: the clips are whole."""
        return False

    def changes(self) -> list[Message]:
        """Return what has changed of the sound."""
        return self.shown.changes()

    def static_html(self) -> str:
        """Return the picture and the figures."""
        raise NotImplementedError

    def static_title(self) -> str:
        """Return what is tuned and how long it is."""
        raise NotImplementedError

    def static_ready(self) -> bool:
        """Tell whether every clip is scored."""
        raise NotImplementedError

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        scores = self.case.scores
        return [
            *self.shown.opening(), (self._state(), []), reference_message(self.case),
            *([scores_message(scores)] if scores is not None else []), *self._judgement(),
        ]

    def _state(self) -> dict[str, Any]:
        """Return what does not change while one drags."""
        case, fit = self.case, self._estimator.calibration
        return {
            "kind": "tuner", "at": self._at, "in_force": settings_state(self.in_force),
            "cases": [{"name": one.name, "duration": one.clip.duration} for one in self._cases],
            "presets": {name: settings_state(one) for name, one in PRESETS.items()},
            "ranges": {
                "threshold": THRESHOLD_RANGE, "silence": SILENCE_RANGE_MS, "padding": PADDING_RANGE_MS,
            },
            "estimate": self.estimate_kind, "fit": None if fit is None else {
                "error": fit.boundary_error, "turns": fit.turns, "agreement": fit.agreement,
            },
            "service": None if case.service is None else {
                "settings": None if case.service_settings is None else settings_state(case.service_settings),
                "name": case.service_name, "turns": [[turn.onset, turn.end] for turn in case.service],
            },
            "overhead": {"endpoint": case.overhead.endpoint + self._estimator.extra_wait,
                         "decode": case.overhead.decode, "n": case.overhead.n,
                         "seconds": case.overhead.seconds + self._estimator.extra_wait},
        }

    @property
    def estimate_kind(self) -> str:
        """What the turns shown are worth: ``"exact"``, ``"calibrated"`` or ``"estimated"``."""
        if self._estimator.calibration is not None:
            return "calibrated"
        same = self.case.exact if self.case.service is not None else hasattr(self._endpoint, "recognizer")
        return "exact" if same else "estimated"

    def _judgement(self, serial: int | None = None) -> list[Message]:
        """Return what the settings in use do; nothing before the clip in sight is scored."""
        case = self.case
        if case.scores is None:
            return []
        judged, was = self._judge(self._at), self._judge_in_force(self._at)
        code = {kind: settings_code(self.settings, kind) for kind in KINDS}
        more = {"serial": serial, "code": code, "table": self._table()}
        messages = [judged_message(case, judged, was, **more)]
        if serial is None:
            messages.append(difference_message(case, judged))
        if self._hears:
            messages.append(self._cues())
        return messages

    def _table(self) -> list[dict[str, Any]] | None:
        """Return the figures of every clip and of all together, where there are several."""
        if len(self._cases) < 2:
            return None
        known = [k for k, case in enumerate(self._cases) if case.scores is not None]
        rows = [
            {"case": k, "figures": figures((one := self._judge(k)).measures, one.wait),
             "was": figures((was := self._judge_in_force(k)).measures, was.wait)}
            for k in known
        ]
        if len(known) < len(self._cases):
            return rows
        together = [total(judge(k).measures for k in known) for judge in (self._judge, self._judge_in_force)]
        now, before = (figures(measures, self._total_wait(measures)) for measures in together)
        return [*rows, {"case": None, "figures": now, "was": before}]

    def _total_wait(self, measures: Measures) -> float | None:
        wait = measures.quantile("waits", 0.5)
        return None if wait is None else wait + self.case.overhead.seconds + self._estimator.extra_wait

    def _cues(self) -> Message:
        """Return the samples at which endpoints come, by the settings in force (A) and those tried (B)."""
        buffers = [
            np.array([cue.sample for cue in self.cues(one)], np.int32).tobytes()
            for one in (self.in_force, self.settings)
        ]
        return {"kind": "cues", "rate": SAMPLE_RATE}, buffers

    def cues(self, settings: TurnDetection, final: bool = False) -> tuple[Cue, ...]:
        """Return the moments at which endpoints (or finals) would come in the clip in sight."""
        case, ours = self.case, self._estimator.ours(settings)
        overhead, scores = case.overhead, self._scores_of(case)
        return cue_times(
            detect_turns(scores, ours), ours, case.clip.duration, overhead=max(overhead.endpoint, 0.0),
            decode_delay=overhead.decode if final else None,
        )

    # Judging.

    def _judge(self, index: int) -> Judgement:
        """Return what the settings in use do with a clip, judged once."""
        known = self._judged.get(index)
        if known is None or known.settings != self.settings:
            known = self._judged[index] = self._cases[index].judge(self.settings, self._estimator)
        return known

    def _judge_in_force(self, index: int) -> Judgement:
        known = self._was.get(index)
        if known is None or known.settings != self.in_force:
            known = self._was[index] = self._cases[index].judge(self.in_force, self._estimator)
        return known

    def _forget(self) -> None:
        """Judge anew: a reference, the calibration or the service has changed."""
        self._judged.clear()
        self._was.clear()

    def _scores_of(self, case: Case) -> SpeechScores:
        if case.scores is None:
            self._scoring.join()
        if case.scores is None:
            raise SettingError(f"The scores of {case.name} could not be computed; see the message above.")
        return case.scores

    def _score_all(self) -> None:
        """Score clip after clip; the one in sight is shown as it grows."""
        for index, case in enumerate(self._cases):
            if self._scoring.cancelled:
                return
            growing = self._growing(case) if self._scoring.busy else None
            case.scores = speech_scores(case.clip, growing)
            if self._scoring.busy:
                self._show_scored(index)

    def _growing(self, case: Case) -> Callable[[Any, int], None]:
        """Return what tells the views of the scores as they come."""
        told = 0

        def tell(values: Any, frames: int) -> None:
            nonlocal told
            if self.comm is not None and case is self.case and len(values) > told:
                self.page.tell_all([scores_message(SpeechScores(values), told, frames)])
                told = len(values)

        return tell

    def _show_scored(self, index: int) -> None:
        with self.page.order:
            if index == self._at or index == len(self._cases) - 1:
                self.page.tell_all(self._judgement())
        if index == len(self._cases) - 1:
            self.saved.refresh()

    # What views ask.

    def _take(self, widget: Any, content: Any, buffers: Any) -> None:
        """Answer a view; what cannot be done is said in the view."""
        if not isinstance(content, dict) or content.get("kind") not in ASKED:
            return
        answer = getattr(self, f"_on_{content['kind']}")
        try:
            with self.page.order:
                self.page.tell_all(answer(content) or [])
        except QawError as error:
            self._say_problem(str(error))

    def _on_try(self, content: dict[str, Any]) -> list[Message]:
        """Judge what is dragged; what else depends on it follows when the drag rests (``rest``)."""
        self._try(read_settings(content))
        return self._judgement(content.get("serial"))

    def _on_rest(self, content: dict[str, Any]) -> list[Message]:
        return [] if self.case.scores is None else [difference_message(self.case, self._judge(self._at))]

    def _on_case(self, content: dict[str, Any]) -> list[Message]:
        self._show_case(int(content["index"]))
        return self.opening()

    def _on_edit(self, content: dict[str, Any]) -> list[Message]:
        values = {key: content[key] for key in ("start", "end", "index", "edge", "time") if key in content}
        self.case.edit(str(content.get("action")), **values)
        self._forget()
        return [reference_message(self.case), *self._judgement()]

    def _on_explain(self, content: dict[str, Any]) -> list[Message]:
        asked = content["start"], content["end"], COUNTS[content["error"]]
        known = [one for one in self._judge(self._at).measures.problems
                 if (one.start, one.end, one.kind) == asked]
        if not known:
            return []
        why = self._explain(known[0])[0]
        state = why_state(why, self._scores_of(self.case), self.settings, self._estimator)
        return [({"kind": "explanation", "error": content.get("index"), **state}, [])]

    def _explain(self, problem: Problem | None = None) -> tuple[Explanation, ...]:
        case = self.case
        reference = case.reference
        if reference is None:
            raise SettingError("There is no reference to judge by; draw its turns or give reference=.")
        return explain(self._scores_of(case), self._estimator.ours(self.settings), reference, problem)

    def _on_hear(self, content: dict[str, Any]) -> list[Message]:
        self._hears = bool(content.get("on"))
        return [self._cues()] if self._hears and self.case.scores is not None else []

    # Changes.

    def _try(self, settings: TurnDetection) -> None:
        """Take settings that the views know of already."""
        self._quiet = True
        try:
            self.settings = settings
        finally:
            self._quiet = False

    def _settings_set(self) -> None:
        """Tell the views of settings that Python has set."""
        if not self._quiet:
            with self.page.order:
                self.page.tell_all(self._judgement())
            self.saved.refresh()

    def _show_case(self, index: int) -> None:
        if not 0 <= index < len(self._cases):
            raise SettingError(f"There is no clip {index}; there are {len(self._cases)}, counted from 0.")
        self._at = index
        case = self.case
        self.shown = Shown(None, case.clip, case.name)

    def _say_problem(self, text: str) -> None:
        """Say in the view what could not be done."""
        logger.info("the tuner: %s", text)
        self.page.tell({"kind": "tuner-problem", "text": text}, [])

    def close(self) -> None:
        """Take the widget off the page and end its work."""
        if self._cases:
            self._scoring.cancel()
            self._work.cancel()
        super().close()

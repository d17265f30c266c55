"""The VAD tuner: see what other turn-detection settings would have done, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...audio.clip import AudioClip
from ...errors import SettingError
from ...vad.evaluation.cues import TONES, cue_track
from ...vad.evaluation.explain import Explanation
from ...vad.labels.labels import Labels, labels_to_text, save_labels
from ...vad.evaluation.metrics import Measures, total
from ...vad.scoring.scores import SpeechScores
from ...vad.turns import Turn, TurnDetection
from ..shared.assets import css, esm
from ..shared.throttle import Message
from .case import Judgement
from .code import KINDS, settings_code
from .sources import open_cases
from .trials import Trials

if TYPE_CHECKING:
    from ...protocol.config import SessionConfig
    from ...client.endpoints import Endpoint
    from ...vad.calibration.calibrate import Calibration

LABEL_ENDINGS = {"rttm": "rttm", "textgrid": "TextGrid", "audacity": "txt", "csv": "csv", "srt": "srt"}


class VadTuner(Trials):
    """See what other turn-detection settings would have done with a sound, and why; verify and take them.

    Drag the threshold over the score curve: the turns move at once, and what was cut, merged, missed or
    invented is counted beside the wait a person would feel. Settings are tried in the kernel: with ipykernel
    7 or newer also while a cell runs, with older ones when it ends.

    Parameters
    ----------
    source : AudioClip, Recording, Sample, path, or a list of those
        The sound. A recording brings the turns that its service reported, the settings that were in force
        and the delays seen.
    reference : Labels, sequence of ReferenceTurn, label file, or a list of those
        What is true; can also be drawn and edited in the view. For a list of sources one for each.
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
        What it is compared with.

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

    _esm = esm("tuner/widget.js")
    _css = css("tuner/tuner.css")

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
        height: int = 84,
        lang: str = "",
        save_outputs: bool = True,
    ) -> None:
        super().__init__(
            open_cases(source, reference), config=config, settings=settings, in_force=in_force,
            endpoint=endpoint, calibration=calibration, lang=lang, height=height, save_outputs=save_outputs,
        )

    # What is known.

    @property
    def scores(self) -> SpeechScores:
        """The speech scores of the clip in sight; waits for them."""
        return self._scores_of(self.case)

    @property
    def turns(self) -> list[Turn]:
        """The turns that the settings tried would make of the clip in sight."""
        return self._ready(self._at).turns

    @property
    def measures(self) -> Measures:
        """What the settings tried are worth, over all clips."""
        found = [self._ready(k).measures for k in range(len(self._cases))]
        return found[0] if len(found) == 1 else total(found)

    @property
    def expected_wait(self) -> float | None:
        """Median seconds from the end of speech to the final, or to the endpoint if decoding is unknown."""
        return self._ready(self._at).wait

    @property
    def labels(self) -> Labels:
        """The reference turns of the clip in sight, as they stand now."""
        return self.case.editor.labels

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """Why each turn of the clip in sight is wrong, and what would heal it."""
        return self._explain()

    def _ready(self, index: int) -> Judgement:
        self._scores_of(self._cases[index])
        return self._judge(index)

    # Take away.

    def code(self, kind: str = "sdk") -> str:
        """Return the settings tried as code: ``"sdk"``, ``"json"`` or ``"python"``."""
        if kind not in KINDS:
            raise SettingError(f"kind is {kind!r}; it must be one of {', '.join(KINDS)}.", "kind")
        return settings_code(self.settings, kind)

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
        cues = self.cues(settings or self.settings, final)
        return cue_track(self.case.clip, cues, tone=TONES[tone])

    def save_labels(self, path: str | Path, format: str | None = None) -> Path:
        """Write the reference turns of the clip in sight; see ``save_labels`` for formats."""
        return save_labels(self.labels, path, format, duration=self.case.clip.duration)

    def report(self, path: str | Path) -> Path:
        """Write one HTML page with pictures and figures that needs no server, and return its path."""
        from .report import report_html

        target = Path(path)
        target.write_text(report_html(self), encoding="utf-8")
        return target

    def static_html(self) -> str:
        """Return the picture and the figures."""
        from .report import summary_html

        return summary_html(self)

    def static_ready(self) -> bool:
        """Tell whether every clip is scored."""
        return all(case.scores is not None for case in self._cases)

    def static_title(self) -> str:
        """Return what is tuned and how long it is."""
        return f"{self.case.name} ({self.case.clip.duration:.1f} s)"

    # What views ask.

    def _on_export(self, content: dict[str, Any]) -> list[Message]:
        """Return a file for the browser to keep."""
        name, what = Path(self.case.name).stem or "clip", str(content.get("what"))
        if what == "report":
            from .report import report_html

            return [_file(f"{name}-vad.html", "text/html", report_html(self))]
        labels = Labels(self.labels.turns, self.labels.scored, self.labels.uri or name)
        text = labels_to_text(labels, what, duration=self.case.clip.duration)
        return [_file(f"{name}.{LABEL_ENDINGS[what]}", "text/plain", text)]


def _file(name: str, mime: str, text: str) -> Message:
    return {"kind": "file", "name": name, "mime": mime}, [text.encode("utf-8")]

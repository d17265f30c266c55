"""The waveform of a clip or a recording, with everything that has a time over one axis."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ...audio.clip import AudioClip
from ...audio.reference import ReferenceTurn
from ...audio.samples import Sample
from ...audio.tape import Tape
from ...arguments import checked_keywords, is_number
from ...errors import SettingError
from ...vad.labels.references import Reference, reference_turns
from ...vad.turns import Turn, list_of_turns
from ..shared.assets import css, esm
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput, shown_html
from ..shared.shown import Shown, clip_title
from ..shared.throttle import Message
from ..shared.view_widget import ViewWidget

if TYPE_CHECKING:
    from ...recording import Recording
    from ...vad.scoring.frames import SpeechScores


class WaveformModel:
    """What a `Waveform` shows: a sound or a recording, and a score curve beneath it.

    Parameters
    ----------
    shown : Shown
        The sound, turns and words.
    scores : SpeechScores or None
        The curve.
    threshold : float or None
        The line over it, in [-1, 1].
    """

    def __init__(self, shown: Shown, scores: SpeechScores | None, threshold: float | None) -> None:
        self.shown = shown
        self.scores = scores
        self.threshold = threshold

    @property
    def growing(self) -> bool:
        """Whether more is to come."""
        return self.shown.growing

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        return [*self.shown.opening(), *score_messages(self.scores, self.threshold)]

    def changes(self) -> list[Message]:
        """Return what has changed since views were told last."""
        return self.shown.changes()


@checked_keywords
class Waveform(ViewWidget):
    """Look at a sound and listen to it; for a recording also its turns, words and waits.

    A recording may still be growing: the view follows its end until one pans away. An hour opens within a
    second; the page asks for finer detail as one zooms in (pinch, Ctrl and wheel, + and −). Space plays,
    a click moves the cursor, arrow keys walk through time and turns.

    Parameters
    ----------
    source : AudioClip, Recording or Sample
        What is shown. A sample brings its reference turns.
    reference : Labels, Sample, label file, or list of turns, optional
        Turns as they truly were, in a lane of their own: whatever ``as_labels`` takes.
    estimated : sequence of Turn, optional
        Turns as other settings would have made them, in a lane of their own.
    scores : SpeechScores, optional
        Drawn under the lanes as a curve from −1 to 1.
    threshold : float, optional
        A line over that curve, in [-1, 1].
    height : int
        CSS pixels of the wave itself, 40 to 2000.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    save_outputs : bool
        Whether picture and transcript stay in the saved notebook; may be set later, and is switched in the
        view.

    Attributes
    ----------
    selected : int or None
        Number of the selected utterance; may be set.

    Raises
    ------
    SettingError
        The source is something else, or a setting is out of its range.
    LabelError
        The reference is none.

    Examples
    --------
    >>> wave = Waveform(AudioClip(np.zeros(16_000, np.float32), 16_000))
    >>> wave.show(0.25, 0.75)
    """

    _esm = esm("waveform/widget.js")
    _css = css("waveform/waveform.css")

    def __init__(
        self,
        source: AudioClip | Recording | Sample,
        *,
        reference: Reference | None = None,
        estimated: Sequence[Turn] | None = None,
        scores: SpeechScores | None = None,
        threshold: float | None = None,
        height: int = 96,
        lang: str = "",
        save_outputs: bool = True,
    ) -> None:
        if isinstance(source, Sample):
            reference = source.turns if reference is None else reference
            source = source.clip
        recording, sound, title = _opened(source)
        given = {"reference": reference, "estimated": estimated}
        lanes = {role: _lane_turns(role, turns) for role, turns in given.items() if turns is not None}
        shown = Shown(recording, sound, title, lanes)
        self.model = WaveformModel(shown, _checked_scores(scores), _checked_threshold(threshold))
        saved = SavedOutput(
            lambda: shown.caption, lambda: shown_html(shown), lambda: not shown.growing,
            lambda: self.save_outputs,
        )
        super().__init__(saved, lang=lang, height=height, save_outputs=save_outputs)
        self.page = PageLink(self, self.model, shown.commands, rested=saved.refresh)

    @property
    def recording(self) -> Recording | None:
        """What is shown, where that is a recording."""
        return self.model.shown.recording

    def _about(self) -> str:
        return self.model.shown.summary

    @checked_keywords
    def set_scores(self, scores: SpeechScores | None, threshold: float | None = None) -> None:
        """Show another score curve and threshold."""
        model = self.model
        model.scores, model.threshold = _checked_scores(scores), _checked_threshold(threshold)
        self.page.tell_all(score_messages(scores, model.threshold))

    def set_lane(self, role: str, turns: Reference | None) -> None:
        """Show other turns in a lane, or take it away.

        Parameters
        ----------
        role : {"reference", "service", "estimated"}
            Which lane.
        turns : sequence of turns or None
            What stands in it; None removes it. For the reference whatever ``as_labels`` takes.

        Raises
        ------
        SettingError
            There is no such lane, or these are no turns.
        LabelError
            The reference is none.
        """
        if role not in ("reference", "service", "estimated"):
            raise SettingError(f"role is {role!r}; it must be 'reference', 'service' or 'estimated'.", "role")
        self.model.shown.run.set_lane(role, None if turns is None else _lane_turns(role, turns))
        self.page.tell_changes()

    def show(self, start: float, end: float) -> None:
        """Show the stretch from ``start`` to ``end`` seconds."""
        if not 0 <= start < end:
            raise SettingError(
                f"There is nothing to show from {start!r} to {end!r} s; give 0 <= start < end.", "start"
            )
        self.page.tell({"kind": "show", "start": float(start), "end": float(end)})

    @checked_keywords
    def play(self, start: float = 0.0, end: float | None = None) -> None:
        """Play from ``start`` to ``end`` seconds in the browser; to the end if no ``end`` is given."""
        self.page.tell({"kind": "play", "start": float(start), "end": None if end is None else float(end)})

    def pause(self) -> None:
        """Stop playing."""
        self.page.tell({"kind": "pause"})


def score_messages(scores: SpeechScores | None, threshold: float | None) -> list[Message]:
    """Return a score curve as views take it: one byte a frame (hundredths and a bit), 112 kB an hour."""
    if scores is None:
        return [({"kind": "score", "threshold": threshold}, [])] if threshold is not None else []
    codes = np.rint(np.clip(scores.values, -1, 1) * 127).astype(np.int8)
    content = {"kind": "score", "hop": scores.hop, "first": 0, "total": len(codes), "threshold": threshold}
    return [(content, [codes.tobytes()])]


def _opened(source: Any) -> tuple[Recording | None, AudioClip | Tape, str]:
    """Return the recording, the sound and the title of what is to be shown."""
    if isinstance(source, AudioClip):
        return None, source, clip_title(source)
    if hasattr(source, "tape"):
        return source, source.tape, ""
    raise SettingError(
        f"A Waveform shows an AudioClip, a Recording or a Sample, not {type(source).__name__}; "
        "AudioClip.load(...) reads files and arrays.", "source"
    )


def _lane_turns(role: str, turns: Any) -> Sequence[Turn | ReferenceTurn]:
    """Return the turns of a lane."""
    if role == "reference":
        return reference_turns(turns)
    return list_of_turns(turns, role, (Turn, ReferenceTurn))


def _checked_scores(scores: Any) -> SpeechScores | None:
    if scores is not None and not hasattr(scores, "hop"):
        raise SettingError(
            f"scores is {type(scores).__name__}; give SpeechScores, as speech_scores(clip) returns them.",
            "scores",
        )
    return scores  # type: ignore[no-any-return]


def _checked_threshold(threshold: float | None) -> float | None:
    if threshold is not None and not (is_number(threshold, Real) and -1 <= threshold <= 1):
        raise SettingError(f"threshold is {threshold!r}; it must lie between -1 and 1.", "threshold")
    return threshold

"""The waveform of a clip or a recording, with everything that has a time over one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...audio.clip import AudioClip
from ...audio.reference import ReferenceTurn
from ...audio.samples import Sample
from ...errors import SettingError
from ...vad.turns import Turn
from ..shared.assets import css, esm
from ..shared.run_feed import Lanes
from ..shared.run_view import RunView, clip_title
from ..shared.saved_output import image_html, recording_picture, sound_picture

if TYPE_CHECKING:
    from ...recording import Recording
    from ...vad.scoring.scores import SpeechScores


class Waveform(RunView):
    """Look at a sound and listen to it; for a recording also its turns, words and waits.

    A recording may still be growing: the view follows its end until one pans away. An hour opens within a
    second; the page asks for finer detail as one zooms in (pinch, Ctrl and wheel, + and −). Space plays,
    a click moves the cursor, arrow keys walk through time and turns.

    Parameters
    ----------
    source : AudioClip, Recording or Sample
        What is shown. A sample brings its reference turns.
    reference : sequence of ReferenceTurn, optional
        Turns as they truly were, in a lane of their own.
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
        reference: Sequence[ReferenceTurn] | None = None,
        estimated: Sequence[Turn] | None = None,
        scores: SpeechScores | None = None,
        threshold: float | None = None,
        height: int = 96,
        lang: str = "",
        save_outputs: bool = True,
    ) -> None:
        title = ""
        recording: Recording | None = None
        if isinstance(source, Sample):
            reference = source.turns if reference is None else reference
            source = source.clip
        if isinstance(source, AudioClip):
            sound: Any = source
            title = clip_title(source)
        elif hasattr(source, "tape"):
            recording, sound = source, source.tape
        else:
            raise SettingError(
                f"A Waveform shows an AudioClip, a Recording or a Sample, not {type(source).__name__}; "
                "AudioClip.load(...) reads files and arrays.", "source"
            )
        lanes: Lanes = {}
        if reference is not None:
            lanes["reference"] = reference
        if estimated is not None:
            lanes["estimated"] = estimated
        super().__init__(
            recording, sound, title=title, lanes=lanes, lang=lang, height=height, save_outputs=save_outputs
        )
        self._scores = scores
        self._threshold = _checked_threshold(threshold)

    def opening(self) -> list[Any]:
        """Return everything a view needs before its first picture."""
        return [*super().opening(), *score_messages(self._scores, self._threshold)]

    def set_scores(self, scores: SpeechScores | None, threshold: float | None = None) -> None:
        """Show another score curve and threshold."""
        self._scores, self._threshold = scores, _checked_threshold(threshold)
        self._tell_all(score_messages(scores, self._threshold))

    def set_lane(self, role: str, turns: Sequence[Turn | ReferenceTurn] | None) -> None:
        """Show other turns in a lane, or take it away.

        Parameters
        ----------
        role : {"reference", "service", "estimated"}
            Which lane.
        turns : sequence of turns or None
            What stands in it; None removes it.
        """
        if role not in ("reference", "service", "estimated"):
            raise SettingError(f"role is {role!r}; it must be 'reference', 'service' or 'estimated'.", "role")
        self._run.set_lane(role, turns)
        with self._telling:
            self._tell_all(self._run.changes())

    def show(self, start: float, end: float) -> None:
        """Show the stretch from ``start`` to ``end`` seconds."""
        if not 0 <= start < end:
            raise SettingError(
                f"There is nothing to show from {start!r} to {end!r} s; give 0 <= start < end.", "start"
            )
        self._tell({"kind": "show", "start": float(start), "end": float(end)}, [])

    def play(self, start: float = 0.0, end: float | None = None) -> None:
        """Play from ``start`` to ``end`` seconds in the browser; to the end if no ``end`` is given."""
        self._tell({"kind": "play", "start": float(start), "end": None if end is None else float(end)}, [])

    def pause(self) -> None:
        """Stop playing."""
        self._tell({"kind": "pause"}, [])

    def static_html(self) -> str:
        """Return the picture, and the transcript where there is one."""
        title = self.static_title()
        if self.recording is None:
            assert self._sound is not None
            return image_html(sound_picture(self._sound.sound), f"Waveform of {title}")
        from ...recording.exports.html import recording_html

        if not len(self.recording.tape):
            return recording_html(self.recording)
        picture = image_html(recording_picture(self.recording), f"Waveform of {title} with turns and waits")
        return picture + recording_html(self.recording)


def score_messages(scores: SpeechScores | None, threshold: float | None) -> list[Any]:
    """Return a score curve as views take it: one byte a frame (hundredths and a bit), 112 kB an hour."""
    if scores is None:
        return [({"kind": "score", "threshold": threshold}, [])] if threshold is not None else []
    codes = np.rint(np.clip(scores.values, -1, 1) * 127).astype(np.int8)
    content = {"kind": "score", "hop": scores.hop, "first": 0, "total": len(codes), "threshold": threshold}
    return [(content, [codes.tobytes()])]


def _checked_threshold(threshold: float | None) -> float | None:
    if threshold is not None and not -1 <= threshold <= 1:
        raise SettingError(f"threshold is {threshold!r}; it must lie between -1 and 1.", "threshold")
    return threshold

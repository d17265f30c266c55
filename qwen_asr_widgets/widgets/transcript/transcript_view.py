"""The transcript of a recording as a list: searchable, linked with its waveform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import SettingError
from ..shared.assets import css, esm
from ..shared.run_view import RunView

if TYPE_CHECKING:
    from ...recording import Recording


class TranscriptView(RunView):
    """Read what was said, when, and how long each utterance took; finished or while it is recorded.

    A click on an utterance plays and centres it in every `Waveform` of the same recording on the page.

    Parameters
    ----------
    recording : Recording
        What is shown.
    height : int
        CSS pixels from which on the list scrolls, 40 to 2000.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    save_outputs : bool
        Whether the transcript stays in the saved notebook; may be set later, and is switched in the view.

    Attributes
    ----------
    selected : int or None
        Number of the selected utterance; may be set.

    Raises
    ------
    SettingError
        The source is no recording, or a setting is out of its range.

    Examples
    --------
    >>> from qwen_asr_widgets.recording import Recording
    >>> TranscriptView(Recording()).selected is None
    True
    """

    _esm = esm("transcript/widget.js")
    _css = css("transcript/transcript.css")

    def __init__(
        self, recording: Recording, *, height: int = 360, lang: str = "", save_outputs: bool = True
    ) -> None:
        if not hasattr(recording, "utterances"):
            raise SettingError(
                f"A TranscriptView shows a Recording, not {type(recording).__name__}; "
                "transcribe(...) makes one from a clip.", "recording"
            )
        super().__init__(recording, None, lang=lang, height=height, save_outputs=save_outputs)

    def static_html(self) -> str:
        """Return the transcript as a table."""
        from ...recording.exports.html import recording_html

        assert self.recording is not None
        return recording_html(self.recording)

"""The transcript of a recording as a list: searchable, linked with its waveform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arguments import checked_keywords
from ...errors import SettingError
from ..shared.assets import css, esm
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput
from ..shared.shown import Shown
from ..shared.view_widget import ViewWidget

if TYPE_CHECKING:
    from ...recording import Recording


@checked_keywords
class TranscriptView(ViewWidget):
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
    >>> from qwen_asr_widgets import Recording
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
        self.model = shown = Shown(recording, None)
        saved = SavedOutput(
            lambda: shown.caption, lambda: _transcript_html(recording), lambda: not shown.growing,
            lambda: self.save_outputs,
        )
        super().__init__(saved, lang=lang, height=height, save_outputs=save_outputs)
        self.page = PageLink(self, shown, {}, rested=saved.refresh)

    @property
    def recording(self) -> Recording:
        """What is shown."""
        assert self.model.recording is not None
        return self.model.recording

    def _about(self) -> str:
        return self.model.summary


def _transcript_html(recording: Recording) -> str:
    return recording._repr_html_()

"""The protocol of a recording as a sequence chart: every event, in both directions."""

from __future__ import annotations

from os import PathLike

from ...arguments import checked_keywords
from ...recording import Recording
from ...recording.earlier.restoring import opened_recording
from ..shared.assets import css, esm
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput
from ..shared.view_widget import ViewWidget
from .model import ProtocolModel


@checked_keywords
class ProtocolView(ViewWidget):
    """Look at what client and service said to each other, when, and what answers what.

    A sequence chart in the order of time: appends that follow each other are one band with their bytes and
    pace; every event opens to its JSON, with a line on each field. Events can be filtered and searched; what
    was not allowed and where a connection was lost is marked. *Predict* hides the next event until one has
    chosen its type. A recording may still be growing.

    Parameters
    ----------
    recording : Recording or path
        A recording, with or without sound, or the ``.qasr`` file of one.
    height : int
        CSS pixels from which on the list scrolls, 40 to 2000.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    save_outputs : bool
        Whether the transcript stays in the saved notebook.

    Raises
    ------
    SettingError
        This is no recording, or a setting is out of its range.
    BundleError
        The file cannot be read.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording
    >>> ProtocolView(Recording()).recording.events
    <no events>
    """

    _esm = esm("protocol_view/widget.js")
    _css = css("protocol_view/protocol_view.css")

    def __init__(
        self, recording: Recording | str | PathLike[str], *, height: int = 420, lang: str = "",
        save_outputs: bool = True,
    ) -> None:
        opened = opened_recording(recording, "ProtocolView")
        self.model = ProtocolModel(opened)
        saved = SavedOutput(
            self._about, opened._repr_html_, lambda: not self.model.growing, lambda: self.save_outputs
        )
        super().__init__(saved, lang=lang, height=height, save_outputs=save_outputs)
        self.page = PageLink(self, self.model, self.model.commands, rested=saved.refresh)

    @property
    def recording(self) -> Recording:
        """What is shown."""
        return self.model.recording

    def _about(self) -> str:
        recording = self.model.recording
        return f"protocol of {recording.info.name or 'a recording'}, {len(recording.events):,} events"

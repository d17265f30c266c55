"""A recording seen again as it was seen while it was made, with its sound."""

from __future__ import annotations

from os import PathLike

from ...arguments import checked_keywords, is_number
from ...errors import SettingError
from ...recording import Recording
from ...recording.earlier.restoring import opened_recording
from ..shared.assets import css, esm
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput, shown_html
from ..shared.view_widget import ViewWidget
from .model import ReplayModel

SPEEDS = (0.25, 16.0)
"""The slowest and the fastest replay."""


class ReplayView(ViewWidget):
    """What `replay` returns: waveform and transcript of a recording at any moment of its run.

    Parameters
    ----------
    recording : Recording
        The run.
    speed : float
        How many seconds of it pass in one, at first.
    height : int
        CSS pixels of the wave itself, 40 to 2000.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    save_outputs : bool
        Whether picture and transcript of the whole recording stay in the saved notebook.
    """

    _esm = esm("replay/widget.js")
    _css = css("replay/replay.css")

    def __init__(
        self, recording: Recording, speed: float, *, height: int, lang: str, save_outputs: bool
    ) -> None:
        self.model = ReplayModel(recording, speed)
        shown = self.model.shown
        saved = SavedOutput(
            lambda: shown.caption, lambda: shown_html(shown), lambda: True, lambda: self.save_outputs
        )
        super().__init__(saved, lang=lang, height=height, save_outputs=save_outputs)
        self.page = PageLink(self, self.model, self.model.commands, rested=saved.refresh)

    @property
    def recording(self) -> Recording:
        """The whole recording."""
        return self.model.history.recording

    def at(self, time: float) -> Recording:
        """Return the recording as it was ``time`` seconds after it began; nothing that follows changes it.

        Raises
        ------
        SettingError
            ``time`` is no number from 0 on.
        """
        if not is_number(time) or time < 0:
            raise SettingError(f"time is {time!r}; give seconds from 0 on.", "time")
        return self.model.history.at(float(time))

    def _about(self) -> str:
        return f"replay of {self.model.shown.summary}"


@checked_keywords
def replay(
    recording: Recording | str | PathLike[str], speed: float = 1.0, *, height: int = 96, lang: str = "",
    save_outputs: bool = True,
) -> ReplayView:
    """See a recording again: at every moment what was seen then, with its sound.

    The views are those of the `Transcriber`; a scrubber, steps from event to event and a speed stand over
    them, forwards and backwards. What is shown at a moment is computed from the events until then, as it was
    while they came.

    Parameters
    ----------
    recording : Recording or path
        A recording, or the ``.qasr`` file of one.
    speed : float
        How many seconds of the run pass in one, 0.25 to 16; chosen in the page too. Sound is heard where it
        plays at half to four times its own speed.
    height : int
        CSS pixels of the wave itself, 40 to 2000.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    save_outputs : bool
        Whether picture and transcript of the whole recording stay in the saved notebook.

    Returns
    -------
    ReplayView
        A widget; its ``at(time)`` is the recording as it was then.

    Raises
    ------
    SettingError
        This is no recording, or a setting is out of its range.
    BundleError
        The file cannot be read.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording
    >>> view = replay(Recording(), speed=2)
    >>> view.at(0.5).text
    ''
    """
    if not is_number(speed) or not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise SettingError(f"speed is {speed!r}; give a number from 0.25 to 16.", "speed")
    opened = opened_recording(recording, "replay")
    return ReplayView(opened, float(speed), height=height, lang=lang, save_outputs=save_outputs)

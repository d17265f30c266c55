"""Runs of one sound side by side: turns and waits over one axis, words under each other, figures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from os import PathLike

from ...arguments import checked_keywords
from ...errors import SettingError
from ...recording import Recording
from ...recording.comparing.comparison import Comparison, compare, said_in
from ...recording.comparing.naming import run_names
from ...recording.earlier.restoring import opened_recording
from ...vad.labels.references import Reference
from ..shared.assets import css, esm
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput, comparison_picture, image_html
from ..shared.shown import Shown
from ..shared.throttle import Message
from ..shared.view_widget import ViewWidget
from .messages import comparison_state


class CompareModel:
    """Says in messages what a comparison shows; a `ViewModel`.

    Beside those of `Shown`, for the sound and the turns of the first run, views are told ``compared``.

    Parameters
    ----------
    recordings : sequence of Recording
        Two or more of one sound; what comes later to one under way is not shown.
    names : sequence of str
        What each is called.
    reference : str, Reference or None
        What was truly said.
    """

    growing = False

    def __init__(
        self, recordings: Sequence[Recording], names: Sequence[str], reference: str | Reference | None
    ) -> None:
        self.recordings = tuple(recordings)
        self.comparison: Comparison = compare(*recordings, reference=reference, names=names)
        longest = max(recordings, key=lambda one: len(one.tape))
        self.shown = Shown(recordings[0], longest.tape, recordings[0].info.name)
        turns = said_in(reference)[1]
        state = comparison_state(self.comparison, recordings, 0, turns)
        self._compared: Message = ({"kind": "compared", "source": self.shown.run.source, **state}, [])

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        return [*self.shown.opening(), self._compared]

    def changes(self) -> list[Message]:
        """Return nothing: what is compared does not change."""
        return []


@checked_keywords
class CompareView(ViewWidget):
    """Look at two or more runs of one sound side by side, and listen to it.

    Over one axis stand the sound and the turns, waits and words of each run; under it the figures, with a
    sentence on how much longer one waits and how sure that is, every word under its like, and turn by turn
    what each run made of it. Words are aligned as for the word error rate, characters where a language has no
    settled words.

    Parameters
    ----------
    *recordings : Recording or path
        Two or more of the same sound, or their ``.qasr`` files. Others are compared with the first.
    reference : str, Labels, Sample, path, or list of turns, optional
        What was truly said. All but a text also say when, so that waits are measured from the true ends of
        speech. Without it there is no error rate, and words stand under those of the first run.
    names : sequence of str, optional
        What to call each recording; by default by what they differ in.
    height : int
        CSS pixels of the wave itself, 40 to 2000.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    save_outputs : bool
        Whether figures and words stay in the saved notebook.

    Raises
    ------
    SettingError
        Fewer than two recordings, recordings of different sounds (with the place), or a setting out of its
        range.
    BundleError
        A file cannot be read.
    LabelError
        The reference is none.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording
    >>> view = CompareView(Recording(), Recording(), names=["before", "after"])
    >>> [run.name for run in view.comparison.runs]
    ['before', 'after']
    """

    _esm = esm("compare_view/widget.js")
    _css = css("compare_view/compare_view.css")

    def __init__(
        self, *recordings: Recording | str | PathLike[str], reference: str | Reference | None = None,
        names: Sequence[str] = (), height: int = 96, lang: str = "", save_outputs: bool = True,
    ) -> None:
        if len(recordings) < 2:
            raise SettingError(
                f"CompareView takes two or more recordings, not {len(recordings)}: "
                "CompareView(one, other), without a list around them.", "recordings"
            )
        opened = [opened_recording(one, "CompareView") for one in recordings]
        self.model = CompareModel(opened, run_names(opened, names), reference)
        saved = SavedOutput(self._about, self._html, lambda: True, lambda: self.save_outputs)
        super().__init__(saved, lang=lang, height=height, save_outputs=save_outputs)
        self.page = PageLink(self, self.model, self.model.shown.commands, rested=saved.refresh)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """What is compared."""
        return self.model.recordings

    @property
    def comparison(self) -> Comparison:
        """The figures, differences and aligned words, as `compare` returns them."""
        return self.model.comparison

    def _about(self) -> str:
        runs = ", ".join(run.name for run in self.comparison.runs)
        return f"comparison of {len(self.recordings)} runs of {self.model.shown.caption}: {runs}"

    def _html(self) -> str:
        """Return what a saved notebook shows: the waits as a picture, figures, and the words as text."""
        comparison = self.comparison
        names = [run.name for run in comparison.runs]
        picture = image_html(comparison_picture(self.recordings, names), f"Waits: {escape(self._about())}")
        words = comparison.alignment._repr_html_() if comparison.alignment is not None else ""
        return picture + comparison._repr_html_() + words

"""What all widgets have in common towards Python, and what those do that show a sound or a recording."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from ...arguments import is_number
from ...errors import SettingError
from .comm import close_whole
from .locales import checked_lang
from .page_link import PageLink
from .presentation import presented
from .saved_output import SavedOutput

HEIGHTS = (40, 2_000)
"""CSS pixels."""


class BaseWidget(anywidget.AnyWidget):
    """Base of all widgets: a short ``dir()`` and a plain ``repr``, which prints no trait.

    ``dir()`` lists what a user calls, sets and reads: the public names of this package's classes, without
    the traits that only pages read (tagged ``internal``) and without the many names of ipywidgets.

    Parameters
    ----------
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    **traits
        The other traits.

    Attributes
    ----------
    presentation : bool
        Whether pages show it for a projector: 1.6 times as large, its texts at a contrast of 7:1 or more,
        and under it the keys that work where the focus is. As ``qwen_asr_widgets.presentation`` says when the
        widget is made; it can be set at any time.

    Raises
    ------
    SettingError
        ``lang`` is no language of the interface, or ``qwen_asr_widgets.presentation`` no bool.
    """

    lang = traitlets.Unicode("").tag(sync=True)
    presentation = traitlets.Bool(False).tag(sync=True)

    def __init__(self, lang: str, **traits: Any) -> None:
        super().__init__(lang=checked_lang(lang), presentation=presented(), **traits)

    def __dir__(self) -> list[str]:
        ours = [cls for cls in type(self).__mro__ if cls.__module__.startswith(__package__.split(".")[0])]
        names = {name for cls in ours for name in vars(cls) if not name.startswith("_")}
        return sorted(names - set(self.trait_names(internal=True)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._about()}>"

    def _about(self) -> str:
        """Return what the widget holds, in a few words."""
        return "closed" if self.comm is None else "open"


class ViewWidget(BaseWidget):
    """Base of widgets that show a sound, a recording, or both.

    Parameters
    ----------
    saved : SavedOutput
        What a saved notebook shows.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    height : int
        CSS pixels, 40 to 2000.
    save_outputs : bool
        Whether picture and transcript stay in the saved notebook.

    Attributes
    ----------
    page : PageLink
        The way to the pages; set by the subclass, which knows what is shown.
    saved : SavedOutput
        What a saved notebook shows.

    Raises
    ------
    SettingError
        ``lang`` is no language of the interface, ``height`` is no height, or ``save_outputs`` no bool.
    """

    height = traitlets.Int(96).tag(sync=True)
    selected = traitlets.Int(None, allow_none=True).tag(sync=True)
    static_id = traitlets.Unicode("").tag(sync=True, internal=True)
    save_outputs = traitlets.Bool(True).tag(sync=True)
    page: PageLink

    def __init__(self, saved: SavedOutput, *, lang: str, height: int, save_outputs: bool) -> None:
        if not is_number(height, int) or not HEIGHTS[0] <= height <= HEIGHTS[1]:
            raise SettingError(f"height is {height!r}; give 40 to 2000 CSS pixels.", "height")
        if not isinstance(save_outputs, bool):
            raise SettingError(f"save_outputs is {save_outputs!r}; give True or False.", "save_outputs")
        super().__init__(lang, height=height, static_id=saved.id, save_outputs=save_outputs)
        self.saved = saved
        self.observe(lambda change: saved.refresh(), names="save_outputs")

    def _ipython_display_(self, **kwargs: Any) -> None:
        self.saved.display(self._repr_mimebundle_(**kwargs), self.page.let_view_open)
        self.page.displayed()

    def _about(self) -> str:
        return self.saved.title()

    def close(self) -> None:
        """Take the widget off the page and end its thread."""
        page = getattr(self, "page", None)  # not there where a setting was refused
        if page is not None:
            page.close()
        close_whole(self)

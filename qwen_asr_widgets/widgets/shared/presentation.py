"""Whether widgets are shown for a projector: as ``qwen_asr_widgets.presentation`` says, or one is told."""

from __future__ import annotations

import qwen_asr_widgets as package

from ...errors import SettingError


def presented(asked: bool | None = None) -> bool:
    """Return whether a new widget is shown for a projector.

    Parameters
    ----------
    asked : bool or None
        What is asked of this widget; None: what ``qwen_asr_widgets.presentation`` says.

    Raises
    ------
    SettingError
        It is neither True nor False.

    Examples
    --------
    >>> presented(), presented(True)
    (False, True)
    """
    value = package.presentation if asked is None else asked
    if not isinstance(value, bool):
        name = "qwen_asr_widgets.presentation" if asked is None else "presentation"
        raise SettingError(f"{name} is {value!r:.40}; give True or False.", "presentation")
    return value

"""The live progress bar: how far the sound is, and the words as they come."""

from __future__ import annotations

import shutil
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recording import Recording

_FORMAT = "{percentage:3.0f}%|{bar:16}| {n:.1f}/{total:.1f} s  {desc}"
_NOTEBOOK_FORMAT = "{percentage:3.0f}%{bar}{n:.1f}/{total:.1f} s  {desc}"
_OPEN_FORMAT = "{n:.1f} s  {desc}"
_TAKEN = 44
"""Columns that everything but the words takes."""

SPEAKING, SILENT = "\u25cf", "\u25cb"


class Progress:
    """A tqdm bar in seconds of sound; shows itself in notebooks and terminals, not in redirected output.

    Call `show` from one thread.

    Parameters
    ----------
    seconds : float or None
        Length of the sound; None where it is not known.
    enabled : bool
        False shows nothing.
    """

    def __init__(self, seconds: float | None, enabled: bool = True) -> None:
        self._bar: Any = None
        self._seconds = seconds
        self._enabled = enabled

    def __enter__(self) -> Progress:
        if self._enabled:
            from tqdm.auto import tqdm

            self._bar = tqdm(
                total=None if self._seconds is None else round(self._seconds, 3), unit="s", disable=None,
                bar_format=_OPEN_FORMAT if self._seconds is None else _bar_format(tqdm), dynamic_ncols=True,
                leave=False, mininterval=0.1,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.total = self._bar.n
            self._bar.close()

    def show(self, recording: Recording) -> None:
        """Bring the bar up to date."""
        if self._bar is None or self._bar.disable:
            return
        self._bar.set_description_str(latest_words(recording, self._columns()), refresh=False)
        self._bar.update(recording.sent_duration + recording.skipped_duration - self._bar.n)

    def _columns(self) -> int:
        return max(10, (self._bar.ncols or shutil.get_terminal_size().columns) - _TAKEN)


def _bar_format(bar: type) -> str:
    """Return the format: a notebook draws a bar of its own and takes no width."""
    notebook = any(base.__module__ == "tqdm.notebook" for base in bar.__mro__)
    return _NOTEBOOK_FORMAT if notebook else _FORMAT


def latest_words(recording: Recording, columns: int) -> str:
    """Return what the service hears now, at most ``columns`` wide (wide characters count two).

    A filled dot and the words while a turn is open, an empty one in silence and while a final is awaited.
    Line breaks and control characters would break the bar: they become spaces.
    """
    utterances = recording.utterances
    if not utterances:
        return ""
    newest = utterances[-1]
    if newest.status == "final":
        return SILENT
    text = " ".join("".join(part if part.isprintable() else " " for part in newest.text).split())
    dot = SPEAKING if newest.status == "speaking" else SILENT
    return f"{dot} {newest.number}  {keep_end(text, columns - 6)}"


def keep_end(text: str, columns: int) -> str:
    """Return a text that fits, shortened at its beginning.

    Examples
    --------
    >>> keep_end("so the first thing", 10)
    '…rst thing'
    """
    from tqdm.utils import disp_len

    if disp_len(text) <= columns:
        return text
    while text and disp_len(text) > columns - 1:
        text = text[1:]
    return "\u2026" + text

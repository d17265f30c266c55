"""Development of the front end: an edited file is joined anew and shown, without a restart of the kernel.

Switched on by ``QWEN_ASR_WIDGETS_DEV=1`` in the kernel's environment, before the widgets are imported.
anywidget does the same for a module that is one file (``ANYWIDGET_HMR=1``); ours are joined from many. So one
thread looks at the files a few times a second, and anywidget hands a text that has changed to every living
widget, whose views are then built anew in the page.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anywidget._file_contents import VirtualFileContents

VARIABLE = "QWEN_ASR_WIDGETS_DEV"

INTERVAL = 0.3
"""Seconds between two looks at the files."""

logger = logging.getLogger(__name__)


def is_on() -> bool:
    """Whether the environment asks for it."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def follow(join: Callable[[], str], folder: Path) -> VirtualFileContents:
    """Return the text that ``join`` makes of the files in ``folder``, up to date while somebody holds it."""
    from anywidget._file_contents import VirtualFileContents

    contents = VirtualFileContents(join())
    with _lock:
        _followed[contents] = _Followed(join, folder, _stamps(folder))
        if len(_followed) == 1:
            threading.Thread(target=_watch, name="qwen-asr-widgets-dev", daemon=True).start()
    return contents


@dataclasses.dataclass
class _Followed:
    """How a text is made, and when its files were last written."""

    join: Callable[[], str]
    folder: Path
    stamps: dict[Path, int]


_followed: weakref.WeakKeyDictionary[VirtualFileContents, _Followed] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def _watch() -> None:
    """Look at the files until nobody holds a text made of them."""
    pause = threading.Event()
    while True:
        with _lock:
            followed = list(_followed.items())
            if not followed:
                return
        for contents, one in followed:
            found = _stamps(one.folder)
            if found != one.stamps:
                one.stamps = found
                _join_anew(contents, one.join)
        del followed, contents, one
        pause.wait(INTERVAL)


def _join_anew(contents: VirtualFileContents, join: Callable[[], str]) -> None:
    """Set the text again where it has changed; while the files cannot be joined it stays as it was."""
    try:
        text = join()
    except (ImportError, ValueError) as error:
        logger.warning("The front end is not reloaded: %s", error)
        return
    if contents.contents != text:
        contents.contents = text


def _stamps(folder: Path) -> dict[Path, int]:
    """Say when each file was last written; one that goes away in between is left out."""
    stamps = {}
    for path in folder.rglob("*"):
        if path.suffix in {".js", ".css", ".json"}:
            try:
                stamps[path] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
    return stamps

"""How far a file has come from a page, told to that page: it sends on only as it hears so."""

from __future__ import annotations

from ..capture.upload import FileArriving

TOLD_EVERY = 4 << 20
"""Bytes after which it is told at once; pages send at most twice as many ahead of what they were told."""

TOLD_AFTER = 0.1
"""Seconds after which less is told too, for slow connections."""


class Arrivals:
    """Decides which arrivals are told: enough to be followed by eye, and few however fast they come.

    Examples
    --------
    >>> arrivals = Arrivals()
    >>> [arrivals.tells(FileArriving("page", "a", held << 20, 9 << 20), 0.01 * held) for held in range(1, 6)]
    [True, False, False, False, True]
    """

    def __init__(self) -> None:
        self._upload = ""
        self._held = 0
        self._at = 0.0

    def tells(self, event: FileArriving, now: float) -> bool:
        """Tell whether this one, come at the monotonic time ``now``, is told."""
        same = event.upload == self._upload
        if same and event.held - self._held < TOLD_EVERY and now - self._at < TOLD_AFTER:
            return False
        self._upload, self._held, self._at = event.upload, event.held, now
        return True

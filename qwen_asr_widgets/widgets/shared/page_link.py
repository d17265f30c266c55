"""The messages between a widget and the pages that show it: open views, news for them, their commands.

* Page to kernel: ``{kind: "hello"}`` when a view opens or has missed something, ``bye`` when it ends, and
  what the widget's table of commands names.
* Kernel to page: what the widget's model says, all of it to a view that opens, then what has changed.

Answers go to every view of the widget: each takes what it needs. Until the first ``hello`` a view is told
everything once a second, as long as a run is under way, else for ten seconds after the widget was displayed:
a view that opens while a cell blocks the kernel is soon up to date, also where the cells after it run on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import anywidget

from ...errors import QawError
from .comm import free_of_subshell, in_kernel, kernel_is_live
from .commands import Command, CommandReader, Commands
from .throttle import UPDATES_PER_SECOND, Message, Throttle

logger = logging.getLogger("qwen_asr_widgets")

KEYFRAME_PERIOD = 1.0
UNSEEN_KEYFRAMES = 10
"""Times that a view of what does not grow is told everything before it has said hello."""
MAX_VIEWS = 64
OPENING_WAIT = 0.8
"""Seconds a cell waits for its view to open before the picture for the saved notebook is drawn."""


class ViewModel(Protocol):
    """What a widget shows, said in messages; it knows no comm and no page. Called from several threads."""

    @property
    def growing(self) -> bool:
        """Whether more is to come."""

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""

    def changes(self) -> list[Message]:
        """Return what has changed since views were told last."""


@dataclass(frozen=True)
class View:
    """One view of a widget in a page, by the name it gave itself."""

    view: str = ""


class PageLink:
    """Held by a widget: tells its views what the model says and acts on what they ask.

    Parameters
    ----------
    widget : AnyWidget
        Whose comm is used.
    model : ViewModel
        What is shown.
    commands : dict of str to Command
        What pages may ask for, beside ``hello`` and ``bye``.
    rested : callable
        Told, on the throttle's thread, when nothing more is to come.
    failed : callable
        Given what went wrong with a command; by default that is logged.
    welcome : callable, optional
        Returns what a view is told that has just opened; by default the model's opening.
    while_unseen : bool
        Whether changes are followed although the last page is gone.
    period : float
        See `Throttle`.

    Attributes
    ----------
    views : set of str
        The views that are open.
    order : threading.RLock
        Held while messages are made and sent that must arrive in the order in which they were made.
    throttle : Throttle
        Sends the changes.

    Examples
    --------
    >>> class Still:
    ...     growing = False
    ...     def opening(self): return [({"kind": "picture"}, [])]
    ...     def changes(self): return []
    >>> widget, sent = anywidget.AnyWidget(_esm="export default {}"), []
    >>> widget.send = lambda content, buffers: sent.append(content["kind"])
    >>> link = PageLink(widget, Still(), {})
    >>> link.take(widget, {"kind": "hello", "view": "v"}, [])
    >>> sent, link.views
    (['picture'], {'v'})
    """

    def __init__(
        self, widget: anywidget.AnyWidget, model: ViewModel, commands: Commands, *,
        rested: Callable[[], None] = lambda: None, failed: Callable[[QawError], None] | None = None,
        welcome: Callable[[], list[Message]] | None = None, while_unseen: bool = False,
        period: float = 1 / UPDATES_PER_SECOND,
    ) -> None:
        self._widget = widget
        self._model = model
        self._rested = rested
        self._failed = failed or self._log
        self._welcome = welcome or model.opening
        self._while_unseen = while_unseen
        ours = {"hello": Command(View, self._greet), "bye": Command(View, self._leave)}
        self._reader = CommandReader(type(widget).__name__, {**commands, **ours})
        self.views: set[str] = set()
        self.order = threading.RLock()
        self._greeted = False
        self._opened = threading.Event()
        self._keyframe_at = 0.0
        self._keyframes_left = 0
        self._grew = False
        self.throttle = Throttle(self.changes, self.tell, self.wanted, period=period)
        free_of_subshell(widget)
        widget.on_msg(self.take)

    @property
    def commands(self) -> Commands:
        """What pages may ask for."""
        return self._reader.commands

    @property
    def is_open(self) -> bool:
        """Whether the widget was not closed."""
        return self._widget.comm is not None

    # ---- to the pages

    def tell(self, content: dict[str, Any], buffers: Sequence[Any] = ()) -> None:
        """Send one message to every view."""
        self._widget.send(content, list(buffers))

    def tell_all(self, messages: Iterable[Message]) -> None:
        """Send messages to every view."""
        for content, buffers in messages:
            self.tell(content, buffers)

    def tell_made(self, make: Callable[[], Iterable[Message]]) -> None:
        """Make messages and send them, before any others that must arrive in their order."""
        with self.order:
            self.tell_all(make())

    def tell_opening(self) -> None:
        """Send everything anew, because something else is shown; nothing where nobody looks."""
        with self.order:
            if self.views:
                self.tell_all(self._model.opening())

    def tell_changes(self) -> None:
        """Send what has changed, at once."""
        self.tell_made(self._model.changes)

    def follow(self) -> None:
        """Keep views up to date as long as there is more to come."""
        if self._model.growing:
            self._grew = True
            self.throttle.start()

    def displayed(self) -> None:
        """Fill the view that a cell has displayed, also where its hello waits for other cells to end."""
        if in_kernel() and not self._greeted:
            self._keyframes_left = UNSEEN_KEYFRAMES
            self.throttle.start()
        self.follow()

    # ---- what the throttle asks

    def changes(self) -> list[Message]:
        """Return what is to be sent: what has changed, or all where no view has said hello yet."""
        with self.order:
            if self._greeted and not self.views:
                return []
            now = time.monotonic()
            if not self._greeted and now - self._keyframe_at >= KEYFRAME_PERIOD:
                self._keyframe_at = now
                self._keyframes_left = max(self._keyframes_left - 1, 0)
                return self._model.opening()
            return self._model.changes()

    def wanted(self) -> bool:
        """Tell whether there is anything to wait for."""
        if not self.is_open or (self._greeted and not self.views and not self._while_unseen):
            return False
        if self._model.growing:
            self._grew = True
            return True
        if self._keyframes_left and not self._greeted:
            return True
        if self._grew:
            self._grew = False
            self._rested()
        return False

    # ---- from the pages

    def take(self, _: Any, content: Any, buffers: Sequence[Any]) -> None:
        """Act on a message of a page and send what answers it."""
        try:
            self.tell_all(self._reader.answer(content, buffers))
        except QawError as error:
            self._failed(error)

    def _greet(self, opened: View) -> None:
        self._greeted = True
        if len(self.views) < MAX_VIEWS:
            self.views.add(opened.view)
        with self.order:
            self.tell_all(self._welcome())
        self._opened.set()
        self.follow()

    def _leave(self, ended: View) -> None:
        self.views.discard(ended.view)

    def _log(self, error: QawError) -> None:
        logger.warning("%s: %s", type(self._widget).__name__, error)

    # ---- the widget's life

    def let_view_open(self) -> None:
        """Wait a moment for the view of a cell that has just displayed the widget."""
        if kernel_is_live():
            self._opened.wait(OPENING_WAIT)

    def close(self) -> None:
        """End the thread."""
        self.throttle.stop()

"""A transcriber on a bare page, with its Python half answering and a microphone that Chromium plays.

Browser tests open their pages by the fixture ``show_transcriber``::

    def test_something(show_transcriber):
        shown = show_transcriber(Transcriber(), theme="dark")
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from support.clip_page import ClipPage
from support.profiles import Profile, Profiles
from support.transcribing import beside_cells
from support.view_page import DELIVER, NEXT_FRAME, TAKE_SAVED, ViewPage, view_pages
from support.waiting import wait_until

TAKE = """() => window.bare.model.sent.splice(0).map(({ content, buffers }) => ({
  content,
  buffers: buffers.map((buffer) => {
    let text = '';
    const bytes = new Uint8Array(buffer);
    for (let at = 0; at < bytes.length; at += 8192) {
      text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    }
    return btoa(text);
  }),
}))"""


MANAGER = "window.widgetManager = { get_model: async () => null };"


class TranscriberPage(ViewPage):
    """Shows one transcriber; its microphone's messages travel over the widget's own comm, marked."""

    def __init__(self, profile: Profile, view: Any, init_script: str = "") -> None:
        super().__init__(profile, view, MANAGER + init_script)
        self.state.update(uid=view.uid, live_while_busy=view.live_while_busy, formats=view.formats)
        self.clips: ClipPage | None = None

    def serve(self) -> None:
        """Carry what is there in both directions, and wait until that is painted."""
        for name, value in self.page.evaluate(TAKE_SAVED).items():
            setattr(self.view, name, value)
        if self.clips is None and self.view.pages.clips.recorder is not None:
            self.clips = ClipPage(self.page, self.view.pages.clips.recorder)
            self.clips.open(show=False)
        if self.clips is not None:
            self.clips.serve()
        for message in self.page.evaluate(TAKE):
            buffers = [base64.b64decode(text) for text in message["buffers"]]
            take = partial(self.view._handle_custom_msg, message["content"], buffers)
            if message["content"].get("kind") == "capture":
                beside_cells(take)
            else:
                take()
        messages, self._outbox = self._outbox, []
        if messages:
            self.page.evaluate(DELIVER, messages)
            self.page.evaluate(NEXT_FRAME)

    def until(self, condition: Callable[[], Any], timeout: float = 20.0, what: str = "it holds") -> Any:
        """Carry messages until a condition holds."""

        def met() -> Any:
            self.serve()
            return condition()

        return wait_until(met, timeout, what, every=0.1)

    def show(self, theme: str | None = "light") -> Any:
        """Open the page and carry the opening."""
        page = self.open(theme)
        self.until(lambda: not self._outbox and self.view.page.views)
        self.serve()
        return page

    def shows(self, text: str) -> Any:
        """Carry messages until a text is to be seen."""
        place = self.page.get_by_text(text).filter(visible=True)
        return self.until(lambda: place.count() > 0, what=f"the page shows {text!r}")

    def hides(self, text: str) -> Any:
        """Carry messages until a text is not to be seen."""
        place = self.page.get_by_text(text).filter(visible=True)
        return self.until(lambda: place.count() == 0, what=f"the page does not show {text!r}")

    def press(self, name: str) -> None:
        """Press the button of this name, or whose name begins so."""
        self.page.get_by_role("button", name=name).first.click()

    def tell_state(self) -> None:
        """Let the kernel tell the page what has changed, as it does after every command."""
        self.view.page.tell_made(self.view.view.state_changes)

    def settled(self) -> None:
        """Carry messages until the run is over and shown so."""
        told = self.view.view
        self.until(lambda: not self.view.active and told.told["phase"] == "done", 40, "the run is over")
        self.serve()
        self.page.locator(".qaw-tr[data-phase=done]").wait_for()


Show = Callable[..., TranscriberPage]
"""Opens the page of a transcriber, as `transcriber_pages` says."""


@contextlib.contextmanager
def transcriber_pages(profiles: Profiles, microphone: bool = True) -> Iterator[Show]:
    """Open transcribers on bare pages, and close them all at the end.

    Yields
    ------
    callable
        ``show(view, theme="light", **options)`` returns the open page, allowed the microphone or not.

    Raises
    ------
    AssertionError
        Something was wrong on a page's console.
    """
    with view_pages(profiles, TranscriberPage, viewport={"width": 920, "height": 900}) as make:

        def show(view: Any, theme: str = "light", **options: Any) -> TranscriberPage:
            allowed = [*options.pop("permissions", ()), *(["microphone"] if microphone else [])]
            shown = make(view, permissions=allowed, **options)
            shown.show(theme)
            return shown

        yield show

"""A transcriber on a bare page, with its Python half answering and a microphone that Chromium plays."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from support.clip_page import ClipPage
from support.view_page import DELIVER, NEXT_FRAME, ViewPage
from support.waiting import wait_until

TAKE = """() => window.bare.model.sent.splice(0).map(({ content, buffers }) => ({
  content,
  buffers: buffers.map((buffer) => {
    let text = '';
    for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
    return btoa(text);
  }),
}))"""


class TranscriberPage(ViewPage):
    """Shows one transcriber; its microphone's messages travel over the widget's own comm, marked."""

    def __init__(self, context: Any, view: Any) -> None:
        super().__init__(context, view)
        self.state.update(uid=view.uid, live_while_busy=view.live_while_busy)
        self.clips: ClipPage | None = None
        self.page.add_init_script("window.widgetManager = { get_model: async () => null };")

    def serve(self) -> None:
        """Carry what is there in both directions, and wait until that is painted."""
        if self.clips is None and self.view.clips.recorder is not None:
            self.clips = ClipPage(self.page, self.view.clips.recorder)
            self.clips.open(show=False)
        if self.clips is not None:
            self.clips.serve()
        for message in self.page.evaluate(TAKE):
            buffers = [base64.b64decode(text) for text in message["buffers"]]
            self.view._handle_custom_msg(message["content"], buffers)
        messages, self._outbox = self._outbox, []
        if messages:
            self.page.evaluate(DELIVER, messages)
            self.page.evaluate(NEXT_FRAME)

    def until(self, condition: Callable[[], Any], timeout: float = 20.0, what: str = "it holds") -> Any:
        """Carry messages until a condition holds."""

        def met() -> Any:
            self.serve()
            return condition()

        return wait_until(met, timeout, what)

    def show(self, theme: str | None = "light") -> Any:
        """Open the page and carry the opening."""
        page = self.open(theme)
        self.until(lambda: not self._outbox and self.view._views)
        self.serve()
        return page

    def shows(self, text: str) -> Any:
        """Carry messages until a text is to be seen."""
        place = self.page.get_by_text(text).filter(visible=True)
        return self.until(lambda: place.count() > 0, what=f"the page shows {text!r}")

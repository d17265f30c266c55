"""A waveform or transcript on a bare page, with its Python half answering: no kernel, no timing."""

from __future__ import annotations

import base64
import json
from typing import Any

from support.bare import BarePage

DELIVER = """(messages) => {
  for (const [content, buffers] of messages) {
    const views = buffers.map((text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      return new DataView(bytes.buffer);
    });
    window.bare.model.trigger('msg:custom', content, views);
  }
}"""

NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

TRAITS = ("lang", "height", "selected", "static_id")


class ViewPage(BarePage):
    """Shows one `RunView` and carries its messages to and fro when told to.

    Parameters
    ----------
    context : playwright BrowserContext
    view : RunView
        Its ``send`` is replaced.
    """

    def __init__(self, context: Any, view: Any) -> None:
        # anywidget puts its traits on a class of its own, in front of ours.
        widget = next(cls for cls in type(view).__mro__ if isinstance(vars(cls).get("_esm"), str))
        super().__init__(context, widget, **{name: getattr(view, name) for name in TRAITS})
        self.view = view
        self.bytes_moved = 0
        self._outbox: list[list[Any]] = []
        view.send = self._hear

    def _hear(self, content: dict[str, Any], buffers: Any = None) -> None:
        texts = [base64.b64encode(bytes(buffer)).decode() for buffer in buffers or []]
        self.bytes_moved += len(json.dumps(content)) + sum(len(bytes(buffer)) for buffer in buffers or [])
        self._outbox.append([content, texts])

    def show(self, theme: str | None = "light") -> Any:
        """Open the page and answer until nothing more is asked."""
        page = self.open(theme)
        self.serve()
        return page

    def serve(self) -> None:
        """Carry messages until both sides are quiet, and wait until that is painted."""
        while True:
            for content in self.page.evaluate("() => window.bare.model.sent.splice(0).map((m) => m.content)"):
                self.view._handle_custom_msg(content, [])
            if not self._outbox:
                return
            messages, self._outbox = self._outbox, []
            self.page.evaluate(DELIVER, messages)
            self.page.evaluate(NEXT_FRAME)

    def follow(self) -> None:
        """Carry what the recording has gained, as the pump would."""
        for content, buffers in self.view._changes():
            self._hear(content, buffers)
        self.serve()

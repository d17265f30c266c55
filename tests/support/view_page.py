"""A view of sound or words on a bare page, with its Python half answering: no kernel, no timing.

For the waveform, the transcript, the tuner and whatever else is a `ViewWidget`. Browser tests open pages
by the fixtures ``show`` and ``show_tuner``; errors on the pages' consoles fail the test::

    def test_something(show):
        page = show(Waveform(clip)).show("dark")
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from support.bare import BarePage
from support.profiles import Profile, Profiles
from support.waiting import wait_until

DELIVER = """(messages) => {
  for (const [content, buffers] of messages) {
    const views = buffers.map((text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      return new DataView(bytes.buffer);
    });
    window.bare.model.trigger('msg:custom', content, views);
  }
}"""

SET = """(traits) => {
  const { model } = window.bare;
  for (const [name, value] of Object.entries(traits)) model.set(name, value);
  model.save_changes();
  model.saved = {};
}"""

TAKE_SAVED = "() => { const { saved } = window.bare.model; window.bare.model.saved = {}; return saved; }"

NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

# What JupyterLab does when its theme changes: the width jumps with the fonts, and the page is hidden for less
# than a frame, so that what draws finds no size and no observer notices.
CHANGE_THEME = """async (dark) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const place = document.querySelector('.qaw').parentElement;
  await frame();
  place.style.paddingRight = dark ? '30px' : '';
  await new Promise((done) => setTimeout(done));
  document.body.dataset.jpThemeLight = String(!dark);
  place.style.display = 'none';
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  await frame();
  place.style.display = '';
}"""

COUNT_FRAMES = """() => {
  const { requestAnimationFrame } = window;
  window.framesAsked = 0;
  window.requestAnimationFrame = (draw) => { window.framesAsked += 1; return requestAnimationFrame(draw); };
}"""

TRAITS = ("lang", "presentation", "height", "selected", "static_id", "save_outputs")

LISTEN = """() => {
  window.leaked = [];
  document.addEventListener('keydown', (event) => window.leaked.push(event.key));
}"""


class ViewPage(BarePage):
    """Shows one `ViewWidget` and carries its messages and traits to and fro when told to.

    Parameters
    ----------
    profile : Profile
    view : ViewWidget
        Its ``send`` is replaced.
    """

    def __init__(self, profile: Profile, view: Any, init_script: str = "") -> None:
        # anywidget puts its traits on a class of its own, in front of ours.
        widget = next(cls for cls in type(view).__mro__ if isinstance(vars(cls).get("_esm"), str))
        super().__init__(profile, widget, init_script, **{name: getattr(view, name) for name in TRAITS})
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
        """Carry what both sides have said until they are quiet, and wait until that is painted."""
        for name, value in self.page.evaluate(TAKE_SAVED).items():
            setattr(self.view, name, value)
        self.page.evaluate(SET, {name: getattr(self.view, name) for name in TRAITS})
        while True:
            for content in self.page.evaluate("() => window.bare.model.sent.splice(0).map((m) => m.content)"):
                self.view.page.take(self.view, content, [])
            if not self._outbox:
                return
            messages, self._outbox = self._outbox, []
            self.page.evaluate(DELIVER, messages)
            self.page.evaluate(NEXT_FRAME)

    def follow(self) -> None:
        """Carry what the recording has gained, as the throttle would."""
        for content, buffers in self.view.page.changes():
            self._hear(content, buffers)
        self.serve()

    def listen_for_keys(self) -> None:
        """Note from now on which keys reach the page."""
        self.page.evaluate(LISTEN)

    @property
    def leaked_keys(self) -> list[str]:
        """The keys that reached the page: a notebook would have taken them as commands."""
        return list(self.page.evaluate("window.leaked"))


@contextlib.contextmanager
def view_pages(profiles: Profiles, kind: Any = ViewPage, **defaults: Any) -> Iterator[Callable[..., Any]]:
    """Open views on bare pages, and close them all at the end.

    Parameters
    ----------
    profiles : Profiles
    kind : type
        `ViewPage`, or one made from it.
    **defaults
        Options of every page's profile, such as ``viewport``; each page may have others.

    Yields
    ------
    callable
        ``show(view, init_script="", **options)`` returns the view's page, not yet open.

    Raises
    ------
    AssertionError
        Something was wrong on a page's console.
    """
    pages: list[ViewPage] = []
    defaults = {"viewport": {"width": 900, "height": 700}, **defaults}

    def show(view: Any, init_script: str = "", **options: Any) -> ViewPage:
        pages.append(kind(profiles.take(**{**defaults, **options}), view, init_script))
        return pages[-1]

    try:
        yield show
    finally:
        for shown in pages:
            shown.view.close()
            shown.profile.end()
    errors = [error for shown in pages for error in shown.errors]
    assert not errors, f"errors on the browser's console: {errors}"


def assert_views_leave_nothing(
    shown: ViewPage, use: Callable[[int], None] = lambda number: None, count: int = 5
) -> None:
    """Open and close views of a shown widget; fail if listeners, nodes, timers, sound or styles have grown.

    Parameters
    ----------
    shown : ViewPage
        Open; its own view is closed first.
    use : callable
        Does something with the view of a number while it is open; what 0 does is done twice before counting.
    count : int
        How many are opened.
    """
    page = shown.page
    page.evaluate("() => window.bare.views.pop()()")

    def one_view(number: int) -> None:
        page.evaluate("async () => { window.close_view = await window.bare.open(); }")
        shown.serve()
        use(number)
        page.evaluate("async () => { await window.close_view(); window.close_view = null; }")
        shown.serve()

    for number in (0, 0, 1):
        one_view(number)
    before = shown.counters()
    for number in range(count):
        one_view(number)

    def grown() -> dict[str, float]:
        after = shown.counters()
        return {name: after[name] - before[name] for name in after if after[name] > before[name]}

    wait_until(lambda: not grown(), 10, "everything of the closed views is gone")
    assert grown() == {}
    assert page.locator(".qaw").count() == 0
    assert page.locator("style").count() == 1, "the page's own"
    assert page.evaluate("[...window.bare.model.listeners.values()].flat().length") == 0
    assert shown.view.page.views == set()

"""Browser profiles that bare pages share, and pages that tests take one after the other.

A profile of its own costs a page more than most tests take, and a page of its own four times as much as
another address in a page that is there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

ADDRESS = "http://127.0.0.1:9/"

# Timers and sound that run; what is still referenced here is as good as leaked.
COUNT_RUNNING = """(() => {
  const running = new Set();
  window.runningTimers = running;
  const sounds = [];
  const runs = (sound) => sound.state === 'running' || sound.readyState === 'live';
  window.runningSounds = () => sounds.filter(runs);
  const { AudioContext } = window;
  window.AudioContext = function (...options) {
    const context = new AudioContext(...options);
    sounds.push(context);
    return context;
  };
  const devices = navigator.mediaDevices;
  const getUserMedia = devices?.getUserMedia.bind(devices);
  if (devices) devices.getUserMedia = async (asked) => {
    const stream = await getUserMedia(asked);
    sounds.push(...stream.getTracks());
    return stream;
  };
  const { setInterval, clearInterval } = window;
  window.setInterval = (...options) => { const id = setInterval(...options); running.add(id); return id; };
  window.clearInterval = (id) => { running.delete(id); clearInterval(id); };
})()"""


LASTING = ("add_init_script", "add_locator_handler", "emulate_media", "expose_function", "route")
"""What a page keeps at its next address: one on which any of these was called is not used again."""


class _LentPage:
    """A page that one test after the other may use.

    Parameters
    ----------
    page : playwright Page
        New.
    script : str
        Runs before the page's own scripts, at every address.
    """

    def __init__(self, page: Any, script: str) -> None:
        self.page, self.script = page, script
        self.is_as_new = True
        self.viewport = page.viewport_size
        self._handlers: list[tuple[str, Callable[..., Any]]] = []
        for text in filter(None, (script, COUNT_RUNNING)):
            page.add_init_script(text)
        for name in LASTING:
            setattr(page, name, self._spoiling(getattr(page, name)))
        listen = page.on

        def listen_and_note(event: str, handler: Callable[..., Any]) -> None:
            self._handlers.append((event, handler))
            listen(event, handler)

        page.on = listen_and_note

    def _spoiling(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **options: Any) -> Any:
            self.is_as_new = False
            return method(*values, **options)

        return call

    def renew(self) -> bool:
        """Leave what the test has shown, and tell whether the page is now as a new one."""
        while self._handlers:
            self.page.remove_listener(*self._handlers.pop())
        with contextlib.suppress(Exception):
            if not self.is_as_new or self.page.is_closed():
                return False
            self.page.evaluate("() => { try { sessionStorage.clear(); } catch { /* no address yet */ } }")
            self.page.mouse.move(0, 0)
            if self.page.viewport_size != self.viewport:
                self.page.set_viewport_size(self.viewport)
            self.page.goto(ADDRESS)
            return True
        return False


class Profile:
    """A browser profile in which an empty page stands at `ADDRESS`.

    Parameters
    ----------
    context : playwright BrowserContext
    shared : bool
        Whether other tests use it afterwards; then one page stays open for them.
    """

    def __init__(self, context: Any, shared: bool = False) -> None:
        self.context = context
        self._shared = shared
        self._free: _LentPage | None = None
        self._lent: list[_LentPage] = []

    def new_page(self, init_script: str = "") -> Any:
        """Open a page; what a test changes of it (scripts, routes, size, theme) ends with it."""
        free, self._free = self._free, None
        if free is not None and free.script != init_script:
            free.page.close()
            free = None
        self._lent.append(free or _LentPage(self.context.new_page(), init_script))
        return self._lent[-1].page

    def end(self) -> None:
        """Close the test's pages but one, which may be used again, and leave nothing of what they stored."""
        if not self._shared:
            self.context.close()
            return
        lent, self._lent = self._lent, []
        if not lent:
            return
        self._free = next((each for each in lent if each.renew()), None)
        if self._free is None:
            self._free = _LentPage(self.context.new_page(), "")
        for page in self.context.pages:
            if page is not self._free.page:
                page.close()
        session = self.context.new_cdp_session(self._free.page)
        session.send("Storage.clearDataForOrigin", {"origin": ADDRESS.rstrip("/"), "storageTypes": "all"})
        session.detach()


class Profiles:
    """Hands out profiles: one for all tests that ask for the same options, or one of a test's own.

    Parameters
    ----------
    browser : playwright Browser
    """

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._shared: dict[str, Profile] = {}

    def take(self, own: bool = False, **options: Any) -> Profile:
        """Return a profile with these options of a context, such as ``viewport`` or ``permissions``.

        A test that changes the profile itself, by a clock for example, must have its own.
        """
        options = {"locale": "en-US", **options}
        if own:
            return Profile(self._make(options))
        key = json.dumps(options, sort_keys=True)
        if key not in self._shared:
            self._shared[key] = Profile(self._make(options), shared=True)
        return self._shared[key]

    def _make(self, options: dict[str, Any]) -> Any:
        viewport = "<meta name=viewport content='width=device-width, initial-scale=1'>"
        html = f"<!doctype html><html lang=en><meta charset=utf-8>{viewport}<body></body></html>"
        context = self._browser.new_context(**options)
        context.route(f"{ADDRESS}**", lambda route: route.fulfill(body=html, content_type="text/html"))
        return context

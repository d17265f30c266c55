"""Browser profiles that bare pages share: a profile of its own costs a page more than most tests take."""

from __future__ import annotations

import json
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Profile:
    """A browser profile in which an empty page stands at `ADDRESS`.

    Parameters
    ----------
    context : playwright BrowserContext
    first_page : playwright Page or None
        A page that stays open while the profile is shared; None where it is used once.
    """

    context: Any
    first_page: Any = None

    def new_page(self, init_script: str = "") -> Any:
        """Open a page; what a test changes of it (scripts, routes, size, theme) ends with it."""
        page = self.context.new_page()
        for script in filter(None, (init_script, COUNT_RUNNING)):
            page.add_init_script(script)
        return page

    def end(self) -> None:
        """Close the test's pages, and leave nothing of what they have stored."""
        if self.first_page is None:
            self.context.close()
            return
        for page in self.context.pages:
            if page is not self.first_page:
                page.close()
        session = self.context.new_cdp_session(self.first_page)
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
            context = self._make(options)
            self._shared[key] = Profile(context, context.new_page())
        return self._shared[key]

    def _make(self, options: dict[str, Any]) -> Any:
        viewport = "<meta name=viewport content='width=device-width, initial-scale=1'>"
        html = f"<!doctype html><html lang=en><meta charset=utf-8>{viewport}<body></body></html>"
        context = self._browser.new_context(**options)
        context.route(f"{ADDRESS}**", lambda route: route.fulfill(body=html, content_type="text/html"))
        return context

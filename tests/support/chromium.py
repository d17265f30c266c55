"""The Chromium of this computer, headless, with a microphone that plays a wav."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)

SHELL = "chromium-headless-shell"
"""Chromium without the windows around a page: the same engine, for half the processor time of a page."""

WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium(whole: bool = False) -> str | None:
    """Return the path of a Chromium or Chrome on this computer, if there is one; of a whole one if asked."""
    names = WHOLE if whole else (SHELL, *WHOLE)
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def chromium(fake_microphone: Path, *flags: str, whole: bool = False) -> Iterator[Any]:
    """Start a playwright and by it the Chromium of this computer, see `launch`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, launch(playwright, fake_microphone, *flags, whole=whole) as browser:
        yield browser


@contextlib.contextmanager
def launch(playwright: Any, fake_microphone: Path, *flags: str, whole: bool = False) -> Iterator[Any]:
    """Start the Chromium of this computer headless, with a microphone that plays a wav in a loop.

    A thread can run one playwright only, by which it starts several. A whole one lends the microphone to
    pages whose context allows it and refuses it to others. Without it the shell is taken where it is there,
    and every page has the microphone: the shell knows nobody to ask.
    """
    allowed = [] if whole else ["--use-fake-ui-for-media-stream"]
    sound = f"--use-file-for-fake-audio-capture={fake_microphone}"
    browser = playwright.chromium.launch(
        executable_path=find_chromium(whole), args=[*CHROMIUM_FLAGS, *allowed, sound, *flags]
    )
    try:
        yield browser
    finally:
        browser.close()

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


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome on this computer, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def chromium(fake_microphone: Path, *flags: str) -> Iterator[Any]:
    """Start the Chromium of this computer headless, with a microphone that plays a wav in a loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=[*CHROMIUM_FLAGS, f"--use-file-for-fake-audio-capture={fake_microphone}", *flags],
        )
        try:
            yield browser
        finally:
            browser.close()

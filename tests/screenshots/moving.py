"""The README's moving picture: words come while somebody speaks, turns move while a threshold is dragged."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from support.profiles import Profiles
from support.transcriber_page import TranscriberPage
from support.tuner_page import HANDLE, middle
from support.view_page import ViewPage

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

SIZE = {"width": 840, "height": 540}
"""CSS pixels of the picture."""

LIMIT = 1_500_000
SPOKEN = np.arange(0.5, 9.6, 0.5)
"""Seconds of speech at which a frame is taken."""

DRAGGED = (0.98, -0.8, 24)
"""The threshold's first and last value, and how many there are."""

FRAME_MS, LAST_MS = 250, 2_000

MICROPHONE = """
Object.defineProperty(MediaStreamTrack.prototype, "label", { get: () => "Microphone" });
"""
"""Runs in the page: Chromium names the microphone that it plays from a file a fake one."""


def take(page: Any) -> Image.Image:
    """Return what the page shows, as large as `SIZE`."""
    return Image.open(io.BytesIO(page.screenshot(clip={"x": 0, "y": 0, **SIZE}))).convert("RGB")


def speaking(browser: Any) -> Iterator[Image.Image]:
    """Yield frames of a Transcriber that hears the fake microphone."""
    view = Transcriber(config=SessionConfig(language="en"))
    profile = Profiles(browser).take(own=True, viewport=SIZE, permissions=["microphone"])
    shown = TranscriberPage(profile, view, MICROPHONE)
    shown.show("light")
    shown.page.locator(".qaw-mic-record").click()
    for seconds in SPOKEN:
        shown.until(lambda: view.recording is not None and view.recording.duration > seconds, 60)
        yield take(shown.page)
    shown.page.locator(".qaw-mic-record").click()
    shown.until(lambda: not view.active and view.view.told["phase"] == "done", 60)
    shown.serve()
    yield take(shown.page)
    shown.profile.end()
    view.close()


def dragging(browser: Any) -> Iterator[Image.Image]:
    """Yield frames of a VadTuner whose threshold is dragged over the score curve."""
    first, last, count = DRAGGED
    tuner = VadTuner(sample("noisy"), settings=TurnDetection(first, 400))
    shown = ViewPage(Profiles(browser).take(own=True, viewport=SIZE), tuner)
    page = shown.show("light")
    for threshold in np.linspace(first, last, count):
        tuner.settings = TurnDetection(round(float(threshold), 2), 400)
        shown.serve()
        page.mouse.move(*middle(page, HANDLE))
        yield take(page)
    shown.profile.end()
    tuner.close()


def move(browser: Any, path: Path) -> None:
    """Write the picture; end where it is larger than `LIMIT`."""
    parts = [list(speaking(browser)), list(dragging(browser))]
    frames = [frame for part in parts for frame in part]
    both = Image.new("RGB", (SIZE["width"], 2 * SIZE["height"]))
    for number, part in enumerate(parts):
        both.paste(part[-1], (0, number * SIZE["height"]))
    colours = both.quantize(128, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few = [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in frames]
    ends = {len(parts[0]) - 1, len(frames) - 1}
    lasting = [LAST_MS if number in ends else FRAME_MS for number in range(len(frames))]
    few[0].save(path, save_all=True, append_images=few[1:], duration=lasting, loop=0, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}  {size / 1000:.0f} kB, {len(frames)} frames")
    if size > LIMIT:
        raise SystemExit(f"{path} is larger than {LIMIT} bytes")

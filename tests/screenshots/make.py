"""Take the pictures of the README: ``make screenshots``, or some by name. Each is below 150 kB."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import soundfile

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "notebooks" / "images"
LIMIT = 150_000
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "screenshots")]

from moving import MICROPHONE, move  # noqa: E402
from support.chromium import chromium, find_chromium  # noqa: E402
from support.profiles import Profiles  # noqa: E402
from support.transcriber_page import TranscriberPage  # noqa: E402
from support.view_page import ViewPage  # noqa: E402

from qwen_asr_widgets.audio.resample import resample  # noqa: E402
from qwen_asr_widgets.audio.samples import sample  # noqa: E402
from qwen_asr_widgets.plots.picture import save_picture  # noqa: E402
from qwen_asr_widgets.protocol.config import SessionConfig  # noqa: E402
from qwen_asr_widgets.recording import transcribe  # noqa: E402
from qwen_asr_widgets.vad.turns import TurnDetection  # noqa: E402
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber  # noqa: E402
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner  # noqa: E402

LIVE_SECONDS = 16.5
"""By then four turns are closed or open."""


def keep(page: Any, name: str, what: str = ".qaw-tr") -> None:
    """Write the widget as a PNG of 256 colours, so that it stays small."""
    path = IMAGES / f"{name}.png"
    page.mouse.move(0, 0)
    page.locator(what).screenshot(path=path)
    make_small(path)


def make_small(path: Path) -> None:
    """Keep 256 colours of a picture; end where it is too large all the same."""
    from PIL import Image

    picture = Image.open(path).convert("RGB")
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}  {size / 1000:.0f} kB")
    if size > LIMIT:
        raise SystemExit(f"{path} is larger than {LIMIT} bytes")


def open_page(browser: Any, view: Transcriber, theme: str, width: int) -> TranscriberPage:
    """Show a transcriber as wide as asked, with sharp text."""
    size = {"width": width + 16, "height": 900}
    profile = Profiles(browser).take(
        own=True, viewport=size, device_scale_factor=1.5, permissions=["microphone"]
    )
    page = TranscriberPage(profile, view, MICROPHONE)
    page.show(theme)
    return page


def record(browser: Any, theme: str) -> None:
    """Speak into the fake microphone with the offline recogniser; a picture while it listens, and after."""
    view = Transcriber(config=SessionConfig(language="en"))
    shown = open_page(browser, view, theme, 900)
    if theme == "light":
        keep(shown.page, "transcriber-empty")
    shown.page.locator(".qaw-mic-record").click()
    shown.until(lambda: view.recording is not None and view.recording.duration > LIVE_SECONDS, 60)
    keep(shown.page, f"transcriber-live-{theme}")
    shown.page.locator(".qaw-mic-record").click()
    shown.until(lambda: not view.active and view.view.told["phase"] == "done", 60)
    shown.serve()
    keep(shown.page, f"transcriber-{theme}")
    if theme == "light":
        narrow = open_page(browser, Transcriber(view.recording), theme, 400)
        keep(narrow.page, "transcriber-narrow")
        narrow.profile.end()
    shown.profile.end()
    view.close()


def tune(browser: Any, theme: str) -> None:
    """Try settings that cut a turn, ask why, and sweep."""
    tuner = VadTuner(sample("noisy"), settings=TurnDetection(0.9, 250))
    tuner.sweep()
    size = {"width": 976, "height": 900}
    shown = ViewPage(Profiles(browser).take(own=True, viewport=size, device_scale_factor=1.5), tuner)
    page = shown.show(theme)
    page.get_by_role("button", name="Next error").click()
    shown.serve()
    keep(page, f"tuner-{theme}", ".qaw-tuner")
    shown.profile.end()
    tuner.close()


def record_talk() -> None:
    """Keep the beginning of the conversation as the recording that the documentation plays."""
    spoken = sample("conversation")
    end = (spoken.turns[2].end + spoken.turns[3].start) / 2
    talk = transcribe(spoken.clip[:end], config=SessionConfig(language="en"), progress=False)
    talk.save(ROOT / "notebooks" / "docs" / "talk.qasr")


def plot() -> None:
    """Draw the conversation as the embedded service hears it in real time."""
    recording = transcribe(sample("conversation"), config=SessionConfig(language="en"), progress=False)
    make_small(save_picture(recording, IMAGES / "conversation.png"))


def main() -> None:
    """Take all pictures, or those named (``plot``, ``talk``, ``moving`` …)."""
    wanted = sys.argv[1:] or ["plot", "talk", "moving", "tuner", "transcriber"]
    if not find_chromium(whole=True):
        raise SystemExit("Pictures need a chromium on the PATH.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    clip = sample("conversation").clip
    if "plot" in wanted:
        plot()
    if "talk" in wanted:
        record_talk()
    with tempfile.TemporaryDirectory(prefix="qaw-") as folder:
        os.chdir(folder)  # where no copy of a recording is left from before
        wav = Path(folder) / "spoken.wav"
        soundfile.write(wav, resample(clip.samples, clip.sample_rate, 48_000), 48_000)
        with chromium(wav, whole=True) as browser:
            if "moving" in wanted:
                move(browser, IMAGES / "moving.gif")
            if "tuner" in wanted:
                tune(browser, "light")
            for theme in ("light", "dark") if "transcriber" in wanted else ():
                record(browser, theme)


if __name__ == "__main__":
    main()

"""One server, one browser and one spoken wav for all browser tests; what a failed test leaves behind."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support.chromium import find_chromium, launch
from support.ipykernel6 import ipykernel6_folder
from support.jupyter_server import JupyterServer
from support.microphone_page import Bare, MicrophonePage
from support.notebook_page import VIEWPORT, LabTabs, NotebookPage
from support.profiles import Profiles
from support.transcriber_page import Show, transcriber_pages
from support.view_page import ViewPage, view_pages

from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.recording.autosave import FOLDER
from qwen_asr_widgets.widgets.transcriber import kept

FAKE_RATE = 48_000

FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip with a reason where the parts of a browser test are missing."""
    missing = [name for name in ("playwright", "jupyterlab", "notebook", "voila") if find_spec(name) is None]
    missing += [] if find_chromium() else ["a chromium on the PATH"]
    reason = f"needs {', '.join(missing)}"
    for item in items:
        if missing and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Remember whether the test failed, for the fixtures that keep its screenshot."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(autouse=True)
def kept_beside_no_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let transcribers keep their recordings in a folder of the test's own, and return it."""
    folder = tmp_path / ".qaw"
    monkeypatch.setattr(kept, "FOLDER", str(folder))
    return folder


@pytest.fixture(scope="session")
def spoken() -> np.ndarray:
    """What the fake microphone plays in a loop: float32 speech at 48 kHz."""
    clip = sample("conversation").clip
    return resample(clip.samples, clip.sample_rate, FAKE_RATE)


@pytest.fixture(scope="session")
def spoken_wav(spoken: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the same as a file."""
    path = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    soundfile.write(path, spoken, FAKE_RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab, Notebook 7 and Voila in one server."""
    kernels = [folder] if (folder := ipykernel6_folder()) else []
    running = JupyterServer(tmp_path_factory.mktemp("jupyter"), kernels).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """Run the one playwright of this worker."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Any, spoken_wav: Path) -> Iterator[Any]:
    """Run one Chromium whose microphone plays the spoken wav to every page."""
    with launch(playwright, spoken_wav) as running:
        yield running


@pytest.fixture(scope="session")
def whole_browser(playwright: Any, spoken_wav: Path) -> Iterator[Any]:
    """Run a Chromium that refuses the microphone to pages which are not allowed it."""
    if not find_chromium(whole=True):
        pytest.skip("the headless shell refuses nobody the microphone; install chromium")
    with launch(playwright, spoken_wav, whole=True) as running:
        yield running


@pytest.fixture(scope="session")
def profiles(browser: Any) -> Profiles:
    """Share profiles among bare pages."""
    return Profiles(browser)


@pytest.fixture(scope="session")
def lab_tabs(browser: Any) -> LabTabs:
    """Share one browser profile, in which the microphone is allowed, and its pages of JupyterLab."""
    return LabTabs(browser.new_context(locale="en-US", viewport=VIEWPORT))


@pytest.fixture
def open_page(
    server: JupyterServer, browser: Any, lab_tabs: LabTabs, request: pytest.FixtureRequest
) -> Iterator[Callable[..., NotebookPage]]:
    """Make pages; errors on their consoles fail the test.

    They share a profile, and what asks for options, or is refused the microphone, has one of its own.
    """
    pages: list[NotebookPage] = []
    shutil.rmtree(server.notebooks / FOLDER, ignore_errors=True)  # recordings that the test before has left

    def make(microphone: bool = True, init_script: str = "", **options: Any) -> NotebookPage:
        own = bool(init_script or options or not microphone)
        context = lab_tabs.context
        if own:
            running = browser if microphone else request.getfixturevalue("whole_browser")
            context = running.new_context(**{"locale": "en-US", "viewport": VIEWPORT, **options})
        if microphone:
            context.grant_permissions(["microphone"])
        if init_script:
            context.add_init_script(init_script)
        pages.append(NotebookPage(server, context, None if own else lab_tabs))
        return pages[-1]

    yield make
    errors = [error for page in pages for error in page.errors]
    failed = bool(errors) or request.node.stash.get(FAILED, False)
    name = re.sub(r"\W+", "-", request.node.name)
    for number, page in enumerate(pages if failed else []):
        page.keep(f"{name}-{number}")
    for page in pages:
        page.shut_down(failed)
    assert not errors, "errors on the browser's console"


@pytest.fixture
def bare(profiles: Profiles) -> Iterator[Bare]:
    """Make bare pages with a microphone; errors on their consoles fail the test."""
    pages: list[MicrophonePage] = []

    def make(init_script: str = "", live_while_busy: bool = True, **options: Any) -> MicrophonePage:
        profile = profiles.take(permissions=["microphone"], **options)
        pages.append(MicrophonePage(profile, live_while_busy, init_script))
        return pages[-1]

    yield make
    errors = [error for page in pages for error in page.errors]
    for page in pages:
        page.profile.end()
    assert errors == []


@pytest.fixture
def show(profiles: Profiles) -> Iterator[Callable[..., ViewPage]]:
    """Open views on bare pages, see `view_pages`."""
    with view_pages(profiles) as show:
        yield show


@pytest.fixture
def show_tuner(profiles: Profiles) -> Iterator[Callable[..., ViewPage]]:
    """Open tuners on bare pages that have room for their panel."""
    with view_pages(profiles, viewport={"width": 960, "height": 900}) as show:
        yield show


@pytest.fixture
def show_transcriber(profiles: Profiles) -> Iterator[Show]:
    """Open transcribers on bare pages, see `transcriber_pages`."""
    with transcriber_pages(profiles) as show:
        yield show


@pytest.fixture
def show_refused(whole_browser: Any) -> Iterator[Show]:
    """Open transcribers on bare pages that are refused the microphone."""
    with transcriber_pages(Profiles(whole_browser), microphone=False) as show:
        yield show

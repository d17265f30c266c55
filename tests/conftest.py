"""The order of the suite, what may run beside what, and how hypothesis searches in it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# A shared machine makes single examples slow; a run that decides on a landing repeats the same examples.
settings.register_profile("suite", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("suite")

# A shell's job in the background ignores Ctrl-C and hands that down; here it is pressed.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The tests start hundreds of processes; where bytecode is not kept, each would compile the package anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

WAITS_FOR_SPEECH = ("tests/browser/test_", "tests/notebooks/")
"""Where tests mostly wait until something has been spoken: they begin first, beside everything else."""

TOGETHER = (
    "test_clip_recorder", "test_microphone", "test_transcriber.py", "test_transcriber_kept",
    "test_transcriber_records", "test_vad_tuner", "test_view_notebooks",
)
"""The browser tests that compare what was recorded with what was spoken, and those in notebooks."""

TYPES = ("tests/package/test_lint.py", "tests/package/test_user_types.py")
"""What asks a type checker; one run of it answers all."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that nothing long is left alone at the end.

    A test in a real browser that fails is run once more: Chromium's fake microphone skips where a machine is
    too busy to serve it in time. The summary names what was run again ("RERUN"): who is named there often
    has a defect.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(WAITS_FOR_SPEECH))
    for item in items:
        if item.nodeid.startswith(WAITS_FOR_SPEECH):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give the tests out to workers file by file, in the order above.

    Those that record sound in a browser to compare it stay together, for two browsers that record at once
    disturb each other on two cores; with them those in notebooks, so that one Jupyter server is enough. So do
    those that share a run of a type checker.
    """
    from xdist.scheduler import LoadScopeScheduling

    class FileByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(tuple(f"tests/browser/{name}" for name in TOGETHER)):
                return "notebooks"
            return "types" if nodeid.startswith(TYPES) else nodeid.split("::")[0]

    config.option.loadscopereorder = False
    return FileByFile(config, log)


@pytest.fixture(autouse=True)
def no_kept_probes(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read what is known of a service from the tables, not from what this user's probes have measured."""
    folder = tmp_path_factory.getbasetemp() / "no-probes"
    monkeypatch.setattr("qwen_asr_widgets.client.probe.kept.probes_folder", lambda: folder)


LAUNCHES: list[str] = []
"""What this process has started of the embedded service since the test began."""


def note_launch(event: str, details: tuple[Any, ...]) -> None:
    """Note each start of the embedded service, whoever starts it and however."""
    if event == "subprocess.Popen" and "qwen_asr_widgets.service" in map(str, details[1]):
        LAUNCHES.append("qwen_asr_widgets.service")


sys.addaudithook(note_launch)


@contextlib.contextmanager
def own_event_loop(item: pytest.Item) -> Iterator[None]:
    """Let a test run an event loop of its own after playwright, whose loop runs in this thread to the end."""
    loop = None if item.get_closest_marker("browser") else asyncio._get_running_loop()
    if loop is None:
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Set a test up where no event loop runs."""
    with own_event_loop(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Run a test where no event loop runs."""
    with own_event_loop(item):
        return (yield)


@pytest.fixture(autouse=True)
def service_is_marked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where tests of the service are left out (``make check``), fail one that starts it without the mark."""
    LAUNCHES.clear()
    yield
    left_out = "not service" in request.config.getoption("markexpr")
    assert not (left_out and LAUNCHES), "it starts the embedded service: mark it with pytest.mark.service"

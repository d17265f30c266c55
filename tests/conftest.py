"""The order of the suite, what may run beside what, and how hypothesis searches in it."""

import os
from typing import Any

import pytest
from hypothesis import settings

# A shared machine makes single examples slow; a run that decides on a landing repeats the same examples.
settings.register_profile("suite", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser tests last: playwright keeps an event loop running in this thread until the end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let ``-n 2`` run the browser tests beside all others.

    They share one server and one browser, and mostly wait for speech to be spoken. Those of the views
    wait for none and need no server: they follow the other tests, with a browser of their own.
    """
    from xdist.scheduler import LoadScopeScheduling

    class BrowserBeside(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            live = nodeid.startswith("tests/browser/") and not nodeid.startswith("tests/browser/views/")
            return "live" if live else "rest"

    return BrowserBeside(config, log)

"""The order of the suite, and how hypothesis searches in it."""

import os

import pytest
from hypothesis import settings

# A shared machine makes single examples slow; a run that decides on a landing repeats the same examples.
settings.register_profile("suite", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser tests last: playwright keeps an event loop running in this thread until the end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)

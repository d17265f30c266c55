"""The service that the runs over broken lines share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults.placed_words import register
from faults.runs import KilledService, conversation


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilledService]:
    """Run the embedded service with a recogniser that knows the words of the sound."""
    folder = tmp_path_factory.mktemp("service")
    with pytest.MonkeyPatch.context() as environment:
        register(folder, environment)
        running = KilledService(folder, conversation())
        yield running
        running.stop()

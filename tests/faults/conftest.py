"""The service that the runs over broken lines share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.placed_words import register
from faults.runs import KilledService, conversation


@pytest.fixture(scope="module", autouse=True)
def temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Have temporary files lie in a folder of the tests' own: what other programs leave is not theirs."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TMPDIR", str(folder))
        environment.setattr(tempfile, "tempdir", None)
        yield folder


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, temporary_folder: Path
) -> Iterator[KilledService]:
    """Run the embedded service with a recogniser that knows the words of the sound."""
    folder = tmp_path_factory.mktemp("service")
    with pytest.MonkeyPatch.context() as environment:
        register(folder, environment)
        running = KilledService(folder, conversation())
        yield running
        running.stop()

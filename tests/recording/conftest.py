"""The embedded service with its scripted recogniser: the real turns, words that cost nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qwen_asr_widgets import Endpoint, embedded


@pytest.fixture(scope="session")
def script() -> Iterator[Endpoint]:
    """Run it for as long as there are tests."""
    with embedded("script") as endpoint:
        yield endpoint

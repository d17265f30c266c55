"""The documentation's table of faults names tests that are there, and every test of faults stands in it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = re.compile(r"`(tests/\S+\.py)`")
BESIDE = {"tests/faults/test_proxy.py", "tests/faults/test_hour.py"}
"""Tests of the proxy itself, and of what the text above the table says."""


def named() -> set[str]:
    return set(TESTS.findall((ROOT / "notebooks" / "docs" / "faults.md").read_text(encoding="utf-8")))


def test_every_test_that_the_table_names_is_there():
    assert len(named()) >= 5 and [name for name in named() if not (ROOT / name).is_file()] == []


def test_every_test_of_faults_stands_in_the_table():
    found = {f"tests/faults/{file.name}" for file in (ROOT / "tests" / "faults").glob("test_*.py")}
    assert found - named() == BESIDE

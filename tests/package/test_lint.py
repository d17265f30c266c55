"""The tree passes the linters, and imports point one way."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.typed import mypy_says

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("command", [
    [sys.executable, "-m", "flake8", "qwen_asr_widgets", "tests", "notebooks"],
    [str(BIN / "lint-imports")],
], ids=["flake8", "import-linter"])
def test_the_tree_is_clean_under(command):
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_package_has_the_types_it_claims():
    assert mypy_says()["package"] == ""

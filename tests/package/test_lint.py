"""The tree passes the linters, and imports point one way."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("command", [
    [sys.executable, "-m", "flake8", "qwen_asr_widgets", "tests"],
    [sys.executable, "-m", "mypy"],
    [str(BIN / "lint-imports")],
], ids=["flake8", "mypy", "import-linter"])
def test_the_tree_is_clean_under(command):
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr

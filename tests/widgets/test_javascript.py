"""The front end's modules: types checked by TypeScript, pure parts run by node."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.node import ROOT, WIDGETS, find_node, find_tsc, node_command

FLAGS = (
    "--noEmit --allowJs --checkJs --strict --target es2022 --module esnext --moduleResolution bundler "
    "--lib es2022,dom,dom.iterable --skipLibCheck --noUnusedLocals --resolveJsonModule --typeRoots tests/js"
).split()


def run(command: list[str]) -> tuple[int, str]:
    """Return how a command ended and what it said."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_modules_have_the_types_they_claim() -> None:
    node, tsc = find_node(), find_tsc()
    if not node or not tsc:
        pytest.skip("needs node and typescript (make .make/node)")
    files = [*sorted(WIDGETS.rglob("*.js")), ROOT / "tests" / "js" / "globals.d.ts"]
    assert run([node, str(tsc), *FLAGS, *map(str, files)]) == (0, "")


SCRIPTS = sorted((ROOT / "tests" / "js").glob("*.test.mjs"))


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
def test_pure_modules_keep_their_promises(file: Path) -> None:
    if not find_node():
        pytest.skip("needs node (it comes with the playwright package)")
    code, said = run(node_command("--test", "--test-reporter=tap", str(file)))
    assert code == 0, said
    passed = re.search(r"^# pass (\d+)$", said, re.MULTILINE)
    assert passed and int(passed[1]) >= file.read_text(encoding="utf-8").count("\ntest(") > 0

"""The front end's modules: types checked by TypeScript, linted, pure parts run by node."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.node import BIOME, ROOT, TYPESCRIPT, WIDGETS, find_node, node_command, tool_command

FLAGS = (
    "--noEmit --allowJs --checkJs --strict --target es2022 --module esnext --moduleResolution bundler "
    "--lib es2022,dom,dom.iterable --skipDefaultLibCheck --noUnusedLocals --resolveJsonModule "
    "--typeRoots tests/js --incremental --tsBuildInfoFile .make/types.tsbuildinfo"
).split()


def run(command: list[str]) -> tuple[int, str]:
    """Return how a command ended and what it said."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_modules_have_the_types_they_claim() -> None:
    files = [*sorted(WIDGETS.rglob("*.js")), ROOT / "tests" / "js" / "globals.d.ts"]
    assert run([*tool_command(TYPESCRIPT), *FLAGS, *map(str, files)]) == (0, "")


def test_nothing_is_of_any_type() -> None:
    """What the checker cannot see it cannot check: a message, a model, a string's key."""
    for path in sorted(WIDGETS.rglob("*.js")):
        source = path.read_text(encoding="utf-8")
        assert re.findall(r"\{[^{}]*(?<!\")\bany\b(?!\")[^{}]*\}", source) == [], path.name


@pytest.mark.parametrize("path", sorted(WIDGETS.rglob("*.js")), ids=lambda path: path.stem)
def test_no_line_is_too_long_to_be_read(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [f"line {number}" for number, line in enumerate(lines, 1) if len(line) > 140] == []


def calls(text: str, name: str) -> list[str]:
    """Return the calls of a function in a module, with their arguments."""
    found = []
    for match in re.finditer(rf"\b{name}\(", text):
        end, depth = match.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found.append(text[match.start():end])
    return found


@pytest.mark.parametrize("path", sorted(WIDGETS.rglob("*.js")), ids=lambda path: path.stem)
def test_every_listener_ends_with_a_signal(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    added = calls(text, "addEventListener")
    assert [one for one in added if "signal" not in one and '"abort"' not in one] == []
    assert path.name == "dom.js" or calls(text, r"model\.on") == []


def test_modules_tests_and_sheets_pass_the_linter() -> None:
    code, said = run([
        *tool_command(BIOME), "lint", "--config-path=.ci/biome.json", "--error-on-warnings", "--colors=off",
        str(WIDGETS), "tests/js", "tests/support",
    ])
    assert code == 0, said


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_tool_is_said_and_fails_in_continuous_integration(
    ci: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="make types"):
        tool_command(tmp_path / "tsc")


SCRIPTS = sorted((ROOT / "tests" / "js").glob("*.test.mjs"))


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
def test_pure_modules_keep_their_promises(file: Path) -> None:
    if not find_node():
        pytest.skip("needs node (it comes with the playwright package)")
    code, said = run(node_command("--test-reporter=tap", str(file)))
    assert code == 0, said
    passed = re.search(r"^# pass (\d+)$", said, re.MULTILINE)
    assert passed and int(passed[1]) >= file.read_text(encoding="utf-8").count("\ntest(") > 0

"""Run the tests under every Python and with the lowest and newest dependencies: ``python .ci/matrix.py``.

Each cell is an environment of its own under ``.make/matrix``, made by uv (``pip install uv``) from wheels
alone where this package needs something by itself. A Python that is not on this machine is left out with a
line that says so. Tests that drive a browser, run the notebooks or lint the tree do not depend on the cell
and are left to ``make test``. What the tests of a cell say goes into a file there. A cell ends at its first
test that kills its process, and at the latest after ``--limit`` minutes; the table names that test. Ends with
the table, and with 1 where a cell has failed.
"""

from __future__ import annotations

import argparse
import configparser
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".make" / "matrix"
UV = [sys.executable, "-m", "uv"]
NAME = "qwen-asr-widgets"
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
LEFT_OUT = ("tests/browser", "tests/notebooks", "tests/package/test_lint.py")
SHOWN = ("numpy", "matplotlib", "soxr", "websockets", "pocketsphinx")
"""Packages whose versions stand in the table."""
NAMED = 3
"""How many failed tests the table itself names; all stand under it."""
BEGUN = re.compile(r"(?P<name>\S+\.py::.*?)(?: Fatal Python error.*)?$")
"""The line that pytest writes where a test begins; one that kills its process goes on in it."""
ENDED = re.compile(r"\[gw\d+\] (?:\[ *\d+%\] )?[A-Z]+ (?P<name>\S.*)")
"""The line that says how a test went."""


@dataclass(frozen=True)
class Result:
    """One cell: how its tests went, or why there were none."""

    python: str
    resolution: str
    versions: str = ""
    outcome: str = ""
    seconds: float = 0.0
    failed: tuple[str, ...] = ()
    broken: bool = False


def compiled() -> list[str]:
    """Return uv's options that take from wheels alone what users are to get from wheels alone."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    wheels = ("media", "moonshine", "pocketsphinx", "whisper", "all")
    lines = [setup["options"]["install_requires"], *(extras[name] for name in wheels)]
    names = {re.split(r"[^\w.-]", line)[0] for line in "\n".join(lines).split("\n") if line.strip()}
    return [option for name in sorted(names - {NAME}) for option in ("--only-binary", name)]


def make(python: str, resolution: str) -> Path:
    """Make the environment of a cell anew and return its interpreter."""
    folder = FOLDER / f"{python}-{resolution}"
    uv("venv", "--quiet", "--clear", "--seed", "--no-python-downloads", "--python", python, str(folder))
    interpreter = folder / "bin" / "python"
    uv(
        "pip", "install", "--quiet", "--python", str(interpreter), "--resolution", RESOLUTIONS[resolution],
        *compiled(), "-e", ".[test,all,moonshine]",
    )
    return interpreter


def uv(*arguments: str) -> str:
    """Run uv and return what it printed; a failure carries the last lines of what it said."""
    run = subprocess.run([*UV, *arguments], cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(" ".join(run.stderr.split())[-300:])
    return run.stdout


def versions(interpreter: Path) -> str:
    """Return the versions that tell cells apart."""
    lines = uv("pip", "list", "--python", str(interpreter), "--format", "freeze").splitlines()
    known = dict(line.split("==") for line in lines if "==" in line)
    return ", ".join(f"{name} {known[name]}" for name in SHOWN if name in known)


def run_tests(
    interpreter: Path, report: Path, tests: Sequence[str], workers: str, limit: float
) -> int | None:
    """Run the tests of a cell and return pytest's exit code, None where it had to be ended.

    What they say goes into a file beside the report. A worker that dies is not replaced: its successor would
    hide the crash behind an hour of waiting.
    """
    command = [
        str(interpreter), "-m", "pytest", "-v", "-n", workers, "--max-worker-restart", "0",
        "-m", "not browser and not soak", "-p", "no:cacheprovider", f"--junit-xml={report}",
        *(f"--ignore={path}" for path in LEFT_OUT), *tests,
    ]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with report.with_suffix(".log").open("wb") as log, subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
    ) as process:
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def unfinished(log: Path) -> tuple[str, ...]:
    """Return the tests that began and did not end, by what pytest said."""
    begun: dict[str, None] = {}
    for line in map(str.strip, log.read_text(encoding="utf-8", errors="replace").splitlines()):
        if ended := ENDED.match(line):
            begun.pop(ended["name"], None)
        elif beginning := BEGUN.match(line):
            begun[beginning["name"]] = None
    return tuple(begun)


def cell(python: str, resolution: str, tests: Sequence[str], workers: str, limit: float) -> Result:
    """Make a cell, run its tests for `limit` seconds at most and return how they went."""
    begun = time.monotonic()
    try:
        interpreter = make(python, resolution)
    except RuntimeError as problem:
        absent = "No interpreter found" in str(problem)
        said = "this Python is not on this machine" if absent else f"cannot be installed: {problem}"
        return Result(python, resolution, outcome=said, broken=not absent)
    report = FOLDER / f"{python}-{resolution}.xml"
    report.unlink(missing_ok=True)
    print(f"{python} {resolution}: {report.with_suffix('.log')}", flush=True)
    code = run_tests(interpreter, report, tests, workers, limit)
    result = Result(python, resolution, versions(interpreter), seconds=time.monotonic() - begun)
    return judged(result, report, code)


def judged(result: Result, report: Path, code: int | None) -> Result:
    """Return a result with what pytest's report says; without a report, with what was running at the end."""
    log = report.with_suffix(".log")
    if not report.is_file():
        why = "took too long" if code is None else f"pytest ended with {code} and no report"
        return replace(result, outcome=why, failed=unfinished(log), broken=True)
    result = read_report(result, report)
    if code in (0, 1) and "worker restarting disabled" not in log.read_text("utf-8", "replace"):
        return result
    return replace(result, outcome=f"cut short: {result.outcome}", broken=True)


def read_report(result: Result, report: Path) -> Result:
    """Return a result with the counts and the failed tests of pytest's report."""
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    failed = tuple(
        f"{case.get('classname')}::{case.get('name')}" for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    )
    passed = count["tests"] - count["failures"] - count["errors"] - count["skipped"]
    outcome = f"{passed} passed, {count['failures'] + count['errors']} failed, {count['skipped']} skipped"
    return replace(result, outcome=outcome, failed=failed, broken=bool(failed) or not passed)


def table(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of a Markdown table, and under it what has failed."""
    yield "| Python | dependencies | tests | seconds | versions |"
    yield "| --- | --- | --- | --- | --- |"
    for one in results:
        outcome = "; ".join([one.outcome, *one.failed[:NAMED], *(["…"] if one.failed[NAMED:] else [])])
        yield f"| {one.python} | {one.resolution} | {outcome} | {one.seconds:.0f} | {one.versions} |"
    for one in results:
        for name in one.failed:
            yield f"FAILED {one.python} {one.resolution}: {name}"


def main() -> int:
    """Run the cells that were asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", nargs="+", default=PYTHONS, metavar="X.Y")
    parser.add_argument("--dependencies", nargs="+", default=list(RESOLUTIONS), choices=RESOLUTIONS)
    parser.add_argument("--workers", default="2", help="as for pytest -n")
    parser.add_argument("--limit", type=float, default=30, metavar="MINUTES", help="for a cell (default: 30)")
    parser.add_argument("tests", nargs="*", default=["tests"], help="which tests to run (default: all)")
    arguments = parser.parse_args()
    results = [
        cell(python, resolution, arguments.tests, arguments.workers, arguments.limit * 60)
        for python in arguments.python for resolution in arguments.dependencies
    ]
    print(f"\nTests: {' '.join(arguments.tests)}, without {', '.join(LEFT_OUT)}\n")
    print("\n".join(table(results)))
    return int(any(result.broken for result in results))


if __name__ == "__main__":
    sys.exit(main())

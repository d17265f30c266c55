"""`make matrix` ends with the name of the test that killed its process or would not end."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "matrix.py"


@pytest.fixture(scope="module")
def matrix() -> ModuleType:
    spec = importlib.util.spec_from_file_location("matrix_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


END_ALL_ONCE_NAMED = """
    while "test_b" not in open({log!r}).read():
        time.sleep(0.01)
    os.killpg(os.getpgrp(), signal.SIGKILL)
"""


def ran(matrix, folder, body, limit=120.0):
    """Run a file of three tests, the second as given, and return how the cell went."""
    tests, report = folder / "test_three.py", folder / "cell.xml"
    tests.write_text(
        "import os, signal, time\ndef test_a(): pass\n"
        f"def test_b():\n    {body.strip()}\ndef test_c(): pass\n"
    )
    code = matrix.run_tests(Path(sys.executable), report, [str(tests)], "1", limit)
    return matrix.judged(matrix.Result("3.x", "newest"), report, code)


def test_a_test_that_kills_its_process_ends_the_cell_and_is_named(matrix, tmp_path):
    result = ran(matrix, tmp_path, "os.abort()")
    assert result.broken and result.outcome == "cut short: 1 passed, 1 failed, 0 skipped"
    assert [name.rpartition("::")[2] for name in result.failed] == ["test_b"]


def test_where_pytest_writes_no_report_what_was_running_is_named(matrix, tmp_path):
    result = ran(matrix, tmp_path, END_ALL_ONCE_NAMED.format(log=str(tmp_path / "cell.log")))
    assert result.broken and result.outcome == "pytest ended with -9 and no report"
    assert [name.rpartition("::")[2] for name in result.failed] == ["test_b"]


def test_a_cell_is_ended_when_its_time_is_over(matrix, tmp_path):
    result = ran(matrix, tmp_path, "time.sleep(60)", limit=0.0)
    assert result.broken and result.outcome == "took too long"


def test_the_table_names_the_first_failed_tests_and_all_stand_under_it(matrix):
    failed = tuple(f"tests.x::test_{n}" for n in range(5))
    lines = list(matrix.table([matrix.Result("3.x", "lowest", outcome="5 failed", failed=failed)]))
    assert "| 5 failed; tests.x::test_0; tests.x::test_1; tests.x::test_2; … |" in lines[2]
    assert lines[3:] == [f"FAILED 3.x lowest: {name}" for name in failed]

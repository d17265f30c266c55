"""Whatever comes in: only errors of `errors.py` come out, nothing hangs, memory is bounded."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from faults.fuzz_targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = {"bundles": 120, "service_events": 120}
EXECUTIONS = int(os.environ.get("FUZZ_EXECUTIONS", 10_000_000))
"""Of atheris, over all targets."""

SHARES = {
    "comm_messages": 0.4, "label_files": 0.3, "upload_slices": 0.2, "client_events": 0.07,
    "service_events": 0.025, "bundles": 0.005,
}
"""Of the executions, so that each target takes a few minutes: one of a bundle takes fifty times as long."""


FOUND = {
    "client_events": [b"Y\x00Y|YY\x00YY5\xbc\xbc\xbc\xbc\x00'\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0"],
}
"""What once brought something else out: a silence of 1e308 ms ended the session."""


@pytest.mark.parametrize("name", sorted(FOUND))
def test_what_was_found_stays_mended(name: str) -> None:
    for data in FOUND[name]:
        TARGETS[name](data)  # raises what is no error of ours: that is the test


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_nothing_comes_out_but_errors_of_ours(name: str) -> None:
    target = TARGETS[name]
    target(b"")

    @settings(max_examples=EXAMPLES.get(name, 300), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=600))
    def search(data: bytes) -> None:
        target(data)  # raises what is no error of ours: that is the test

    search()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_long_input_takes_seconds_at_most_and_bounded_memory(name: str) -> None:
    target, data = TARGETS[name], bytes((7 * k * k + k // 251) % 256 for k in range(20_000))
    target(data[:50])
    tracemalloc.start()
    began = time.process_time()
    try:
        target(data)
        assert time.process_time() - began < 5 and tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_millions_of_inputs_find_nothing_else(name: str, tmp_path: Path) -> None:
    """By atheris, which follows what code is reached; `FUZZ_EXECUTIONS` over all targets."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install 'qwen-asr-widgets[soak]'")
    script = Path(__file__).with_name("fuzz_atheris.py")
    run = subprocess.run(
        [sys.executable, script, name, str(round(EXECUTIONS * SHARES[name]))], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    assert run.returncode == 0, run.stdout[-5_000:]

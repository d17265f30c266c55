"""Import time: ``import qwen_asr_widgets`` beside numpy and ipywidgets together (limit 1.5 ×)."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

PEER = "import numpy, ipywidgets"
OURS = "import qwen_asr_widgets"
FIRST_USE = "import qwen_asr_widgets as q; q.transcribe; q.AudioClip; q.embedded; q.SessionConfig"
ROUNDS = 9
LIMIT = 1.5


def seconds(statement: str) -> float:
    """Return the time that ``statement`` takes in a new interpreter, without the interpreter's own start."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


def main() -> None:
    """Print medians of interleaved rounds and their ratio."""
    rounds = [(seconds(PEER), seconds(OURS), seconds(FIRST_USE)) for _ in range(ROUNDS)]
    peer, ours, first_use = (median(column) for column in zip(*rounds))
    print(f"{'':34}{'median':>10}{'ratio':>8}   (n = {ROUNDS})")
    print(f"{'numpy + ipywidgets':34}{peer * 1e3:>7.0f} ms{1:>8.2f}")
    print(f"{'qwen_asr_widgets':34}{ours * 1e3:>7.0f} ms{ours / peer:>8.2f}   limit {LIMIT}")
    print(f"{'… and the names of the main job':34}{first_use * 1e3:>7.0f} ms{first_use / peer:>8.2f}")


if __name__ == "__main__":
    main()

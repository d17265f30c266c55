"""Run the benchmarks one after the other: ``make bench``, or ``python tests/benchmarks/run.py NAME …``.

Each prints ratios taken within one run against a named peer or limit, so that they hold on any machine.
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the benchmarks whose names are given, or all; return 1 if one of them raised."""
    sys.path[:0] = [str(FOLDER.parent), str(FOLDER)]
    found = {path.stem.removeprefix("bench_"): path for path in sorted(FOLDER.glob("bench_*.py"))}
    unknown = sorted(set(names) - set(found))
    if unknown:
        print(f"No benchmark named {', '.join(unknown)}; there are: {', '.join(found)}.", file=sys.stderr)
        return 2
    failed = 0
    for name in names or found:
        print(f"\n== {name} ==", flush=True)
        begun = time.monotonic()
        sys.argv = [str(found[name])]
        try:
            runpy.run_path(str(found[name]), run_name="__main__")
        except (Exception, SystemExit) as error:
            failed = 1
            print(f"FAILED: {type(error).__name__}: {error}")
        print(f"({time.monotonic() - begun:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Search one way in, guided by what code is reached: ``python tests/faults/fuzz_atheris.py TARGET COUNT``.

Further arguments are libFuzzer's, as ``-max_total_time=60``.

Ends with 0 after so many executions; what was found is printed with its traceback, and its bytes are left in
the folder it was started in.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["qwen_asr_widgets"]):
    from faults.fuzz_targets import TARGETS


def main() -> None:
    """Run what the command line asks for."""
    name, count, *more = sys.argv[1:]
    logging.disable()
    options = [f"-runs={count}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=600", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, *more], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()

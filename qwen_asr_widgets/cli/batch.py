"""``qwen-asr-widgets transcribe`` with several files or a folder: bundles, tables and a report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import QawError
from ..formatting import printable
from .arguments import (
    fetch_missing_model, read_channel, read_config, read_endpoint, read_source, read_turn_taking,
)

REPORT = "report.html"


def add_batch_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments that count where there are several files."""
    several = command.add_argument_group("several files, or a folder")
    several.add_argument("--jobs", type=int, default=1, metavar="N", help="sounds transcribed at once (1)")
    several.add_argument("--again", action="store_true",
                         help="do again what stands in the folder of --out already")
    several.add_argument("--yes", action="store_true", help="agree beforehand to the price of a paid service")


def is_batch(files: Collection[str]) -> bool:
    """Tell whether FILE names more than one sound.

    Examples
    --------
    >>> is_batch(["a.wav", "b.wav"]), is_batch(["a.wav"]), is_batch(["."])
    (True, False, True)
    """
    return len(files) > 1 or any(Path(name).is_dir() for name in files)


def run_batch(arguments: argparse.Namespace, pace: float | None, formats: Collection[str]) -> int:
    """Transcribe every file, print what failed, and say where everything is.

    Returns
    -------
    int
        0 where all are done, 1 where some have failed, 130 after Ctrl-C.
    """
    from ..client.retry import Retry
    from ..recording.batch.transcribe_all import transcribe_all

    folder = _folder(arguments.out, formats)
    endpoint = read_endpoint(arguments)
    fetch_missing_model(endpoint)
    batch = transcribe_all(
        _sources(arguments.file), endpoint, read_config(arguments), jobs=arguments.jobs, out=folder,
        resume=not arguments.again, pace=pace, channel=read_channel(arguments.channel),
        **read_turn_taking(arguments), progress=not arguments.quiet, yes=arguments.yes,
        retry=None if arguments.patience is None else Retry(patience=arguments.patience),
    )
    for name, cause in batch.failures.items():
        print(printable(f"{name}: {cause}"), file=sys.stderr)
    batch.report(folder / REPORT)
    print(f"{batch!r}; the report is {folder / REPORT}", flush=True)
    if batch.interrupted:
        return 130
    return 1 if batch.failures else 0


def _folder(out: list[str], formats: Collection[str]) -> Path:
    if len(out) != 1 or Path(out[0]).suffix.lower() in formats:
        raise QawError("Several files need one folder for their results: --out FOLDER.")
    return Path(out[0])


def _sources(files: list[str]) -> Any:
    """Return what the files name; folders are searched."""
    if len(files) == 1:
        return files[0]
    folders = [name for name in files if Path(name).is_dir()]
    if folders:
        raise QawError(f"{folders[0]} is a folder among files; give one folder alone, or files.")
    return [read_source(name) for name in files]

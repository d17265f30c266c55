"""The command line, ``qwen-asr-widgets transcribe | sweep | serve | probe | lab | doctor | completion``.

Each subcommand is a module, which has ``add_parser(commands)``, which says how it is called, and
``run(arguments)``, which returns the exit code. Heavy modules are imported where they are used: ``--help``
answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import QawError
from .arguments import tell
from . import completion, doctor, lab, probe, serve, sweep, transcribe

SUBCOMMANDS = (transcribe, sweep, serve, probe, lab, doctor, completion)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done; 1 broken off, with what came until then written; 2 wrong input; 130 interrupted. Without a
    subcommand it says which there are.
    """
    parser = build_parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help()
        return 2
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except QawError as error:
        tell(error)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with all subcommands."""
    parser = argparse.ArgumentParser(
        prog="qwen-asr-widgets",
        description="Realtime speech recognition with Qwen-ASR: transcribe, tune, serve, explore.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for subcommand in SUBCOMMANDS:
        subcommand.add_parser(commands)
    parser.set_defaults(parser=parser)  # for the subcommand that describes the others to a shell
    return parser

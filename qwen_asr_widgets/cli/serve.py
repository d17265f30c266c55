"""``qwen-asr-widgets serve``: run the embedded service for other programs on this machine."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser("serve", help="run the embedded service for other programs on this machine")
    command.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    command.add_argument("--recognizer", default="pocketsphinx", help="which recogniser answers")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from ..service.server import serve

    serve(port=arguments.port, recognizer=arguments.recognizer)
    return 0

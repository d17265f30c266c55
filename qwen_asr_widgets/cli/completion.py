"""``qwen-asr-widgets completion``: print what a shell needs to complete commands, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")

FILES = ("FILE", "LABELS", "PEM")
"""How arguments that take a file are called in the help."""


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser(
        "completion", help="print a script that completes commands in a shell",
        description="Print the completion script of a shell: in bash, eval \"$(qwen-asr-widgets completion "
                    "bash)\" in ~/.bashrc; in zsh, into a file _qwen-asr-widgets on $fpath; in fish, into "
                    "~/.config/fish/completions/qwen-asr-widgets.fish.",
    )
    command.add_argument("shell", choices=SHELLS, help="the shell that reads it")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the script, which shtab makes of the parser itself."""
    import shtab

    for action in _actions(arguments.parser):
        if action.metavar in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(arguments.parser, arguments.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments and options of a parser and of its subcommands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for subcommand in action.choices.values():
                yield from _actions(subcommand)
        yield action

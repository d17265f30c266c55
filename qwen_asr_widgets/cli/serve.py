"""``qwen-asr-widgets serve``: run the embedded service for other programs or machines."""

from __future__ import annotations

import argparse
import json
import os
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import EndpointError
from .arguments import fetch_missing_model
from .termination import sigterm_as_ctrl_c

if TYPE_CHECKING:
    from ..protocol.quirks import Quirks
    from ..service.operation.access import Access

KEY_VARIABLE = "QWEN_ASR_WIDGETS_KEY"
"""Where the key is looked for that the service is to ask for; without it a random one is made."""


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser("serve", help="run the embedded service for other programs or machines")
    command.add_argument("--port", type=port, default=0, help="port to listen on (default: a free one)")
    command.add_argument("--host", default="127.0.0.1", metavar="ADDRESS",
                         help="address to listen on (default 127.0.0.1; others need TLS and keys)")
    command.add_argument("--tls-certificate", metavar="PEM", help="certificate, with its chain")
    command.add_argument("--tls-key", metavar="PEM", help="its private key")
    command.add_argument("--keys-file", metavar="FILE", help="keys that clients may use, one a line")
    command.add_argument("--recognizer", metavar="NAME",
                         help="which recogniser answers (default: moonshine, where it is not installed "
                              "pocketsphinx)")
    command.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                         help="an option of the recogniser, e.g. model=base; may be repeated")
    command.add_argument("--max-sessions", type=int, default=16, metavar="N",
                         help="sessions that may send sound at the same time (default 16)")
    command.add_argument("--workers", type=int, metavar="M",
                         help="processes of the recogniser that they share (default: one for each)")
    command.add_argument("--behaviour", default="ideal", metavar="NAME",
                         help="ideal (default: as documented) or dashscope (as clients report of it)")
    command.add_argument("--quirk", action="append", default=[], metavar="NAME=VALUE",
                         help="one of its quirks with another value, e.g. finish_delay_s=0.2, "
                              "update_midway=true or idle_close_s=none; may be repeated")
    command.set_defaults(run=run)


def port(text: str) -> int:
    """Read ``--port``."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 0 (a free one) to 65535")
    return int(text)


@sigterm_as_ctrl_c()
def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    from ..client.embedded import embedded
    from ..service.server import serve

    quirks = read_quirks(arguments.behaviour, arguments.quirk)
    for name in ("max_sessions", "workers"):
        number = getattr(arguments, name)
        if number is not None and number < 1:
            raise EndpointError(f"--{name.replace('_', '-')} is {number}; a service needs one at least.")
    access, told = read_access(arguments)
    options = read_options(arguments.option)
    fetch_missing_model(embedded(arguments.recognizer, **options))
    serve(
        access, port=arguments.port, recognizer=arguments.recognizer, options=options,
        quirks=quirks, sessions=arguments.max_sessions, workers=arguments.workers, told=told,
    )
    return 0


def read_access(arguments: argparse.Namespace) -> tuple[Access, str]:
    """Return who may reach the service, and what the user is told of the key.

    Raises
    ------
    EndpointError
        Other machines are to reach it without a certificate or a file of keys, or one of these is unusable.
    """
    from ..service.operation.access import Access, tls_context

    if bool(arguments.tls_certificate) != bool(arguments.tls_key):
        raise EndpointError("TLS needs both --tls-certificate and --tls-key.")
    tls = tls_context(arguments.tls_certificate, arguments.tls_key) if arguments.tls_key else None
    if arguments.keys_file:
        return Access.by_file(arguments.keys_file, arguments.host, tls), "one of your file"
    given = os.environ.get(KEY_VARIABLE)
    key = given or secrets.token_urlsafe(24)
    return Access.by_key(key, arguments.host, tls), "the one you gave" if given else key


def read_options(given: Iterable[str]) -> dict[str, Any]:
    """Return a recogniser's options, as ``--option NAME=VALUE`` gives them: JSON, or else text.

    Raises
    ------
    EndpointError
        One is not of that form, or is a key, which other users of the machine could read there.

    Examples
    --------
    >>> read_options(["model=base", "pace=0.5"])
    {'model': 'base', 'pace': 0.5}
    """
    from ..client.embedded import sealed_options
    from ..client.keys import Secret

    options = sealed_options(dict(map(_read_option, given)))
    for name, value in options.items():
        if isinstance(value, Secret):
            raise EndpointError(
                f"--option {name} would show a secret to users of this machine: put it into a variable of "
                "the environment and name that, for example --option key_variable=MY_KEY."
            )
    return options


def _read_option(text: str) -> tuple[str, Any]:
    name, value = _name_and_value("--option", text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _name_and_value(option: str, text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise EndpointError(f"{option} {text!r:.80} is not NAME=VALUE.")
    return name.strip(), value


def read_quirks(behaviour: str, given: Iterable[str]) -> Quirks:
    """Return the quirks of a behaviour, with those that ``--quirk NAME=VALUE`` gives.

    Raises ``EndpointError`` as ``Quirks.of`` does, and where one is not written so.

    Examples
    --------
    >>> read_quirks("ideal", ["finish_delay_s=0.2", "update_midway=false"]).told
    {'update_midway': False, 'finish_delay_s': 0.2}
    """
    from ..protocol.quirks import Quirks

    return Quirks.of(behaviour, dict(map(_read_quirk, given)))


def _read_quirk(text: str) -> tuple[str, Any]:
    name, value = _name_and_value("--quirk", text)
    word = value.strip().lower()
    try:
        return name, None if word == "none" else json.loads(word)
    except ValueError:
        raise EndpointError(
            f"--quirk {name} is {value!r:.40}; it must be a number, true, false or none."
        ) from None

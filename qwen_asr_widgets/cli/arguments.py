"""What the subcommands share: reading a source, an endpoint and settings, and checking where to write."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import QawError, RecognizerUnavailable
from ..formatting import printable
from .wording import in_options

if TYPE_CHECKING:
    from ..audio.clip import AudioClip
    from ..audio.reference import ReferenceTurn
    from ..audio.samples import Sample
    from ..client.endpoints import Endpoint
    from ..protocol.config import SessionConfig

SAMPLE_PREFIX = "sample:"


# ---- sound

def read_source(text: str) -> str | bytes | Sample:
    """Return what FILE names: a bundled sample for ``sample:NAME``, what stands in standard input for ``-``,
    else the path as it is.

    Raises
    ------
    AudioError
        There is no such sample.

    Examples
    --------
    >>> read_source("talk.wav"), read_source("sample:noisy").name
    ('talk.wav', 'noisy')
    """
    from ..audio.samples import sample

    if text == "-":
        return sys.stdin.buffer.read()
    return sample(text.removeprefix(SAMPLE_PREFIX)) if text.startswith(SAMPLE_PREFIX) else text


def read_channel(text: str | None) -> int | str | None:
    """Return the channel that ``--channel`` names.

    Examples
    --------
    >>> read_channel("1"), read_channel("mean"), read_channel(None)
    (1, 'mean', None)
    """
    return int(text) if text is not None and text.isdecimal() else text


def read_clip(text: str) -> tuple[AudioClip, Sequence[ReferenceTurn] | None]:
    """Load the sound that FILE names (a ``.qasr`` recording's too), and the true turns that come with it.

    Raises
    ------
    AudioError, BundleError
        There is no such sample, file or recording, or it cannot be read.

    Examples
    --------
    >>> clip, turns = read_clip("sample:noisy")
    >>> round(clip.duration, 1), len(turns)
    (28.9, 8)
    """
    from ..audio.clip import AudioClip
    from ..recording import load_recording

    source = read_source(text)
    if isinstance(source, bytes):
        return AudioClip.load(source), None
    if not isinstance(source, str):
        return source.clip, source.turns
    if Path(source).suffix.lower() == ".qasr":
        return load_recording(source).clip, None
    return AudioClip.load(source), None


# ---- the service and its settings

def add_endpoint_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments that `read_endpoint` reads."""
    command.add_argument("--endpoint", default="embedded", metavar="WHERE",
                         help="embedded (default), embedded:RECOGNISER (as doctor lists them), beijing, "
                         "singapore, or a ws:// or wss:// URL")
    command.add_argument("--model", help="the model to ask for (default: the endpoint's)")


def read_endpoint(arguments: argparse.Namespace) -> Endpoint:
    """Return the endpoint that was chosen; raises `EndpointError` where there is none of that name."""
    from dataclasses import replace

    from ..client.named_endpoints import resolve_endpoint

    endpoint = resolve_endpoint(arguments.endpoint)
    return replace(endpoint, model=arguments.model) if arguments.model else endpoint


def fetch_missing_model(endpoint: Endpoint) -> None:
    """Say which model the recogniser must download first, how large it is and where to, and download it.

    In a terminal that is asked; where nobody can be, it goes on.

    Raises
    ------
    RecognizerUnavailable
        It is not wanted, or was not downloaded; the message says how else to get it.
    """
    lacking = endpoint.missing_model
    if lacking is None:
        return
    print(lacking, file=sys.stderr, flush=True)
    if sys.stdin is not None and sys.stdin.isatty():
        if input("Download it now? [y/N] ").strip().lower() not in ("y", "yes"):
            raise RecognizerUnavailable(
                "Nothing was downloaded: without its model the recogniser makes no words."
            )
    lacking.fetch()


def add_config_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments that `read_config` reads."""
    command.add_argument("--threshold", type=float, help="VAD threshold in [-1, 1] (default 0.2)")
    command.add_argument("--silence", type=int, metavar="MS", help="silence that ends a turn (default 800)")
    command.add_argument("--padding", type=int, metavar="MS", help="reported before the onset (300)")
    command.add_argument("--manual", action="store_true", help="no VAD: the whole file is one utterance")
    command.add_argument("--language", help="language code such as en or zh (default: detected)")
    command.add_argument("--corpus", metavar="TEXT", help="context text, or @FILE to read it from a file")
    command.add_argument("--rate", type=int, default=16_000, metavar="HZ", help="16000 (default) or 8000")
    command.add_argument("--format", default="pcm", choices=("pcm", "opus"), help="how audio travels")


def read_config(arguments: argparse.Namespace) -> SessionConfig:
    """Return the session's settings; what was not given keeps its default.

    Raises
    ------
    SettingError
        A value is out of its range.
    QawError
        The context file cannot be read.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_config_arguments(parser)
    >>> read_config(parser.parse_args(["--silence", "400", "--language", "en"])).turn_detection
    TurnDetection(threshold=0.2, silence_duration_ms=400, prefix_padding_ms=300)
    """
    from ..protocol.config import SessionConfig
    from ..vad.turns import TurnDetection

    given = {
        "threshold": arguments.threshold, "silence_duration_ms": arguments.silence,
        "prefix_padding_ms": arguments.padding,
    }
    detection = TurnDetection(**{name: value for name, value in given.items() if value is not None})
    corpus = arguments.corpus
    if corpus is not None and corpus.startswith("@"):
        corpus = _read_text(Path(corpus[1:]))
    return SessionConfig(
        language=arguments.language, corpus_text=corpus, input_audio_format=arguments.format,
        sample_rate=arguments.rate, turn_detection=None if arguments.manual else detection,
    )


def read_turn_taking(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return who takes turns, as ``transcribe`` takes it: with a model that ends them, this computer.

    Raises
    ------
    SettingError
        There is no such model.
    """
    if arguments.end_of_turn is None:
        return {"turn_taking": arguments.turn_taking}
    from ..vad.end_of_turn.end_of_turn import EndOfTurn

    return {"turn_taking": "client", "end_of_turn": EndOfTurn(arguments.end_of_turn)}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise QawError(f"The context file {path} cannot be read: {reason}.") from error


# ---- what went wrong

def tell(error: Exception) -> None:
    """Print an error as one line; it may quote a service, whose text is not to steer the terminal."""
    print(f"qwen-asr-widgets: {printable(in_options(error))}", file=sys.stderr)


# ---- where results go

def add_out_argument(command: argparse.ArgumentParser, what: str, endings: str) -> None:
    """Add ``--out``, which `read_outputs` reads; ``endings`` names some that can be written."""
    command.add_argument("--out", action="append", default=[], metavar="FILE",
                         help=f"write the {what}; the ending says how ({endings}); may be repeated")


def read_outputs(arguments: argparse.Namespace, endings: Collection[str]) -> list[Path]:
    """Return the paths given by ``--out``, checked before any work is done.

    Raises
    ------
    QawError
        An ending is none of those that can be written, or a folder does not exist.
    """
    paths = [Path(name) for name in arguments.out]
    for path in paths:
        if path.suffix.lower() not in endings:
            raise QawError(f"--out {path}: the ending must be one of {' '.join(endings)}.")
        if not path.absolute().parent.is_dir():
            raise QawError(f"--out {path}: the folder {path.parent} does not exist; make it first.")
    return paths

"""The command line: ``qwen-asr-widgets transcribe | sweep | serve | lab | doctor``."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .. import __version__
from .sweep import add_sweep
from ..errors import EndpointError, MissingDependency, QawError

if TYPE_CHECKING:
    from ..protocol.config import SessionConfig
    from ..recording import Recording
    from ..recording.latency import TimedUtterance

SAMPLE_PREFIX = "sample:"
OUTPUTS = (".srt", ".vtt", ".json", ".qasr", ".wav", ".png")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 2 wrong input, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except QawError as error:
        print(f"qwen-asr-widgets: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qwen-asr-widgets",
        description="Realtime speech recognition with Qwen-ASR: transcribe, tune, serve, explore.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_transcribe(commands)
    add_sweep(commands)
    _add_serve(commands)
    _add_lab(commands)
    doctor = commands.add_parser("doctor", help="check this installation, with a loopback round trip")
    doctor.add_argument("--clear-cache", action="store_true", help="empty the cache of speech scores")
    doctor.set_defaults(run=_doctor)
    return parser


def _add_transcribe(commands: Any) -> None:
    command = commands.add_parser(
        "transcribe", help="stream a file in real time and show what is recognised",
        description="Stream FILE through a recognition service; show turns, words and latency as they come.",
    )
    command.add_argument("file", metavar="FILE", help="a sound file, or sample:NAME for a bundled one")
    command.add_argument("--endpoint", default="embedded", metavar="WHERE",
                         help="embedded (default), beijing, singapore, or a ws:// or wss:// URL")
    command.add_argument("--model", help="the model to ask for (default: the endpoint's)")
    command.add_argument("--threshold", type=float, help="VAD threshold in [-1, 1] (default 0.2)")
    command.add_argument("--silence", type=int, metavar="MS", help="silence that ends a turn (default 800)")
    command.add_argument("--padding", type=int, metavar="MS", help="reported before the onset (300)")
    command.add_argument("--manual", action="store_true", help="no VAD: the whole file is one utterance")
    command.add_argument("--turn-taking", default="service", choices=("service", "client"),
                         help="who finds the turns: the service, or the same detector here, which sends and "
                              "commits speech only")
    command.add_argument("--language", help="language code such as en or zh (default: detected)")
    command.add_argument("--corpus", metavar="TEXT", help="context text, or @FILE to read it from a file")
    command.add_argument("--rate", type=int, default=16_000, metavar="HZ", help="16000 (default) or 8000")
    command.add_argument("--format", default="pcm", choices=("pcm", "opus"), help="how audio travels")
    command.add_argument("--channel", metavar="N", help="channel to take: 0, 1, … or mean")
    command.add_argument("--pace", type=_pace, default=1.0, metavar="X",
                         help="1 is real time (default), 2 twice as fast, 0 as fast as it is taken")
    command.add_argument("--out", action="append", default=[], metavar="FILE",
                         help=f"write the result; the ending says how: {' '.join(OUTPUTS)}; may be repeated")
    command.add_argument("--quiet", action="store_true", help="print the final transcript only")
    command.set_defaults(run=_transcribe)


def _add_serve(commands: Any) -> None:
    command = commands.add_parser("serve", help="run the embedded service for other programs on this machine")
    command.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    command.add_argument("--recognizer", default="pocketsphinx", help="which recogniser answers")
    command.set_defaults(run=_serve)


def _add_lab(commands: Any) -> None:
    command = commands.add_parser("lab", help="copy the notebooks here and open JupyterLab on them")
    command.add_argument("--dir", type=Path, default=Path("qwen_asr_notebooks"), help="where to copy them")
    command.add_argument("--notebook", default="01_quickstart.ipynb", help="which one to open")
    command.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    command.set_defaults(run=_lab)


def _pace(text: str) -> float | None:
    value = float(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative; give 1 for real time, 0 for full speed")
    return value or None


def _transcribe(arguments: argparse.Namespace) -> int:
    from ..recording import transcribe

    for name in arguments.out:
        _check_output(Path(name))
    config = _config(arguments)
    show = _quiet if arguments.quiet else _print_final
    recording = transcribe(
        _source(arguments.file), endpoint=_endpoint(arguments), config=config, pace=arguments.pace,
        channel=_channel(arguments.channel), progress=not arguments.quiet, on_final=show,
        turn_taking=arguments.turn_taking,
    )
    if arguments.quiet:
        print(recording.text)
    else:
        print(recording.latency().summary())
    for name in arguments.out:
        _write(recording, Path(name))
        print(f"Wrote {name}", file=sys.stderr)
    return 0 if recording.complete else 130


def _source(text: str) -> Any:
    from ..audio.samples import sample

    return sample(text.removeprefix(SAMPLE_PREFIX)) if text.startswith(SAMPLE_PREFIX) else text


def _channel(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text


def _endpoint(arguments: argparse.Namespace) -> Any:
    from dataclasses import replace

    from ..client.named_endpoints import resolve_endpoint

    endpoint = resolve_endpoint(arguments.endpoint)
    return replace(endpoint, model=arguments.model) if arguments.model else endpoint


def _config(arguments: argparse.Namespace) -> SessionConfig:
    """Return the session's settings; what was not given keeps its default."""
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


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QawError(f"The context file {path} cannot be read: {error}.") from error


def _quiet(utterance: TimedUtterance) -> None:
    """Print nothing while the run goes on."""


def _print_final(utterance: TimedUtterance) -> None:
    """Print a finished utterance above the progress bar: number, time, text, how long it took."""
    from tqdm import tqdm

    tqdm.write(utterance_line(utterance), file=sys.stdout)
    sys.stdout.flush()


def utterance_line(utterance: TimedUtterance) -> str:
    """Return an utterance as a line of text: number, place, words, and how long they took."""
    from ..formatting import clock

    place = "" if utterance.start is None or utterance.end is None else (
        f"{clock(utterance.start if utterance.onset is None else utterance.onset)} – {clock(utterance.end)}"
    )
    problem = str((utterance.error or {}).get("message") or "no transcript")
    words = problem if utterance.status == "failed" else utterance.text or "(nothing understood)"
    latency = utterance.latency
    final = latency.decode_delay if latency.finalization is None else latency.finalization
    delays = {"first partial": latency.first_partial, "final": final}
    took = ", ".join(f"{name} {value:.2f} s" for name, value in delays.items() if value is not None)
    return f"{utterance.number:>3}  {place:<17}  {words}" + (f"  [{took}]" if took else "")


def _check_output(path: Path) -> None:
    """Refuse an output that could not be written before any audio is streamed."""
    if path.suffix.lower() not in OUTPUTS:
        raise QawError(f"--out {path}: the ending must be one of {' '.join(OUTPUTS)}.")
    if not path.absolute().parent.is_dir():
        raise QawError(f"--out {path}: the folder {path.parent} does not exist; make it first.")


def _write(recording: Recording, path: Path) -> None:
    if path.suffix.lower() == ".png":
        from ..plots import save_picture

        save_picture(recording, path)
    else:
        recording.export(path)


def _serve(arguments: argparse.Namespace) -> int:
    from ..service.server import serve

    serve(port=arguments.port, recognizer=arguments.recognizer)
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from .doctor import clear_cache, examine

    if arguments.clear_cache:
        print(clear_cache())
        return 0
    return examine()


def _lab(arguments: argparse.Namespace) -> int:
    """Copy the notebooks to where the user works and start JupyterLab on one of them."""
    if shutil.which("jupyter-lab") is None and not (Path(sys.executable).parent / "jupyter-lab").exists():
        raise MissingDependency(
            "JupyterLab is not installed; install it with: pip install 'qwen-asr-widgets[lab]'."
        )
    folder: Path = arguments.dir
    folder.mkdir(parents=True, exist_ok=True)
    for notebook in sorted(notebooks_folder().glob("*.ipynb")):
        if not (folder / notebook.name).exists():
            shutil.copyfile(notebook, folder / notebook.name)
    target = folder / arguments.notebook
    if not target.is_file():
        names = ", ".join(path.name for path in sorted(folder.glob("*.ipynb")))
        raise EndpointError(f"There is no notebook {arguments.notebook!r}; there are: {names}.")
    # The address that opens is the one that is printed: it names the notebook and works on another screen.
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/{quote(arguments.notebook)}", "--ServerApp.answer_yes=True",
    ]
    if arguments.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return _run_to_its_end(command)


def _run_to_its_end(command: list[str]) -> int:
    """Run a program and return its code; Ctrl-C reaches it too, and leaves it the time to end by itself."""
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def notebooks_folder() -> Path:
    """Return where the notebooks are: beside the installed package's modules, or in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"

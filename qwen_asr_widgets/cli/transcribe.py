"""``qwen-asr-widgets transcribe``: stream a file in real time and show what is recognised."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import QawError
from ..formatting import printable
from ..glossary import heading
from .arguments import (
    add_config_arguments, add_endpoint_arguments, add_out_argument, fetch_missing_model, read_config,
    read_channel, read_endpoint, read_outputs, read_source, read_turn_taking, tell,
)
from .batch import add_batch_arguments, is_batch, run_batch
from .termination import sigterm_as_ctrl_c

if TYPE_CHECKING:
    from ..recording import Recording
    from ..recording.latency import TimedUtterance
    from ..recording.run import Outage

_NOT_GIVEN = -1.0
"""Stands for a ``--pace`` that was not given: None is one that was."""

NO_WAITS = (
    "No waits are stated: with --pace 0 sound goes out as fast as it is taken, not in real time, and an "
    "utterance waits for all before it."
)
NO_WAITS_AT_THAT_PACE = (
    "No waits are stated: with --pace {pace:g} sound does not go out in real time, and the silence that ends "
    "a turn passes at that pace too."
)


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser(
        "transcribe", help="stream a file in real time and show what is recognised",
        description="Stream FILE through a recognition service; show turns, words and latency as they come. "
                    "With several files, or a folder, write recordings, tables and a report into a folder.",
    )
    command.add_argument("file", metavar="FILE", nargs="+",
                         help="a sound file, a folder of them, - for one on standard input, or "
                              "sample:NAME for a bundled one")
    add_endpoint_arguments(command)
    add_config_arguments(command)
    command.add_argument("--turn-taking", default="service", choices=("service", "client"),
                         help="who finds the turns: the service, or the same detector here, which sends and "
                              "commits speech only")
    command.add_argument("--end-of-turn", metavar="NAME",
                         help="a model that hears whether a speaker is done, such as smart-turn: turns are "
                              "found here and end when it says so, at the latest after 3 s of silence")
    command.add_argument("--channel", metavar="N", help="channel to take: 0, 1, … or mean")
    command.add_argument("--pace", type=pace, default=_NOT_GIVEN, metavar="X",
                         help="1 is real time (default for one file), 2 twice as fast, 0 as fast as it is "
                              "taken (default for several), where no waits are stated")
    command.add_argument("--patience", type=float, metavar="S",
                         help="seconds that a lost service is waited for (default 60; 0: not at all)")
    add_out_argument(command, "result", ".srt, .json, .png, .qasr …")
    command.add_argument("--quiet", action="store_true", help="print the final transcript only")
    add_batch_arguments(command)
    command.set_defaults(run=run)


def pace(text: str) -> float | None:
    """Read ``--pace``: 0, as fast as it is taken, is None.

    Examples
    --------
    >>> pace("2"), pace("0")
    (2.0, None)
    """
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; give 1 for real time") from None
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative; give 1 for real time, 0 for full speed")
    return value or None


@sigterm_as_ctrl_c()
def run(arguments: argparse.Namespace) -> int:
    """Transcribe, print each utterance as it is final, and write what was asked for.

    A connection that is lost is taken up again, and stderr says so. Where the service stays away, what came
    until then is written all the same.
    """
    from ..client.retry import Retry
    from ..recording import transcribe
    from ..recording.exports.formats import FORMATS

    if arguments.manual and (arguments.turn_taking == "client" or arguments.end_of_turn):
        named = "--end-of-turn" if arguments.end_of_turn else "--turn-taking client"
        raise QawError(f"--manual finds no turns and {named} does; leave out one of them.")
    if is_batch(arguments.file):
        return run_batch(arguments, None if arguments.pace == _NOT_GIVEN else arguments.pace, FORMATS)
    arguments.pace = 1.0 if arguments.pace == _NOT_GIVEN else arguments.pace
    outputs = read_outputs(arguments, FORMATS)
    config, endpoint = read_config(arguments), read_endpoint(arguments)
    if endpoint.improvement and not arguments.quiet:
        print(endpoint.improvement, file=sys.stderr)
    fetch_missing_model(endpoint)
    problem: Exception | None = None
    try:
        recording = transcribe(
            read_source(arguments.file[0]), endpoint=endpoint, config=config,
            pace=arguments.pace, channel=read_channel(arguments.channel), progress=not arguments.quiet,
            on_final=None if arguments.quiet else _printer(arguments.pace), **read_turn_taking(arguments),
            retry=None if arguments.patience is None else Retry(patience=arguments.patience),
            on_outage=_tell_outage,
        )
    except Exception as error:
        problem, kept = error, getattr(error, "recording", None)
        if kept is None or not kept.sent_duration:
            raise
        recording = kept
    print(_transcript(recording) if arguments.quiet else closing_line(recording, arguments.pace), flush=True)
    if problem is not None:
        tell(problem)
    written = [_wrote(recording, path) for path in outputs]
    if problem is not None or not all(written):
        return 1
    return 0 if recording.complete else 130


def _wrote(recording: Recording, path: Path) -> bool:
    """Write a recording and say where; what cannot be written is said and keeps no other from being."""
    try:
        recording.export(path)
    except QawError as error:
        tell(error)
        return False
    print(f"Wrote {path}{'' if recording.complete else ' (incomplete)'}", file=sys.stderr)
    return True


def _transcript(recording: Recording) -> str:
    return printable(recording.text, keep_lines=True)


def _printer(pace: float | None) -> Any:
    """Return what prints a finished utterance above the progress bar."""
    from tqdm import tqdm

    from ..recording.summary import waits_count

    def print_final(utterance: TimedUtterance) -> None:
        tqdm.write(utterance_line(utterance, with_waits=waits_count(pace)), file=sys.stdout)
        sys.stdout.flush()

    return print_final


def _tell_outage(outage: Outage) -> None:
    """Say above the progress bar that the connection was lost and is taken up again."""
    from tqdm import tqdm

    again = f"trying again ({outage.tries})" if outage.tries > 1 else "trying again; nothing is lost"
    tqdm.write(f"{printable(str(outage.error))} Reconnecting: {again}.", file=sys.stderr)
    sys.stderr.flush()


def utterance_line(utterance: TimedUtterance, with_waits: bool = True) -> str:
    """Return an utterance as a line of text: number, place, words, and its delays under their short names.

    Parameters
    ----------
    utterance : TimedUtterance
        Final or failed.
    with_waits : bool
        Whether its sound went out in real time, so that its delays are waits.
    """
    from ..formatting import clock

    place = "" if utterance.start is None or utterance.end is None else (
        f"{clock(utterance.start if utterance.onset is None else utterance.onset)} – {clock(utterance.end)}"
    )
    problem = str((utterance.error or {}).get("message") or "no transcript")
    words = printable(problem if utterance.status == "failed" else utterance.text or "(nothing understood)")
    delays = _delays(utterance) if with_waits else ""
    return f"{utterance.number:>3}  {place:<17}  {words}" + (f"  [{delays}]" if delays else "")


def _delays(utterance: TimedUtterance) -> str:
    """Return the first partial's delay and the final's; without the latter, how long the decoding took."""
    latency = utterance.latency
    names = ["first_partial", "decode_delay" if latency.finalization is None else "finalization"]
    known = {name: getattr(latency, name) for name in names if getattr(latency, name) is not None}
    return ", ".join(f"{heading(name).lower()} {value:.2f} s" for name, value in known.items())


def closing_line(recording: Recording, pace: float | None) -> str:
    """Return the summary of the waits, or why there is none."""
    from ..recording.summary import waits_count

    if waits_count(pace):
        return str(recording.latency().summary())
    return NO_WAITS if pace is None else NO_WAITS_AT_THAT_PACE.format(pace=pace)

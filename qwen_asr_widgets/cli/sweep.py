"""``qwen-asr-widgets sweep``: which turn-detection settings suit some files, judged by their labels."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import LabelError, QawError
from ..vad.labels.formats import FORMATS
from ..writing import write_atomically, write_text
from .arguments import SAMPLE_PREFIX, add_out_argument, read_clip, read_outputs

if TYPE_CHECKING:
    from ..audio.condition import Condition
    from ..vad.sweep.choice import Choice
    from ..vad.labels.labels import Labels
    from ..vad.sweep.result import SweepResult
    from ..vad.turns import TurnDetection

OUTPUTS = (".csv", ".png")
_JOINT = re.compile(r"\+(?=telephone(?:\+|$)|(?:pink|babble|level):)")
"""Where one part of a condition ends; a + in the name of a sound file is none."""

ROWS = 8
"""Settings of the trade-off shown; all are in the CSV."""


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser(
        "sweep", help="try all turn-detection settings on files and name the best",
        description="Score FILEs once, find the turns at 41 thresholds x 30 silences, and judge them by the "
                    "labels: which settings make the fewest errors, and what they cost in waiting.",
    )
    command.add_argument("files", nargs="+", metavar="FILE",
                         help="sound files, .qasr recordings, or sample:NAME for a bundled clip with labels")
    command.add_argument("--labels", nargs="+", default=[], metavar="LABELS",
                         help=f"the true turns, one label file ({', '.join(FORMATS)}) for each FILE")
    command.add_argument("--max-wait", type=float, metavar="S", help="longest mean wait in seconds")
    command.add_argument("--max-cut", type=float, metavar="SHARE",
                         help="largest share of turns that may be cut off, 0 to 1")
    command.add_argument("--padding", type=int, default=300, metavar="MS", help="prefix padding (300)")
    command.add_argument("--condition", nargs="+", default=[], metavar="COND",
                         help="hear each FILE under each of these: clean, pink:DB or babble:DB or "
                              "SOUNDFILE:DB (noise so far below the speech), level:DB, telephone; together "
                              "with +, such as pink:10+telephone")
    command.add_argument("--over", default="mean", choices=("mean", "worst"),
                         help="whether settings are judged by all conditions together or by the worst (mean)")
    add_out_argument(command, "grid", ".csv or .png")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Sweep, print the best settings with a short table, and write what was asked for."""
    from ..vad.sweep.sweep import sweep

    outputs = read_outputs(arguments, OUTPUTS)
    clips, references = _open(arguments.files, arguments.labels)
    conditions = [read_condition(text) for text in arguments.condition]
    if arguments.over == "worst" and not conditions:
        raise QawError("--over worst needs --condition: without any there is nothing to be worst in.")
    blind = [name for name, one in zip(arguments.files, references) if one is None]
    limited = arguments.max_wait is not None or arguments.max_cut is not None
    if blind and (limited or any(path.suffix.lower() == ".png" for path in outputs)):
        raise QawError(f"There are no labels for {blind[0]}, so settings cannot be judged; give --labels.")
    found = sweep(
        clips, paddings_ms=[arguments.padding], reference=references, progress=sys.stderr.isatty(),
        conditions=conditions or None,
    )
    best = None if blind else found.best(arguments.max_wait, arguments.max_cut, over=arguments.over)
    print(blind_text(found) if best is None else text(found, best))
    for path in outputs:
        _write(found, best, path)
        print(f"Wrote {path}", file=sys.stderr)
    return 0


def _open(files: Sequence[str], labels: Sequence[str]) -> tuple[list[Any], list[Labels | None]]:
    """Return the clips and what is true of each; a bundled sample brings its own labels."""
    from ..vad.labels.labels import Labels

    if labels and len(labels) != len(files):
        raise LabelError(
            f"There are {len(files)} files but {len(labels)} label files; give one for each, in their order."
        )
    clips: list[Any] = []
    references: list[Labels | None] = []
    for number, name in enumerate(files):
        clip, own = read_clip(name)
        clips.append(clip)
        if labels:
            references.append(_labels(labels[number], clip.duration, name))
        else:
            references.append(None if own is None else Labels(own))
    return clips, references


def _labels(path: str, duration: float, name: str) -> Labels:
    from ..vad.labels.files import load_labels

    try:
        return load_labels(Path(path)).check_clip(duration, name.removeprefix(SAMPLE_PREFIX))
    except LabelError as error:
        raise LabelError(str(error) if path in str(error) else f"{path}: {error}") from None


def read_condition(text: str) -> Condition:
    """Return the condition that COND names.

    Raises
    ------
    QawError
        It names none, or one twice.
    SettingError, AudioError
        A number is out of its range, or there is no such sound file.

    Examples
    --------
    >>> [str(read_condition(text)) for text in ("clean", "pink:10+telephone", "babble:5+level:-20")]
    ['clean', 'pink noise 10 dB, G.711', 'babble 5 dB, level -20 dB']
    """
    from ..audio.condition import Condition

    given: dict[str, Any] = {}
    for part in [] if text == "clean" else _JOINT.split(text):
        named = _named_part(part)
        if not named or named.keys() & given.keys():
            raise QawError(
                f"--condition {text}: give clean, or one each of pink:10, babble:10 or noise.wav:10, "
                "level:-20 and telephone, joined by +."
            )
        given |= named
    return Condition(**given)


def _named_part(part: str) -> dict[str, Any]:
    """Return what one part of a condition sets; nothing where it cannot be read."""
    if part == "telephone":
        return {"telephone": True}
    name, _, number = part.rpartition(":")
    try:
        decibels = float(number)
    except ValueError:
        return {}
    if name == "level":
        return {"level_db": decibels}
    return {"noise": name, "snr_db": decibels} if name in ("pink", "babble") or "." in name else {}


def text(found: SweepResult, best: Choice) -> str:
    """Return the best settings and what they and others cost, under each condition where there are any."""
    first = f"{'Best' if best.recommended else 'Not recommended'}: {best}"
    chosen = _chosen(found, best)
    if not found.conditions:
        return f"{first}\n\n{table(found, chosen)}"
    parts = (f"{name}:\n{table(found.under(name), chosen)}" for name in found.conditions)
    return "\n\n".join([first, *parts])


def _chosen(found: SweepResult, best: Choice) -> dict[TurnDetection, str]:
    """Return the settings to show, each with its word: the service's default, the best, the trade-off."""
    from ..vad.turns import TurnDetection

    t, s = found.nearest(TurnDetection())
    default = found.settings_at(t, s)
    front = [point.settings for point in found.pareto()]
    step = max(1, -(-len(front) // ROWS))
    words = {best.settings: "best", default: "default"}
    return {one: words.get(one, "") for one in [default, best.settings, *front[::step]]}


def table(found: SweepResult, chosen: Mapping[TurnDetection, str]) -> str:
    """Return what some settings cost as lines of text, each with its word."""
    lines = ["threshold  silence     wait  cut off  errors/min"]
    return "\n".join(lines + [_line(found, one, word) for one, word in chosen.items()])


def _line(found: SweepResult, settings: TurnDetection, word: str) -> str:
    cell = found.nearest(settings)
    wait, cut, errors = (float(found.total(name)[cell]) for name in
                         ("wait", "cut_off_rate", "errors_per_minute"))
    text = (f"{settings.threshold:>9.2f}  {settings.silence_duration_ms:>4} ms  {wait:>5.2f} s  {cut:>7.1%}"
            f"  {errors:>10.2f}  {word}")
    return text.rstrip()


def blind_text(found: SweepResult) -> str:
    """Return how many turns come where nothing says how many there should be."""
    first = "Without --labels nothing says which turns are right; how many come a minute:"
    if not found.conditions:
        return f"{first}\n\n{_blind_table(found)}"
    return "\n\n".join([first, *(f"{name}:\n{_blind_table(found.under(name))}" for name in found.conditions)])


def _blind_table(found: SweepResult) -> str:
    from ..vad.turns import TurnDetection

    lines = ["threshold  silence  turns/min"]
    turns = found.total("turns_per_minute")
    for threshold in (-0.4, 0.0, 0.2, 0.5, 0.8):
        for silence in (400, 800):
            cell = found.nearest(TurnDetection(threshold, silence))
            lines.append(f"{threshold:>9.2f}  {silence:>4} ms  {float(turns[cell]):>9.1f}")
    return "\n".join(lines)


def _write(found: SweepResult, best: Choice | None, path: Path) -> None:
    from ..recording.latency import import_pandas
    from ..vad.turns import TurnDetection

    if path.suffix.lower() == ".csv":
        import_pandas()
        write_text(path, found.to_frame().to_csv(index=False))
        return
    from matplotlib.figure import Figure

    from ..plots.sweep_plot import plot_sweep

    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    plot_sweep(
        found, tuple(figure.subplots(1, 2)), in_force=TurnDetection(),
        best=None if best is None else best.settings, source="exact for the embedded service",
    )
    kind = path.suffix[1:].lower()
    write_atomically(path, lambda file: figure.savefig(file, dpi=150, format=kind))

"""What the tuner can be given: clips, recordings, samples and files, labels for them, and settings."""

from __future__ import annotations

from numbers import Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...audio.clip import AudioClip
from ...audio.samples import Sample
from ...arguments import is_number
from ...errors import LabelError, SettingError
from ...protocol.config import SessionConfig
from ...vad.labels.editor import LabelEditor
from ...vad.labels.labels import CLIP_TOLERANCE, Labels
from ...vad.labels.references import as_labels, is_turn
from ...vad.turns import TurnDetection
from ..shared.shown import clip_title
from .case import Case, Overhead, ServiceTurns

if TYPE_CHECKING:
    from ...recording import Recording

MAX_CASES = 200


def open_cases(source: Any, reference: Any) -> list[Case]:
    """Return a case for each clip.

    Parameters
    ----------
    source : AudioClip, Recording, Sample, path, or a list of them
    reference : Labels, Sample, path, list of turns, None, or a list of those
        What is true, see `as_labels`. For a list of sources one for each.

    Raises
    ------
    SettingError
        A source is something else, or there is none.
    LabelError
        A reference is not of its clip.
    """
    several = isinstance(source, (list, tuple))
    sources = list(source) if several else [source]
    if not sources:
        raise SettingError("There is nothing to tune: the list of clips is empty.", "source")
    if len(sources) > MAX_CASES:
        raise SettingError(
            f"The tuner shows up to {MAX_CASES} clips at once, not {len(sources)}; use sweep() for more.",
            "source",
        )
    references = _references(reference, len(sources), several)
    cases = []
    for number, (one, labels) in enumerate(zip(sources, references), start=1):
        try:
            cases.append(_open(one, labels, number))
        except LabelError as error:
            raise LabelError(f"Clip {number}: {error}" if several else str(error)) from None
    return cases


def _references(reference: Any, count: int, several: bool) -> list[Any]:
    if reference is None:
        return [None] * count
    one_of_turns = isinstance(reference, (list, tuple)) and any(map(is_turn, reference))
    if not several or (count == 1 and one_of_turns):
        return [reference]
    if not isinstance(reference, (list, tuple)) or len(reference) != count:
        got = len(reference) if isinstance(reference, (list, tuple)) else "one"
        raise LabelError(
            f"There are {count} clips but {got} reference(s); give a list with one for each clip, None where "
            "there is none."
        )
    return list(reference)


def _open(source: Any, reference: Any, number: int) -> Case:
    if isinstance(source, (str, PathLike)):
        source = _load(Path(source))
    if isinstance(source, Sample):
        reference = source.turns if reference is None else reference
        return _case(source.name, source.clip, reference)
    if isinstance(source, AudioClip):
        return _case(clip_title(source) or f"clip {number}", source, reference)
    if hasattr(source, "tape") and hasattr(source, "utterances"):
        return _of_recording(source, reference, number)
    raise SettingError(
        "The tuner takes an AudioClip, a Recording, a Sample, a path, or a list of those, not "
        f"{type(source).__name__}; AudioClip.load(array, sample_rate) makes a clip of an array.", "source",
    )


def _load(path: Path) -> Any:
    if path.suffix == ".qasr":
        from ...recording import load_recording

        return load_recording(path)
    return AudioClip.load(path)


def _of_recording(recording: Recording, reference: Any, number: int) -> Case:
    """Return the case of a recording: its turns stand in the service's lane, its delays in the wait."""
    case = _case(recording.info.name or f"recording {number}", recording.clip, reference)
    case.service = ServiceTurns.of(recording, recording.config.turn_detection)
    case.overhead = Overhead.of(recording)
    return case


def _case(name: str, clip: AudioClip, reference: Any) -> Case:
    labels = _labels(reference, clip, name)
    editor = LabelEditor(Labels([]) if labels is None else labels, clip.duration)
    return Case(name=name, clip=clip, editor=editor, known=labels is not None)


def _labels(reference: Any, clip: AudioClip, name: str) -> Labels | None:
    """Return a reference as labels of this clip."""
    if reference is None:
        return None
    return as_labels(reference).check_clip(max(clip.duration, CLIP_TOLERANCE), name)


def checked_settings(settings: Any, name: str = "settings") -> TurnDetection:
    """Return settings that a caller gave.

    Raises
    ------
    SettingError
        They are something else.

    Examples
    --------
    >>> checked_settings((0.2, 800))
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: settings takes a TurnDetection, not tuple; for example \
TurnDetection(threshold=0.2, silence_duration_ms=800).
    """
    if isinstance(settings, TurnDetection):
        return settings
    raise SettingError(
        f"{name} takes a TurnDetection, not {type(settings).__name__}; for example "
        "TurnDetection(threshold=0.2, silence_duration_ms=800).", name,
    )


def checked_config(config: Any) -> SessionConfig | None:
    """Return the configuration for replays that a caller gave; `SettingError` where it is something else."""
    if config is None or isinstance(config, SessionConfig):
        return config
    raise SettingError(f"config takes a SessionConfig, not {type(config).__name__}.", "config")


def check_limit(limit: Any, name: str) -> None:
    """Raise `SettingError` where a limit that a caller gave is neither None nor a number from 0 on.

    Examples
    --------
    >>> check_limit("1 s", "max_wait")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: max_wait is '1 s'; it must be a number from 0 on, or None.
    """
    if limit is not None and not (is_number(limit, Real) and float(limit) >= 0):
        raise SettingError(f"{name} is {limit!r}; it must be a number from 0 on, or None.", name)

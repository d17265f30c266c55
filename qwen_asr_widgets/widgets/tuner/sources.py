"""What the tuner can be given: clips, recordings, samples, files, and labels for them."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...audio.clip import AudioClip
from ...audio.reference import ReferenceTurn
from ...audio.samples import Sample
from ...errors import LabelError, SettingError
from ...client.endpoints import is_loopback_host
from ...vad.labels.editor import LabelEditor
from ...vad.labels.labels import CLIP_TOLERANCE, Labels, load_labels
from ..shared.shown import clip_title
from .case import Case, Overhead

if TYPE_CHECKING:
    from ...recording import Recording

MAX_CASES = 200


def open_cases(source: Any, reference: Any) -> list[Case]:
    """Return a case for each clip.

    Parameters
    ----------
    source : AudioClip, Recording, Sample, path, or a list of them
    reference : Labels, sequence of ReferenceTurn, path of a label file, None, or a list of those
        For a list of sources one for each.

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
    if not several:
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
    case.service = recording.turns
    case.service_settings = recording.config.turn_detection
    by_client = ", turns by the client" if recording.info.turn_taking == "client" else ""
    case.service_name = recording.info.engine + by_client
    case.exact = is_exact(recording)
    case.overhead = Overhead.of(recording)
    return case


def is_exact(recording: Recording) -> bool:
    """Tell whether our detector found the turns: here, or in the embedded service, which heard the same.

    The same is 16 kHz PCM; at 8 kHz the live conversion of the rate differs from that of a whole clip.
    """
    if recording.info.turn_taking == "client":
        return recording.config.sample_rate == 16_000
    host = urlsplit(recording.info.endpoint).hostname or ""
    config = recording.config
    told = any(utterance.onset_source == "service" for utterance in recording.utterances)
    same_sound = config.sample_rate == 16_000 and config.input_audio_format == "pcm"
    return is_loopback_host(host) and told and same_sound and len(recording.connections) <= 1


def _case(name: str, clip: AudioClip, reference: Any) -> Case:
    labels = _labels(reference, clip, name)
    editor = LabelEditor(Labels([]) if labels is None else labels, clip.duration)
    return Case(name=name, clip=clip, editor=editor, known=labels is not None)


def _labels(reference: Any, clip: AudioClip, name: str) -> Labels | None:
    """Return a reference as labels of this clip."""
    if reference is None:
        return None
    if isinstance(reference, (str, PathLike)):
        labels = load_labels(reference)
    elif isinstance(reference, Labels):
        labels = reference
    elif isinstance(reference, Sequence) and all(isinstance(turn, ReferenceTurn) for turn in reference):
        labels = Labels(reference)
    else:
        raise LabelError(
            "A reference is Labels, a list of ReferenceTurn or a label file, not "
            f"{type(reference).__name__}; load_labels(path) reads RTTM, TextGrid, Audacity, CSV and SRT."
        )
    return labels.check_clip(max(clip.duration, CLIP_TOLERANCE), name)

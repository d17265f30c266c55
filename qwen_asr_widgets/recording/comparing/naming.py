"""Names of runs that are compared: what they differ in."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import SettingError
from ..recording import Recording
from ..summary import pace_text
from .comparison import settings_text


def run_names(recordings: Sequence[Recording], given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return a name for each of several runs: those given, else what they differ in, else numbers.

    Raises
    ------
    SettingError
        Not as many names were given as there are recordings.

    Examples
    --------
    >>> from qwen_asr_widgets import SessionConfig, TurnDetection
    >>> quick = SessionConfig(turn_detection=TurnDetection(silence_duration_ms=400))
    >>> run_names([Recording(), Recording(quick)]), run_names([Recording(), Recording()])
    (('silence 800 ms', 'silence 400 ms'), ('run 1', 'run 2'))
    """
    if given:
        if len(given) != len(recordings):
            raise SettingError(f"{len(given)} names were given for {len(recordings)} recordings.", "names")
        return tuple(given)
    facts = [_facts(recording) for recording in recordings]
    telling = [about for about in dict.fromkeys(key for one in facts for key in one)
               if len({one.get(about, "") for one in facts}) > 1]
    names = [", ".join(one[about] for about in telling if one.get(about)) for one in facts]
    if len(set(names)) == len(names) and all(names):
        return tuple(names)
    return tuple(
        f"run {number}, {name}" if name else f"run {number}" for number, name in enumerate(names, 1)
    )


def _facts(recording: Recording) -> dict[str, str]:
    """Return what may tell a run from another, each in a few words."""
    info, detection = recording.info, recording.config.turn_detection
    facts = {"sound": info.name, "engine": info.engine}
    if detection is None or len(recording.settings_held) > 1:
        facts["settings"] = settings_text(recording)
    else:
        facts["threshold"] = f"threshold {detection.threshold:.2f}"
        facts["silence"] = f"silence {detection.silence_duration_ms} ms"
        facts["padding"] = f"prefix padding {detection.prefix_padding_ms} ms"
        facts["turns"] = info.turns_by
    facts["language"] = f"language {recording.config.language or 'detected'}"
    facts["context"] = "with context" if recording.config.corpus_text else ""
    return {**facts, "pace": pace_text(info.pace), "model": info.model}

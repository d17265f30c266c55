"""What is taken away from the tuner: the settings as code, the labels as a file."""

from __future__ import annotations

import json
from pathlib import Path

from ...errors import SettingError
from ...protocol.config import turn_detection_to_wire
from ...vad.labels.formats import FORMATS
from ...vad.labels.files import labels_to_text
from ...vad.labels.labels import Labels
from ...vad.turns import TurnDetection
from ..shared.throttle import Message
from .case import Case

CODE_KINDS = ("sdk", "json", "python")


def settings_code(settings: TurnDetection, kind: str = "sdk") -> str:
    """Return settings as code.

    Parameters
    ----------
    settings : TurnDetection
    kind : {"sdk", "json", "python"}
        A call of the official SDK's ``update_session``, a ``session.update`` event, or ``TurnDetection``.

    Raises
    ------
    SettingError
        There is no such kind.

    Examples
    --------
    >>> settings_code(TurnDetection(0.0, 400), "python")
    'TurnDetection(threshold=0.0, silence_duration_ms=400, prefix_padding_ms=300)'
    """
    if kind not in CODE_KINDS:
        raise SettingError(f"kind is {kind!r}; it must be one of {', '.join(CODE_KINDS)}.", "kind")
    if kind == "python":
        return (
            f"TurnDetection(threshold={settings.threshold!r}, "
            f"silence_duration_ms={settings.silence_duration_ms}, "
            f"prefix_padding_ms={settings.prefix_padding_ms})"
        )
    if kind == "json":
        event = {"type": "session.update", "session": {"turn_detection": turn_detection_to_wire(settings)}}
        return json.dumps(event, indent=2)
    return (
        "conversation.update_session(\n"
        "    output_modalities=[MultiModality.TEXT],\n"
        "    enable_turn_detection=True,\n"
        '    turn_detection_type="server_vad",\n'
        f"    turn_detection_threshold={settings.threshold!r},\n"
        f"    turn_detection_silence_duration_ms={settings.silence_duration_ms},\n"
        f"    prefix_padding_ms={settings.prefix_padding_ms},\n"
        ")"
    )


def file_stem(case: Case) -> str:
    """Return what files made of a clip are called, without their ending."""
    return Path(case.name).stem or "clip"


def label_file(case: Case, format: str) -> Message:
    """Return the reference turns of a clip as a file for the browser to keep.

    Raises
    ------
    LabelError
        There is no such format.
    """
    labels, name = case.editor.labels, file_stem(case)
    named = Labels(labels.turns, labels.scored, labels.uri or name, labels.holds)
    text = labels_to_text(named, format, duration=case.clip.duration)
    ending = FORMATS[format].endings[0] if format in FORMATS else f".{format}"
    return file_message(name + ending, "text/plain", text)


def file_message(name: str, mime: str, text: str) -> Message:
    """Return a file for the browser to keep."""
    return {"kind": "file", "name": name, "mime": mime}, [text.encode("utf-8")]

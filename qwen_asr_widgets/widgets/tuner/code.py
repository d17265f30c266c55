"""The settings as code to take away."""

from __future__ import annotations

import json

from ...protocol.config import turn_detection_to_wire
from ...vad.turns import TurnDetection

KINDS = ("sdk", "json", "python")


def settings_code(settings: TurnDetection, kind: str = "sdk") -> str:
    """Return settings as code.

    Parameters
    ----------
    settings : TurnDetection
    kind : {"sdk", "json", "python"}
        A call of the official SDK's ``update_session``, a ``session.update`` event, or ``TurnDetection``.

    Examples
    --------
    >>> settings_code(TurnDetection(0.0, 400), "python")
    'TurnDetection(threshold=0.0, silence_duration_ms=400, prefix_padding_ms=300)'
    """
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

"""The settings of a run as pages show and edit them."""

from __future__ import annotations

from typing import Any

from ...protocol.config import SessionConfig
from ...recording import Recording
from ...vad.turns import TurnDetection

MANUAL = "manual"
"""A third who ends turns, beside the service and the client: whoever presses Commit."""


def config_state(
    config: SessionConfig, turn_taking: str, chosen: TurnDetection | None = None, ends: str = ""
) -> dict[str, Any]:
    """Return settings as the view edits them; ``turns`` says who takes turns, ``ends`` which model ends those
    of this computer.

    Where they are taken by hand, ``chosen`` is what holds again once they are not.
    """
    detection = config.turn_detection or chosen or TurnDetection()
    return {
        "threshold": detection.threshold,
        "silence": detection.silence_duration_ms,
        "padding": detection.prefix_padding_ms,
        "language": config.language or "",
        "context": config.corpus_text or "",
        "turns": MANUAL if config.turn_detection is None else turn_taking,
        "ends": ends,
    }


def held_state(recording: Recording) -> list[dict[str, Any]]:
    """Return the settings of a run as the view edits them, each with the second from which on it held."""
    return [
        {
            "from": change.sample / recording.tape.sample_rate,
            "config": config_state(
                change.config, recording.info.turn_taking, ends=recording.info.end_of_turn
            ),
        }
        for change in recording.settings_held
    ]

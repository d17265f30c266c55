"""The sound of a recording, exactly as the recogniser was given it."""

from __future__ import annotations

from typing import Any

from ...audio.files import write_pcm16
from ..recording import Recording
from .options import ExportOptions


def write_wav(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the sound as a WAV of 16 bits into a binary file."""
    write_pcm16(file, recording.tape.read(), recording.tape.sample_rate, ".wav")

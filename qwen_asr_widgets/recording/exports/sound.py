"""The sound of a recording, exactly as the recogniser was given it."""

from __future__ import annotations

from typing import Any

from ..recording import Recording


def write_wav(recording: Recording, file: Any) -> None:
    """Write the sound as a WAV of 16 bits into a binary file."""
    import soundfile

    soundfile.write(file, recording.tape.read(), recording.tape.sample_rate, "PCM_16", format="WAV")

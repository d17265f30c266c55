"""The bytes of the client's appends, in any format a session may have, as 16 kHz samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audio.resample import StreamResampler
from ..audio.units import SAMPLE_RATE
from ..errors import AudioError, MissingDependency, ProtocolError, SettingError
from ..protocol.config import SessionConfig

Samples = NDArray[np.int16]

PCM_PIECE = 64 * 1024
"""Bytes (two seconds at 16 kHz) converted at a time."""

OGG_PIECE = 4 * 1024
"""Bytes (about 1.4 s) decoded at a time; a bare packet is decoded whole."""

_NOTHING: Samples = np.zeros(0, np.int16)


class AudioDecoder:
    """Decodes the audio of one session in the format its settings name.

    Parameters
    ----------
    config : SessionConfig
        Names the format: PCM at 16 kHz is taken as it is, PCM at 8 kHz upsampled, Opus decoded to 16 kHz.

    Raises
    ------
    SettingError
        Opus was asked for and PyAV, which decodes it, is not installed.

    Examples
    --------
    >>> AudioDecoder(SessionConfig()).push(b"\\x01\\x00\\x02\\x00")
    array([1, 2], dtype=int16)
    """

    def __init__(self, config: SessionConfig) -> None:
        self._opus: Any = None
        self._is_ogg = False
        self._resampler: StreamResampler | None = None
        if config.input_audio_format == "opus":
            self._opus = _opus_decoder()
        elif config.sample_rate != SAMPLE_RATE:
            self._resampler = StreamResampler(config.sample_rate, SAMPLE_RATE, low_delay=True)

    def push(self, audio: bytes) -> Samples:
        """Return the samples that these bytes complete; raises as `pieces` does."""
        return np.concatenate([_NOTHING, *self.pieces(audio)])

    def pieces(self, audio: bytes) -> Iterator[Samples]:
        """Return an iterator over the samples that these bytes complete; each step is a few ms of work.

        Raises
        ------
        ProtocolError
            The bytes end in half a PCM sample (raised at once; nothing is taken), or they are not Opus
            (raised by the step that decodes them).
        """
        if self._opus is None:
            self._check_whole(audio)
            size = PCM_PIECE
        else:
            self._is_ogg = self._is_ogg or audio[:4] == b"OggS"
            size = OGG_PIECE if self._is_ogg else max(1, len(audio))
        return (self._convert(audio[start : start + size]) for start in range(0, len(audio), size))

    def _check_whole(self, audio: bytes) -> None:
        if len(audio) % 2:
            raise ProtocolError(
                f"PCM samples are two bytes each; this append has {len(audio):,} bytes, an odd number.",
                "invalid_audio", "audio",
            )

    def _convert(self, audio: bytes) -> Samples:
        if self._opus is not None:
            return self._push_opus(audio)
        samples = np.frombuffer(audio, dtype="<i2").astype(np.int16, copy=False)
        return samples if self._resampler is None else self._resampler.push(samples)

    def flush(self) -> Samples:
        """Return the samples that the Opus decoder or the resampler still hold back."""
        if self._opus is not None:
            rest: Samples = self._opus.flush()
            return rest
        return _NOTHING if self._resampler is None else self._resampler.flush()

    def _push_opus(self, audio: bytes) -> Samples:
        try:
            samples: Samples = self._opus.push(audio)
        except (AudioError, ValueError) as problem:
            raise ProtocolError(f"audio is not Opus: {problem}", "invalid_audio", "audio") from problem
        return samples


def _opus_decoder() -> Any:
    try:
        from ..audio.opus import OpusDecoder

        return OpusDecoder(SAMPLE_RATE)
    except MissingDependency as problem:
        raise SettingError(
            f"input_audio_format 'opus' cannot be decoded here: {problem}", "input_audio_format"
        ) from problem

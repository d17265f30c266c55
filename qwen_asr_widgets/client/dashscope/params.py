"""The enums and parameter classes of the DashScope realtime SDK, by its names."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, Union


@unique
class AudioFormat(Enum):
    """Audio formats of the older parameters of `update_session`.

    Examples
    --------
    >>> AudioFormat.PCM_16000HZ_MONO_16BIT.format_str
    'pcm16'
    """

    PCM_16000HZ_MONO_16BIT = ("pcm", 16000, "mono", "16bit", "pcm16")
    PCM_24000HZ_MONO_16BIT = ("pcm", 24000, "mono", "16bit", "pcm16")

    format: str
    sample_rate: int
    channels: str
    bit_rate: str
    format_str: str

    def __init__(self, format: str, sample_rate: int, channels: str, bit_rate: str, format_str: str) -> None:
        self.format = format
        self.sample_rate = sample_rate
        self.channels = channels
        self.bit_rate = bit_rate
        self.format_str = format_str

    def __repr__(self) -> str:
        return self.format_str

    def __str__(self) -> str:
        return (
            f"{self.format.upper()} with {self.sample_rate}Hz sample rate, {self.channels} channel, "
            f"{self.bit_rate} bit rate:  {self.format_str}"
        )


@unique
class AudioFormatType(Enum):
    """Names of audio formats; any other text is taken as well.

    Examples
    --------
    >>> str(AudioFormatType.WAV)
    'wav'
    """

    PCM = "pcm"
    WAV = "wav"

    def __str__(self) -> str:
        return self.value


@unique
class AudioSampleRate(Enum):
    """Sample rates in Hz; any other number is taken as well.

    Examples
    --------
    >>> int(AudioSampleRate.SAMPLE_RATE_8K)
    8000
    """

    SAMPLE_RATE_8K = 8000
    SAMPLE_RATE_16K = 16000
    SAMPLE_RATE_24K = 24000
    SAMPLE_RATE_48K = 48000

    def __int__(self) -> int:
        return self.value


@dataclass
class AudioFormatConfig:
    """The format of one direction, sent as ``session.audio.input.format`` or ``….output.format``.

    Parameters
    ----------
    type : str or AudioFormatType
        Name of the format.
    sample_rate : int or AudioSampleRate
        Samples per second.
    extra_params : dict
        Further keys; merged last, so they win over the two above.

    Examples
    --------
    >>> AudioFormatConfig(AudioFormatType.PCM, 8000, {"channels": 1}).to_dict()
    {'type': 'pcm', 'sample_rate': 8000, 'channels': 1}
    """

    type: Union[str, AudioFormatType] = AudioFormatType.PCM.value
    sample_rate: Union[int, AudioSampleRate] = AudioSampleRate.SAMPLE_RATE_16K.value
    extra_params: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the ``format`` object, enums replaced by their values."""
        kind, rate = self.type, self.sample_rate
        return {
            "type": kind.value if isinstance(kind, AudioFormatType) else kind,
            "sample_rate": rate.value if isinstance(rate, AudioSampleRate) else rate,
            **(self.extra_params or {}),
        }


class MultiModality(Enum):
    """What a session answers with; speech recognition answers with text.

    Examples
    --------
    >>> MultiModality.TEXT.value
    'text'
    """

    TEXT = "text"
    AUDIO = "audio"

    def __str__(self) -> str:
        return self.name


@dataclass
class TranscriptionParams:
    """Settings of a speech recognition session.

    Parameters
    ----------
    language : str or None
        Language code; None lets the service detect it.
    sample_rate : int
        Samples per second of the audio appended.
    input_audio_format : str
        ``"pcm"`` or ``"opus"``.
    corpus : dict or None
        The context as it is sent.
    corpus_text : str or None
        Context text; replaces ``corpus`` by ``{"text": corpus_text}``.

    Examples
    --------
    >>> TranscriptionParams(language="en").input_audio_format
    'pcm'
    """

    language: str | None = None
    sample_rate: int = 16000
    input_audio_format: str = "pcm"
    corpus: dict[str, Any] | None = None
    corpus_text: str | None = None


@dataclass
class TranslationParams:
    """Settings of a translation session; speech recognition has no use for them.

    Examples
    --------
    >>> TranslationParams("en", TranslationParams.Corpus({"Qwen": "Qwen"})).language
    'en'
    """

    @dataclass
    class Corpus:
        """Phrases and their translations."""

        phrases: dict[str, Any] | None = None

    language: str | None = None
    corpus: Corpus | None = None

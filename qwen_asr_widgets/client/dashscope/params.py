"""The SDK's enums and parameter classes, and the ``session`` object that ``update_session`` makes of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, Union

from ...errors import SettingError
from ...formatting import with_units

logger = logging.getLogger("qwen_asr_widgets")


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


@with_units()
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


@with_units()
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


@with_units()
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


def session_fields(
    output_modalities: Any, voice: Any, transcription_params: TranscriptionParams | None,
    translation_params: TranslationParams | None, input_video_representation_compact: Any, **given: Any,
) -> dict[str, Any]:
    """Return the ``session`` object for the parameters of ``update_session``, all of them given by name."""
    _check_types(transcription_params=transcription_params, translation_params=translation_params, **given)
    session: dict[str, Any] = {"modalities": modality_values(output_modalities), "voice": voice}
    session.update(_formats(**{name: given[name] for name in (
        "input_audio_format", "output_audio_format", "input_audio_config", "output_audio_config"
    )}))
    session["input_audio_transcription"] = (
        {"model": given["input_audio_transcription_model"]}
        if given["enable_input_audio_transcription"] else None
    )
    session["turn_detection"] = _turn_detection(given)
    if translation_params is not None:
        session["translation"] = _translation(translation_params)
    if transcription_params is not None:
        _apply_transcription(session, transcription_params)
    if input_video_representation_compact is not None:
        session["video"] = {"input": {"representation_compact": input_video_representation_compact}}
    return session


def modality_values(modalities: Any) -> list[str]:
    """Return the names of modalities, as they are sent; those of the official SDK are taken as well.

    Raises
    ------
    SettingError
        It is no list, or there is something else in it.

    Examples
    --------
    >>> modality_values([MultiModality.TEXT])
    ['text']
    """
    if not isinstance(modalities, (list, tuple)) or not all(hasattr(one, "value") for one in modalities):
        raise SettingError(
            f"output_modalities must be a list such as [MultiModality.TEXT], not {modalities!r:.60}.",
            "output_modalities",
        )
    return [modality.value for modality in modalities]


_MEMBERS = {
    "input_audio_format": ("format_str", "an AudioFormat such as AudioFormat.PCM_16000HZ_MONO_16BIT"),
    "output_audio_format": ("format_str", "an AudioFormat such as AudioFormat.PCM_24000HZ_MONO_16BIT"),
    "input_audio_config": ("to_dict", "an AudioFormatConfig or None"),
    "output_audio_config": ("to_dict", "an AudioFormatConfig or None"),
    "turn_detection_param": ("keys", "a dict or None"),
    "transcription_params": ("corpus_text", "TranscriptionParams or None"),
    "translation_params": ("corpus", "TranslationParams or None"),
}
"""What a value must have to be taken (so that the official SDK's classes are), and what it should be."""


def _check_types(**given: Any) -> None:
    """Raise `SettingError` for the first parameter of ``update_session`` of the wrong type."""
    for name, (member, expected) in _MEMBERS.items():
        value = given[name]
        if (value is not None or member == "format_str") and not hasattr(value, member):
            raise SettingError(f"{name} must be {expected}, not {value!r:.60}.", name)


def _formats(
    input_audio_format: Any, output_audio_format: Any,
    input_audio_config: AudioFormatConfig | None, output_audio_config: AudioFormatConfig | None,
) -> dict[str, Any]:
    """Return the formats in their newer place where either is given, else in the older one; never in both."""
    sides = {"input": input_audio_config, "output": output_audio_config}
    audio = {side: {"format": config.to_dict()} for side, config in sides.items() if config is not None}
    if audio:
        return {"audio": audio}
    return {
        "input_audio_format": input_audio_format.format_str,
        "output_audio_format": output_audio_format.format_str,
    }


def _turn_detection(given: dict[str, Any]) -> dict[str, Any] | None:
    if not given["enable_turn_detection"]:
        return None
    return {
        "type": given["turn_detection_type"],
        "threshold": given["turn_detection_threshold"],
        "prefix_padding_ms": given["prefix_padding_ms"],
        "silence_duration_ms": given["turn_detection_silence_duration_ms"],
        **(given["turn_detection_param"] or {}),
    }


def _translation(params: TranslationParams) -> dict[str, Any]:
    translation: dict[str, Any] = {"language": params.language}
    if params.corpus and params.corpus.phrases is not None:
        translation["corpus"] = {"phrases": params.corpus.phrases}
    return translation


def _apply_transcription(session: dict[str, Any], params: TranscriptionParams) -> None:
    """Replace the transcription object; format and rate only where the newer place is not used."""
    transcription: dict[str, Any] = {}
    if params.language is not None:
        transcription["language"] = params.language
    if params.corpus_text is not None:
        params.corpus = {"text": params.corpus_text}
    if params.corpus is not None:
        transcription["corpus"] = params.corpus
    session["input_audio_transcription"] = transcription
    if "audio" in session:
        logger.warning(
            "input_audio_config or output_audio_config is given: input_audio_format and sample_rate of "
            "transcription_params are left out, so that the formats cannot contradict each other"
        )
        return
    session["input_audio_format"] = params.input_audio_format
    session["sample_rate"] = params.sample_rate

"""The ``session`` object that the parameters of the SDK's ``update_session`` stand for."""

from __future__ import annotations

import logging
from typing import Any

from .params import AudioFormatConfig, TranscriptionParams, TranslationParams

logger = logging.getLogger("qwen_asr_widgets")


def session_fields(
    output_modalities: Any, voice: Any, transcription_params: TranscriptionParams | None,
    translation_params: TranslationParams | None, input_video_representation_compact: Any, **given: Any,
) -> dict[str, Any]:
    """Return the ``session`` object for the parameters of ``update_session``, all of them given by name."""
    modalities = [modality.value for modality in output_modalities]
    session: dict[str, Any] = {"modalities": modalities, "voice": voice}
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

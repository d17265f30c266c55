"""What the service alone refuses, each as the `ProtocolError` that an ``error`` event carries.

What client and service refuse alike (an event that is not possible now, a value out of its range) stands in
`qwen_asr_widgets.protocol.state`.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ..arguments import suggestion
from ..errors import ProtocolError
from ..protocol.config import SessionConfig
from ..protocol.state import MAX_COMMIT_SECONDS

_OMNI_PREFIXES = ("conversation.", "response.", "input_image_buffer.", "output_audio_buffer.")


def unknown_event(message: Mapping[str, Any]) -> ProtocolError:
    """Return the error for an event that is unknown, or known but without meaning for recognition.

    Examples
    --------
    >>> unknown_event({"type": "response.create"}).code, str(unknown_event({"type": "speak"}))
    ('unknown_event', "There is no client event 'speak'.")
    """
    name = str(message.get("type"))
    if name.startswith(_OMNI_PREFIXES):
        return ProtocolError(
            f"{name[:80]} has no meaning in a recognition session and was ignored.", "unknown_event", "type"
        )
    return ProtocolError(f"There is no client event {name[:80]!r}.", "unknown_event", "type")


MOST_NAMED = 4
"""Languages that a message names."""


def unsupported_language(
    wanted: SessionConfig, engine: str, languages: tuple[str, ...] | None
) -> ProtocolError | None:
    """Return the error for a language that the recogniser does not know, or None.

    Examples
    --------
    >>> unsupported_language(SessionConfig(language="zh"), "pocketsphinx", ("en",)).code
    'unsupported_language'
    >>> unsupported_language(SessionConfig(language="en-GB"), "pocketsphinx", ("en",))
    """
    language = wanted.language
    if language is None or languages is None or language.split("-")[0].lower() in languages:
        return None
    few = ", ".join(repr(code) for code in languages[:MOST_NAMED])
    knows_few = len(languages) <= MOST_NAMED
    known = f"only {few}" if knows_few else f"{len(languages)} others, such as {few}"
    elsewhere = "Whisper (on this computer) or a DashScope endpoint" if knows_few else "a DashScope endpoint"
    return ProtocolError(
        f"language is {language!r}; {engine} knows {known}. Leave the language out or set it to "
        f"{languages[0]!r}; for others use {elsewhere}.",
        "unsupported_language", "input_audio_transcription.language",
    )


def too_long(seconds: float) -> ProtocolError:
    """Return the error for a buffer that was longer than one commit may be, and was therefore cleared."""
    return ProtocolError(
        f"One commit takes at most {MAX_COMMIT_SECONDS} s of audio; the buffer held {seconds:.1f} s. "
        "It was cleared.", "audio_too_long",
    )


# ---- the fields of a session object

SESSION_FIELDS: Mapping[str, Any] = {
    "modalities": None,
    "input_audio_format": None,
    "sample_rate": None,
    "input_audio_transcription": {
        "model": None,
        "language": None,
        "corpus": {"text": None, "unknown_words": None},
    },
    "turn_detection": {
        "type": None, "threshold": None, "silence_duration_ms": None, "prefix_padding_ms": None,
        "create_response": None, "interrupt_response": None,
    },
    "audio": {"input": {"format": {"type": None, "sample_rate": None}}, "output": None},
    # Of no meaning for recognition, but sent by the SDK or documented for models that answer in speech.
    "voice": None, "output_audio_format": None, "instructions": None, "smooth_output": None,
    "temperature": None, "top_p": None, "top_k": None, "max_tokens": None, "repetition_penalty": None,
    "presence_penalty": None, "seed": None, "tools": None, "tool_choice": None, "enable_search": None,
    "search_options": None,
    "translation": {"language": None, "corpus": {"phrases": None}},
    "video": {"input": {"representation_compact": None}},
    # Set by the service; a client may send a session object back as it came.
    "id": None, "object": None, "model": None, "engine": None,
}
"""The fields that a client may send; under None anything may stand, under a mapping its fields."""

_OPEN = frozenset({"audio.input.format"})
"""Objects into which the SDK merges parameters of the user's own (``AudioFormatConfig.extra_params``)."""

_MISSPELT = 0.8
"""From this likeness on, a field of an open object is taken for a known one misspelt (`difflib`, 0 to 1)."""


def check_session_object(session: Mapping[str, Any]) -> None:
    """Refuse a misspelt field or a modality other than text in the ``session`` of a ``session.update``.

    A field that was skipped in silence would leave its user with another setting than the one in mind.
    Values are checked by `SessionConfig.updated`.

    Raises
    ------
    ProtocolError
        ``param`` names the field: ``session.NAME`` at the top, its path below.

    Examples
    --------
    >>> check_session_object({"modalities": ["text"], "voice": None, "turn_detection": None})
    >>> check_session_object({"turn_detection": {"treshold": 0.1}})
    Traceback (most recent call last):
        ...
    qwen_asr_widgets.errors.ProtocolError: There is no turn_detection.treshold; did you mean 'threshold'?
    """
    _check_fields(session, SESSION_FIELDS, "")
    _check_modalities(session.get("modalities"))


def _check_fields(given: Mapping[str, Any], known: Mapping[str, Any], path: str) -> None:
    for name, value in given.items():
        place = f"{path}.{name}" if path else name
        if name not in known:
            _refuse_unknown(name, known, path)
        elif isinstance(known[name], Mapping) and isinstance(value, Mapping):
            _check_fields(value, known[name], place)


def _refuse_unknown(name: str, known: Mapping[str, Any], path: str) -> None:
    if path in _OPEN and not get_close_matches(name, known, 1, _MISSPELT):
        return
    near = suggestion(name, known)
    place = f"{path or 'session'}.{name}"[:120]
    raise ProtocolError(
        f"There is no {place}{near or '; known are ' + ', '.join(known) + '.'}", "unknown_parameter", place
    )


def _check_modalities(modalities: Any) -> None:
    if modalities is None:
        return
    if not isinstance(modalities, (list, tuple)):
        raise ProtocolError(
            f"modalities must be a list, not {modalities!r:.60}.", "invalid_value", "modalities"
        )
    for modality in modalities:
        if modality != "text":
            raise ProtocolError(
                f"modalities holds {modality!r:.60}; a recognition session answers in 'text' alone "
                "(MultiModality.TEXT).", "invalid_value", "modalities",
            )

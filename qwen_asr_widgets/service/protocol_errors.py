"""What a client asks and cannot have, each as the `ProtocolError` that an ``error`` event carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ProtocolError
from ..protocol.config import SessionConfig
from ..protocol.state import MAX_COMMIT_SECONDS

_OMNI_PREFIXES = ("conversation.", "response.", "input_image_buffer.", "output_audio_buffer.")


def unknown_event(message: Mapping[str, Any]) -> ProtocolError:
    """Say that an event is not known, or known elsewhere but without meaning in a recognition session."""
    name = str(message.get("type"))
    if name.startswith(_OMNI_PREFIXES):
        return ProtocolError(
            f"{name[:80]} has no meaning in a recognition session and was ignored.", "unknown_event", "type"
        )
    return ProtocolError(f"There is no client event {name[:80]!r}.", "unknown_event", "type")


def unsupported_language(
    wanted: SessionConfig, engine: str, languages: tuple[str, ...] | None
) -> ProtocolError | None:
    """Say that the recogniser does not know the language asked for, or return None.

    Examples
    --------
    >>> unsupported_language(SessionConfig(language="zh"), "pocketsphinx", ("en",)).code
    'unsupported_language'
    >>> unsupported_language(SessionConfig(language="en-GB"), "pocketsphinx", ("en",))
    """
    language = wanted.language
    if language is None or languages is None or language.split("-")[0].lower() in languages:
        return None
    known = ", ".join(repr(code) for code in languages)
    return ProtocolError(
        f"language is {language!r}; {engine} knows only {known}. Leave the language out or set it to "
        f"{languages[0]!r}; for others use a DashScope endpoint.",
        "unsupported_language", "input_audio_transcription.language",
    )


def empty_buffer() -> ProtocolError:
    """Say that there is nothing to commit."""
    return ProtocolError(
        "The buffer is empty: append audio before a commit.", "input_audio_buffer_commit_empty"
    )


def nothing_to_cancel() -> ProtocolError:
    """Say that no transcript is owed."""
    return ProtocolError("There is no response in progress to cancel.", "response_cancel_not_active")


def too_long(seconds: float) -> ProtocolError:
    """Say that the buffer was longer than one commit may be."""
    return ProtocolError(
        f"One commit takes at most {MAX_COMMIT_SECONDS} s of audio; the buffer held {seconds:.1f} s. "
        "It was cleared.", "audio_too_long",
    )

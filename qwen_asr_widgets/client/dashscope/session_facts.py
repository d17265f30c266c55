"""What a conversation remembers of its session: ids, the newest event, and delays."""

from __future__ import annotations

import time
from typing import Any

_TEXT_STARTS = ("response.audio_transcript.delta",)


class SessionFacts:
    """Ids, the newest event and delays in milliseconds, by the official SDK's attributes and getters."""

    def __init__(self) -> None:
        self.session_id: str | None = None
        self.last_message: Any = None
        self.last_response_id: str | None = None
        self.last_response_create_time: float | None = None
        self.last_first_text_delay: float | None = None
        self.last_first_audio_delay: float | None = None

    def _note(self, event: Any) -> str | None:
        """Note an event; return its kind, None where it has none."""
        self.last_message = event
        kind = event.get("type") if isinstance(event, dict) else None
        if kind is not None:
            self._keep_time(kind, event)
        return kind

    def _keep_time(self, kind: str, event: dict[str, Any]) -> None:
        """Note ids and delays, of responses and of recognised speech alike."""
        now = time.time() * 1000
        if kind == "session.created":
            self.session_id = (event.get("session") or {}).get("id")
        elif kind in ("response.created", "input_audio_buffer.speech_started"):
            if kind == "response.created":
                self.last_response_id = (event.get("response") or {}).get("id")
            self.last_response_create_time = now
            self.last_first_audio_delay = self.last_first_text_delay = None
        elif self.last_response_create_time is None:
            return
        elif kind == "response.audio.delta" and self.last_first_audio_delay is None:
            self.last_first_audio_delay = now - self.last_response_create_time
        elif self.last_first_text_delay is None and _carries_text(kind, event):
            self.last_first_text_delay = now - self.last_response_create_time

    def get_session_id(self) -> str:
        """Return the id of the session; None before ``session.created``."""
        return self.session_id  # type: ignore[return-value]

    def get_last_message(self) -> str:
        """Return the newest event, a dict; None before the first."""
        return self.last_message

    def get_last_response_id(self) -> str:
        """Return the id of the newest response; None where there was none."""
        return self.last_response_id  # type: ignore[return-value]

    def get_last_first_text_delay(self) -> Any:
        """Return milliseconds to the first text, or None.

        From ``response.created`` to its first text; in a speech recognition session from
        ``speech_started`` to the first partial result with text (or the transcript, where none came before).
        """
        return self.last_first_text_delay

    def get_last_first_audio_delay(self) -> Any:
        """Return milliseconds from ``response.created`` to its first audio, or None."""
        return self.last_first_audio_delay


def _carries_text(kind: str, event: dict[str, Any]) -> bool:
    if kind == "conversation.item.input_audio_transcription.text":
        return bool(event.get("text") or event.get("stash"))
    if kind == "conversation.item.input_audio_transcription.completed":
        return bool(event.get("transcript"))
    return kind in _TEXT_STARTS

"""What a conversation remembers of its session: ids, the newest event, delays of first text and audio."""

from __future__ import annotations

import time
from typing import Any

_PARTIAL = "conversation.item.input_audio_transcription.text"
_COMPLETED = "conversation.item.input_audio_transcription.completed"


class SessionMemory:
    """Ids, the newest event and delays in milliseconds, under the official class's names.

    A delay is measured from ``response.created``. A speech recognition session has no responses: there it is
    measured from ``speech_started``, or in manual mode, where nobody detects speech, from ``committed``.

    Examples
    --------
    >>> memory = SessionMemory()
    >>> memory.take({"type": "session.created", "session": {"id": "sess_1"}})
    'session.created'
    >>> memory.session_id
    'sess_1'
    """

    def __init__(self) -> None:
        self.session_id: str | None = None
        self.last_message: Any = None
        self.last_response_id: str | None = None
        self.last_response_create_time: float | None = None
        self.last_first_text_delay: float | None = None
        self.last_first_audio_delay: float | None = None
        self._detected: set[Any] = set()

    def take(self, event: Any) -> str | None:
        """Keep what an event tells and return its type; None where it has none."""
        self.last_message = event
        kind = event.get("type") if isinstance(event, dict) else None
        if kind == "session.created":
            self.session_id = (event.get("session") or {}).get("id")
        elif kind is not None:
            self._measure(kind, event)
        return kind

    def _measure(self, kind: str, event: dict[str, Any]) -> None:
        now = time.time() * 1000
        if self._begins(kind, event):
            self.last_response_create_time = now
            self.last_first_audio_delay = self.last_first_text_delay = None
        elif self.last_response_create_time is None:
            return
        elif kind == "response.audio.delta" and self.last_first_audio_delay is None:
            self.last_first_audio_delay = now - self.last_response_create_time
        elif self.last_first_text_delay is None and _carries_text(kind, event):
            self.last_first_text_delay = now - self.last_response_create_time

    def _begins(self, kind: str, event: dict[str, Any]) -> bool:
        """Tell whether delays are measured from an event; a detected turn has begun before its commit."""
        if kind == "response.created":
            self.last_response_id = (event.get("response") or {}).get("id")
            return True
        item = event.get("item_id")
        if kind == "input_audio_buffer.speech_started":
            self._detected.add(item)
            return True
        if kind == "input_audio_buffer.committed":
            detected = item in self._detected
            self._detected.discard(item)
            return not detected
        return False


def _carries_text(kind: str, event: dict[str, Any]) -> bool:
    if kind == _PARTIAL:
        return bool(event.get("text") or event.get("stash"))
    if kind == _COMPLETED:
        return bool(event.get("transcript"))
    return kind == "response.audio_transcript.delta"

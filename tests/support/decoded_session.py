"""A session of the service with a real recogniser in its worker's decoder, without sockets and processes."""

from __future__ import annotations

from typing import Any

from support.server_session import Session

from qwen_asr_widgets.service.server_session import ServerSession
from qwen_asr_widgets.service.workers.decoder import UtteranceDecoder
from qwen_asr_widgets.service.workers.messages import WorkerCommand


class DecodedSession(Session):
    """What a client sends goes in, and what it would receive with this recogniser is in ``sent``."""

    def __init__(self, recognizer: Any) -> None:
        self.waiting: list[WorkerCommand] = []
        self.decoder = UtteranceDecoder(recognizer, self.result)
        kind = type(recognizer)
        super().__init__(server=ServerSession("qwen3-asr-flash-realtime", recognizer.engine, kind.languages))

    def recognise(self, command: WorkerCommand) -> None:
        """Keep a command until what was sent is answered, as a pipe does."""
        self.waiting.append(command)

    def send(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Send an event; return all that it is answered with, once the recogniser has done its work."""
        before = len(self.sent)
        super().send(kind, **fields)
        while self.waiting:
            self.decoder.handle(self.waiting.pop(0))
            while self.decoder.has_work:
                self.decoder.work()
        return self.sent[before:]

    def speak(self, samples: Any) -> None:
        """Append sound as a microphone gives it, in chunks of 100 ms."""
        for first in range(0, len(samples), 1_600):
            self.append(samples[first:first + 1_600])

    def of_type(self, ending: str) -> list[dict[str, Any]]:
        """Return the events whose type ends so."""
        return [message for message in self.sent if message["type"].endswith(ending)]

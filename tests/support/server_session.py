"""A service's session without a server: what a client sends goes in, what it would receive comes out."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.protocol.codec import read_client, to_message
from qwen_asr_widgets.protocol.events import ServerEvent
from qwen_asr_widgets.protocol.state import ProtocolState
from qwen_asr_widgets.service import standin
from qwen_asr_widgets.service.workers import messages as worker_messages
from qwen_asr_widgets.service.server_session import ServerSession

TALK = sample("conversation").clip.to_pcm16()
SPEECH = TALK[:70_000]
"""One turn: onset at 0.864 s, end at 3.648 s, then 0.7 s of silence."""

MANUAL = {"turn_detection": None}
BRIEF = {"turn_detection": {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}}
TURN = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed", "conversation.item.created", "completed"]


class Session:
    """A session whose recogniser answers at once, and a list of what the client would receive."""

    def __init__(self, languages=("en",), answer=True, server=None):
        self.server = server or ServerSession("qwen3-asr-flash-realtime", "script", languages)
        self.connection = []  # what is to be done with it: `WaitUntil`, `CloseConnection`
        self.sent, self.commands, self.answer, self.audio = [], [], answer, 0
        self.state = ProtocolState()
        self.violations = []
        self.take(self.server.open())

    def take(self, outputs):
        for output in outputs:
            if isinstance(output, ServerEvent):
                self.violations += filter(None, [self.state.check(output)])
                self.state.apply(output)
                self.sent.append(to_message(output))
            elif type(output).__module__ == worker_messages.__name__:
                self.commands.append(output)
                self.recognise(output)
            elif type(output).__module__ == standin.__name__:
                self.connection.append(output)

    def recognise(self, command):
        if isinstance(command, worker_messages.UtteranceAudio):
            self.audio += len(command.samples)
        if self.answer and isinstance(command, worker_messages.FinishUtterance):
            self.result(worker_messages.FinalText(command.item_id, "words"))
        if self.answer and isinstance(command, worker_messages.Configure):
            self.result(worker_messages.Configured(("qwen",) if command.corpus_text else ()))

    def result(self, result):
        self.take(self.server.recognised(result))

    def send(self, kind, **fields):
        message = {"event_id": "event_7", "type": kind, **fields}
        with suppress(ValueError):  # what is no event of a client has no place in the table either
            self.state.apply(read_client(message))
        before = len(self.sent)
        self.take(self.server.receive(json.dumps(message)))
        if self.sent[before:] and self.sent[-1]["type"] == "session.updated":
            self.state.configure(self.server.config)
        return self.sent[before:]

    def append(self, samples):
        data = samples if isinstance(samples, bytes) else samples.astype("<i2").tobytes()
        return self.send("input_audio_buffer.append", audio=base64.b64encode(data).decode())

    def update(self, **session):
        return self.send("session.update", session=session)

    @property
    def types(self):
        """The types of what was answered, short for transcripts."""
        return [message["type"].rpartition("input_audio_transcription.")[2] for message in self.sent]


def error_of(answer):
    """Return the error that is the whole of an answer."""
    assert [message["type"] for message in answer] == ["error"], answer
    return answer[0]["error"]

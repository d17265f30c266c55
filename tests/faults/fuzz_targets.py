"""What anybody may send to this package: each way in as one function of bytes, fed by hypothesis and atheris.

A target makes of its bytes something that is nearly right (`Chooser`), hands it in and uses what came of it
in every way. What may come out is an error of `errors`, where the way in promises one; anything else is a
find.
"""

from __future__ import annotations

import base64
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np
from support.recordings import Script, three_turns

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import BundleError, LabelError, ProtocolError
from qwen_asr_widgets.protocol.codec import decode_server
from qwen_asr_widgets.protocol.events import CLIENT_EVENTS, SERVER_EVENTS, ServerEvent
from qwen_asr_widgets.protocol.session import MOST_NOTED
from qwen_asr_widgets.recording import Recording, load_recording
from qwen_asr_widgets.recording.exports.document import to_json
from qwen_asr_widgets.recording.exports.formats import FORMATS as EXPORTS
from qwen_asr_widgets.recording.exports.subtitles import to_srt
from qwen_asr_widgets.service.server_session import ServerSession
from qwen_asr_widgets.service.workers.messages import Configure, Configured, FinalText, FinishUtterance
from qwen_asr_widgets.vad.labels.formats import FORMATS as LABELS
from qwen_asr_widgets.vad.labels.files import labels_to_text, load_labels
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.widgets.capture.capture import CaptureReceiver
from qwen_asr_widgets.widgets.capture.messages import KINDS
from qwen_asr_widgets.widgets.capture.upload import MOST_UPLOADS
from qwen_asr_widgets.widgets.shared.commands import MessageError, read_message

TEXTS = (
    "", "a", "item_1", "item_2", "good morning", "。", "\0", "\u202e", "\x1b[2J", "\ud800", "nan", "-1",
    "9" * 400, "en", "pcm", "opus", "pcm16", "server_vad", "silence", "session", "server_error",
    "invalid_value", "Error committing input audio buffer", "Session update error", "x" * 5_000,
)
NUMBERS = (
    0, 1, -1, 2, 16_000, 8_000, 0.5, -0.0, 1e308, 2**63, 10**400, float("nan"), float("inf"), 900, 2_000,
)
FIELDS = (
    "event_id", "item_id", "audio_start_ms", "audio_end_ms", "audio_onset_ms", "reason", "text", "stash",
    "transcript", "language", "emotion", "error", "session", "item", "usage", "previous_item_id", "audio",
    "type", "turn_detection", "threshold", "silence_duration_ms", "prefix_padding_ms", "input_audio_format",
    "sample_rate", "input_audio_transcription", "corpus", "code", "message", "param", "id", "modalities",
)


class Chooser:
    """Choices made by bytes, one after the other; where they are used up, always the first.

    Examples
    --------
    >>> choose = Chooser(bytes([1, 0, 2]))
    >>> choose.one("abc"), choose.one("abc"), choose.one("abc"), choose.one("abc")
    ('b', 'a', 'c', 'a')
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_used_up(self) -> bool:
        """Whether there are no more bytes."""
        return self._at >= len(self._data)

    def number(self, below: int) -> int:
        """Return a whole number from 0 on."""
        size = 1 if below <= 256 else 2 if below <= 65_536 else 4
        piece = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(piece, "big") % below

    def one(self, of: Sequence[Any]) -> Any:
        """Return one of several."""
        return of[self.number(len(of))]

    def some_bytes(self, most: int) -> bytes:
        """Return bytes as they come."""
        count = self.number(most + 1)
        piece = self._data[self._at : self._at + count]
        self._at += count
        return piece

    def value(self, depth: int = 0) -> Any:
        """Return a JSON value."""
        kind = self.number(8 if depth < 3 else 6)
        if kind < 6:
            return (
                self.one(TEXTS), self.one(NUMBERS), None, True, self.number(1 << 16),
                self.some_bytes(24).decode("utf-8", "replace"),
            )[kind]
        if kind == 6:
            return [self.value(depth + 1) for _ in range(self.number(4))]
        return {self.one(FIELDS): self.value(depth + 1) for _ in range(self.number(4))}

    def changed(self, value: Any) -> Any:
        """Return a JSON value with another one somewhere in it, at times."""
        if self.number(6) == 0:
            return self.value()
        if isinstance(value, dict) and value:
            name = self.one(sorted(value))
            return {**value, name: self.changed(value[name])}
        if isinstance(value, list) and value:
            place = self.number(len(value))
            return [*value[:place], self.changed(value[place]), *value[place + 1 :]]
        return value


# ---- events from the service

CHUNK = np.zeros(1_600, np.int16)
ITEM = ("item_1", "item_2", "item_3")


def service_events(data: bytes) -> None:
    """Frames from a service, into a recording that is then read in every way."""
    choose, recording = Chooser(data), Recording(clock=lambda: 0.0)
    is_read = choose.number(8) == 0
    recording.opened(0.0)
    time_now = 0.0
    while not choose.is_used_up:
        time_now += choose.number(40) / 10
        if choose.number(4) == 0:
            start = recording.tape.append(CHUNK)
            recording.audio_sent(start, start + 1_600, time_now)
            continue
        with suppress(ProtocolError):
            recording.received(*decode_server(_frame(choose, tuple(SERVER_EVENTS))), time_now)
    recording.closed(choose.one((None, 1000, 1007)), "gone", time_now)
    if is_read:
        used(recording)
    assert len(recording.notes) <= 2 * MOST_NOTED + 2


def _frame(choose: Chooser, types: Sequence[str]) -> str | bytes:
    if choose.number(12) == 0:
        return choose.some_bytes(200)
    fields = {choose.one(FIELDS): choose.value() for _ in range(choose.number(5))}
    known = {"item_id": choose.one(ITEM), "transcript": choose.one(TEXTS),
             "audio_start_ms": choose.number(60_000), "audio_end_ms": choose.number(60_000)}
    return json.dumps({"type": choose.one(types), **known, **fields})


def used(recording: Recording) -> None:
    """Read everything of a recording."""
    repr(recording), recording._repr_html_(), recording.latency().summary(), recording.usage
    recording.turns, recording.text, recording.unsent_duration, recording.settings_held, recording.notes
    to_json(recording), to_srt(recording)
    file = io.BytesIO()
    EXPORTS[".qasr"].write(recording, file)
    assert load_recording(file.getvalue()).text == recording.text


# ---- events from a client

def client_events(data: bytes) -> None:
    """Frames from a client, into the service's session, whose recogniser answers what it is asked."""
    choose = Chooser(data)
    while not choose.is_used_up:
        session = ServerSession("qwen3-asr-flash-realtime", "script", ("en",))
        told = _answered(session, session.open())
        while not choose.is_used_up and not session.is_finished:
            told += _answered(session, session.receive(_client_frame(choose)))
        assert told[0].type == "session.created" and len(told) < 100_000


def _client_frame(choose: Chooser) -> str | bytes:
    if choose.number(3) == 0:
        audio = base64.b64encode(choose.some_bytes(255) * choose.one((1, 7, 60))).decode("ascii")
        return json.dumps({"type": "input_audio_buffer.append", "audio": audio})
    if choose.number(3) == 0:
        return json.dumps({"type": "session.update", "session": choose.changed(SESSION)})
    return _frame(choose, tuple(CLIENT_EVENTS))


SESSION = {
    "modalities": ["text"], "input_audio_format": "pcm", "sample_rate": 16_000,
    "input_audio_transcription": {"language": "en", "corpus": {"text": "qwen"}},
    "turn_detection": {
        "type": "server_vad", "threshold": 0.2, "silence_duration_ms": 800, "prefix_padding_ms": 300,
    },
}


def _answered(session: ServerSession, outputs: Any) -> list[Any]:
    """Return the events for the client; commands to the recogniser are answered."""
    events = []
    for output in outputs:
        if isinstance(output, Configure):
            events += _answered(session, session.recognised(Configured(())))
        elif isinstance(output, FinishUtterance):
            events += _answered(session, session.recognised(FinalText(output.item_id, "words")))
        elif isinstance(output, ServerEvent):
            events.append(output)
    return events


# ---- files

@lru_cache(maxsize=None)
def _bundle() -> dict[str, bytes]:
    file = io.BytesIO()
    EXPORTS[".qasr"].write(Script(0.5).turn("a", 0.1, 0.3, "so", endpoint=0.1).finish(), file)
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def bundles(data: bytes) -> None:
    """A bundle with other values in its manifest and events, other bytes, or without its end."""
    choose = Chooser(data)
    parts = dict(_bundle())
    manifest = choose.changed(json.loads(parts["manifest.json"]))
    lines = parts["events.jsonl"].decode().splitlines()
    for _ in range(choose.number(3)):
        at = choose.number(len(lines))
        lines[at] = json.dumps(choose.changed(json.loads(lines[at])))
    parts.update({"manifest.json": json.dumps(manifest).encode(), "events.jsonl": "\n".join(lines).encode()})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", choose.one((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as bundle:
        for name, content in parts.items():
            bundle.writestr(name, content)
    made = bytearray(file.getvalue())
    for _ in range(choose.number(3)):
        made[choose.number(len(made))] = choose.number(256)
    if choose.number(2):
        del made[choose.number(len(made)) :]
    try:
        recording = load_recording(bytes(made))
    except BundleError as error:
        assert str(error) and "\n" not in str(error)
    else:
        used(recording)


GOOD_LABELS = Labels(
    [ReferenceTurn(0.123, 1.457, 'so "yes", he said', "anna"), ReferenceTurn(1.5, 2.9, "no", "ben")],
    scored=[(0.0, 3.25)], uri="talk",
)
PIECES = (
    "\0", "\ufeff", "\r", "\n", "\x1c", "\x85", '"', "[", "]", "<", ";;", "\t", ",", "-->", "9" * 400,
    "1e999", "-1", "nan", "inf", "1:2:3", "\ud800", "size = 99999999", "start,end", "SPEAKER",
    "<exists>", "٣", " ", "0",
)


def label_files(data: bytes) -> None:
    """A label file with pieces of it replaced, or any text, with its format told or not."""
    choose = Chooser(data)
    kind = choose.one(sorted(LABELS))
    text = _labels(kind) if choose.number(4) else ""
    while not choose.is_used_up:
        at, length = choose.number(len(text) + 1), choose.number(10)
        piece = choose.one(PIECES) if choose.number(2) else choose.some_bytes(20).decode("utf-8", "replace")
        text = text[:at] + piece + text[at + length :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            labels = load_labels(text + "\n", kind if choose.number(2) else None)
        except LabelError as error:
            assert str(error)
        else:
            assert all(0 <= turn.start < turn.end for turn in labels)


@lru_cache(maxsize=None)
def _labels(kind: str) -> str:
    return labels_to_text(GOOD_LABELS, kind)


# ---- messages of pages

def comm_messages(data: bytes) -> None:
    """Messages of pages to every widget: read or refused; those to a view of a recording are acted on."""
    choose = Chooser(data)
    while not choose.is_used_up:
        name = choose.one(sorted(_widgets()))
        kinds = _widgets()[name]
        content = choose.changed(_message(choose, kinds))
        buffers = [choose.some_bytes(64) for _ in range(choose.number(3))]
        with suppress(MessageError):
            read_message(kinds, content, buffers)
        if name == "Waveform":
            _waveform().page.take(_waveform(), content, buffers)


def _message(choose: Chooser, kinds: Mapping[str, type]) -> dict[str, Any]:
    kind = choose.one(sorted(kinds))
    return {"kind": kind, **{place.name: choose.value() for place in fields(kinds[kind]) if choose.number(4)}}


@lru_cache(maxsize=None)
def _waveform() -> Any:
    widget = qaw.Waveform(three_turns())
    widget.send = lambda content, buffers=None: None
    return widget


@lru_cache(maxsize=None)
def _widgets() -> dict[str, dict[str, type]]:
    """Return the kinds of messages that each widget takes."""
    shown = [_waveform(), qaw.VadTuner(qaw.sample("noisy")), qaw.Transcriber(autosave=False)]
    tables = {type(widget).__name__: widget.page.commands for widget in shown}
    for widget in shown[1:]:
        widget.close()
    return {name: {kind: command.type for kind, command in table.items()} for name, table in tables.items()}


def upload_slices(data: bytes) -> None:
    """Messages of pages that record or send files: events or a refusal, and no more is held than was sent."""
    choose, receiver, now = Chooser(data), CaptureReceiver(), 0.0
    given = 0
    while not choose.is_used_up:
        kind = choose.one(("file", "file", "file", *sorted(KINDS)))
        content = {"kind": kind, **_recording(choose), **_slice(choose)}
        if choose.number(4) == 0:
            content = choose.changed(content)
        buffers = [choose.some_bytes(12)] if choose.number(8) else []
        given += sum(map(len, buffers))
        now += choose.number(30) / 10
        with suppress(MessageError):
            receiver.receive(content, buffers, now)
        receiver.tick(now)
        uploads = receiver._uploads
        assert len(uploads) <= MOST_UPLOADS and sum(map(uploads.held, uploads._uploads)) <= given


def _recording(choose: Chooser) -> dict[str, Any]:
    client = choose.one(("page", "other"))
    return {"client": client, "session": f"{client}/{choose.number(2)}", "rate": 16_000,
            "seq": choose.number(40), "chunks": choose.number(40), "peak": 0.5, "code": "denied",
            "reason": "stopped"}


def _slice(choose: Chooser) -> dict[str, Any]:
    upload, count = choose.number(20), 1 + choose.number(4)
    return {"upload": f"u{upload}", "name": "a.wav", "size": choose.one((6, 12, 0, 24, 3 << 30)),
            "slice": choose.number(count), "slices": count}


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (service_events, client_events, bundles, label_files, comm_messages, upload_slices)
}
"""Every way in, by its name."""

"""Recordings made by hand: events at chosen times, no service, no clock but the one given."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qwen_asr_widgets.protocol.codec import read_client, read_server
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.protocol.events import SessionUpdate
from qwen_asr_widgets.recording import Recording, RunInfo

ITEM = "conversation.item."
TRANSCRIPTION = ITEM + "input_audio_transcription."


@lru_cache(maxsize=4)
def _minute_of_noise(rate):
    return (300 * np.random.default_rng(1).standard_normal(60 * rate)).astype(np.int16)


@lru_cache(maxsize=64)
def _voice(count, rate):
    time = np.arange(count) / rate
    shape = np.abs(np.sin(9 * time)) * np.sin(np.pi * time / max(count / rate, 0.01)) ** 0.3
    return (9_000 * shape * np.sin(2 * np.pi * 180 * time)).astype(np.int16)


class Script:
    """Plays a service: each method is one thing that happens at a time (s)."""

    def __init__(
        self, seconds=10.0, config=None, rate=16_000, chunk_ms=100, pace=1.0, lag=0.0, session=None, **info
    ):
        config = config or SessionConfig(language="en", sample_rate=rate)
        fields = dict(
            engine="pocketsphinx", model="pocketsphinx", endpoint="ws://127.0.0.1/api-ws/v1/realtime",
            pace=pace,
            chunk_ms=chunk_ms, started_at="2026-11-22T10:00:00+00:00", name="made by hand",
        )
        self.recording = Recording(config, RunInfo(**{**fields, **info}), clock=lambda: 100.0)
        self.rate = config.sample_rate
        self.samples = np.resize(_minute_of_noise(self.rate), round(seconds * self.rate))
        self.chunk = round(chunk_ms * self.rate / 1_000)
        self.lag = lag
        self.recording.opened(100.0)
        self.come({"type": "session.created", "session": {"id": "s1", **(session or {})}}, 0.0)
        self.update(config.to_wire(), 0.0)

    def go(self, message, time):
        message = {"event_id": f"event_{time}", **message}
        self.recording.sent(message, read_client(message), 100.0 + time)

    def come(self, message, time):
        self.recording.received(message, read_server(message), 100.0 + time)

    def update(self, session, time):
        message = {"type": SessionUpdate.type, "session": session}
        self.go(message, time)
        self.come({"type": "session.updated", "session": session}, time)

    def play(self, until=None):
        """Hand in and send sound up to ``until`` seconds, each chunk when its last sample was spoken."""
        tape = self.recording.tape
        stop = len(self.samples) if until is None else round(until * self.rate)
        while len(tape) < stop:
            piece = self.samples[len(tape):min(len(tape) + self.chunk, stop)]
            start = tape.append(piece)
            time = (start + len(piece)) / self.rate + self.lag
            self.recording.audio_sent(start, start + len(piece), 100.0 + time)
        return self

    def voice(self, start, end):
        """Make speech-like loudness between two times (s)."""
        first, last = round(start * self.rate), round(end * self.rate)
        self.samples[first:last] += _voice(last - first, self.rate)

    def turn(
        self, item, onset, end, text, *, started=0.1, partials=(), endpoint=0.8, decode=0.2, language="en",
        exact=True, close=True, final=True,
    ):
        """Play one turn: delays are counted from the onset and the end of speech on the sound's axis."""
        padding = 0.3
        self.voice(onset, end)
        self.play(end + (endpoint if close else 0.0))
        begin = {"type": "input_audio_buffer.speech_started", "item_id": item,
                 "audio_start_ms": max(0, round(1000 * (onset - padding)))}
        if exact:
            begin["audio_onset_ms"] = round(1000 * onset)
        self.come(begin, onset + started)
        for delay, settled, draft in partials:
            self.partial(item, onset + delay, settled, draft, language)
        if not close:
            return self
        self.come({"type": "input_audio_buffer.speech_stopped", "item_id": item,
                   "audio_end_ms": round(1000 * end)}, end + endpoint)
        self.come({"type": "input_audio_buffer.committed", "item_id": item}, end + endpoint)
        self.come({"type": ITEM + "created", "item": {"id": item}}, end + endpoint)
        if final:
            self.come({"type": TRANSCRIPTION + "completed", "item_id": item, "transcript": text,
                       "language": language, "emotion": None}, end + endpoint + decode)
        return self

    def partial(self, item, time, settled, draft, language="en"):
        self.come({"type": TRANSCRIPTION + "text", "item_id": item, "text": settled, "stash": draft,
                   "language": language, "emotion": None}, time)

    def finish(self, time=None):
        """Send the rest, finish the session, close."""
        self.play()
        time = time if time is not None else self.recording.duration
        self.go({"type": "session.finish"}, time)
        self.come({"type": "session.finished"}, time + 0.1)
        self.recording.closed(1000, "", 100.0 + time + 0.2)
        self.recording.finish(complete=True)
        return self.recording


def three_turns(**kwargs):
    """A recording of 12 s with three turns, all closed by silence."""
    script = Script(12.0, **kwargs)
    script.turn("a", 1.0, 3.0, "so the first thing I would like to show you is the waveform",
                partials=[(0.5, "", "so"), (1.0, "so", " it"), (1.5, "so the", " first")])
    script.turn("b", 5.0, 6.5, "every blue band is one turn", partials=[(0.6, "every", " blue")],
                endpoint=0.81, decode=0.31)
    script.turn("c", 8.0, 10.5, "and the orange bar tells you how long you waited after the last word",
                partials=[(0.4, "and", "")], endpoint=0.79, decode=0.12)
    return script.finish()

"""Events are kept small and read as the tuple they would be; a live recording grows by its sound."""

from __future__ import annotations

import gc
import io
import json
import random
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import ITEM, TRANSCRIPTION, Script

from qwen_asr_widgets.errors import BundleError
from qwen_asr_widgets.protocol.codec import read_server
from qwen_asr_widgets.protocol.events import UnknownEvent
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.recording.bundle.event_lines import event_line, read_events
from qwen_asr_widgets.recording.log.event_log import PACK, EventLog
from qwen_asr_widgets.recording.log.ledger import SendLedger
from qwen_asr_widgets.recording.values import AudioSkipped, TimedEvent, sent_audio

TAPE_BLOCK_SECONDS = (1 << 18) / 16_000
MINUTES = 37 * TAPE_BLOCK_SECONDS / 60
"""Ten minutes in whole blocks of the tape, so that no block is counted which is half full."""


def from_service(number, time):
    message = {"type": TRANSCRIPTION + "text", "item_id": "a", "text": f"word {number}", "future": [number]}
    return TimedEvent(time, "in", message, read_server(message))


def passed(number, kind, at):
    """Return an event by the letter for it: sent, sent again, skipped, from the service, unreadable."""
    time = number / 10
    if kind == "s":
        return sent_audio(1_600 * at, 1_600 * (at + 1), time)
    if kind == "r":
        return sent_audio(1_600 * (at // 2), 1_600 * at, time)
    if kind == "q":
        event = AudioSkipped(at, at + 5)
        return TimedEvent(time, "local", {"type": event.type, "start": at, "stop": at + 5}, event)
    if kind == "u":
        message = {"type": "unreadable", "text": "{"}
        return TimedEvent(time, "in", message, UnknownEvent(message, problem="no JSON"))
    return from_service(number, time)


def mixed(seed, length=4 * PACK):
    return "".join(random.Random(seed).choices("srqux", k=length))


def test_an_event_that_cannot_be_packed_leaves_every_other_where_it_was():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    log, added = EventLog(SendLedger()), [from_service(number, number / 10) for number in range(3 * PACK)]
    added[PACK // 2] = TimedEvent(0.5, "in", {"type": "x", "y": deep}, UnknownEvent({"type": "x", "y": deep}))
    for timed in added:
        log.add(timed)
    assert len(log.events) == len(added)
    assert all(log.events[place].time == timed.time for place, timed in enumerate(added))
    assert log.events[PACK // 2].message["y"] is deep and log.events[-1] == added[-1]
    while deep:
        deep = deep.pop()


@given(st.text("srqux", max_size=20) | st.builds(mixed, st.integers()), st.data())
def test_the_log_reads_as_the_tuple_of_what_was_added(kinds, data):
    log, added, sent = EventLog(SendLedger()), [], 0
    for number, kind in enumerate(kinds):
        added.append(passed(number, kind, sent))
        sent += kind == "s"
        log.add(added[-1])
    events = log.events
    assert len(events) == len(added)
    assert list(events) == added and events == tuple(added) and tuple(added) == events
    assert [events[at] for at in range(-len(added), len(added))] == added + added
    start, stop, step = data.draw(st.slices(len(added)).map(lambda cut: (cut.start, cut.stop, cut.step)))
    assert events[start:stop:step] == tuple(added[start:stop:step])
    assert list(reversed(events)) == added[::-1]
    assert str(len(added)) in repr(events) if added else repr(events) == "<no events>"


def test_outside_of_the_log_there_is_nothing():
    log = EventLog(SendLedger())
    log.add(sent_audio(0, 10, 0.1))
    for place in (1, -2):
        with pytest.raises(IndexError):
            log.events[place]
    assert log.events != (sent_audio(0, 10, 0.2),) and log.events != [sent_audio(0, 10, 0.1)]


def test_what_was_asked_for_does_not_grow_with_the_run():
    log, moments, number = EventLog(SendLedger()), [], 0
    for number in range(3 * PACK):
        log.add(passed(number, "sx"[number % 2], number // 2))
        moments.append(log.events)
    complete = tuple(moments[-1])
    assert all(tuple(moment) == complete[:length] for length, moment in enumerate(moments, 1))


def test_the_log_is_read_while_it_grows():
    script = Script(1.0)
    recording, over, problems = script.recording, threading.Event(), []

    def read():
        before = tuple(recording.events)
        while not over.is_set():
            now = recording.events
            if tuple(now)[: len(before)] != before or now[len(now) - 1] != tuple(now)[-1]:
                problems.append(len(now))
            before = tuple(now)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(10 * PACK):
        recording.audio_sent(number, number + 1, 100.0 + number)
        script.partial("a", float(number), "so", f"{number}")
    over.set()
    reader.join(20)
    assert not problems and not reader.is_alive()


def grown(recording, live):
    """Return the bytes that a recording keeps of what ``live`` does, without those of its sound."""
    gc.collect()
    tracemalloc.start()
    try:
        sound, before = recording.tape.samples_in_memory, tracemalloc.get_traced_memory()[0]
        live()
        gc.collect()
        now = tracemalloc.get_traced_memory()[0]
        return now - before - 2 * (recording.tape.samples_in_memory - sound)
    finally:
        tracemalloc.stop()


def test_an_append_is_kept_in_the_bytes_of_its_numbers():
    recording = Recording(clock=lambda: 0.0)
    piece, appends = np.zeros(1 << 11, np.int16), 37 * (1 << 7)

    def live():
        for number in range(appends):
            start = recording.tape.append(piece)
            recording.audio_sent(start, start + len(piece), 0.128 * number)

    assert grown(recording, live) < 40 * appends
    assert len(recording.events) == appends


def speak(script, turns, seed=1):
    """Say so many turns of 3 s, each with a partial result every 200 ms, as a service tells them."""
    ids = random.Random(seed)
    for turn in range(turns):
        began = 4.0 * turn
        item = f"item_{ids.getrandbits(128):032x}"
        words = [ids.choice(["so", "the", "way", "on", "it", "went"]) for _ in range(15)]
        script.play(began + 0.5)
        events = [({"type": "input_audio_buffer.speech_started", "audio_start_ms": 1000 * began}, 0.5)]
        for number in range(len(words)):
            text, stash = " ".join(words[:number]), " " + words[number]
            partial = {"type": TRANSCRIPTION + "text", "text": text, "stash": stash, "content_index": 0,
                       "language": "en", "emotion": "neutral"}
            events.append((partial, 0.6 + 0.2 * number))
        events += [
            ({"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 1000 * began + 3000}, 3.9),
            ({"type": "input_audio_buffer.committed", "previous_item_id": None}, 3.9),
            ({"type": ITEM + "created", "item": {"id": item, "object": "realtime.item"}}, 3.9),
            ({"type": TRANSCRIPTION + "completed", "transcript": " ".join(words), "language": "en"}, 4.0),
        ]
        for message, delay in events:
            script.play(began + delay)
            event_id = f"event_{ids.getrandbits(128):032x}"
            script.come({"event_id": event_id, "item_id": item, **message}, began + delay)


def test_ten_minutes_of_speech_grow_by_the_sound_and_a_twentieth():
    script = Script(60 * MINUTES)
    recording = script.recording

    def live():
        speak(script, int(60 * MINUTES / 4))
        script.play()

    beyond = grown(recording, live)
    assert sum(len(one.partials) for one in recording.utterances) > 200 * MINUTES
    assert beyond < 0.05 * 2 * len(recording.tape)


@given(st.floats(0, 1e8), st.integers(0, 10**12), st.integers(0, 10**6))
def test_an_append_is_read_from_its_line_as_json_has_it(time: float, start: int, length: int) -> None:
    sent = sent_audio(start, start + length, time)
    line = event_line(sent)
    assert list(read_events(io.BytesIO(line.encode()), 10**13)) == [sent]
    spaced = json.dumps(json.loads(line), indent=None, separators=(" , ", " : ")) + "\n"
    assert list(read_events(io.BytesIO(spaced.encode()), 10**13)) == [sent]
    with pytest.raises(BundleError, match="line 1 of events.jsonl"):
        list(read_events(io.BytesIO(line.encode()), start + length - 1))

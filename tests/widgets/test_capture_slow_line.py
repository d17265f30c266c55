"""Sound that a page sends as Opus because its line is slow, and what it says it has sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qwen_asr_widgets.audio.opus import opus_decoder
from qwen_asr_widgets.widgets.capture.capture import (
    CaptureChunk, CaptureEnded, CaptureEvent, CaptureHeard, CaptureReceiver,
)
from qwen_asr_widgets.widgets.shared.commands import MessageError

av = pytest.importorskip("av")

RATE = 48_000
LENGTH = RATE // 10
LEAD = 3_840
SKIP = 312
"""What libopus looks ahead at 48 kHz."""


def tone(count: int, first: int = 0) -> np.ndarray:
    """Return a tone that glides, so that no two places of it are alike."""
    time = np.arange(first, first + count) / RATE
    return (8_000 * np.sin(2 * np.pi * (200 * time + 150 * time**2))).astype(np.int16)


def message(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "client": "page", "session": "page/1", "rate": RATE, **more}


def packed(seq: int, count: int, lead: int = LEAD, **more: Any) -> tuple[dict[str, Any], list[bytes]]:
    """Return chunks of the tone as a page sends them: coded by libopus, a piece that stands alone."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "mono", "s16", 32_000
    lead = min(lead, seq * LENGTH)
    samples = np.concatenate([tone(lead + count * LENGTH, seq * LENGTH - lead), np.zeros(960, np.int16)])
    packets = []
    for start in range(0, len(samples), 960):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 960], format="s16", layout="mono")
        frame.sample_rate = RATE
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    content = message(
        "packed", seq=seq, held=0, skip=SKIP, lead=lead, sizes=[len(one) for one in packets],
        lengths=[LENGTH] * count, peaks=[0.25] * count, **more,
    )
    return content, [b"".join(packets)]


def chunk(seq: int, held: int = 0) -> tuple[dict[str, Any], list[bytes]]:
    return message("chunk", seq=seq, peak=0.5, held=held), [tone(LENGTH, seq * LENGTH).tobytes()]


def heard(events: list[CaptureEvent]) -> np.ndarray:
    pieces = [event.samples for event in events if isinstance(event, CaptureChunk)]
    return np.concatenate([np.zeros(0, np.int16), *pieces])


def test_chunks_sent_as_opus_stand_where_they_belong_to_the_sample() -> None:
    receiver = CaptureReceiver()
    events = receiver.receive(*chunk(0), 0.0)
    for seq in (1, 11, 21):
        events += receiver.receive(*packed(seq, 10), 0.1 * seq)
    got, said = heard(events), tone(31 * LENGTH)
    assert len(got) == len(said)
    for start in range(LENGTH, 30 * LENGTH, LENGTH):
        piece = slice(start, start + LENGTH)
        alike = [np.corrcoef(got[piece], np.roll(said, shift)[piece])[0, 1] for shift in range(-24, 25)]
        assert max(alike) > 0.95 and abs(int(np.argmax(alike)) - 24) <= 5, f"chunk {start // LENGTH}"
    assert receiver.session is not None
    assert (receiver.session.lost, receiver.session.received) == (0, 31)
    assert receiver.session.opus_from == LENGTH


def test_a_piece_that_comes_twice_is_heard_once_and_one_that_is_none_changes_nothing() -> None:
    receiver = CaptureReceiver()
    receiver.receive(*packed(0, 5), 0.0)
    assert heard(receiver.receive(*packed(0, 5), 0.1)).size == 0
    content, buffers = packed(5, 5)
    for broken, data in (
        ({**content, "lengths": [LENGTH] * 40, "peaks": [0.1] * 40}, buffers),
        ({**content, "sizes": [7]}, buffers),
        ({**content, "rate": 44_100}, buffers), ({**content, "peaks": []}, buffers),
        ({**content, "sizes": [3]}, [b"\xff\xff\xff"]),
    ):
        with pytest.raises(MessageError):
            receiver.receive(broken, data, 0.2)
    assert receiver.session is not None and receiver.session.samples == 5 * LENGTH


def test_what_was_sent_before_a_heartbeat_and_has_not_come_is_asked_for() -> None:
    receiver = CaptureReceiver()
    receiver.receive(*chunk(0), 0.0)
    on_its_way = receiver.receive(message("beat", upto=1), [], 1.0)
    assert on_its_way == [CaptureHeard(receiver.session, 1, None)]
    lost = receiver.receive(message("beat", upto=3), [], 2.0)
    assert lost == [CaptureHeard(receiver.session, 1, 3)]


def test_what_is_still_to_be_sent_after_the_stop_is_waited_for_and_can_be_given_up() -> None:
    receiver = CaptureReceiver()
    receiver.receive(*chunk(0), 0.0)
    told = receiver.receive(message("stop", chunks=9, reason="stopped", held=1, upto=1), [], 1.0)
    assert told == [CaptureHeard(receiver.session, 1, None)], "nothing is asked for that is on its way"
    events = receiver.receive(*chunk(1, 1), 1.5)
    assert heard(events).size == LENGTH and receiver.active
    events = receiver.receive(message("stop", chunks=2, reason="stopped", held=2, upto=2), [], 2.0)
    assert isinstance(events[0], CaptureEnded) and not receiver.active
    assert receiver.session is not None and (receiver.session.lost, receiver.session.received) == (0, 2)


def test_opus_is_decoded_by_libopus() -> None:
    assert opus_decoder(channels=1).name == "libopus"

"""The forms in which a session's audio comes: 8 kHz, Opus, large appends."""

from __future__ import annotations

import base64
import json

import av
import numpy as np
import pytest
from support.server_session import BRIEF, SPEECH, TURN, Session, error_of

from qwen_asr_widgets.audio.opus import OggOpusEncoder
from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.service.segmenter import PIECE, YieldPoint
from qwen_asr_widgets.service.server_session import ServerSession


def test_eight_kilohertz_is_upsampled_and_positions_stay():
    session = Session()
    session.update(sample_rate=8_000, **BRIEF)
    for piece in np.array_split(resample(SPEECH, 16_000, 8_000), 44):
        session.append(piece)
    assert session.types[2:] == TURN
    assert abs(session.sent[2]["audio_onset_ms"] - 864) <= 64
    assert abs(session.sent[3]["audio_end_ms"] - 3_648) <= 96


@pytest.mark.parametrize("framing", ["ogg", "packets"])
def test_opus_comes_as_ogg_pages_or_as_bare_packets(framing):
    session = Session()
    session.update(input_audio_format="opus", **BRIEF)
    for piece in (ogg_pages if framing == "ogg" else opus_packets)(SPEECH):
        session.append(piece)
    session.send("session.finish")
    assert session.types[2:] == [*TURN, "session.finished"]
    assert abs(session.sent[3]["audio_end_ms"] - 3_648) <= 96


def test_bytes_that_are_not_opus_are_refused():
    session = Session()
    session.update(input_audio_format="opus")
    session.append(next(iter(opus_packets(SPEECH[:16_000]))))
    assert error_of(session.append(b"\xff\xff\xff\xff no opus"))["code"] == "invalid_audio"


def ogg_pages(samples):
    encoder = OggOpusEncoder(16_000)
    return [*encoder.push(samples), *encoder.flush()]


def opus_packets(samples):
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format, encoder.layout = 16_000, "s16", "mono"
    encoder.open()
    for first in range(0, len(samples) - 320, 320):
        frame = av.AudioFrame.from_ndarray(samples[None, first:first + 320], format="s16", layout="mono")
        frame.sample_rate = 16_000
        yield from (bytes(packet) for packet in encoder.encode(frame))


@pytest.mark.parametrize("session", [{}, {"sample_rate": 8_000}, {"turn_detection": None}])
def test_a_large_append_lets_others_have_their_turn_after_a_few_milliseconds_of_work(session):
    server = ServerSession("m", "script", None)
    list(server.receive(json.dumps({"type": "session.update", "session": session})))
    audio = base64.b64encode(bytes(4 * 2**20)).decode()
    outputs = list(server.receive(json.dumps({"type": "input_audio_buffer.append", "audio": audio})))
    heard = 2**21 * 16_000 // session.get("sample_rate", 16_000)
    yields = sum(isinstance(output, YieldPoint) for output in outputs)
    assert yields >= len(audio) // 2**18 + heard // PIECE - 1

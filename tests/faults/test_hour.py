"""An hour over a line that is cut every minute, by ``make soak``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from faults.placed_words import register
from faults.proxy import Fault, FaultProxy
from faults.runs import BYTES_A_SAMPLE, CONFIG, RATE, KilledService, conversation, endpoint_at, heard
from support.transcribing import ask, transcriber
from support.waiting import wait_until

from qwen_asr_widgets import AudioClip, Retry, detect_turns, speech_scores

pytestmark = [pytest.mark.service, pytest.mark.soak]

MINUTES = 60
PACE = 20.0
SETTLED = 600.0
"""Seconds of sound after which memory grows no more: sound older than five minutes is on disk."""

FLAT = 40e6
"""Bytes that are no growth; the sound that follows is 96 MB."""

MOVED = 0.1
"""Seconds by which a turn may move: three frames of the detector."""

PATIENCE = 1_200


@pytest.fixture
def service(tmp_path: Path) -> Iterator[KilledService]:
    with pytest.MonkeyPatch.context() as environment:
        register(tmp_path, environment)
        running = KilledService(tmp_path, conversation(60.0 * MINUTES))
        yield running
        running.stop()


def test_an_hour_with_a_cut_a_minute_drifts_by_no_sample_and_keeps_memory_flat(
    service: KilledService, tmp_path: Path
) -> None:
    """The Transcriber takes the sound, its waveform is followed by a page, and a line is cut every minute."""
    sound = service.sound
    cuts = [Fault("cut", round((minute + 0.5) * 60 * RATE * BYTES_A_SAMPLE)) for minute in range(MINUTES)]
    process = psutil.Process()
    with FaultProxy(service.address, cuts) as proxy:
        clip = AudioClip(sound.samples, RATE)
        widget = transcriber(
            clip, endpoint_at(proxy.port), config=CONFIG, pace=PACE, autosave=tmp_path / "kept",
            retry=Retry(patience=PATIENCE),
        )
        widget.send = lambda content, buffers=None: json.dumps(content)  # to a page, which keeps it, not here
        ask(widget, "hello")
        widget.start()
        wait_until(lambda: widget.recording.duration > SETTLED, PATIENCE)
        before = process.memory_info().rss
        recording = widget.wait(PATIENCE)
        grown = process.memory_info().rss - before
        widget.close()
    print(f"{len(proxy.happened)} cuts, grown by {grown / 1e6:.0f} MB, {len(recording.gaps)} gaps")
    assert len(proxy.happened) >= MINUTES - 1
    assert np.array_equal(recording.tape.read(), sound.samples) and recording.complete
    found = heard(recording)
    assert " ".join(text for _, _, text in found).split() == sound.said
    expected = detect_turns(speech_scores(recording.clip, cache=False), CONFIG.turn_detection)
    assert len(found) == len(expected)
    moved = [max(abs(a[0] - b.start), abs(a[1] - b.end)) for a, b in zip(found, expected)]
    assert max(moved) <= MOVED
    assert grown < FLAT

"""A bundle written before the modules moved into rooms opens as it did then."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from qwen_asr_widgets import TurnDetection, load_recording

BUNDLE = Path(__file__).parent / "data" / "before_the_rooms.qasr"
"""8 s at 8 kHz: turns "a" and "b", final; "c", lost with the connection (1011). The settings change at 3 s
(threshold 0.1 to 0.3, silence 400 to 600 ms), 0.1 s was lost in the browser. See ``make_bundle.py``."""


@pytest.fixture(scope="module")
def recording():
    return load_recording(BUNDLE)


def test_its_sound_is_the_same_to_the_sample(recording):
    assert recording.tape.sample_rate == 8_000 and recording.duration == 8.0
    assert hashlib.sha256(recording.tape.read().tobytes()).hexdigest() == (
        "d67f4f1d0313e26652bf773ca9db22c6063b2705b0d439bf8d26ef6eebf654a4"
    )
    assert recording.lost == ((42_400, 43_200),)


def test_its_utterances_have_their_words_places_and_waits(recording):
    assert [(one.item_id, one.onset, one.start, one.end, one.text) for one in recording.utterances] == [
        ("a", 1.0, 0.7, 2.0, "good morning"), ("b", 3.5, 3.2, 4.5, "早上好"), ("c", 5.5, 5.2, 7.9, "never"),
    ]
    assert [(one.language, one.status, one.ended_by) for one in recording.utterances] == [
        ("en", "final", "silence"), ("zh", "final", "silence"), ("en", "lost", "lost"),
    ]
    first = recording.utterances[0]
    assert [(one.text, one.stash) for one in first.partials] == [("", "good"), ("good", " mornings")]
    latency = first.latency
    assert (latency.endpoint_delay, latency.finalization, latency.revised_share) == (0.8, 1.0, 0.5)
    assert str(recording.latency().summary()) == (
        "finalization: median 1.00 s, longest 1.00 s (n = 2; 100 ms chunks, real time; "
        "speech ends by the service; "
        "1 not closed by silence)"
    )


def test_its_settings_connections_and_notes_are_there(recording):
    assert [(one.sample, one.time, one.config.turn_detection) for one in recording.settings] == [
        (0, 0.0, TurnDetection(0.1, 400, 300)), (22_400, 3.0, TurnDetection(0.3, 600, 300)),
    ]
    assert (recording.config.language, recording.config.corpus_text) == ("en", "names")
    only = recording.connections[0]
    assert (only.opened, only.closed, only.code, only.reason) == (0.0, 8.5, 1011, "out of service")
    assert recording.notes == ("0.10 s lost in the browser", "made by hand") and not recording.complete
    assert (recording.info.model, recording.info.capture) == ("pocketsphinx 5.1.1", {"device": "Headset"})
    assert len(recording.events) == 98


def test_saved_again_it_holds_the_same(recording, tmp_path):
    again = load_recording(recording.save(tmp_path / "again.qasr"))
    assert again.utterances == recording.utterances and again.events == recording.events
    assert again.snapshot().settings == recording.snapshot().settings

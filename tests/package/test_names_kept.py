"""The public names stand where they stood before the modules moved: ``qwen_asr_widgets.NAME``."""

from __future__ import annotations

import pytest

import qwen_asr_widgets as qaw

BEFORE = """
    AudioClip AudioFormat AudioFormatConfig AudioFormatType AudioSampleRate ClipRecorder Endpoint Labels
    LatencyTable Measures Microphone MultiModality OmniRealtimeCallback OmniRealtimeConversation QawError
    Recording ReferenceTurn Sample ServiceClosed ServiceError SessionConfig SpeechScores Transcriber
    TranscriptView TranscriptionParams TranslationParams Turn TurnDetection UtteranceLatency VadTuner Waveform
    __version__ api_key calibrate compare dashscope detect_turns embedded explain load_labels load_recording
    measure plot_latency plot_recording plot_sweep sample save_labels speech_scores sweep transcribe verify
""".split()
"""All of version 0.1.0 before its modules moved into rooms (commit 3a9baf1)."""


@pytest.mark.parametrize("name", BEFORE)
def test_a_public_name_is_imported_from_its_old_place(name):
    space: dict[str, object] = {}
    exec(f"from qwen_asr_widgets import {name}", space)
    assert space[name] is getattr(qaw, name) and name in qaw.__all__

"""What users import as ``qwen_asr_widgets.NAME`` since the first version stays there."""

from __future__ import annotations

import pytest

import qwen_asr_widgets as qaw

SINCE_0_1_0 = """
    AudioClip AudioFormat AudioFormatConfig AudioFormatType AudioSampleRate ClipRecorder Endpoint Labels
    LatencyTable Measures Microphone MultiModality OmniRealtimeCallback OmniRealtimeConversation QawError
    Recording ReferenceTurn Sample ServiceClosed ServiceError SessionConfig SpeechScores Transcriber
    TranscriptView TranscriptionParams TranslationParams Turn TurnDetection UtteranceLatency VadTuner Waveform
    __version__ api_key calibrate compare dashscope detect_turns embedded explain load_labels load_recording
    measure plot_latency plot_recording plot_sweep sample save_labels speech_scores sweep transcribe verify
""".split()
"""The public names of the first version; a name that came later may still move."""


@pytest.mark.parametrize("name", SINCE_0_1_0)
def test_a_public_name_is_imported_from_its_old_place(name):
    space: dict[str, object] = {}
    exec(f"from qwen_asr_widgets import {name}", space)
    assert space[name] is getattr(qaw, name) and name in qaw.__all__

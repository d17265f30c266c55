"""Realtime speech recognition with Qwen-ASR in Jupyter: hear, see and time every turn.

Examples
--------
>>> import qwen_asr_widgets as qaw
>>> clip = qaw.sample("conversation").clip
>>> print(f"{clip.duration:.1f} s at {clip.sample_rate} Hz")
36.4 s at 16000 Hz

With ``qaw.transcribe(clip)`` it is streamed in real time to the embedded service (no key, no network).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

api_key: str | None = None
"""The DashScope key, where it is set in code; else ``DASHSCOPE_API_KEY``, read when a connection is made."""

presentation: bool = False
"""Whether widgets made from now on are shown for a projector: large, in strong contrast, with their keys."""

_HOMES = {
    "audio.clip": ("AudioClip",),
    "audio.condition": ("Condition",),
    "audio.mix": ("mix",),
    "audio.reference": ("ReferenceTurn",),
    "audio.samples": ("Sample", "sample"),
    "client.dashscope.conversation": ("OmniRealtimeCallback", "OmniRealtimeConversation"),
    "client.dashscope.params": (
        "AudioFormat", "AudioFormatConfig", "AudioFormatType", "AudioSampleRate", "MultiModality",
        "TranscriptionParams", "TranslationParams",
    ),
    "client.embedded": ("embedded",),
    "client.endpoints": ("Endpoint",),
    "client.named_endpoints": ("dashscope",),
    "client.probe.finding": ("Finding",),
    "client.probe.probe": ("probe",),
    "client.probe.report": ("ProbeReport",),
    "client.retry": ("Retry",),
    "errors": (
        "AudioError", "BundleError", "ConnectFailed", "EndpointError", "LabelError", "MissingDependency",
        "MissingKey", "ProbeError", "ProtocolError", "QawError", "ServiceClosed", "ServiceError",
        "SessionLost", "SettingError", "WorkerLost",
    ),
    "plots": (
        "plot_alignment", "plot_latency", "plot_pauses", "plot_recording", "plot_sweep", "plot_trade_off",
        "plot_waterfall",
    ),
    "protocol.config": ("SessionConfig",),
    "recording": (
        "LatencySummary", "LatencyTable", "Recording", "UtteranceLatency", "load_recording", "transcribe",
    ),
    "recording.autosave": ("recover",),
    "recording.batch.result": ("Batch",),
    "recording.batch.transcribe_all": ("transcribe_all",),
    "recording.calibration": ("calibrate",),
    "recording.comparing.comparison": ("Comparison", "compare"),
    "recording.exports.captions": ("SubtitleRules",),
    "recording.verification": ("Verification", "verify"),
    "teaching.course": ("course",),
    "teaching.demos": ("demo",),
    "vad.calibration.calibrate": ("Calibration", "Observation"),
    "vad.calibration.terms": ("CalibrationTerm",),
    "vad.detectors.base": ("SpeechDetector",),
    "vad.end_of_turn.base": ("EndOfTurnModel",),
    "vad.end_of_turn.end_of_turn": ("EndOfTurn",),
    "vad.evaluation.explain": ("Cause", "Explanation", "Remedy", "explain"),
    "vad.evaluation.measures": ("Problem",),
    "vad.evaluation.metrics": ("Measures", "measure"),
    "vad.evaluation.overlaps": ("Overlap", "Overlaps", "overlaps"),
    "vad.labels.files": ("load_labels", "save_labels"),
    "vad.labels.labels": ("Labels",),
    "vad.pauses": ("Pause", "Pauses", "pauses"),
    "vad.scoring.frames": ("SpeechScores",),
    "vad.scoring.scores": ("speech_scores",),
    "vad.sweep.choice": ("Choice",),
    "vad.sweep.result": ("SweepResult",),
    "vad.sweep.sweep": ("sweep",),
    "vad.trade_off.curves": ("OperatingPoint",),
    "vad.trade_off.policy": ("Policy",),
    "vad.trade_off.result": ("TradeOff",),
    "vad.trade_off.trade_off": ("trade_off",),
    "vad.turns": ("Turn", "TurnDetection", "detect_turns"),
    "widgets.clip_recorder.clip_recorder": ("ClipRecorder",),
    "widgets.compare_view.compare_view": ("CompareView",),
    "widgets.microphone.microphone": ("Microphone",),
    "widgets.protocol_view.protocol_view": ("ProtocolView",),
    "widgets.replay.replay": ("replay",),
    "widgets.transcriber.transcriber": ("Transcriber",),
    "widgets.transcript.transcript_view": ("TranscriptView",),
    "widgets.tuner.vad_tuner": ("VadTuner",),
    "widgets.waveform.waveform": ("Waveform",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "__version__", "api_key", "presentation",
    "AudioClip", "AudioError", "AudioFormat", "AudioFormatConfig", "AudioFormatType", "AudioSampleRate",
    "Batch", "BundleError", "Calibration", "CalibrationTerm", "Cause", "Choice", "ClipRecorder",
    "CompareView", "Comparison", "Condition", "ConnectFailed", "EndOfTurn", "EndOfTurnModel", "Endpoint",
    "EndpointError", "Explanation", "Finding", "LabelError", "Labels", "LatencySummary", "LatencyTable",
    "Measures", "Microphone", "MissingDependency", "MissingKey", "MultiModality", "Observation",
    "OmniRealtimeCallback", "OmniRealtimeConversation", "OperatingPoint", "Overlap", "Overlaps", "Pause",
    "Pauses", "Policy", "ProbeError", "ProbeReport", "Problem", "ProtocolError", "ProtocolView",
    "QawError", "Recording", "ReferenceTurn", "Remedy", "Retry", "Sample", "ServiceClosed",
    "ServiceError", "SessionConfig", "SessionLost", "SettingError", "SpeechDetector", "SpeechScores",
    "SubtitleRules", "SweepResult", "TradeOff", "Transcriber", "TranscriptView", "TranscriptionParams",
    "TranslationParams", "Turn", "TurnDetection", "UtteranceLatency", "VadTuner", "Verification",
    "Waveform", "WorkerLost", "calibrate", "compare", "course", "dashscope", "demo", "detect_turns",
    "embedded", "explain", "load_labels", "load_recording", "measure", "mix", "overlaps", "pauses",
    "plot_alignment", "plot_latency", "plot_pauses", "plot_recording", "plot_sweep", "plot_trade_off",
    "plot_waterfall", "probe", "recover", "replay", "sample", "save_labels", "speech_scores", "sweep",
    "trade_off", "transcribe", "transcribe_all", "verify",
]

if TYPE_CHECKING:
    from .audio.clip import AudioClip
    from .audio.condition import Condition
    from .audio.mix import mix
    from .audio.reference import ReferenceTurn
    from .audio.samples import Sample, sample
    from .client.dashscope.conversation import OmniRealtimeCallback, OmniRealtimeConversation
    from .client.dashscope.params import (
        AudioFormat, AudioFormatConfig, AudioFormatType, AudioSampleRate, MultiModality,
        TranscriptionParams, TranslationParams,
    )
    from .client.embedded import embedded
    from .client.endpoints import Endpoint
    from .client.named_endpoints import dashscope
    from .client.probe.finding import Finding
    from .client.probe.probe import probe
    from .client.probe.report import ProbeReport
    from .client.retry import Retry
    from .errors import (
        AudioError, BundleError, ConnectFailed, EndpointError, LabelError, MissingDependency, MissingKey,
        ProbeError, ProtocolError, QawError, ServiceClosed, ServiceError, SessionLost, SettingError,
        WorkerLost,
    )
    from .plots import (
        plot_alignment, plot_latency, plot_pauses, plot_recording, plot_sweep, plot_trade_off,
        plot_waterfall,
    )
    from .protocol.config import SessionConfig
    from .recording import (
        LatencySummary, LatencyTable, Recording, UtteranceLatency, load_recording, transcribe,
    )
    from .recording.autosave import recover
    from .recording.batch.result import Batch
    from .recording.batch.transcribe_all import transcribe_all
    from .recording.calibration import calibrate
    from .recording.comparing.comparison import Comparison, compare
    from .recording.exports.captions import SubtitleRules
    from .recording.verification import Verification, verify
    from .teaching.course import course
    from .teaching.demos import demo
    from .vad.calibration.calibrate import Calibration, Observation
    from .vad.calibration.terms import CalibrationTerm
    from .vad.detectors.base import SpeechDetector
    from .vad.end_of_turn.base import EndOfTurnModel
    from .vad.end_of_turn.end_of_turn import EndOfTurn
    from .vad.evaluation.explain import Cause, Explanation, Remedy, explain
    from .vad.evaluation.measures import Problem
    from .vad.evaluation.metrics import Measures, measure
    from .vad.evaluation.overlaps import Overlap, Overlaps, overlaps
    from .vad.labels.files import load_labels, save_labels
    from .vad.labels.labels import Labels
    from .vad.pauses import Pause, Pauses, pauses
    from .vad.scoring.frames import SpeechScores
    from .vad.scoring.scores import speech_scores
    from .vad.sweep.choice import Choice
    from .vad.sweep.result import SweepResult
    from .vad.sweep.sweep import sweep
    from .vad.trade_off.curves import OperatingPoint
    from .vad.trade_off.policy import Policy
    from .vad.trade_off.result import TradeOff
    from .vad.trade_off.trade_off import trade_off
    from .vad.turns import Turn, TurnDetection, detect_turns
    from .widgets.clip_recorder.clip_recorder import ClipRecorder
    from .widgets.compare_view.compare_view import CompareView
    from .widgets.microphone.microphone import Microphone
    from .widgets.protocol_view.protocol_view import ProtocolView
    from .widgets.replay.replay import replay
    from .widgets.transcriber.transcriber import Transcriber
    from .widgets.transcript.transcript_view import TranscriptView
    from .widgets.tuner.vad_tuner import VadTuner
    from .widgets.waveform.waveform import Waveform


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that importing the package stays light."""
    if name not in _MODULE_OF:
        from .arguments import suggestion

        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{suggestion(name, __all__)}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""The one record of a run, and what is read from it."""

from .exports.bundle import load_recording
from .comparison import Comparison, compare
from .latency import LatencyTable, UtteranceLatency
from .recording import Recording
from .summary import LatencySummary, Measure
from .transcription import transcribe
from .utterances import TimedUtterance
from .values import AudioSent, Connection, RunInfo, SettingsChange, TimedEvent

__all__ = [
    "AudioSent", "Comparison", "Connection", "LatencySummary", "LatencyTable", "Measure", "Recording",
    "RunInfo", "SettingsChange", "TimedEvent", "TimedUtterance", "UtteranceLatency", "compare",
    "load_recording", "transcribe",
]

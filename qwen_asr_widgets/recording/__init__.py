"""The one record of a run, and what is read from it."""

from .comparison import Comparison, compare
from .latency import LatencyTable, TimedUtterance, UtteranceLatency
from .log.run_info import RunInfo
from .log.settings import SettingsChange
from .recording import Recording
from .restoring import load_recording
from .summary import LatencySummary, Measure
from .transcription import transcribe
from .values import AudioSent, ConnectionSpan, TimedEvent

__all__ = [
    "AudioSent", "Comparison", "ConnectionSpan", "LatencySummary", "LatencyTable", "Measure", "Recording",
    "RunInfo", "SettingsChange", "TimedEvent", "TimedUtterance", "UtteranceLatency", "compare",
    "load_recording", "transcribe",
]

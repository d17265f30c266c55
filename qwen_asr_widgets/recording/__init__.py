"""The one record of a run, and what is read from it."""

from .latency import LatencyTable, TimedUtterance, UtteranceLatency
from .log.run_info import RunInfo
from .log.settings import SettingsChange
from .recording import Recording
from .earlier.restoring import load_recording
from .summary import LatencySummary, Measure
from .transcription import transcribe
from .values import AudioSent, ConnectionSpan, TimedEvent

__all__ = [
    "AudioSent", "ConnectionSpan", "LatencySummary", "LatencyTable", "Measure", "Recording",
    "RunInfo", "SettingsChange", "TimedEvent", "TimedUtterance", "UtteranceLatency",
    "load_recording", "transcribe",
]

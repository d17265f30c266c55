"""What is known of the sound of a run, as fields of `RunInfo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...audio.clip import AudioClip
    from ...recording import Recording
    from ..capture.capture import CaptureSession

PROCESSING = {
    "echoCancellation": "echo cancellation", "noiseSuppression": "noise suppression",
    "autoGainControl": "automatic gain",
}
"""What a browser may do to sound before it is recorded, and what it is called."""


def about_clip(clip: AudioClip, title: str) -> dict[str, Any]:
    """Return what is known of a clip's sound."""
    origin = clip.origin
    return {
        "name": title, "original_rate": origin.sample_rate, "original_channels": origin.channels,
        "channel": origin.channel,
    }


def about_recording(recording: Recording) -> dict[str, Any]:
    """Return what is known of a recording's sound, for another run of it."""
    info = recording.info
    return {
        "name": info.name, "original_rate": info.original_rate,
        "original_channels": info.original_channels, "channel": info.channel, "capture": info.capture,
    }


def about_capture(session: CaptureSession) -> dict[str, Any]:
    """Return what is known of sound that a page records."""
    return {
        "name": session.label, "original_rate": session.sample_rate,
        "original_channels": session.settings.get("channelCount"),
        "capture": {"device": session.label, "asked": dict(session.asked), **session.settings},
    }


def processing_note(session: CaptureSession) -> str:
    """Return a sentence on what the browser does to the sound; empty where it leaves it alone."""
    processed = [name for setting, name in PROCESSING.items() if session.settings.get(setting)]
    return f"The browser processed the sound: {', '.join(processed)}" if processed else ""

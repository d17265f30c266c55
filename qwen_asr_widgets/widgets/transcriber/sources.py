"""Where a run's sound comes from: the microphone of a page, or a clip that is handed over in real time.

Also what is known of each, as fields of `RunInfo`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...audio.resample import StreamResampler
from ...client.pacing import check_pace, paced
from ...recording.run import CHUNK_MS, Run
from ..capture.capture import AHEAD_CHUNKS, CaptureChunk, CaptureSession

if TYPE_CHECKING:
    from ...audio.clip import AudioClip
    from ...recording import Recording

logger = logging.getLogger("qwen_asr_widgets")

PROCESSING = {
    "echoCancellation": "echo cancellation", "noiseSuppression": "noise suppression",
    "autoGainControl": "automatic gain",
}
"""Settings by which a browser changes sound before it is recorded, in the words of a note."""


class MicrophoneSource:
    """Brings the chunks of one capture to a run: resampled, in order, lost ones as listed zeros.

    Parameters
    ----------
    session : CaptureSession
        What is recorded.
    session_rate : int
        Rate (Hz) the run takes.
    """

    def __init__(self, session: CaptureSession, session_rate: int) -> None:
        self.session = session
        self._rate = session_rate
        self._resampler = StreamResampler(session.sample_rate, session_rate)
        self._taken = self._given = 0
        self._ends: deque[tuple[int, int]] = deque(maxlen=AHEAD_CHUNKS)  # a page keeps no more of them
        self._first_beyond = 0
        self._said_opus = False

    @property
    def begins_at(self) -> int:
        """Samples of the run before the first that comes: those another kernel has taken."""
        return round(self.session.begins_at * self._rate / self.session.sample_rate)

    def chunks_within(self, samples: int) -> int:
        """Return the number of the first chunk that does not lie whole within so many samples of the run.

        ``samples`` may not fall from one call to the next: chunks that lay within them are forgotten.
        """
        while self._ends and self._ends[0][1] <= samples:
            self._first_beyond = self._ends.popleft()[0]
        return self._first_beyond

    def bring(self, chunk: CaptureChunk, run: Run) -> None:
        """Hand on one chunk, and note where the page could not send all of the sound as it was."""
        self._note_opus(run)
        self._taken += len(chunk.samples)
        end = round((self.session.begins_at + self._taken) * self._rate / self.session.sample_rate)
        self._ends.append((chunk.following, end))
        if not chunk.lost:
            self._give(self._resampler.push(chunk.samples), run)
            return
        self._give(self._resampler.flush(), run)
        missing = round(self._taken * self._rate / self.session.sample_rate) - self._given
        self._given += missing
        run.lose(missing)

    def end(self, run: Run) -> None:
        """Hand on what the filter held back; no more sound comes."""
        self._give(self._resampler.flush(), run)
        run.finish()

    def _note_opus(self, run: Run) -> None:
        if self.session.opus_from is None or self._said_opus:
            return
        self._said_opus = True
        seconds = (self.session.begins_at + self.session.opus_from) / self.session.sample_rate
        run.recording.note(
            f"From {seconds:.1f} s on the page sent its sound as Opus: the line was slower than PCM."
        )

    def _give(self, samples: NDArray[np.int16], run: Run) -> None:
        self._given += len(samples)
        if len(samples):
            run.append(samples)


class PacedSource:
    """Gives a sound to a run as if it were spoken now, or as fast as it goes; can be held up and ended.

    Parameters
    ----------
    samples : ndarray of int16
        At the session's rate.
    sample_rate : int
        Hz.
    pace : float or None
        1.0 is real time; 0 or None hands everything over at once.

    Raises
    ------
    SettingError
        ``pace`` is neither a positive number nor None.
    """

    def __init__(self, samples: NDArray[np.int16], sample_rate: int, pace: float | None) -> None:
        self.samples = samples
        self.pace = check_pace(pace)
        self.sample_rate = sample_rate
        self._given = 0
        self._stop = threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        self._paused_at = self._paused_for = 0.0

    @property
    def paused(self) -> bool:
        """Whether it is held up."""
        return not self._flowing.is_set()

    def start(self, current: Callable[[], Run | None], lock: AbstractContextManager[Any]) -> None:
        """Begin; each piece goes to the run that ``current`` names, which does not change under ``lock``."""
        threading.Thread(target=self._run, args=(current, lock), name="qaw-paced-source", daemon=True).start()

    def pause(self) -> None:
        """Hold the sound up."""
        if not self.paused:
            self._paused_at = time.monotonic()
            self._flowing.clear()

    def resume(self) -> None:
        """Let it go on."""
        if self.paused:
            self._paused_for += time.monotonic() - self._paused_at
            self._flowing.set()

    def stop(self) -> None:
        """Give out no more; the run keeps what was not given out, unsent."""
        self._stop.set()
        self._flowing.set()

    def end(self, run: Run) -> None:
        """Hand over what is left, to be kept; no more sound comes. Under the lock of `start`."""
        rest, self._given = self.samples[self._given :], len(self.samples)
        if len(rest):
            run.withhold(rest)
        run.finish()

    def _clock(self) -> float:
        return time.monotonic() - self._paused_for

    def _run(self, current: Callable[[], Run | None], lock: AbstractContextManager[Any]) -> None:
        broken: Exception | None = None
        try:
            self._give_out(current, lock)
        except Exception as problem:
            logger.exception("the sound could not be given out")
            broken = problem
        with lock:
            run = current()
            if run is not None and broken is not None:
                run.fail(broken)
            elif run is not None:
                self.end(run)

    def _give_out(self, current: Callable[[], Run | None], lock: AbstractContextManager[Any]) -> None:
        length = round(CHUNK_MS * self.sample_rate / 1_000)
        self._await_service(current)
        pieces = (self.samples[at : at + length] for at in range(0, len(self.samples), length))
        for piece in paced(pieces, self.sample_rate, self.pace, self._clock, self._stop.wait):
            while not self._stop.is_set() and self.paused:
                self._flowing.wait()
            with lock:
                run = current()
                if self._stop.is_set() or run is None:
                    break
                self._give(piece, run)
                if run.error is not None:
                    self._give(self.samples[self._given :], run)  # kept whole, for another try
                    break

    def _give(self, samples: NDArray[np.int16], run: Run) -> None:
        self._given += len(samples)
        run.append(samples)

    def _await_service(self, current: Callable[[], Run | None]) -> None:
        """Wait for the connection: what piled up before it would leave in a burst and spoil the waits."""
        while not self._stop.is_set():
            run = current()
            if run is None or run.wait_for_service(0.1):
                return


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
        "capture": {
            "device": session.label, "session": session.id, "asked": dict(session.asked), **session.settings,
        },
    }


def processing_note(session: CaptureSession) -> str:
    """Return a sentence on what the browser does to the sound; empty where it leaves it alone."""
    processed = [name for setting, name in PROCESSING.items() if session.settings.get(setting)]
    return f"The browser processed the sound: {', '.join(processed)}" if processed else ""

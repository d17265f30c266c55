"""The one record of a run: sound, send times, events, settings, and what is read from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..protocol.config import SessionConfig
from ..vad.turns import Turn
from .latency import LatencyTable, import_pandas, measure_by_reference, table_source
from .log.run_log import RunLog
from .utterances import TimedUtterance
from .values import Connection, RunInfo, TimedEvent

if TYPE_CHECKING:
    from ..audio.clip import AudioClip
    from ..audio.reference import ReferenceTurn

FRAME_COLUMNS = [
    "number", "item_id", "onset", "start", "end", "text", "language", "emotion", "ended_by", "status",
]
"""What `Recording.to_frame` says of an utterance, before its delays."""


class Recording(RunLog):
    """Audio, send times, events and settings of one run; whoever shows something reads it from here.

    It is the observer of an audio stream (see `qwen_asr_widgets.client.stream.StreamObserver`) and owns
    the session in which utterances change. Every method may be called from any thread; what it returns is a
    snapshot.

    Parameters
    ----------
    config : SessionConfig, optional
        The settings asked for at the start.
    info : RunInfo, optional
        Where the sound came from and how it is sent.
    clock : callable
        Monotonic seconds; the recording begins now.

    Attributes
    ----------
    tape : Tape
        The sound as int16 mono at the session's rate: the one timeline.
    version : int
        Grows with every change; whoever shows the recording looks again when it has grown.

    Examples
    --------
    >>> recording = Recording(SessionConfig(language="en"))
    >>> recording.tape.append(np.zeros(16_000, np.int16))
    0
    >>> recording.duration, recording.text, recording.complete
    (1.0, '', False)
    """

    @classmethod
    def restore(
        cls,
        config: SessionConfig,
        info: RunInfo,
        samples: NDArray[np.int16],
        events: Iterable[TimedEvent],
        connections: Iterable[Connection] = (),
        lost: Iterable[tuple[int, int]] = (),
        notes: Iterable[str] = (),
        complete: bool = False,
    ) -> Recording:
        """Make the recording of a run that is over: its events pass again, with the times they had."""
        recording = cls(config, info, clock=lambda: 0.0)
        recording.tape.append(samples)
        for timed in events:
            recording._take(timed)
        for connection in connections:
            recording._close(connection)
        recording._lost = list(lost)
        recording._notes = list(notes)
        recording._complete = complete
        return recording

    @property
    def utterances(self) -> tuple[TimedUtterance, ...]:
        """Every utterance so far, with its delays, as frozen values; one that changes is replaced."""
        with self._lock:
            return tuple(map(self._timer.timed, self._session.utterances))

    def utterance(self, item_id: str) -> TimedUtterance | None:
        """Return the utterance of an item; None where there is none."""
        return next((found for found in reversed(self.utterances) if found.item_id == item_id), None)

    @property
    def turns(self) -> list[Turn]:
        """The turns that are closed, by whoever takes turns (``info.turn_taking``).

        Where the service does and reports no onset, the estimate stands for it.
        """
        return [
            Turn(utterance.onset, utterance.start, utterance.end)
            for utterance in self.utterances
            if utterance.onset is not None and utterance.start is not None and utterance.end is not None
        ]

    @property
    def text(self) -> str:
        """All that was understood, one utterance a line."""
        return "\n".join(utterance.text for utterance in self.utterances if utterance.text)

    @property
    def clip(self) -> AudioClip:
        """The sound as a clip, exactly what the recogniser was given."""
        return self.tape.to_clip()

    def latency(self, reference: Sequence[ReferenceTurn] | None = None) -> LatencyTable:
        """Return how long each utterance took.

        Parameters
        ----------
        reference : sequence of ReferenceTurn, optional
            Where speech truly began and ended. The service's own ends depend on its settings, so only this
            compares settings fairly; the table's ``source`` says which was used.

        Raises
        ------
        SettingError
            ``reference`` holds something other than reference turns.
        """
        info, utterances = self.info, self.utterances
        if reference is None:
            rows = [utterance.latency for utterance in utterances]
            return LatencyTable(rows, table_source(rows), info.chunk_ms, info.pace)
        rows = measure_by_reference(utterances, self.sent_at, self.tape.sample_rate, reference, self.drift)
        return LatencyTable(rows, "reference", info.chunk_ms, info.pace)

    def to_frame(self, reference: Sequence[ReferenceTurn] | None = None) -> Any:
        """Return a pandas DataFrame, one row per utterance: text, times on the sound's axis, delays (s).

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        rows = [
            {name: getattr(utterance, name) for name in FRAME_COLUMNS} for utterance in self.utterances
        ]
        frame = import_pandas().DataFrame(rows, columns=FRAME_COLUMNS).set_index("number")
        return frame.join(self.latency(reference).to_frame().drop(columns="ended_by"))

    def save(self, path: str | Path) -> Path:
        """Write everything to a ``.qasr`` bundle (see `recording.exports.bundle`); return its path.

        The file is replaced in one step: a reader sees the old or the new bundle, never half of one.
        """
        from .exports.bundle import save_recording

        return save_recording(self, path)

    def export(self, path: str | Path) -> Path:
        """Write ``.srt``, ``.vtt``, ``.json``, ``.wav`` or ``.qasr``, by the path's ending; return the path.

        The ``.json`` holds ``text``, ``duration``, ``complete``, ``notes``, ``run`` (the fields of
        `RunInfo`), ``session`` (the settings asked for last, as on the wire), ``settings`` (all of them:
        ``session`` held for the sound from second ``from`` on and was sent at ``time``) and ``utterances``
        with their partials and delays. Positions are seconds of the sound, a ``time`` is seconds of the
        clock since the recording began, as in the bundle (see BUNDLE.md).

        Raises
        ------
        SettingError
            The ending is none of these.
        """
        from .exports.exports import export_recording

        return export_recording(self, path)

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        engine = f", {self.info.engine}" if self.info.engine else ""
        return f"<Recording {self.duration:.1f} s, {len(self.utterances)} utterances{engine}, {state}>"

    def _repr_html_(self) -> str:
        from .exports.html import recording_html

        return recording_html(self)

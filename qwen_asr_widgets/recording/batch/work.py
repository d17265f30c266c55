"""What a worker of a batch does: one sound is transcribed, and comes back as rows and a bundle."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...client.endpoints import Endpoint
from ...client.retry import Retry
from ..bundle.bundle import write_bundle
from ..comparing.comparison import compared_run
from ..exports.rows import COLUMNS, utterance_rows
from ..log.run_info import run_info
from ..recording import Recording
from ..run import Run
from ..sources import open_source
from ..text import judged_by_character, normalized, units
from ..transcription import Playback
from .jobs import BatchJob

if TYPE_CHECKING:
    from ...vad.end_of_turn.end_of_turn import EndOfTurn

INTERRUPTED = "Interrupted"
"""Why a sound is missing that was not transcribed, or not to its end, when the batch was ended by hand."""

ROW_COLUMNS = (
    "name", "settings", "threshold", "silence_ms", "engine", "duration", "utterances", "words", "metric",
    "error_rate", "reference_words", "wait", "longest_wait", "waits", "error",
)
"""The columns of a recording's row, see `Batch.to_frame`."""

UTTERANCE_COLUMNS = ("name", "settings", "utterance", *COLUMNS[1:])
"""The columns of an utterance's row: its recording's name, its number, and those of a ``.csv``."""

TEXT_COLUMNS = frozenset((
    "name", "settings", "engine", "metric", "error", "text", "language", "emotion", "ended_by", "status",
    "end_source",
))
"""Which of the columns hold texts; the others hold numbers."""

Stopped = Callable[[], bool]


@dataclass(frozen=True)
class BatchOptions:
    """What holds for all sounds of a batch: the parameters of `transcribe` of the same names."""

    endpoint: Endpoint
    pace: float | None
    chunk_ms: float
    channel: int | str | None
    turn_taking: str
    retry: Retry
    end_of_turn: EndOfTurn | None = None


@dataclass(frozen=True)
class BatchOutcome:
    """What came of one job.

    Parameters
    ----------
    row : dict
        The recording's row, see `Batch.to_frame`.
    utterances : list of dict
        Its utterances' rows, see `Batch.utterances`.
    bundle : bytes
        The recording as a ``.qasr`` bundle; empty where there was nothing to record.
    """

    row: dict[str, Any]
    utterances: list[dict[str, Any]] = field(default_factory=list)
    bundle: bytes = b""

    @property
    def error(self) -> str:
        """Why there is no complete recording; empty where there is one."""
        return str(self.row["error"])


def never() -> bool:
    """Return False: nobody stops this batch."""
    return False


def transcribe_job(job: BatchJob, options: BatchOptions, stopped: Stopped = never) -> BatchOutcome:
    """Transcribe one sound; what goes wrong is part of the outcome.

    Parameters
    ----------
    job : BatchJob
    options : BatchOptions
    stopped : callable
        Asked after each piece of sound whether to make an end: what was sent by then is still answered.
    """
    if stopped():
        return failed(job, INTERRUPTED)
    recording, error = None, ""
    try:
        recording = _run(job, options, stopped)
    except Exception as problem:
        recording = getattr(problem, "recording", None)
        error = _cause(problem)
    if recording is None:
        return failed(job, error)
    if not recording.complete and not error:
        error = INTERRUPTED if stopped() else "; ".join(recording.notes) or "the recording is not complete"
    bundle = io.BytesIO()
    write_bundle(recording, bundle)
    return replace(judged(job, recording, error), bundle=bundle.getvalue())


def judged(job: BatchJob, recording: Recording, error: str = "") -> BatchOutcome:
    """Return the rows of a recording, by the job's reference; one that cannot be judged says why."""
    try:
        row, rows = _row(job, recording), list(utterance_rows(recording))
    except Exception as problem:
        row, rows, error = _named(job), [], error or _cause(problem)
    return BatchOutcome({**row, "error": error}, rows)


def failed(job: BatchJob, error: str) -> BatchOutcome:
    """Return the outcome of a job of which nothing is left but why."""
    return BatchOutcome({**_named(job), "error": error})


def _run(job: BatchJob, options: BatchOptions, stopped: Stopped) -> Recording:
    sound = open_source(job.source, job.config.sample_rate, options.chunk_ms, options.channel)
    info = run_info(
        options.endpoint, options.pace, options.chunk_ms, sound.origin, turn_taking=options.turn_taking,
        end_of_turn=str(options.end_of_turn or ""),
    )
    recording = Recording(job.config, info)

    def stop_if_told() -> None:
        if stopped():
            raise KeyboardInterrupt

    run = Run(options.endpoint, recording, retry=options.retry, end_of_turn=options.end_of_turn)
    Playback(sound, run, options.pace, stop_if_told).play()
    return recording


def _cause(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"


def _named(job: BatchJob) -> dict[str, Any]:
    detection = job.config.turn_detection
    return {
        "name": job.name, "settings": job.settings,
        "threshold": None if detection is None else detection.threshold,
        "silence_ms": None if detection is None else detection.silence_duration_ms,
    }


def _count(text: str, metric: str | None) -> int:
    """Return how many words or characters of a reference its error rate was divided by."""
    said = normalized(text)
    return len(said.replace(" ", "") if metric == "CER" else said.split())


def _row(job: BatchJob, recording: Recording) -> dict[str, Any]:
    """Return what the table says of a recording."""
    metric = None
    if job.text is not None:
        metric = "CER" if judged_by_character(job.text, job.config.language) else "WER"
    compared = compared_run(recording, job.name, job.text, metric, job.turns)
    return {
        **_named(job),
        "engine": recording.info.made_by,
        "duration": round(recording.duration, 3),
        "utterances": compared.utterances,
        "words": len(units(recording.text, job.config.language)),
        "metric": metric,
        "error_rate": compared.error_rate,
        "reference_words": None if job.text is None else _count(job.text, metric),
        "wait": compared.finalization,
        "longest_wait": compared.longest,
        "waits": compared.n,
    }

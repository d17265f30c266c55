"""What views are told of runs that are compared: lanes, figures, aligned words, differences of waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ...audio.reference import ReferenceTurn
from ...protocol.utterance import Utterance
from ...recording import Recording
from ...recording.comparing.alignment import Alignment, Column
from ...recording.comparing.comparison import ComparedRun, Comparison
from ...recording.comparing.pairing import WaitDifference
from ...recording.summary import waits_count
from ..shared.run_messages import lane_state, utterance_state
from ..shared.run_settings import held_state


NOTHING_COMPARED: dict[str, Any] = {
    "shown": 0, "over": True, "runs": [], "metric": "", "whisper": "", "differences": [], "reference": None,
    "words": None,
}
"""What views are told where nothing is compared any more."""


def comparison_state(
    comparison: Comparison, recordings: Sequence[Recording], shown: int,
    turns: Sequence[ReferenceTurn] | None = None, role: str = "", is_over: bool = True,
) -> dict[str, Any]:
    """Return a comparison as views take it.

    Parameters
    ----------
    comparison : Comparison
        Of these recordings.
    recordings : sequence of Recording
        In its order.
    shown : int
        Index of the recording that the waveform shows.
    turns : sequence of ReferenceTurn, optional
        Those of the reference, for a lane of their own.
    role : {"", "before", "baseline"}
        What the page calls the first of two runs of one widget, whose other it calls the present one; empty
        where runs have names.
    is_over : bool
        Whether figures and words are shown; of a run under way its turns alone are.
    """
    roles = [role, "now"] if role else [""] * len(recordings)
    alignment = comparison.alignment
    return {
        "shown": shown, "over": is_over,
        "runs": [
            run_state(run, recording, each, with_turns=at != shown)
            for at, (run, recording, each) in enumerate(zip(comparison.runs, recordings, roles))
        ],
        "metric": comparison.metric or "", "whisper": comparison.whisper,
        "differences": [_difference_state(one, comparison) for one in comparison.differences],
        "reference": None if turns is None else lane_state("reference", turns)["turns"],
        "words": None if alignment is None else words_state(alignment, shown, recordings),
    }


def run_state(run: ComparedRun, recording: Recording, role: str, with_turns: bool) -> dict[str, Any]:
    """Return one run's figures and, unless another message says them, its turns."""
    info = recording.info
    turns = None
    if with_turns:
        latency = recording.latency()
        turns = [utterance_state(one, latency[at], recording) for at, one in enumerate(recording.utterances)]
    return {
        "name": "" if role else run.name, "role": role, "engine": run.engine,
        "settings": held_state(recording), "pace": info.pace, "waits": waits_count(info.pace),
        "count": run.utterances, "n": run.n, "median": run.finalization, "longest": run.longest,
        "no_wait": run.no_wait, "source": recording.latency().source, "complete": recording.complete,
        "rate": run.error_rate, "whisper": run.whisper_rate, "utterances": turns,
    }


def _difference_state(difference: WaitDifference, comparison: Comparison) -> dict[str, Any]:
    """Return a difference of waits with the index of its run; the other one is the first."""
    names = [run.name for run in comparison.runs]
    state = asdict(difference)
    return {
        "run": names.index(state.pop("name")), "low": None, "high": None, **_ends(difference),
        "apart": difference.is_told_apart,
        **{key: state[key] for key in ("n", "seconds", "cut_off", "cut_off_other", "turns")},
    }


def _ends(difference: WaitDifference) -> dict[str, float]:
    return dict(zip(("low", "high"), difference.interval or ()))


def words_state(alignment: Alignment, shown: int, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Return aligned words in blocks, each with the utterance of the shown run with which it begins.

    Where that run has none there, the block says when another one's begins.
    """
    against_reference = len(alignment.names) > len(recordings)
    blocks = []
    for block in alignment.blocks():
        first = [
            _first(block, row + against_reference, recording) for row, recording in enumerate(recordings)
        ]
        own = first[shown]
        onsets = [one.onset for one in (own, *first) if one is not None]
        blocks.append({
            "number": None if own is None else own.number, "from": onsets[0] if onsets else None,
            "columns": [_column(alignment, column) for column in block],
        })
    counts = [asdict(alignment.counts(row)) for row in range(1, len(alignment.names))]
    return {
        "reference": against_reference, "character": alignment.by_character, "blocks": blocks,
        "counts": counts,
    }


def _first(block: Sequence[Column], row: int, recording: Recording) -> Utterance | None:
    """Return the utterance of a recording whose words come first in a block."""
    word = next((column[row] for column in block if column[row] is not None), None)
    return None if word is None else recording.utterances[word.piece]


def _column(alignment: Alignment, column: Column) -> list[Any]:
    """Return the marks of all rows but the first, one character each, and what stands in every row."""
    marks = "".join(alignment.mark(column, row) or " " for row in range(1, len(column)))
    return [marks, [None if word is None else word.written for word in column]]

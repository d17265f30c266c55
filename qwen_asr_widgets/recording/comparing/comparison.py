"""Recordings of the same sound side by side: what was changed, what it cost, what it gained."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...audio.reference import ReferenceTurn
from ...arguments import checked_keywords
from ...errors import SettingError
from ...formatting import table
from ...glossary import heading
from ...protocol.languages import primary_subtag
from ...vad.labels.references import Reference, reference_turns
from ..latency import import_pandas
from ..log.settings import SettingsChange
from ..recording import Recording, checked_recording
from ..summary import LatencySummary, no_waits_text, pace_text, waits_count
from ..text import error_rate, judged_by_character, whisper_english, whisper_error_rate
from .alignment import Alignment, SpokenText, align
from .pairing import WaitDifference, check_same_sound, wait_difference

MOST_CHANGES = 4
"""So many settings of one run are listed; of more, the first and the last two."""

SHOWN, MISSING = "shown", "missing"
"""Whether rates by Whisper's normalisation stand beside ours."""

BY_WHISPER = (
    "WER (Whisper): after Whisper's normalisation of English (numbers, spellings, contractions, fillers)."
)
NO_WHISPER = (
    "The rate by Whisper's normalisation of English needs whisper-normalizer: "
    "pip install 'qwen-asr-widgets[wer]'."
)

NO_WAIT = {
    "free": no_waits_text(None),
    "speed": "not sent in real time, so its waits say nothing",
    "turns": "no utterance was found",
    "manual": "turns closed by hand or by the end, so nothing waited for silence",
    "silence": "no utterance closed by silence",
    "pace": "no utterance sent at that pace",
    "unknown": "ends of speech not known",
}
"""Why a run may have no wait to state."""


@dataclass(frozen=True)
class ComparedRun:
    """One recording of a comparison.

    Parameters
    ----------
    name, engine, settings : str
        What it is called, who recognised it, with which settings: all it had, where they changed midway.
    utterances : int
        How many turns were found.
    error_rate : float or None
        Word or character error rate against the reference; above 1 when more was invented than said.
    finalization, longest : float or None
        Median and longest wait in seconds, over ``n`` utterances closed by silence; None where there is none
        to state.
    n : int
        Number of those utterances.
    no_wait : str
        Why there is none, a key of `NO_WAIT`; empty where there is one.
    whisper_rate : float or None
        Word error rate of English after Whisper's normalisation, where whisper-normalizer is installed.
    """

    name: str
    engine: str
    settings: str
    utterances: int
    error_rate: float | None
    finalization: float | None
    longest: float | None
    n: int
    no_wait: str = ""
    whisper_rate: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Runs of the same sound side by side, as `compare` returns them.

    Parameters
    ----------
    runs : tuple of ComparedRun
        One row each, in the order given.
    metric : {"WER", "CER"} or None
        What the error rates count: words, or characters where a language puts no spaces; None without a
        reference text.
    source : str
        What the ends of speech were taken from.
    differences : tuple of WaitDifference
        How much longer or shorter each run after the first waited than it, utterance by utterance.
    alignment : Alignment or None
        What each run wrote, word under word of the reference, or of the first run where there is none.
    whisper : {"", "shown", "missing"}
        Whether error rates by Whisper's normalisation stand beside ours: for English alone, and where
        whisper-normalizer is installed.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording, compare
    >>> [run.name for run in compare(Recording(), Recording(), names=["before", "after"]).runs]
    ['before', 'after']
    """

    runs: tuple[ComparedRun, ...]
    metric: str | None
    source: str
    differences: tuple[WaitDifference, ...] = ()
    alignment: Alignment | None = field(default=None, repr=False)
    whisper: str = ""

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row per run.

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        names = {"error_rate": self.metric.lower()} if self.metric else {}
        return import_pandas().DataFrame([vars(run) for run in self.runs]).rename(columns=names)

    def _rows(self) -> list[list[str]]:
        rows = []
        for run in self.runs:
            rates = [run.error_rate, run.whisper_rate] if self.whisper == SHOWN else [run.error_rate]
            rows.append([
                run.name, run.engine, run.settings, str(run.utterances), *map(_percent, rates),
                _seconds(run.finalization), _seconds(run.longest), str(run.n),
            ])
        return rows

    @property
    def _head(self) -> list[str]:
        rates = [self.metric or "Errors", *([f"{self.metric} (Whisper)"] if self.whisper == SHOWN else [])]
        waits = [f"{heading('finalization')} (median)", "Longest", "n"]
        return ["Recording", "Recogniser", "Settings", "Utterances", *rates, *waits]

    def __str__(self) -> str:
        rows = [self._head, *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self._head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, *map(str, self.differences), *self._normalization(), *self._missing()])

    def _normalization(self) -> list[str]:
        """Return after which normalisation errors were counted."""
        if self.metric is None:
            return []
        said = f"{self.metric}: after Unicode NFKC, without case and punctuation."
        return [said, *filter(None, [{SHOWN: BY_WHISPER, MISSING: NO_WHISPER}.get(self.whisper, "")])]

    def _missing(self) -> list[str]:
        """Return what stands where a run has no wait: a dash alone would leave it open."""
        lines = (f"No wait for {run.name}: {NO_WAIT[run.no_wait]}." for run in self.runs if run.no_wait)
        return list(dict.fromkeys(lines))

    def _repr_html_(self) -> str:
        notes = [*map(str, self.differences), *self._normalization(), *self._missing()]
        return table(self._head, self._rows(), " ".join([f"Ends of speech: {self.source}.", *notes]))


@checked_keywords
def compare(
    *recordings: Recording, reference: str | Reference | None = None, names: Sequence[str] = ()
) -> Comparison:
    """Compare recordings of the same sound.

    Parameters
    ----------
    *recordings : Recording
        Two or more.
    reference : str, Labels, Sample, path, or list of turns, optional
        What was truly said. All but a text also say when, so that waits are measured from the true ends of
        speech. Without it there is no error rate. A str is a text, unless a file has that name.
    names : sequence of str, optional
        What to call each recording; otherwise the name of its sound.

    Returns
    -------
    Comparison
        Prints as a table with a sentence on each difference of waits; `Comparison.to_frame` gives a data
        frame, `Comparison.differences` the differences.

    Raises
    ------
    SettingError
        Fewer than two recordings, something else than recordings, recordings of different sounds, a
        reference without words, or not as many names as recordings.
    LabelError
        ``reference`` is none of these.

    Notes
    -----
    Case, punctuation and width of characters do not count. Chinese, Cantonese, Japanese, Korean and Thai
    are judged by character (CER), everything else by word (WER), as jiwer computes them. Of English the rate
    after Whisper's normalisation stands beside it (extra ``wer``).

    Examples
    --------
    >>> from qwen_asr_widgets import Recording, compare
    >>> table = compare(Recording(), Recording(), reference="good morning", names=["low latency", "balanced"])
    >>> table.metric, [run.error_rate for run in table.runs]
    ('WER', [1.0, 1.0])
    """
    if len(recordings) < 2:
        raise SettingError(f"compare takes two or more recordings, not {len(recordings)}.", "recordings")
    for recording in recordings:
        checked_recording(recording, "compare")
    if names and len(names) != len(recordings):
        raise SettingError(f"{len(names)} names were given for {len(recordings)} recordings.", "names")
    called = list(names) or [f"recording {number}" for number in range(1, len(recordings) + 1)]
    check_same_sound(recordings, called)
    return compare_runs(recordings, called, reference, names)


def compare_runs(
    recordings: Sequence[Recording], called: Sequence[str], reference: str | Reference | None,
    names: Sequence[str] = (),
) -> Comparison:
    """Compare recordings that are known to be of one sound; see `compare`.

    Parameters
    ----------
    recordings : sequence of Recording
        Two or more.
    called : sequence of str
        What sentences call each.
    reference : str, Reference or None
        What was truly said.
    names : sequence of str, optional
        What rows call each; otherwise the name of its sound.
    """
    text, turns = said_in(reference)
    metric, whisper = _rates(text, recordings)
    runs = tuple(
        compared_run(recording, names[index] if names else "", text, metric, turns)
        for index, recording in enumerate(recordings)
    )
    if text is not None and whisper == SHOWN:
        runs = tuple(
            replace(run, whisper_rate=whisper_error_rate(text, recording.text))
            for run, recording in zip(runs, recordings)
        )
    sources = {recording.latency(turns).source for recording in recordings}
    source = "reference" if turns is not None else " and ".join(sorted(sources))
    differences = tuple(
        wait_difference(recording, recordings[0], (name, called[0]), turns)
        for recording, name, run in zip(recordings[1:], called[1:], runs[1:])
        if not run.no_wait and not runs[0].no_wait
    )
    alignment = aligned(recordings, called, text, turns)
    return Comparison(runs, metric, source, differences, alignment, whisper)


def aligned(
    heard: Sequence[Recording | str], names: Sequence[str], text: str | None,
    turns: Sequence[ReferenceTurn] | None,
) -> Alignment:
    """Align what was recognised with what was said, without it with the first of ``heard``."""
    texts = [
        SpokenText.of_recording(name, one) if isinstance(one, Recording) else SpokenText(name, (one,))
        for name, one in zip(names, heard)
    ]
    if text is not None:
        texts.insert(0, SpokenText("reference", tuple(turn.text for turn in turns) if turns else (text,)))
    language = _language([one for one in heard if isinstance(one, Recording)])
    return align(texts[0], texts[1:], language)


def _rates(text: str | None, recordings: Sequence[Recording]) -> tuple[str | None, str]:
    """Return what error rates count, and whether they are counted by Whisper's normalisation too."""
    if text is None:
        return None, ""
    if judged_by_character(text, _language(recordings)):
        return "CER", ""
    said = {recording.config.language for recording in recordings}
    said |= {one.language for recording in recordings for one in recording.utterances}
    if {primary_subtag(code) for code in said if code} != {"en"}:
        return "WER", ""
    return "WER", MISSING if whisper_english() is None else SHOWN


def said_in(reference: str | Reference | None) -> tuple[str | None, tuple[ReferenceTurn, ...] | None]:
    """Return the text of a reference, and its turns where it has any."""
    if reference is None:
        return None, None
    if isinstance(reference, str) and not os.path.isfile(reference):
        return reference, None
    turns = reference_turns(reference)
    return " ".join(turn.text for turn in turns).strip() or None, turns


def compared_run(
    recording: Recording,
    name: str,
    text: str | None,
    metric: str | None,
    turns: Sequence[ReferenceTurn] | None,
) -> ComparedRun:
    """Return a recording's row: its error rate where there is a ``text``, waits by the true ``turns``."""
    summary = recording.latency(turns).summary()
    no_wait = _no_wait(recording, summary)
    wait = None if no_wait else summary["finalization"]
    language = "zh" if metric == "CER" else "en"
    return ComparedRun(
        name or recording.info.name or "recording",
        recording.info.engine or "unknown",
        f"{settings_text(recording)}, {pace_text(recording.info.pace)}",
        len(recording.utterances),
        None if text is None else error_rate(text, recording.text, language),
        wait.p50 if wait else None,
        wait.longest if wait else None,
        wait.n if wait else 0,
        no_wait,
    )


def _no_wait(recording: Recording, summary: LatencySummary) -> str:
    """Return why a recording has no wait to state, a key of `NO_WAIT`; empty where it has one."""
    if not waits_count(recording.info.pace):
        return "free" if recording.info.pace is None else "speed"
    if "finalization" in summary.measures:
        return ""
    if not recording.utterances:
        return "turns"
    if all(change.config.turn_detection is None for change in recording.settings_held):
        return "manual"
    if not summary.n:
        return "silence"
    return "pace" if summary.off_pace else "unknown"


def settings_text(recording: Recording) -> str:
    """Return a run's settings in a few words; where they changed midway, each with its place on the axis."""
    held = recording.settings_held
    rate = recording.tape.sample_rate
    said = [(change.sample / rate, _change_text(change)) for change in held]
    listed = [text for _, text in said[:1]]
    listed += [
        f"from {time:.1f} s {text}" for (_, before), (time, text) in zip(said, said[1:]) if text != before
    ]
    if len(listed) > MOST_CHANGES:
        listed[1:-2] = ["…"]
    client = f", {recording.info.turns_by}" if recording.info.turns_by else ""
    return "; ".join(listed) + client + (" (changed midway)" if len(held) > 1 else "")


def _change_text(change: SettingsChange) -> str:
    detection = change.config.turn_detection
    if detection is None:
        return "manual"
    return f"threshold {detection.threshold:.2f}, silence {detection.silence_duration_ms} ms"


def _language(recordings: Sequence[Recording]) -> str | None:
    """Return the language the recordings were set to, or None where they differ or leave it open."""
    languages = {recording.config.language for recording in recordings}
    return languages.pop() if len(languages) == 1 else None


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"

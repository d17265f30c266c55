"""What was truly said, by the corrections of a run's words, and how far runs of that sound are from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....recording import Recording
from ....recording.text import error_rate, judged_by_character, normalized


def corrected_text(recording: Recording, corrections: Mapping[int, str]) -> str:
    """Return all that was said, one utterance a line: as corrected, else as it was heard.

    Parameters
    ----------
    recording : Recording
        What was heard.
    corrections : dict of int to str
        What was said, by the number of the utterance; empty where nothing was.

    Examples
    --------
    >>> corrected_text(Recording(), {})
    ''
    """
    said = (
        corrections.get(one.number, one.text) for one in recording.utterances
        if one.status == "final" or one.number in corrections
    )
    return "\n".join(text for text in said if text.strip())


@dataclass(frozen=True)
class ErrorRate:
    """How far a run's words are from what was said.

    Parameters
    ----------
    metric : {"WER", "CER"}
        Whether words are counted, or characters where a language puts no spaces.
    rate : float
        Share of the reference's words that were replaced, left out or added; may exceed 1.
    """

    metric: str
    rate: float


def judged(recording: Recording, reference: str | None) -> ErrorRate | None:
    """Return how far a run's words are from a text; None where there is none to compare with.

    Examples
    --------
    >>> judged(Recording(), "good morning")
    ErrorRate(metric='WER', rate=1.0)
    """
    if reference is None or not normalized(reference):
        return None
    language = recording.config.language
    metric = "CER" if judged_by_character(reference, language) else "WER"
    return ErrorRate(metric, error_rate(reference, recording.text, language))

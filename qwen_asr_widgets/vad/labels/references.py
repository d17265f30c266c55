"""What a parameter ``reference=`` takes, anywhere in this package, and how it becomes labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any, Union

from ...audio.reference import ReferenceTurn
from ...audio.samples import Sample
from ...errors import LabelError
from ..turns import Turn
from .labels import Labels, as_turn, is_pair, shown

Reference = Union[
    Labels, Sample, str, "PathLike[str]", Sequence[ReferenceTurn], Sequence[Turn],
    Sequence["tuple[float, float]"], Sequence["tuple[float, float, str]"],
]
"""Labels, a sample, a label file, or a list of ``ReferenceTurn``, ``Turn`` or (start, end[, text])."""

_WANTED = "give Labels, a Sample, a label file, or a list of ReferenceTurn or of (start, end) in seconds"


def as_labels(reference: Reference, name: str = "reference") -> Labels:
    """Return a reference in any of its forms as labels.

    Parameters
    ----------
    reference : Labels, Sample, path, or iterable of ReferenceTurn, Turn, (start, end) or (start, end, text)
        A path leads to a label file (see ``load_labels``); text with line breaks is read as one. Of a
        ``Turn``, another detector's, the onset and the end count.
    name : str
        What messages call it: the parameter's name.

    Returns
    -------
    Labels
        In order of time, on the grid of 1 ms.

    Raises
    ------
    LabelError
        It is something else, a turn ends before it starts, or two turns of one speaker overlap.

    Examples
    --------
    >>> as_labels([(0.5, 1.25), (2.0, 3.0, "good morning")]).turns[1]
    ReferenceTurn(start=2.0, end=3.0, text='good morning', speaker='')
    >>> from qwen_asr_widgets import sample
    >>> len(as_labels(sample("noisy"))) == len(sample("noisy").turns)
    True
    >>> as_labels(1.5)
    Traceback (most recent call last):
    qwen_asr_widgets.errors.LabelError: reference is 1.5; give Labels, a Sample, a label file, or a list of \
ReferenceTurn or of (start, end) in seconds.
    """
    given = read_reference(reference, name)
    return given if isinstance(given, Labels) else Labels(given)


def reference_turns(reference: Reference, name: str = "reference") -> tuple[ReferenceTurn, ...]:
    """Return the turns of a reference in any of its forms, in the order and with the times that it gives.

    Parameters and errors are those of ``as_labels``, but that turns given as a list may overlap.

    Examples
    --------
    >>> [turn.end for turn in reference_turns([(2.0, 3.00004), (0.5, 1.25)])]
    [3.00004, 1.25]
    """
    return tuple(read_reference(reference, name))


def read_reference(reference: Reference, name: str = "reference") -> Labels | tuple[ReferenceTurn, ...]:
    """Return labels where a reference is labels or a label file, else its turns as they were given.

    Measures need both: the scored regions that only labels have, and turns that are not rounded.
    """
    if isinstance(reference, Labels):
        return reference
    if isinstance(reference, Sample):
        return reference.turns
    if isinstance(reference, (str, PathLike)):
        from .files import load_labels  # the formats take longer to import than a transcription needs

        return load_labels(reference)
    if is_turn(reference):
        raise LabelError(f"{name} is one turn, {shown(reference)}; give a list of turns, also of one.")
    if isinstance(reference, (bytes, dict)) or not isinstance(reference, Iterable):
        raise LabelError(f"{name} is {shown(reference)}; {_WANTED}.")
    return tuple(as_turn(item, f"{name}[{number}]") for number, item in enumerate(reference))


def is_turn(item: Any) -> bool:
    """Tell whether something is one turn, so that a list of it is one reference and not several.

    Examples
    --------
    >>> is_turn((0.5, 1.25)), is_turn([(0.5, 1.25)]), is_turn(Labels([]))
    (True, False, False)
    """
    return isinstance(item, (ReferenceTurn, Turn)) or is_pair(item)

"""What a model of turn ends is, and how one is found by its name.

A model is registered by an entry point, so that one from another distribution is found in the same way as
those of this package::

    [options.entry_points]
    qwen_asr_widgets.end_of_turn =
        NAME = PACKAGE.MODULE:CLASS

The class is called without arguments.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ...arguments import suggestion
from ...errors import SettingError

MODELS = "qwen_asr_widgets.end_of_turn"
"""The group of entry points."""


@runtime_checkable
class EndOfTurnModel(Protocol):
    """What says how likely it is that somebody is done speaking.

    Attributes
    ----------
    name : str
        What tables call it.
    identity : str
        Name, version and whatever else changes what it says: probabilities on disk are found by it.
    needs_sound : bool
        Whether it hears; False where the text alone decides.

    Examples
    --------
    >>> from qwen_asr_widgets.vad.end_of_turn.punctuation import Punctuation
    >>> isinstance(Punctuation(), EndOfTurnModel)
    True
    """

    name: str
    needs_sound: bool

    @property
    def identity(self) -> str: ...

    def probability(self, samples: NDArray[np.float32], text: str) -> float:
        """Return the probability, in [0, 1], that the turn is over; NaN where there is nothing to judge by.

        Parameters
        ----------
        samples : ndarray, float32, shape (n,)
            The turn up to now at 16 kHz, in [-1, 1], with the silence so far.
        text : str
            The words recognised so far; empty where they are not known.
        """


def find_model(name: str) -> EndOfTurnModel:
    """Return a model by its name.

    Raises
    ------
    SettingError
        None of that name is registered, or it cannot be loaded.

    Examples
    --------
    >>> find_model("punctuation").needs_sound
    False
    """
    entries = registered()
    entry = entries.get(name)
    if entry is None:
        raise SettingError(
            f"There is no end-of-turn model {name!r:.40}{suggestion(name, entries) or '.'} Installed are "
            f"{', '.join(sorted(entries)) or 'none: the package was not installed by pip'}.", "model",
        )
    try:
        model: EndOfTurnModel = entry.load()()
    except (ImportError, AttributeError, TypeError) as problem:
        raise SettingError(
            f"The end-of-turn model {name!r} ({entry.value}) cannot be loaded: {problem}.", "model"
        ) from problem
    return model


def registered() -> dict[str, EntryPoint]:
    """Return the entry points of models by name."""
    return {entry.name: entry for entry in entry_points(group=MODELS)}

"""Models of turn ends for tests: they say what they are told to, and note what they were asked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qwen_asr_widgets.errors import MissingDependency


@dataclass
class SaidEnds:
    """Says the probabilities of a list, one after the other and from the start again.

    Parameters
    ----------
    said : tuple of float
    identity : str
        What is kept on disk is found by it.
    """

    said: tuple[float, ...] = (0.1, 0.9, 0.4)
    identity: str = "said:1"
    name: str = "said"
    needs_sound: bool = True
    asked: list[int] = field(default_factory=list)

    def probability(self, samples: NDArray[np.float32], text: str) -> float:
        """Return the next of the list."""
        self.asked.append(len(samples))
        return self.said[(len(self.asked) - 1) % len(self.said)]


@dataclass
class MissingEnds:
    """Cannot be asked, as a model whose file is not installed."""

    identity: str = "missing:1"
    name: str = "missing"
    needs_sound: bool = True
    asked: int = 0

    def probability(self, samples: NDArray[np.float32], text: str) -> float:
        """Raise what a model raises that is not installed."""
        self.asked += 1
        raise MissingDependency("It needs its file: install it.")

"""Models of turn ends for tests: what they say follows from what they are given."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class Dice:
    """A model whose answer is drawn from the sound it hears: the same sound, the same answer."""

    name: str = "dice"
    identity: str = "dice:1"
    needs_sound: bool = True
    heard: list[int] = field(default_factory=list)

    def probability(self, samples: NDArray[np.float32], text: str) -> float:
        """Return a number in [0, 1) that depends on every sample."""
        self.heard.append(len(samples))
        return float(np.abs(samples.astype(np.float64) * 32_768).sum() * 0.618 % 1)


@dataclass
class Sure:
    """A model that always says the same, or raises it; it can be held up."""

    says: Any = 1.0
    name: str = "sure"
    identity: str = "sure:1"
    needs_sound: bool = True
    free: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def __post_init__(self) -> None:
        self.free.set()

    def probability(self, samples: NDArray[np.float32], text: str) -> float:
        """Answer once it is free; silence of one second is the question whether it works at all."""
        if not samples.any():
            return 0.0
        self.asked += 1
        self.free.wait(30)
        if isinstance(self.says, Exception):
            raise self.says
        return float(self.says)

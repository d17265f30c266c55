"""A recogniser that is given the sound of a turn in steps, as the service gives it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def recognise(
    recognizer: Any, samples: NDArray[np.int16], step: int = 3_200, partials: bool = True
) -> tuple[list[Any], str]:
    """Return the partials after each step of so many samples, and the final."""
    recognizer.start(0)
    shown = []
    for first in range(0, len(samples), step):
        recognizer.accept(samples[first:first + step])
        if partials:
            shown.append(recognizer.partial())
    return shown, recognizer.finish()

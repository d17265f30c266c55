"""Smart Turn v3.2: a small model (8.7 MB) that hears whether somebody is done, run by onnxruntime.

The model is that of https://github.com/pipecat-ai/smart-turn (BSD-2-Clause), an encoder of Whisper's kind
over the last 8 s. Its file is in the wheel of pipecat-ai and is found there without importing it: of that
package nothing else is used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ...errors import MissingDependency
from .log_mel import log_mel

FILE = Path("audio", "turn", "smart_turn", "data", "smart-turn-v3.2-cpu.onnx")
"""Where it is in the package pipecat."""

HEARD = 8 * SAMPLE_RATE
"""Samples that the model hears: the last 8 s, with zeros before where there are fewer."""

INSTALL = "python -m pip install onnxruntime, then python -m pip install --no-deps pipecat-ai"
"""Without its dependencies: large, not used, and some of them older than this package's."""


@dataclass(frozen=True)
class SmartTurn:
    """Smart Turn v3.2, or another model with its inputs and outputs.

    Parameters
    ----------
    path : Path or str, optional
        An ONNX file; without it that of the installed pipecat-ai.

    Raises
    ------
    MissingDependency
        When it is first asked: the file or onnxruntime is not installed.
    """

    path: Path | str | None = None
    name: str = "smart-turn"
    needs_sound: bool = True

    @property
    def identity(self) -> str:
        """Name and digest of the model's file."""
        return f"{self.name}:{_digest(str(self._file()))}"

    def probability(self, samples: NDArray[np.float32], text: str = "") -> float:
        """Return the probability that the speaker is done, of sound at 16 kHz; the text is not used."""
        heard = np.zeros(HEARD, dtype=np.float32)
        kept = samples[-HEARD:]
        heard[HEARD - len(kept):] = kept
        answer = _session(str(self._file())).run(None, {"input_features": log_mel(heard)[None]})
        return float(np.asarray(answer[0]).ravel()[0])

    def _file(self) -> Path:
        if self.path is not None:
            return Path(self.path)
        found = bundled_file()
        if found is None:
            raise MissingDependency(
                f"Smart Turn needs its model, which is in the wheel of pipecat-ai: {INSTALL}."
            )
        return found


def bundled_file() -> Path | None:
    """Return the model's file in the installed pipecat-ai, None where there is none."""
    spec = find_spec("pipecat")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    return None


@lru_cache(maxsize=4)
def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@lru_cache(maxsize=4)
def _session(path: str) -> Any:
    """Return a session of onnxruntime with one thread; it may be run from several."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingDependency(f"Smart Turn needs onnxruntime: {INSTALL}.") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

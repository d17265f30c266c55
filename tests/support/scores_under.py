"""Score some sounds in a process of its own, under a matrix kernel that was chosen before numpy began.

``python -m support.scores_under FILE.npz``, run in ``tests/``: writes rows of scores under ``SOUND/CUT``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.vad.scoring.frames import HOP
from qwen_asr_widgets.vad.scoring.silero import SpeechScorer

from support.scores import in_pieces
from support.voice import babble

CUTS = {"whole": (1 << 30,), "frames": (HOP,), "chunks of 100 ms": (1_600,), "odd": (7, 40_000, 1_023, 511)}
"""Sizes of the pieces in which a sound is scored, again and again until it ends."""


def sounds() -> dict[str, NDArray[np.int16]]:
    """Return what is scored, int16 at 16 kHz: a voice made here, and the bundled clip that agrees least."""
    return {"voice": babble(), "call": sample("call").clip.resample(16_000).to_pcm16()}


def rows() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the scores of each sound, however it is cut."""
    for sound, pcm in sounds().items():
        for cut, sizes in CUTS.items():
            scorer = SpeechScorer()
            yield f"{sound}/{cut}", np.concatenate([scorer.push(piece) for piece in in_pieces(pcm, sizes)])


def core_used(variables: Mapping[str, str]) -> str:
    """Return the processor whose kernels OpenBLAS takes in a child process with these variables, lower case.

    An OpenBLAS without kernels of the name asked for falls back to others, which may crash on this processor.
    """
    command, environment = [sys.executable, "-c", "import numpy"], {**os.environ, **variables}
    child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    cores = [line.partition(":")[2].strip() for line in child.stderr.splitlines() if line.startswith("Core:")]
    return cores[-1].lower() if cores and "Core not found" not in child.stderr else ""


def scores_under(variables: Mapping[str, str], file: Path) -> tuple[dict[str, NDArray[np.float32]], str]:
    """Return the rows of a child process with these variables, and what it said on stderr."""
    child = subprocess.run(
        [sys.executable, "-m", "support.scores_under", str(file)], cwd=Path(__file__).parents[1],
        env={**os.environ, **variables}, capture_output=True, text=True, timeout=120,
    )
    assert child.returncode == 0, f"ended with {child.returncode}: {child.stderr}"
    with np.load(file) as kept:
        return dict(kept), child.stderr


if __name__ == "__main__":
    np.savez(sys.argv[1], **dict(rows()))  # type: ignore[arg-type]

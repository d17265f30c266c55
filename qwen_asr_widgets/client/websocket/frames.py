"""Client frames of the WebSocket protocol (RFC 6455), built and masked in a few microseconds.

websocket-client masks through Python integers, which costs more than all else in sending a chunk of audio;
the websockets package brings compiled code for it, and numpy does it where that was not built.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from functools import lru_cache

import numpy as np

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
_FIN = 0x80
_MASKED = 0x80


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return one complete, masked frame.

    Parameters
    ----------
    payload : bytes
        UTF-8 text for ``TEXT``; at most 125 bytes for the control frames.
    opcode : int
        ``TEXT``, ``CLOSE``, ``PING`` or ``PONG``.

    Examples
    --------
    >>> frame = client_frame(b"hello")
    >>> bytes(a ^ b for a, b in zip(frame[6:], frame[2:6] * 2))
    b'hello'
    """
    size = len(payload)
    if size < 126:
        header = struct.pack("!BB", _FIN | opcode, _MASKED | size)
    elif size < 65_536:
        header = struct.pack("!BBH", _FIN | opcode, _MASKED | 126, size)
    else:
        header = struct.pack("!BBQ", _FIN | opcode, _MASKED | 127, size)
    mask = os.urandom(4)
    return header + mask + _masker()(payload, mask)


@lru_cache(maxsize=None)
def _masker() -> Callable[[bytes, bytes], bytes]:
    """Return the fastest way to mask that is installed; looked up when the first frame is sent."""
    try:
        from websockets.speedups import apply_mask
    except ImportError:
        return mask_with_numpy
    return apply_mask


def mask_with_numpy(payload: bytes, mask: bytes) -> bytes:
    """Return the payload, each byte combined with the next of the four in the mask by exclusive or."""
    size = len(payload)
    padded = np.frombuffer(payload + bytes(-size & 3), np.uint32)
    return (padded ^ np.frombuffer(mask, np.uint32)).tobytes()[:size]

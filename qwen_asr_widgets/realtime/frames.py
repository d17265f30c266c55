"""Client frames of the WebSocket protocol (RFC 6455), built and masked in a few microseconds.

websocket-client masks through Python integers, which costs more than all else in sending a chunk of audio;
numpy does the same with one exclusive or.
"""

from __future__ import annotations

import os
import struct

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
    padded = np.frombuffer(payload + bytes(-size & 3), np.uint32)
    masked = (padded ^ np.frombuffer(mask, np.uint32)).tobytes()
    return b"".join((header, mask, masked[:size] if size & 3 else masked))

"""Whether a sound file shows that its end is missing: decoders give what is there without a word.

Sources: "Multimedia Programming Interface and Data Specifications 1.0" for RIFF, EBU Tech 3306 for RF64,
RFC 3533 for Ogg, and the Xing tag as LAME writes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

_OPEN_ENDED = 0x7FFF_0000
"""A size from here on stands in the header of a WAV that was written to a pipe: it says nothing."""

_LONGEST_PAGE = 27 + 255 + 255 * 255
_CHUNKS = 1_000
_LAST_PAGE = 4


def why_cut_short(file: BinaryIO) -> str:
    """Return what shows that the end of a sound file is missing; empty where nothing does.

    Parameters
    ----------
    file : binary file object
        It is left at its beginning.

    Examples
    --------
    >>> import io
    >>> form = bytes.fromhex("0100 0100 803e0000 007d0000 0200 1000")
    >>> header = b"RIFF" + bytes(4) + b"WAVEfmt " + bytes([16, 0, 0, 0]) + form
    >>> why_cut_short(io.BytesIO(header + b"data" + bytes([0, 125, 0, 0]) + bytes(8_000)))
    'its header says 1.0 s'
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    try:
        if head[:4] in (b"RIFF", b"RF64") and head[8:] == b"WAVE":
            return _wav(file, size)
        if head[:4] == b"OggS":
            return _ogg(file, size)
        if head[:3] == b"ID3" or head[:1] == b"\xff":
            return _mp3(file, size)
        return ""
    finally:
        file.seek(0)


def _wav(file: BinaryIO, size: int) -> str:
    rate = stated = 0
    for name, length, at in _chunks(file, size):
        if name == b"fmt " and length >= 12:
            rate = int.from_bytes(file.read(12)[8:], "little")
        elif name == b"ds64":
            stated = int.from_bytes(file.read(16)[8:], "little")
        elif name == b"data":
            stated = stated or (length if length < _OPEN_ENDED else 0)
            missing = at + stated > size
            return f"its header says {stated / rate:.1f} s" if missing and rate else ""
    return ""


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, length and place of the chunks of a RIFF file, which stands at the chunk's content."""
    at = 12
    for _ in range(_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], "little")
        yield head[:4], length, at + 8
        at += 8 + length + length % 2
        if at > size:
            return


def _ogg(file: BinaryIO, size: int) -> str:
    start = max(0, size - _LONGEST_PAGE)
    file.seek(start)
    tail = file.read(_LONGEST_PAGE)
    page = tail[max(0, tail.rfind(b"OggS")):]
    if len(page) < 27 or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        return "it ends in the middle of a page"
    return "" if page[5] & _LAST_PAGE else "its last page is missing"


def _mp3(file: BinaryIO, size: int) -> str:
    file.seek(0)
    head = file.read(1 << 16)
    at = max(head.find(b"Xing"), head.find(b"Info"))
    flags = int.from_bytes(head[at + 4 : at + 8], "big") if at >= 0 else 0
    if not flags & 2:
        return ""
    count = at + 8 + 4 * (flags & 1)
    stated = int.from_bytes(head[count : count + 4], "big")
    return f"its header says {stated:,} bytes, {size:,} are there" if stated > size else ""

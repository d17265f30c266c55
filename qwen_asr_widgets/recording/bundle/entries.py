"""The entries of a bundle, also of one whose end is missing: then as far as they are there.

A zip lists its entries at its end, so whoever opens one that was cut off by that list finds nothing. But each
entry also begins with a header of its own, and those are followed from the first on.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from typing import IO, Any

_HEADER = struct.Struct("<4s2x2H4x3I2H")
_SIGNATURE = b"PK\x03\x04"
_UNREADABLE = 0x01 | 0x08
"""Flags of an entry that is encrypted, or whose header does not say how long it is."""


class Entries:
    """The entries of a zip, by their names.

    Parameters
    ----------
    source : path or io.BytesIO
        The file.

    Attributes
    ----------
    cut_off : bool
        Whether the end of the file is missing.

    Raises
    ------
    zipfile.BadZipFile
        It is no zip, nor the beginning of one.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
    ...     bundle.writestr("a.txt", "good morning")
    ...     bundle.writestr("b.txt", "good evening " * 99)
    >>> entries = Entries(io.BytesIO(file.getvalue()[:100]))
    >>> [(name, entries.is_whole(name)) for name in ("a.txt", "b.txt", "c.txt")]
    [('a.txt', True), ('b.txt', False), ('c.txt', False)]
    >>> entries.open("b.txt").read(12)
    b'good evening'
    """

    def __init__(self, source: str | os.PathLike[str] | io.BytesIO) -> None:
        self._source = source
        self.cut_off = False
        try:
            with zipfile.ZipFile(source) as bundle:
                self._found = {info.filename: info for info in bundle.infolist()}
        except zipfile.BadZipFile:
            self.cut_off = True
            with self._file() as file:
                self._found = {info.filename: info for info in _followed(file)}
            if not self._found:
                raise

    def is_whole(self, name: str) -> bool:
        """Tell whether an entry is there to its end."""
        return name in self._found and self._found[name].CRC is not None

    def size(self, name: str) -> int:
        """Return how many bytes an entry says that it unpacks to; 0 where it lies behind the cut.

        Raises
        ------
        KeyError
            There is no such entry in a file that is whole.
        """
        if self.cut_off and name not in self._found:
            return 0
        return self._found[name].file_size

    def open(self, name: str) -> Any:
        """Return an entry as an open binary file; one that is cut off ends there."""
        if not self.cut_off:
            with zipfile.ZipFile(self._source) as bundle:
                return bundle.open(name)
        if name not in self._found:
            return io.BytesIO()
        info, file = self._found[name], self._file()
        file.seek(info.header_offset)
        return zipfile.ZipExtFile(file, "r", info, close_fileobj=True)

    def _file(self) -> Any:
        if isinstance(self._source, io.BytesIO):
            return io.BytesIO(self._source.getvalue())
        return open(self._source, "rb")


def _followed(file: IO[bytes]) -> Iterator[zipfile.ZipInfo]:
    """Yield the entries of a zip from their own headers; ``header_offset`` is where the data begin.

    One that is cut off has no ``CRC``: nothing can be checked by it.
    """
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    while len(header := file.read(_HEADER.size)) == _HEADER.size:
        signature, flags, method, crc, packed, unpacked, name, extra = _HEADER.unpack(header)
        start = file.tell() + name + extra
        if signature != _SIGNATURE or flags & _UNREADABLE or start > end:
            return
        info: Any = zipfile.ZipInfo(file.read(name).decode("utf-8", "replace") or "?")
        info.compress_type, info.file_size, info.header_offset = method, unpacked, start
        info.CRC, info.compress_size = (crc, packed) if start + packed <= end else (None, end - start)
        file.seek(start + packed)
        yield info

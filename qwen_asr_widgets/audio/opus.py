"""Opus in Ogg pages, as a stream: 20 ms packets out, pages or bare packets in (PyAV, extra ``media``)."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError, MissingDependency
from .resample import StreamResampler
from .units import float_to_pcm16, pcm16_to_float

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
"""Sample rates (Hz) that Opus codes."""

PACKET_MS = 20
_CLOCK = 48_000
_LAST_PAGE = 4


def _pyav() -> ModuleType:
    try:
        import av
    except ImportError:
        raise MissingDependency(
            'Opus needs PyAV, which is not installed: pip install "qwen-asr-widgets[media]"; '
            'or send input_audio_format="pcm".'
        ) from None
    return av


def can_encode_opus() -> bool:
    """Return whether what codes Opus is installed."""
    return find_spec("av") is not None


def _checked_rate(sample_rate: int) -> int:
    if sample_rate not in OPUS_RATES:
        rates = ", ".join(map(str, OPUS_RATES))
        raise AudioError(f"Opus does not code {sample_rate!r} Hz; choose one of {rates}.")
    return sample_rate


def opus_decoder(channels: int, extradata: bytes | None = None) -> Any:
    """Return a decoder of Opus packets to int16 at 48 kHz, by libopus.

    FFmpeg's own decoder, which PyAV would choose, turns speech coded at 8 and 12 kHz into noise (PyAV 18.1).
    """
    decoder = _pyav().CodecContext.create("libopus", "r")
    decoder.sample_rate = _CLOCK
    if channels <= 2:
        decoder.layout = ("mono", "stereo")[channels - 1]
    if extradata:
        decoder.extradata = extradata
    return decoder


def decode_packets(packets: list[bytes]) -> NDArray[np.int16]:
    """Decode bare Opus packets that follow each other, the encoder's lead-in with them.

    Parameters
    ----------
    packets : list of bytes
        Of one channel, the first of a new stream.

    Returns
    -------
    ndarray of int16, shape (n,)
        At 48 kHz.

    Raises
    ------
    AudioError
        One is no Opus packet.
    MissingDependency
        PyAV is not installed.
    """
    av = _pyav()
    decoder = opus_decoder(channels=1)
    try:
        frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    except av.error.FFmpegError as error:
        raise AudioError(f"{len(packets)} pieces are no Opus packets ({error}).") from error
    return np.concatenate([np.zeros(0, np.int16), *(frame.to_ndarray().reshape(-1) for frame in frames)])


class _Pages:
    """A file for the muxer to write into, and a cutter of whole Ogg pages for who reads them."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def write(self, data: bytes) -> int:
        self._buffer += data
        return len(data)

    def take(self) -> list[bytes]:
        """Return the pages that are complete, and forget them."""
        pages = []
        while (size := self._page_size()) is not None and len(self._buffer) >= size:
            pages.append(bytes(self._buffer[:size]))
            del self._buffer[:size]
        return pages

    def _page_size(self) -> int | None:
        """Return the size of the page that begins the buffer, None while its header is incomplete."""
        head = self._buffer
        if head[:4] != b"OggS"[: len(head)]:
            found = bytes(head[:4])
            raise AudioError(f"The Opus stream is damaged: an Ogg page was expected, not {found!r}.")
        if len(head) < 27 or len(head) < 27 + head[26]:
            return None
        return 27 + head[26] + sum(head[27 : 27 + head[26]])


class OggOpusEncoder:
    """Encode a live signal as Ogg Opus, a page for each packet of 20 ms.

    Parameters
    ----------
    sample_rate : int
        Hz of what is pushed: 8000, 12000, 16000, 24000 or 48000.
    bit_rate : int
        Bits a second. Default 24,000, transparent for the recognition of speech.

    Raises
    ------
    AudioError
        A rate that Opus does not code.
    MissingDependency
        PyAV is not installed.

    Notes
    -----
    The first pages given out are the two headers. The encoder looks ahead 6.5 ms and the muxer keeps one
    page, so a packet comes out with the next one; ``flush`` gives the rest. An encoder that is dropped
    without it closes its muxer first: PyAV 14.0 writes the end of an open one into memory that is freed.

    Examples
    --------
    >>> encoder = OggOpusEncoder(16_000)
    >>> pages = encoder.push(np.zeros(16_000, np.int16)) + encoder.flush()
    >>> pages[0][28:36], len(pages) > 50
    (b'OpusHead', True)
    """

    def __init__(self, sample_rate: int, bit_rate: int = 24_000) -> None:
        av = _pyav()
        self.sample_rate = _checked_rate(sample_rate)
        self._frame = sample_rate * PACKET_MS // 1_000
        self._waiting = np.zeros(0, np.int16)
        self._position = 0
        self._pages = _Pages()
        options = {"page_duration": str(PACKET_MS * 1_000), "flush_packets": "1"}
        self._container = av.open(self._pages, "w", format="ogg", options=options)
        coding = {"application": "voip", "frame_duration": str(PACKET_MS)}
        self._stream = self._container.add_stream("libopus", rate=sample_rate, layout="mono", options=coding)
        self._stream.bit_rate = bit_rate
        self._container.start_encoding()
        self._close = weakref.finalize(self, self._container.close)

    def push(self, samples: NDArray[np.int16]) -> list[bytes]:
        """Take in int16 samples of shape (n,) and return the Ogg pages that are ready."""
        waiting = np.concatenate([self._waiting, samples])
        whole = len(waiting) // self._frame * self._frame
        for start in range(0, whole, self._frame):
            self._encode(waiting[start : start + self._frame])
        self._waiting = waiting[whole:]
        return self._pages.take()

    def flush(self) -> list[bytes]:
        """Return the last pages; the encoder is then closed."""
        if len(self._waiting):
            self._encode(self._waiting)
            self._waiting = self._waiting[:0]
        self._container.mux(self._stream.encode(None))
        self._close()
        return self._pages.take()

    def _encode(self, samples: NDArray[np.int16]) -> None:
        frame = _pyav().AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = self.sample_rate
        frame.pts = self._position
        self._position += len(samples)
        self._container.mux(self._stream.encode(frame))


class OpusDecoder:
    """Decode Opus that arrives in pieces: Ogg pages cut anywhere, or one bare packet at a time.

    The first bytes tell which: ``OggS`` begins a page, anything else is a packet.

    Parameters
    ----------
    sample_rate : int
        Hz of what comes out.

    Raises
    ------
    AudioError
        From ``push``: bytes that are neither Ogg pages nor an Opus packet.
    MissingDependency
        PyAV is not installed.

    Notes
    -----
    Several channels are averaged. In Ogg the encoder's lead-in (pre-skip) and the padding of the last
    packet are taken off (RFC 7845, 4.2 and 4.4), so what comes out is as long as what went in.

    Examples
    --------
    >>> encoder, decoder = OggOpusEncoder(16_000), OpusDecoder(16_000)
    >>> pages = encoder.push(np.zeros(1_600, np.int16)) + encoder.flush()
    >>> sum(len(decoder.push(page)) for page in pages) + len(decoder.flush())
    1600
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = _checked_rate(sample_rate)
        self._decoder = opus_decoder(channels=2)
        self._resampler = StreamResampler(_CLOCK, sample_rate, low_delay=True)
        self._ogg: _OggPackets | None = None
        self._started = False

    def push(self, data: bytes) -> NDArray[np.int16]:
        """Take in bytes and return the int16 samples of shape (n,) they complete."""
        if data and not self._started:
            self._started = True
            self._ogg = _OggPackets() if data[:4] == b"OggS" else None
        if not data:
            return np.zeros(0, np.int16)
        if self._ogg is None:
            return self._at_rate([self._decode(data)])
        return self._at_rate([self._ogg.audible(self._decode(packet)) for packet in self._ogg.push(data)])

    def flush(self) -> NDArray[np.int16]:
        """Return what the change of rate held back; the decoder is then at its end."""
        return float_to_pcm16(self._resampler.flush())

    def _decode(self, packet: bytes) -> NDArray[np.float32]:
        """Return the samples of a packet at 48 kHz, channels averaged."""
        av = _pyav()
        try:
            frames: list[Any] = self._decoder.decode(av.Packet(packet))
        except av.error.FFmpegError as error:
            raise AudioError(
                f"{len(packet)} bytes are neither Ogg pages nor an Opus packet ({error})."
            ) from error
        pieces = [pcm16_to_float(frame.to_ndarray().reshape(-1, 2)).mean(axis=1) for frame in frames]
        return np.concatenate([np.zeros(0, np.float32), *pieces])

    def _at_rate(self, pieces: list[NDArray[np.float32]]) -> NDArray[np.int16]:
        whole = np.concatenate([np.zeros(0, np.float32), *pieces])
        return float_to_pcm16(self._resampler.push(whole))


class _OggPackets:
    """Cuts Ogg pages into Opus packets and knows which decoded samples are to be heard."""

    def __init__(self) -> None:
        self._pages = _Pages()
        self._unfinished = b""
        self._pre_skip = 0
        self._end: int | None = None
        self._position = 0

    def push(self, data: bytes) -> Iterator[bytes]:
        """Take in bytes of pages and yield the audio packets they complete; headers are kept here."""
        self._pages.write(data)
        for page in self._pages.take():
            if page[5] & _LAST_PAGE:
                self._end = int.from_bytes(page[6:14], "little", signed=True)
            for packet in self._cut(page):
                if packet[:8] == b"OpusHead":
                    self._pre_skip = int.from_bytes(packet[10:12], "little")
                    self._position, self._end = 0, None
                elif packet[:8] != b"OpusTags" and packet:
                    yield packet

    def audible(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what remains of a packet's samples without the lead-in and the padding at the end."""
        start = max(0, self._pre_skip - self._position)
        stop = len(samples) if self._end is None else max(start, self._end - self._position)
        self._position += len(samples)
        return samples[start:stop]

    def _cut(self, page: bytes) -> Iterator[bytes]:
        """Yield the packets that end in this page; a segment of 255 bytes says that more follows."""
        lacing = page[27 : 27 + page[26]]
        position = 27 + len(lacing)
        for size in lacing:
            self._unfinished += page[position : position + size]
            position += size
            if size < 255:
                packet, self._unfinished = self._unfinished, b""
                yield packet

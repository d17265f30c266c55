"""An utterance as a line of plain text, for the terminal."""

from __future__ import annotations

from .html import clock
from .utterances import TimedUtterance

_WITHOUT_TEXT = {"failed": "(no transcript)", "lost": "(lost)", "final": "(nothing understood)"}


def utterance_line(utterance: TimedUtterance) -> str:
    """Return number, time, text and how long it took.

    Examples
    --------
    >>> from .latency import UtteranceLatency
    >>> latency = UtteranceLatency(1, endpoint_delay=0.8, decode_delay=0.2, finalization=1.0)
    >>> utterance_line(TimedUtterance(1, "a", 1.0, 1.3, 4.0, text="good morning", latency=latency))
    '  1  0:01.3 – 0:04.0  good morning  [1.00 s = 0.80 endpoint + 0.20 decode]'
    """
    begin = utterance.onset if utterance.onset is not None else utterance.start
    end = "…" if utterance.end is None else clock(utterance.end)
    span = "…" if begin is None else f"{clock(begin)} – {end}"
    text = " ".join(utterance.text.split()) or _WITHOUT_TEXT.get(utterance.status, "…")
    return f"{utterance.number:3d}  {span}  {text}  {_delays(utterance)}".rstrip()


def _delays(utterance: TimedUtterance) -> str:
    latency = utterance.latency
    if latency.finalization is not None:
        return (
            f"[{latency.finalization:.2f} s = {latency.endpoint_delay:.2f} endpoint"
            f" + {latency.decode_delay:.2f} decode]"
        )
    return "" if latency.decode_delay is None else f"[{latency.decode_delay:.2f} s decode]"

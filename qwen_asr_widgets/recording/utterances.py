"""Utterances as a recording shows them: with how long they took."""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.utterance import Utterance
from .latency import Drift, SentAt, UtteranceLatency, measure_utterance


@dataclass(frozen=True)
class TimedUtterance(Utterance):
    """An utterance and its delays, by the service's own report of where speech began and ended.

    Parameters
    ----------
    latency : UtteranceLatency
        See there; with reference turns, `Recording.latency` measures anew.
    """

    latency: UtteranceLatency = UtteranceLatency(0)


class UtteranceTimer:
    """Measures each utterance once: a frozen value that has not been replaced is not measured again.

    Parameters
    ----------
    sent_at : callable
        The send ledger. A sample is sent before the service can speak of it, so what was measured holds.
    sample_rate : int
        Rate (Hz) of the ledger's samples.
    drift : callable
        How far sending was off the pace.
    """

    def __init__(self, sent_at: SentAt, sample_rate: int, drift: Drift) -> None:
        self._sent_at = sent_at
        self._drift = drift
        self._sample_rate = sample_rate
        self._known: dict[int, tuple[Utterance, TimedUtterance]] = {}

    def timed(self, utterance: Utterance) -> TimedUtterance:
        """Return the utterance with its delays."""
        before = self._known.get(utterance.number)
        if before is not None and before[0] is utterance:
            return before[1]
        latency = measure_utterance(utterance, self._sent_at, self._sample_rate, drift=self._drift)
        timed = TimedUtterance(**vars(utterance), latency=latency)
        self._known[utterance.number] = (utterance, timed)
        return timed

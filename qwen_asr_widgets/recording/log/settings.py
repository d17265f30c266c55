"""Which settings held from which sample on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...audio.units import SAMPLE_RATE
from ...protocol.config import SessionConfig
from ...protocol.session import Session
from ...vad.turns import HOP


@dataclass(frozen=True)
class SettingsChange:
    """Settings, and from where on they held.

    Parameters
    ----------
    sample : int
        Number of samples of the tape that had been sent before: threshold and silence hold from there on.
    time : float
        Seconds since the recording began, when the change was sent.
    config : SessionConfig
        Everything that was in force from then on.
    """

    sample: int
    time: float
    config: SessionConfig

    @property
    def frame(self) -> int:
        """The first frame (32 ms at 16 kHz) of the tape scored under these settings."""
        return self.sample * SAMPLE_RATE // self.config.sample_rate // HOP


class SettingsLog:
    """Settings with the sample from which each held: where the update was sent, once it was confirmed.

    Parameters
    ----------
    config : SessionConfig
        What was asked for at the start.
    turn_taking : {"service", "client"}
        "client": the turn detection asked for is the client's own and stays, whatever the service is set to.
    """

    def __init__(self, config: SessionConfig, turn_taking: str = "service") -> None:
        self.changes = [SettingsChange(0, 0.0, config)]
        self._is_clients = turn_taking == "client"
        self._sent_at: list[int] = []
        self._read = 0

    def ask(self, sample: int) -> None:
        """Note that an update was sent after ``sample`` samples."""
        self._sent_at.append(sample)

    def begin(self, sample: int) -> None:
        """Begin with another session, whose audio begins at a sample: what held last holds from there on."""
        last = self.changes[-1]
        self._sent_at, self._read = [], 0
        self.changes = [change for change in self.changes if change.sample <= sample]
        if self.changes[-1].config != last.config:
            self.changes.append(SettingsChange(sample, last.time, last.config))

    def read(self, session: Session, time: float, sample: int) -> None:
        """Note the settings in force after an event that came at ``time``, when ``sample`` samples were sent.

        Those that answer an update hold from where it was sent.
        """
        for answer in session.settings_answers[self._read :]:
            self._read += 1
            if answer.outcome == "confirmed":
                time, sample = answer.request.sent_at, self._sent_at[answer.request.number]
        config = session.config
        if self._is_clients:
            config = replace(config, turn_detection=self.changes[-1].config.turn_detection)
        if config != self.changes[-1].config:
            self.changes.append(SettingsChange(sample, time, config))

    def held(self, sent: int) -> tuple[SettingsChange, ...]:
        """Return the settings some of the first ``sent`` samples went out under, each unlike the one before.

        What was replaced before any sound went out, or came when all had, held none. There is always one.
        """
        last = {change.sample: change for change in self.changes if change.sample < sent or not change.sample}
        held: list[SettingsChange] = []
        for change in last.values():
            if not held or change.config != held[-1].config:
                held.append(change)
        return tuple(held)

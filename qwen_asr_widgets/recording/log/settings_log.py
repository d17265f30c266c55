"""Which settings held from which sample on."""

from __future__ import annotations

from dataclasses import replace

from ...protocol.config import SessionConfig
from ...protocol.events import ErrorEvent, SessionUpdated
from ...protocol.session_settings import SESSION_PARAMS
from ..values import SettingsChange, TimedEvent


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
        self._asked: list[tuple[TimedEvent, int]] = []

    def ask(self, update: TimedEvent, sample: int) -> None:
        """Note an update that was sent after ``sample`` samples."""
        self._asked.append((update, sample))

    def answer(self, timed: TimedEvent, config: SessionConfig, sample: int) -> None:
        """Take an event from the service, after which ``config`` is in force."""
        asked = timed
        if isinstance(timed.event, SessionUpdated) and self._asked:
            asked, sample = self._asked.pop(0)
        elif isinstance(timed.event, ErrorEvent):
            self._drop_refused(timed.event)
        if self._is_clients:
            config = replace(config, turn_detection=self.changes[-1].config.turn_detection)
        if config != self.changes[-1].config:
            self.changes.append(SettingsChange(sample, asked.time, config))

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

    def _drop_refused(self, error: ErrorEvent) -> None:
        """Forget the update an error answers, so that the next confirmation is not taken for it."""
        refused = error.error.get("event_id")
        for position, (asked, _) in enumerate(self._asked):
            if refused is not None and asked.message.get("event_id") == refused:
                del self._asked[position]
                return
        if self._asked and str(error.error.get("param") or "").startswith(SESSION_PARAMS):
            del self._asked[0]

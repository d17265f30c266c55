"""Which settings are in force: what was asked for, and what the service confirmed or refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import SettingError
from .config import SessionConfig
from .events import ErrorEvent, SessionCreated, SessionUpdate, SessionUpdated

SESSION_PARAMS = ("session", "turn_detection", "input_audio", "sample_rate", "modalities")
"""What the ``param`` of an error begins with when a setting was refused."""


class SessionSettings:
    """The settings of one session and the updates under way.

    Parameters
    ----------
    config : SessionConfig
        What is taken to be in force until the service says otherwise.

    Attributes
    ----------
    config : SessionConfig
        The settings in force: what the service confirmed last.

    Examples
    --------
    >>> settings = SessionSettings(SessionConfig())
    >>> settings.ask(SessionUpdate({"turn_detection": None}), audio_was_sent=True)
    >>> settings.config.turn_detection is None, settings.expected.turn_detection is None
    (False, True)
    >>> settings.confirm(SessionUpdated({}))
    >>> settings.config.turn_detection is None
    True
    """

    def __init__(self, config: SessionConfig) -> None:
        self.config = config
        self._asked: deque[SessionUpdate] = deque()

    @property
    def expected(self) -> SessionConfig:
        """What will be in force for what is sent now, if every update under way is confirmed."""
        config = self.config
        for update in self._asked:
            config = _updated(config, update.session)
        return config

    def ask(self, update: SessionUpdate, audio_was_sent: bool) -> None:
        """Note an update; before audio, rate and format hold at once: samples are counted by them."""
        self._asked.append(update)
        if not audio_was_sent:
            wanted = _updated(self.config, update.session)
            self.config = replace(
                self.config, sample_rate=wanted.sample_rate, input_audio_format=wanted.input_audio_format
            )

    def greet(self, created: SessionCreated) -> None:
        """Take what the service begins with, unless other settings are under way; raises `SettingError`."""
        if not self._asked:
            self.config = self.config.updated(created.session)

    def confirm(self, updated: SessionUpdated) -> None:
        """Take a confirmation, which may leave out what was set: what was asked for fills in.

        Raises
        ------
        SettingError
            The service names a setting that does not exist; the others it named are not taken either.
        """
        if self._asked:
            self.config = _updated(self.config, self._asked.popleft().session)
        self.config = self.config.updated(updated.session)

    def refuse(self, error: ErrorEvent) -> None:
        """Take an error: one about a setting answers the oldest update under way, the old settings stay."""
        if self._asked and str(error.error.get("param") or "").startswith(SESSION_PARAMS):
            self._asked.popleft()


def _updated(config: SessionConfig, session: Mapping[str, Any]) -> SessionConfig:
    """Return settings with those asked for; the service will refuse what is not legal."""
    try:
        return config.updated(session)
    except SettingError:
        return config

"""Which settings are in force, and what became of each ``session.update``: the one place that tells.

The service answers an update by ``session.updated`` or ``error``. A confirmation names no update, so it
answers the oldest one not answered yet. An error answers the update whose event id it carries, else, where it
is about settings, the oldest. Recording and widgets read the answers here; none matches them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..errors import SettingError
from .config import SessionConfig
from .events import ErrorEvent, SessionCreated, SessionUpdate, SessionUpdated

_PARAMS = ("session", "turn_detection", "input_audio", "sample_rate", "modalities")
"""What the ``param`` of an error begins with when a setting was refused."""


@dataclass(frozen=True)
class SettingsRequest:
    """A ``session.update`` that was sent.

    Parameters
    ----------
    number : int
        0 for the first of the session.
    session : Mapping
        The settings it names, as on the wire.
    event_id : str or None
        The id it was sent with, where that is known.
    sent_at : float
        When it was sent, in seconds of the session's clock.
    before_audio : bool
        Whether no audio had been sent before it.
    """

    number: int
    session: Mapping[str, Any]
    event_id: str | None = None
    sent_at: float = 0.0
    before_audio: bool = False


@dataclass(frozen=True)
class SettingsAnswer:
    """What the service said to a `SettingsRequest`.

    Parameters
    ----------
    request : SettingsRequest
        What was asked for.
    outcome : {"confirmed", "refused"}
        Whether it was taken.
    in_force : SessionConfig
        The settings in force from here on.
    error : Mapping or None
        The ``error`` object of a refusal.
    """

    request: SettingsRequest
    outcome: Literal["confirmed", "refused"]
    in_force: SessionConfig
    error: Mapping[str, Any] | None = None


class SessionSettings:
    """The settings of one session, the updates not answered yet, and the answers so far.

    Parameters
    ----------
    config : SessionConfig
        What is taken to be in force until the service says otherwise.

    Examples
    --------
    >>> settings = SessionSettings(SessionConfig())
    >>> settings.ask(SessionUpdate({"turn_detection": {"threshold": 0.1}}), event_id="event_a")
    >>> settings.ask(SessionUpdate({"turn_detection": {"threshold": 0.9}}), event_id="event_b")
    >>> settings.config.turn_detection.threshold, settings.expected.turn_detection.threshold
    (0.2, 0.9)
    >>> settings.take_error(ErrorEvent({"event_id": "event_b"}))
    >>> settings.take_confirmation(SessionUpdated({}))
    >>> settings.config.turn_detection.threshold
    0.1
    >>> [(answer.request.event_id, answer.outcome) for answer in settings.answers]
    [('event_b', 'refused'), ('event_a', 'confirmed')]
    """

    def __init__(self, config: SessionConfig) -> None:
        self._confirmed = config
        self._pending: list[SettingsRequest] = []
        self._answers: list[SettingsAnswer] = []

    @property
    def config(self) -> SessionConfig:
        """The settings in force: what the service confirmed last.

        Before any audio, a rate and a format asked for hold at once: samples are counted by them.
        """
        config = self._confirmed
        for request in self._pending:
            if request.before_audio:
                wanted = _updated(config, request.session)
                config = replace(
                    config, sample_rate=wanted.sample_rate, input_audio_format=wanted.input_audio_format
                )
        return config

    @property
    def expected(self) -> SessionConfig:
        """What will be in force for what is sent now, if every pending update is confirmed."""
        config = self._confirmed
        for request in self._pending:
            config = _updated(config, request.session)
        return config

    @property
    def pending(self) -> tuple[SettingsRequest, ...]:
        """The updates that the service has not answered, oldest first."""
        return tuple(self._pending)

    @property
    def answers(self) -> tuple[SettingsAnswer, ...]:
        """What the service has answered, oldest answer first."""
        return tuple(self._answers)

    def ask(
        self, update: SessionUpdate, event_id: str | None = None, time: float = 0.0,
        before_audio: bool = False,
    ) -> None:
        """Keep an update that was sent until it is answered."""
        number = len(self._pending) + len(self._answers)
        self._pending.append(SettingsRequest(number, update.session, event_id, time, before_audio))

    def take_greeting(self, created: SessionCreated) -> None:
        """Take what the service begins with, unless an update is pending; raises `SettingError`."""
        if not self._pending:
            self._confirmed = self._confirmed.updated(created.session)

    def take_confirmation(self, updated: SessionUpdated) -> None:
        """Take a confirmation; what it leaves out is filled in from the update it answers.

        Raises
        ------
        SettingError
            The service names a setting that does not exist; the others it named are not taken either.
        """
        request = self._pending.pop(0) if self._pending else None
        if request is not None:
            self._confirmed = _updated(self._confirmed, request.session)
        try:
            self._confirmed = self._confirmed.updated(updated.session)
        finally:
            if request is not None:
                self._answers.append(SettingsAnswer(request, "confirmed", self.config))

    def take_error(self, event: ErrorEvent) -> None:
        """Take an error; where it answers a pending update, the settings stay as they were."""
        request = self._refused_by(event.error)
        if request is not None:
            self._pending.remove(request)
            self._answers.append(SettingsAnswer(request, "refused", self.config, event.error))

    def _refused_by(self, error: Mapping[str, Any]) -> SettingsRequest | None:
        """Return the pending update that an error answers, if any.

        An error about an update that was answered before says nothing of the pending ones.
        """
        named = error.get("event_id")
        if named is not None:
            for request in self._pending:
                if request.event_id == named:
                    return request
            if any(answer.request.event_id == named for answer in self._answers):
                return None
        return self._pending[0] if self._pending and _is_about_settings(error) else None


def _is_about_settings(error: Mapping[str, Any]) -> bool:
    """Tell by its field, or where it names none by its message, whether an error refuses an update."""
    param = error.get("param")
    if param:
        return str(param).startswith(_PARAMS)
    return "session update" in str(error.get("message") or "").lower()


def _updated(config: SessionConfig, session: Mapping[str, Any]) -> SessionConfig:
    """Return settings with those asked for; those out of range change nothing: they will be refused."""
    try:
        return config.updated(session)
    except SettingError:
        return config

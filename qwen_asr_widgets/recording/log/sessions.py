"""The sessions of one recording, one after the other, and what they found as one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...protocol.cloud_facts import ServiceFacts
from ...protocol.compressed import Kept
from ...protocol.config import SessionConfig
from ...protocol.events import ClientTurn, ClientTurnOpened, ErrorEvent
from ...protocol.session import MOST_NOTED, Session, Violation
from ...protocol.utterance import Utterance


@dataclass(frozen=True)
class Gap:
    """Where one session ended and the next began.

    Parameters
    ----------
    at : float
        Seconds of the sound that had been sent when the connection ended; never less than ``start``.
    start : float
        Seconds of the sound from which on counts what the next session found in it. Some sound before that
        may have been sent to it as well (`ResumePlan.warm_up`).
    lost, resumed : float
        When the connection ended, and when the next one stood: seconds since the recording began.
    why : {"lost", "settings", "renewed", "again"}
        Whether it was lost, given up for a session with other settings or for a new one before the service's
        limit, or the recording was taken up again after its run was over.
    reason : str
        What the close frame said, or its code.
    """

    at: float
    start: float
    lost: float
    resumed: float
    why: str
    reason: str = ""

    @property
    def seconds(self) -> float:
        """Seconds without a connection."""
        return self.resumed - self.lost


_SAME_WITHIN = 0.05
"""Seconds, under two frames of the detector, by which the same turn may begin or end elsewhere."""


class SessionList:
    """The present session and what is left of those before it. Not thread-safe: its owner holds a lock.

    What an earlier session found before the place where the next one begins is settled. What it found after
    that, and did not finish, is superseded: it stays on show until the present session has come as far.

    A session may be sent some of the settled sound again, for its turn detector to know what came before
    (`ResumePlan.warm_up`). What it finds there is known and told nobody: every utterance that begins before
    the last settled one ended, and ends no later. One that goes on beyond it is none of those, and is told.

    Parameters
    ----------
    config : SessionConfig
        The settings of the first session, as on the wire.
    facts : ServiceFacts
        What is known of the service.
    sample_rate : int
        Rate (Hz) of the timeline.

    Attributes
    ----------
    current : Session
        The present session.
    start : int
        Sample of the timeline with which its audio begins.
    position : int
        Sample of the timeline that it is sent next.

    Examples
    --------
    >>> sessions = SessionList(SessionConfig(), ServiceFacts(), 16_000)
    >>> sessions.begin(start=32_000, first_number=1)
    >>> sessions.current.offset, sessions.utterances
    (2.0, ())
    """

    def __init__(self, config: SessionConfig, facts: ServiceFacts, sample_rate: int) -> None:
        self.current = Session(config, facts=facts)
        self.start = self.position = 0
        self._rate = sample_rate
        self._settled: tuple[Utterance, ...] = ()
        self._superseded: tuple[Utterance, ...] = ()
        self._renumbered: dict[str, tuple[Utterance, Utterance]] = {}
        self._errors: Kept[ErrorEvent] = Kept(MOST_NOTED)
        self._violations: Kept[Violation] = Kept(MOST_NOTED)
        self._left_out = [0, 0]

    def begin(self, start: int, first_number: int) -> None:
        """Begin a session whose audio begins at a sample of the timeline.

        Parameters
        ----------
        start : int
            The sample.
        first_number : int
            Number of the first new utterance it will find; what is there from that number on is superseded.
        """
        before, utterances = self.current, self.utterances
        self._settled, self._superseded = utterances[: first_number - 1], utterances[first_number - 1 :]
        self._renumbered.clear()
        self._keep_notes(before)
        self.current = Session(
            before.settings_expected, start / self._rate, len(self._settled) + 1, before.facts
        )
        self.start = self.position = start

    def _keep_notes(self, session: Session) -> None:
        for error in session.errors:
            self._errors.add(error)
        for violation in session.violations:
            self._violations.add(violation)
        self._left_out = [a + b for a, b in zip(self._left_out, session.left_out)]

    def take_turn(self, turn: ClientTurn, time: float) -> None:
        """Give the session a turn whose positions are those of the timeline; it counts its own audio."""
        if isinstance(turn, ClientTurnOpened):
            turn = replace(turn, start=turn.start - self.start, onset=turn.onset - self.start)
        else:
            turn = replace(turn, end=turn.end - self.start)
        self.current.take_turn(turn, time)

    # ---- what they found

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """Every utterance once, numbered from 1."""
        found = (*self._settled, *self.found)
        return (*found, *self._not_reached(len(found) + 1))

    @property
    def found(self) -> tuple[Utterance, ...]:
        """What the present session has found, but for what was known before it."""
        utterances = self.current.utterances
        new = [one for one in utterances if not self._is_known(one)]
        if len(new) == len(utterances):
            return utterances
        first = len(self._settled) + 1
        return tuple(self._numbered(one, number) for number, one in enumerate(new, first))

    def _is_known(self, utterance: Utterance) -> bool:
        """Tell whether an utterance of the present session lies in the settled sound that it was sent."""
        last = self._settled[-1] if self._settled else None
        if last is None or last.end is None or utterance.start is None:
            return False
        if utterance.start >= last.end - _SAME_WITHIN:
            return False
        known_to = last.end if last.reported_end is None else last.reported_end
        return utterance.reported_end is None or utterance.reported_end <= known_to + _SAME_WITHIN

    def _numbered(self, utterance: Utterance, number: int) -> Utterance:
        """Return an utterance with another number, the same value as long as the utterance is the same."""
        before = self._renumbered.get(utterance.item_id)
        if before is None or before[0] is not utterance or before[1].number != number:
            before = self._renumbered[utterance.item_id] = utterance, replace(utterance, number=number)
        return before[1]

    def _not_reached(self, number: int) -> Iterator[Utterance]:
        """Yield, numbered on, what is superseded and lies behind all that the session has found."""
        if not self._superseded or self.current.finished:
            return
        reached = max(map(self._end, self.found), default=-1.0)
        for utterance in self._superseded:
            if (utterance.start or 0.0) >= reached:
                yield utterance if utterance.number == number else replace(utterance, number=number)
                number += 1

    def _end(self, utterance: Utterance) -> float:
        """Return up to where an utterance of the session may reach."""
        return self.position / self._rate if utterance.end is None else utterance.end

    @property
    def errors(self) -> tuple[ErrorEvent, ...]:
        """The ``error`` events, oldest first."""
        return (*self._errors.values, *self.current.errors)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The events that were not allowed where they came, oldest first."""
        return (*self._violations.values, *self.current.violations)

    @property
    def left_out(self) -> Sequence[int]:
        """How many more errors and violations there were than are kept."""
        kept = self._errors.left_out, self._violations.left_out
        return [sum(counts) for counts in zip(kept, self._left_out, self.current.left_out)]

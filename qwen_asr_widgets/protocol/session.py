"""The client's record of one session: events and their times go in, utterances come out.

There is no socket and no clock here: the owner of a `Session` hands in each event with the time at which it
was sent (`Session.send`) or arrived (`Session.receive`). Which event is allowed when is told by the tables of
`state`. One that is not is recorded as a `Violation`, has what effect it can have, and the session continues.

The session (`ProtocolState.state`)::

    opening --session.created--> open --session.finish--> finishing --session.finished--> finished
       |                                                      ^
       +--session.finish--> opening_finishing --session.created

An utterance (`Utterance.status`); in manual mode it begins with the commit::

    speech_started --> speaking --speech_stopped--> stopped --completed--> final
                                   committed -----> stopped --failed-----> failed
                       speaking --cleared, or connection lost------------> lost
                                                    stopped --conn. lost-> lost

Which settings are in force is told by `session_settings`, what a commit is about by `input_audio_buffer`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..audio.units import ms_to_seconds
from ..errors import SettingError
from ..vad.turns import HOP, TurnDetection
from .cloud_facts import DOCUMENTED, ServiceFacts
from .compressed import Kept
from .config import SessionConfig
from .events import (
    AppendAudio, BufferCleared, BufferCommitted, ClearBuffer, ClientEvent, ClientTurn,
    ClientTurnOpened, CommitBuffer, ErrorEvent, Event, FinishSession, RecognizerBehind, ServerEvent,
    SessionCreated, SessionUpdate, SessionUpdated, SpeechStarted, SpeechStopped,
    TranscriptCompleted, TranscriptFailed, TranscriptPartial,
)
from .input_audio_buffer import InputAudioBuffer
from .partials import Partial, Partials, follow
from .session_settings import SessionSettings, SettingsAnswer, SettingsRequest
from .state import ProtocolState
from .utterance import EndedBy, EndSource, Utterance, UtteranceList, later

_FRAME_SECONDS = HOP / 16_000
MOST_NOTED = 200
"""Violations and errors kept of a session; further ones are counted."""

_REASONS: dict[str, EndedBy] = {"silence": "silence", "finish": "finish", "limit": "limit"}


@dataclass(frozen=True)
class Violation:
    """An event that was not allowed where it came: it is recorded and the session continues.

    Parameters
    ----------
    time : float
        When it was sent or came, in seconds of the session's clock.
    reason : str
        What was wrong, in one sentence.
    event : Event
        The event.
    """

    time: float
    reason: str
    event: Event


class Session:
    """What a client knows of one session. Not thread-safe: its owner holds a lock.

    Parameters
    ----------
    config : SessionConfig or None
        The settings taken to be in force until the service says otherwise.
    offset : float
        Seconds on the recording's timeline at which this session's audio begins.
    first_number : int
        Number of the first utterance, for a session that continues an earlier one.
    facts : ServiceFacts
        What is known of the service: how its reports are read.

    Attributes
    ----------
    session_id : str
        Empty until the service gave one.
    finished : bool
        Whether ``session.finished`` has come.
    behind : float
        Seconds by which the recogniser is behind the sound, as the service said last.

    Examples
    --------
    >>> session = Session()
    >>> session.receive(SessionCreated({"id": "s1"}), 0.0)
    >>> session.receive(SpeechStarted("item_1", 700), 1.2)
    >>> session.receive(TranscriptPartial("item_1", "good", " mor"), 1.5)
    >>> utterance = session.utterances[0]
    >>> utterance.start, utterance.onset, utterance.onset_source, utterance.text
    (0.7, 1.0, 'estimated', 'good mor')
    """

    def __init__(
        self, config: SessionConfig | None = None, offset: float = 0.0, first_number: int = 1,
        facts: ServiceFacts = DOCUMENTED,
    ) -> None:
        self.facts = facts
        self._settings = SessionSettings(config or SessionConfig())
        self.offset = offset
        self.session_id = ""
        self._state = ProtocolState(self.config, as_seen=True)
        self._utterances = UtteranceList(first_number)
        self._violations: Kept[Violation] = Kept(MOST_NOTED)
        self._errors: Kept[ErrorEvent] = Kept(MOST_NOTED)
        self._audio = InputAudioBuffer()
        self.finish_sent_at: float | None = None
        self.behind = 0.0
        self._handlers: dict[type, Callable[[Any, float], None]] = {
            SessionCreated: self._on_created,
            SessionUpdated: self._on_updated,
            SpeechStarted: self._on_started,
            SpeechStopped: self._on_stopped,
            BufferCommitted: self._on_committed,
            BufferCleared: self._on_cleared,
            TranscriptPartial: self._on_partial,
            TranscriptCompleted: self._on_completed,
            TranscriptFailed: self._on_failed,
            ErrorEvent: self._on_error,
            RecognizerBehind: self._on_behind,
        }

    @property
    def config(self) -> SessionConfig:
        """The settings in force: what the service confirmed last."""
        return self._settings.config

    @property
    def settings_expected(self) -> SessionConfig:
        """The settings that will be in force if every pending update is confirmed."""
        return self._settings.expected

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """Every utterance so far, in the order in which they began."""
        return self._utterances.values

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The events that were not allowed where they came, oldest first, at most `MOST_NOTED`."""
        return self._violations.values

    @property
    def errors(self) -> tuple[ErrorEvent, ...]:
        """The ``error`` events, oldest first, at most `MOST_NOTED`."""
        return self._errors.values

    @property
    def left_out(self) -> tuple[int, int]:
        """How many more errors and violations there were than are kept."""
        return self._errors.left_out, self._violations.left_out

    @property
    def finished(self) -> bool:
        """Whether ``session.finished`` has come."""
        return self._state.state == "finished"

    @property
    def appended(self) -> float:
        """Seconds of audio sent or skipped in this session."""
        return self._audio.seconds

    @property
    def settings_answers(self) -> tuple[SettingsAnswer, ...]:
        """What the service has answered to each ``session.update``, oldest answer first."""
        return self._settings.answers

    @property
    def settings_pending(self) -> tuple[SettingsRequest, ...]:
        """Every ``session.update`` that the service has not answered, oldest first."""
        return self._settings.pending

    def send(
        self, event: ClientEvent, time: float, samples: int | None = None, event_id: str | None = None
    ) -> None:
        """Record an event that was sent.

        Parameters
        ----------
        event : ClientEvent
            What was sent.
        time : float
            When, in seconds of any one clock.
        samples : int or None
            Audio samples in an append at the session's rate; None counts two bytes each (PCM).
        event_id : str or None
            The id it was sent with: an error may name it.
        """
        self._check(event, time)
        if isinstance(event, CommitBuffer):
            self._commit(time)
        self._state.apply(event, samples)
        if isinstance(event, AppendAudio):
            count = len(event.audio) // 2 if samples is None else samples
            self._audio.add(count / self.config.sample_rate)
        elif isinstance(event, ClearBuffer):
            self._audio.empty_buffer()
        elif isinstance(event, SessionUpdate):
            self._ask(event, time, event_id)
        elif isinstance(event, FinishSession):
            self.finish_sent_at = time

    def skip(self, samples: int) -> None:
        """Record samples (at the session's rate) that were passed over: what is sent next follows them."""
        self._audio.add(samples / self.config.sample_rate)

    def take_turn(self, turn: ClientTurn, time: float) -> None:
        """Record a turn that the client's own detector opened or closed.

        It has no item id until the service makes an item of its commit.
        """
        if isinstance(turn, ClientTurnOpened):
            self._utterances.open_turn(self._at_sample(turn.start), self._at_sample(turn.onset), time)
        else:
            self._utterances.close_turn(self._at_sample(turn.end), _REASONS[turn.reason])

    def receive(self, event: ServerEvent, time: float) -> None:
        """Record an event that came at ``time``; one that is not allowed now is a violation as well."""
        event = self._with_item(event)
        self._check(event, time)
        self._state.apply(event)
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, time)

    def lost(self, time: float) -> None:
        """Record that the connection broke: an utterance without a transcript will not get one."""
        self.behind = 0.0
        self._utterances.lose(time, ("speaking", "stopped"), self._heard)

    def _commit(self, time: float) -> None:
        """Assign a commit to the client's oldest uncommitted turn, else to all audio since the last one."""
        if self._utterances.commit_turn(time):
            self._audio.empty_buffer()
        else:
            self._audio.commit(time)

    def _at_sample(self, samples: int) -> float:
        return round(self.offset + samples / self.config.sample_rate, 6)

    def _check(self, event: Event, time: float) -> None:
        reason = self._state.check(event)
        if reason is not None:
            self._violations.add(Violation(time, reason, event))

    def _with_item(self, event: ServerEvent) -> ServerEvent:
        """Give an event without an item id that of the newest utterance without a transcript."""
        if getattr(event, "item_id", None) != "" or isinstance(event, SpeechStarted):
            return event
        return replace(event, item_id=self._utterances.newest_item)  # type: ignore[call-arg]

    # ---- settings

    def _ask(self, event: SessionUpdate, time: float, event_id: str | None) -> None:
        """Record an update; after a switch to manual mode, the next commit covers what is sent from here."""
        was_manual = self._settings.expected.turn_detection is None
        self._settings.ask(event, event_id, time, before_audio=not self.appended)
        self._expect()
        if not was_manual and self._settings.expected.turn_detection is None:
            self._audio.empty_buffer()

    def _expect(self) -> None:
        """Check what is sent from here by the settings asked for, which the service will have by then."""
        self._state.configure(self._settings.expected)

    def _on_created(self, event: SessionCreated, time: float) -> None:
        self.session_id = event.session_id
        self._take_settings(lambda: self._settings.take_greeting(event), event, time)

    def _on_updated(self, event: SessionUpdated, time: float) -> None:
        self._take_settings(lambda: self._settings.take_confirmation(event), event, time)

    def _take_settings(self, take: Callable[[], None], event: ServerEvent, time: float) -> None:
        try:
            take()
        except SettingError as problem:
            self._violations.add(Violation(time, str(problem), event))
        self._expect()

    def _on_error(self, event: ErrorEvent, time: float) -> None:
        self._errors.add(event)
        self._settings.take_error(event)
        if _refuses_commit(event):
            self._drop_commit(event, time)
        self._expect()

    def _drop_commit(self, event: ErrorEvent, time: float) -> None:
        """Forget the oldest commit without an answer, which was refused: no item will come of it."""
        if not self._utterances.refuse_turn(event.error, time):
            self._audio.drop_commit()

    # ---- turns

    @property
    def _heard(self) -> float:
        """Where the audio ends that was sent until now."""
        return round(self.offset + self.appended, 6)

    def _at_ms(self, ms: float) -> float:
        return round(self.offset + ms_to_seconds(ms), 6)

    def _on_started(self, event: SpeechStarted, time: float) -> None:
        if self._utterances.find(event.item_id).started_at is not None:
            return
        start = self._at_ms(event.audio_start_ms)
        if event.audio_onset_ms is not None:
            onset, source = self._at_ms(event.audio_onset_ms), "service"
        else:
            settings = self.config.turn_detection
            padding = ms_to_seconds(settings.prefix_padding_ms) if settings else 0.0
            onset, source = round(start + padding, 6), "estimated"
        self._utterances.change(
            event.item_id, start=start, onset=onset, onset_source=source, started_at=time, end=None,
            end_source=None, reported_end=None,
        )
        self._utterances.bound_by_next(event.item_id)

    def _on_stopped(self, event: SpeechStopped, time: float) -> None:
        reported = self._at_ms(event.audio_end_ms)
        before = self._utterances.find(event.item_id)
        onset = before.onset
        if onset is not None and before.onset_source == "estimated":
            onset = min(onset, reported)
        before = replace(before, onset=onset, reported_end=reported)
        ended_by = self._why_stopped(event, before)
        end, source = self._end_of_speech(before, ended_by)
        self._utterances.change(
            event.item_id, end=end, end_source=source, reported_end=reported, onset=onset, stopped_at=time,
            status=later(before.status, "stopped"), ended_by=ended_by,
        )

    def _end_of_speech(self, utterance: Utterance, ended_by: EndedBy) -> tuple[float | None, EndSource]:
        """Return where speech ended: what the service reported, without the silence where that holds it."""
        reported, settings = utterance.reported_end, self.config.turn_detection
        if not self.facts.end_contains_silence or reported is None:
            return reported, "service"
        if ended_by != "silence" or settings is None:
            return reported, "estimated"
        end = round(reported - self._silence(settings), 6)
        earliest = utterance.onset if utterance.onset is not None else utterance.start
        return (end if earliest is None else max(end, earliest)), "estimated"

    def _silence(self, settings: TurnDetection) -> float:
        """Seconds of silence that close a turn: what was asked for, or the least that has an effect."""
        return max(settings.silence_duration_ms, self.facts.silence_floor_ms) / 1_000

    def _why_stopped(self, event: SpeechStopped, utterance: Utterance) -> EndedBy:
        """Say what closed a turn: what the service says, else what its position shows.

        A turn as long as there is one (less one frame) was closed by the limit. After a finish, less audio
        behind the end of a turn than must have come for the silence shows that the finish closed it; so did
        a switch to manual mode.
        """
        if event.reason in _REASONS:
            return _REASONS[event.reason]
        settings, facts = self.config.turn_detection, self.facts
        end = utterance.reported_end or 0.0
        first = utterance.start if facts.end_contains_silence else utterance.onset
        if first is not None and end - first >= facts.longest_turn_s - _FRAME_SECONDS:
            return "limit"
        if settings is None or self._settings.expected.turn_detection is None:
            return "finish"
        needed = settings.silence_frames * _FRAME_SECONDS
        if facts.end_contains_silence:
            needed = facts.stopped_after_end_s
        return "finish" if self.finish_sent_at is not None and self._heard - end < needed else "silence"

    def _on_committed(self, event: BufferCommitted, time: float) -> None:
        utterance = self._utterances.find(event.item_id)
        if utterance.started_at is not None:
            self._on_committed_again(utterance, time)
            return
        commit = self._audio.take_commit()
        end = round(self.offset + commit.end, 6)
        self._utterances.change(
            event.item_id, start=round(self.offset + commit.start, 6), end=end, reported_end=end,
            end_source="commit", committed_at=time, committed_sent_at=commit.sent_at,
            status=later(utterance.status, "stopped"),
            ended_by="finish" if commit.sent_at is None and self.finish_sent_at is not None else "commit",
        )

    def _on_committed_again(self, utterance: Utterance, time: float) -> None:
        """Take the commit of a turn; where the client committed a turn still open, that ends it."""
        item, is_first = utterance.item_id, utterance.committed_at is None
        commit = self._audio.drop_commit() if utterance.status == "speaking" or not is_first else None
        if is_first:
            self._utterances.change(item, committed_at=time)
        if commit is not None and utterance.status == "speaking":
            self._utterances.change(
                item, status="stopped", ended_by="commit", committed_sent_at=commit.sent_at
            )
            self._utterances.bound(item, round(self.offset + commit.end, 6))

    def _on_cleared(self, event: BufferCleared, time: float) -> None:
        """A turn that was open in the audio thrown away is lost."""
        self._utterances.lose(time, ("speaking",), self._heard)

    # ---- transcripts

    def _on_partial(self, event: TranscriptPartial, time: float) -> None:
        before = self._utterances.find(event.item_id)
        if not before.open:
            return
        settled, draft = follow(
            before.settled, before.draft, event.text, event.stash, self.facts.text_stash_exclusive
        )
        self._utterances.change(
            event.item_id, settled=settled, draft=draft, text=settled + draft,
            partials=Partials.of(before.partials).plus(Partial(time, settled, draft)),
            language=event.language or before.language, emotion=event.emotion or before.emotion,
        )

    def _on_completed(self, event: TranscriptCompleted, time: float) -> None:
        """Take a final; a second one changes nothing, unless it has the words that were missing."""
        before = self._utterances.find(event.item_id)
        is_second = before.status == "final"
        if is_second and (before.text or not event.transcript):
            return
        self._utterances.change(
            event.item_id, text=event.transcript, settled=event.transcript, draft="", status="final",
            final_at=before.final_at if is_second else time, usage=event.usage or before.usage,
            language=event.language or before.language, emotion=event.emotion or before.emotion,
        )
        if before.end is None:
            self._utterances.bound(event.item_id, self._heard)

    def _on_behind(self, event: RecognizerBehind, time: float) -> None:
        self.behind = ms_to_seconds(event.behind_ms)

    def _on_failed(self, event: TranscriptFailed, time: float) -> None:
        """Take a failure; an item that has its transcript keeps it."""
        before = self._utterances.find(event.item_id)
        if before.status == "final":
            return
        self._utterances.change(event.item_id, status="failed", error=dict(event.error), final_at=time)
        if before.end is None:
            self._utterances.bound(event.item_id, self._heard)


def _refuses_commit(event: ErrorEvent) -> bool:
    """Tell by its code, or where it has none by its message, whether an error refuses a commit."""
    code = str(event.error.get("code") or "")
    if code:
        return "commit" in code or code == "audio_too_long"
    return "committing input audio buffer" in str(event.error.get("message") or "").lower()

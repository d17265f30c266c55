"""The main job: sound goes to a service in real time, and comes back as a recording."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..client.endpoints import Endpoint
from ..client.named_endpoints import resolve_endpoint
from ..client.pacing import check_pace, paced
from ..client.retry import Retry, checked_retry
from ..arguments import checked_folder, checked_function, checked_keywords
from ..errors import NotConnected, OutboxFull, RunBroken, ServiceClosed, ServiceError, SettingError
from ..protocol.config import SessionConfig
from ..protocol.events import TranscriptCompleted, TranscriptFailed
from ..formatting import clock, printable
from .log.run_info import run_info
from .recording import Recording
from .earlier.restoring import continued, goes_on, resumed_at
from .run import Outage, Run, RunObserver
from .sources import Piece, SoundSource, open_source
from .turn_taking import SERVICE, checked_end_of_turn, checked_turn_taking, ended_by_model
from .latency import TimedUtterance
from .values import TimedEvent

if TYPE_CHECKING:
    from ..vad.end_of_turn.end_of_turn import EndOfTurn

OnEvent = Callable[[TimedEvent], object]
OnFinal = Callable[[TimedUtterance], object]
OnOutage = Callable[[Outage], object]

logger = logging.getLogger("qwen_asr_widgets")

_FORMAT = "{percentage:3.0f}%|{bar:16}| {n:.1f}/{total:.1f} s  {desc}"
_NOTEBOOK_FORMAT = "{percentage:3.0f}%{bar}{n:.1f}/{total:.1f} s  {desc}"
_OPEN_FORMAT = "{n:.1f} s  {desc}"
_TAKEN = 44
"""Columns that everything but the words takes."""

CLIP_RETRY = Retry(patience=60.0)
"""Where nobody is speaking, a service that stays away for a minute is given up."""

SPEAKING, SILENT = "\u25cf", "\u25cb"


@checked_keywords
def transcribe(
    source: Any,
    endpoint: Endpoint | str | None = None,
    config: SessionConfig | None = None,
    *,
    pace: float | None = 1.0,
    progress: bool = True,
    on_event: OnEvent | None = None,
    on_final: OnFinal | None = None,
    chunk_ms: float = 100,
    channel: int | str | None = None,
    sample_rate: int | None = None,
    turn_taking: str = SERVICE,
    end_of_turn: EndOfTurn | None = None,
    autosave: str | PathLike[str] | None = None,
    retry: Retry | None = None,
    on_outage: OnOutage | None = None,
) -> Recording:
    """Stream sound to a recognition service as if it were spoken now; wait, and return the recording.

    Ctrl-C ends the session: what was sent is answered, and the recording is returned, marked incomplete.

    Parameters
    ----------
    source : path, bytes, binary file, array, AudioClip, Sample, Recording or iterable of arrays
        The sound, of any rate; it is resampled to the session's. An iterable is streamed as its chunks come.
        Of a recording whose run was broken off (``error.recording``), the same service with the same settings
        is sent what it has not answered; what came before is in the recording that is returned.
    endpoint : Endpoint or str, optional
        ``"embedded"`` (default: a recogniser on this computer; ``"embedded:NAME"`` another one there),
        ``"beijing"``, ``"singapore"`` or a URL.
    config : SessionConfig, optional
        Language, context and turn detection. In manual mode the sound is committed at its end and every 60 s.
    pace : float or None
        1.0 is real time, 2.0 twice as fast; 0 or None sends as fast as the service takes it.
    progress : bool
        Show a bar with the words as they come.
    on_event : callable, optional
        Called with each `TimedEvent` from the service, on the thread that reads.
    on_final : callable, optional
        Called with each utterance that has got its final transcript, or has failed to. What either callback
        raises is logged and ends nothing.
    chunk_ms : float
        Milliseconds of sound sent at once, in [10, 2000].
    channel : int or "mean", optional
        The channel to take of several.
    sample_rate : int, optional
        Rate (Hz) of an array or of chunks, which do not say it.
    turn_taking : {"service", "client"}
        Who finds the turns of ``config.turn_detection``. "client": the detector of `detect_turns` runs here
        and commits each turn, so that settings found with the tuner hold whatever the service's own detector
        does. Silence between turns is not sent, nor paid for; the recording keeps it. The service shows a
        turn's first words after its commit only. A turn and its padding last at most 60 s together.
    end_of_turn : EndOfTurn, optional
        With ``turn_taking="client"``: a model that hears at each pause whether the speaker is done. A turn is
        committed once its probability is above the threshold of its ``policy`` and the action delay has
        passed, at the latest after the time-out, which takes the place of the silence of the settings; the
        answer comes from a thread of its own, and is acted on with the next chunk of sound (sound that is
        sent without a pace waits for it). What it said of each pause is in ``recording.events``.
    autosave : str or path, optional
        A folder in which sound and events are written as they come, readable by you alone: after a crash
        `recover` opens all but the last second. What nobody fetched is removed after seven days.
    retry : Retry, optional
        For how long, and how often, a lost connection is taken up again: by default for a minute, for an
        iterable (a microphone, say) as long as its chunks come. What had no answer is sent again; the
        recording's ``gaps`` say where. ``Retry(patience=0)``: a loss is the end.
    on_outage : callable, optional
        Called with an `Outage` (``error``, ``tries``, ``since``) when the connection is lost, and again when
        a try to take it up has failed.

    Returns
    -------
    Recording
        With everything handed in, sent or not.

    Raises
    ------
    AudioError
        The sound cannot be used.
    SettingError
        ``pace`` or ``chunk_ms`` is out of its range; a callback cannot be called; ``autosave`` is no path;
        ``turn_taking`` is neither of its values, or "client" without turn detection; ``end_of_turn`` is no
        model that hears, or the service takes turns.
    MissingDependency
        What the model needs is not installed.
    EndpointError, MissingKey, ConnectFailed
        There is no such endpoint, no key for it, or no connection to it.
    ServiceError
        The service refused the settings, or reported an error that ended the session.
    ServiceClosed
        The service closed the connection and stayed away. Its ``recording``, like that of `ServiceError`,
        holds everything until then.
    Exception
        What an iterable of chunks raises comes out as it is, once what came before it was answered; its
        ``recording`` holds that.

    Examples
    --------
    >>> from qwen_asr_widgets import sample, transcribe
    >>> recording = transcribe(sample("conversation"), pace=None, progress=False)  # doctest: +SKIP
    >>> recording.utterances[0].text  # doctest: +SKIP
    'good morning can you show me how this works'
    """
    pace = check_pace(pace)
    wanted = checked_config(config)
    turn_taking = checked_turn_taking(turn_taking, wanted)
    end_of_turn = checked_end_of_turn(end_of_turn, turn_taking)
    wanted, ended_by = ended_by_model(wanted, end_of_turn), str(end_of_turn or "")
    endpoint = resolve_endpoint(endpoint)
    kept_in = None if autosave is None else checked_folder("autosave", autosave)
    asked = None if config is None else wanted
    if isinstance(source, Recording) and goes_on(source, endpoint, asked, turn_taking, ended_by):
        recording = continued(source, resumed_at(source))
        rate, rest = source.tape.sample_rate, source.tape.read(len(recording.tape))
        sound = open_source(rest, rate, chunk_ms, None, rate)
    else:
        sound = open_source(source, wanted.sample_rate, chunk_ms, channel, sample_rate)
        info = run_info(endpoint, pace, chunk_ms, sound.origin, turn_taking=turn_taking, end_of_turn=ended_by)
        recording = Recording(wanted, info)
    retry = checked_retry(retry, Retry() if sound.duration is None else CLIP_RETRY)
    observer = _Callbacks(recording, on_event, on_final, on_outage)
    run = Run(endpoint, recording, observer, retry, end_of_turn)
    with _saving(recording, kept_in), Progress(sound.duration, progress) as bar:
        Playback(sound, run, pace, lambda: bar.show(recording)).play()
    return recording


def _saving(recording: Recording, folder: str | None) -> AbstractContextManager[object]:
    """Return what keeps a recording on disk while it grows; nothing where no folder was given."""
    if folder is None:
        return nullcontext()
    from .autosave import Autosave

    return Autosave(recording, folder)


def checked_config(config: SessionConfig | None) -> SessionConfig:
    """Return the settings given, or the defaults for None; `SettingError` for anything else."""
    if config is None:
        return SessionConfig()
    if not isinstance(config, SessionConfig):
        raise SettingError(f"config must be a SessionConfig or None, not {config!r:.60}.", "config")
    return config


class Playback:
    """Hands the sound of a source to a run in its own time, and waits for what comes of it.

    Parameters
    ----------
    sound : SoundSource
        What is handed in. Where it fails, what came before is answered; then its error comes out.
    run : Run
        Where to.
    pace : float or None
        As for `transcribe`.
    shown : callable
        Called after each piece.
    """

    def __init__(
        self, sound: SoundSource, run: Run, pace: float | None, shown: Callable[[], None]
    ) -> None:
        self.sound = sound
        self.run = run
        self.pace = pace
        self.shown = shown
        self.taken = len(run.recording.tape)
        self.newest: Piece = np.zeros(0, np.int16)
        self.problem: Exception | None = None

    def play(self) -> None:
        """Connect, stream, finish; what was not sent is kept whatever happens."""
        self.run.start()
        try:
            self.run.wait_for_service()
            self._hand_over()
            if self.run.error is not None:
                self._keep_rest()
            self.run.finish(f"The source failed ({self.problem!r})" if self.problem is not None else "")
            self.run.wait()
        except KeyboardInterrupt:
            self._finish_early()
        else:
            self._raise_problem()
        finally:
            self.run.abort()

    def _hand_over(self) -> None:
        for piece in paced(self._pieces(), self.run.recording.tape.sample_rate, self.pace):
            self.run.append(piece)
            if not self.run.wait_for_room():
                return
            self.shown()

    def _pieces(self) -> Iterator[Piece]:
        """Yield what the source gives, until it ends or fails."""
        while True:
            try:
                piece = next(self.sound.pieces, None)
            except Exception as problem:
                self.problem = problem
                return
            if piece is None:
                return
            self.newest = piece
            self.taken += len(piece)
            yield piece

    def _finish_early(self) -> None:
        """Let the service answer what it has; a second Ctrl-C, or its silence, leaves it at that."""
        where = clock(self.run.recording.duration)
        try:
            self._keep_rest()
            self.run.finish(f"Interrupted at {where}")
            if self.run.outage is not None:
                self.run.give_up()
            self.run.wait()
        except KeyboardInterrupt:
            with suppress(KeyboardInterrupt):  # pressed once more: what came is kept all the same
                self.run.give_up()

    def _keep_rest(self) -> None:
        """Put what was taken and not handed in on the tape, and the rest of a sound that has an end."""
        if self.taken > len(self.run.recording.tape):
            self.run.withhold(self.newest)
        if self.sound.duration is not None:
            for piece in self._pieces():
                self.run.withhold(piece)

    def _raise_problem(self) -> None:
        """Raise what ended it early; the error carries the recording."""
        recording, problem = self.run.recording, self.problem or self.run.error
        if isinstance(problem, RunBroken) and problem.__cause__ is not None:
            raise problem.__cause__
        if isinstance(problem, (NotConnected, OutboxFull)):
            raise ServiceClosed(str(problem), recording) from problem
        if isinstance(problem, (ServiceClosed, ServiceError)):
            problem.recording = recording
        elif self.problem is not None:
            vars(self.problem).setdefault("recording", recording)
        if problem is not None:
            raise problem


class _Callbacks(RunObserver):
    """Calls the functions given to `transcribe`."""

    def __init__(
        self, recording: Recording, on_event: OnEvent | None, on_final: OnFinal | None,
        on_outage: OnOutage | None,
    ) -> None:
        self._recording = recording
        self._on_event = checked_function("on_event", on_event)
        self._on_final = checked_function("on_final", on_final)
        self._on_outage = checked_function("on_outage", on_outage)
        self._told: set[int] = set()

    def received(self, timed: TimedEvent) -> None:
        """Call ``on_event`` with an event, and ``on_final`` once with each utterance that it settles."""
        if self._on_event is not None:
            _call(self._on_event, timed)
        event = timed.event
        if self._on_final is not None and isinstance(event, (TranscriptCompleted, TranscriptFailed)):
            utterance = self._recording.utterance(event.item_id)
            if utterance is not None and utterance.number not in self._told:
                self._told.add(utterance.number)
                _call(self._on_final, utterance)

    def interrupted(self, outage: Outage) -> None:
        """Call ``on_outage``."""
        if self._on_outage is not None:
            _call(self._on_outage, outage)


def _call(function: Callable[[Any], object], value: Any) -> None:
    """Call a function of the user's: its error is logged and does not end the session."""
    try:
        function(value)
    except Exception:
        logger.exception("the callback %r failed", function)


class Progress:
    """A tqdm bar in seconds of sound; shows itself in notebooks and terminals, not in redirected output.

    Call `show` from one thread.

    Parameters
    ----------
    seconds : float or None
        Length of the sound; None where it is not known.
    enabled : bool
        False shows nothing.
    """

    def __init__(self, seconds: float | None, enabled: bool = True) -> None:
        self._bar: Any = None
        self._seconds = seconds
        self._enabled = enabled

    def __enter__(self) -> Progress:
        if self._enabled:
            from tqdm.auto import tqdm

            self._bar = tqdm(
                total=None if self._seconds is None else round(self._seconds, 3), unit="s", disable=None,
                bar_format=_OPEN_FORMAT if self._seconds is None else _bar_format(tqdm), dynamic_ncols=True,
                leave=False, mininterval=0.1,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.total = self._bar.n
            self._bar.close()

    def __str__(self) -> str:
        """Return what the bar shows; empty where there is none."""
        return "" if self._bar is None else str(self._bar)

    def show(self, recording: Recording) -> None:
        """Bring the bar up to date."""
        if self._bar is None or self._bar.disable:
            return
        self._bar.set_description_str(latest_words(recording, self._columns()), refresh=False)
        self._bar.update(recording.sent_duration + recording.skipped_duration - self._bar.n)

    def _columns(self) -> int:
        return max(10, (self._bar.ncols or shutil.get_terminal_size().columns) - _TAKEN)


def _bar_format(bar: type) -> str:
    """Return the format: a notebook draws a bar of its own and takes no width."""
    notebook = any(base.__module__ == "tqdm.notebook" for base in bar.__mro__)
    return _NOTEBOOK_FORMAT if notebook else _FORMAT


def latest_words(recording: Recording, columns: int) -> str:
    """Return what the service hears now, at most ``columns`` wide (wide characters count two).

    A filled dot and the words while a turn is open, an empty one in silence and while a final is awaited.
    Line breaks and control characters would break the bar: they become spaces.
    """
    utterances = recording.utterances
    if not utterances:
        return ""
    newest = utterances[-1]
    if newest.status == "final":
        return SILENT
    text = " ".join(printable(newest.text).split())
    dot = SPEAKING if newest.status == "speaking" else SILENT
    return f"{dot} {newest.number}  {keep_end(text, columns - 6)}"


def keep_end(text: str, columns: int) -> str:
    """Return a text that fits, shortened at its beginning.

    Examples
    --------
    >>> keep_end("so the first thing", 10)
    '…rst thing'
    """
    from tqdm.utils import disp_len

    if disp_len(text) <= columns:
        return text
    while text and disp_len(text) > columns - 1:
        text = text[1:]
    return "\u2026" + text

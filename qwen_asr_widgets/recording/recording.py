"""The one record of a run: sound, send times, events, settings, and what is read from them."""

from __future__ import annotations

import threading
import time as wall
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..audio.clip import AudioClip
from ..audio.tape import Tape
from ..client.resume_plan import ResumePlan
from ..errors import SettingError
from ..formatting import well_formed
from ..protocol.events import ClientTurn, Event, LocalEvent, PauseJudged
from ..protocol.config import SessionConfig
from ..protocol.session import Violation
from ..protocol.session_settings import SettingsAnswer
from ..vad.turns import Turn
from .delays.stability import StabilityTable, stability_of
from .delays.waterfall import RunTimes, waterfall_of
from .delays.waterfall_table import WaterfallTable
from .exports.captions import SubtitleRules
from .latency import (
    Known, LatencyTable, TimedUtterance, UtteranceTimer, import_pandas, measure_by_reference, table_source,
)
from .log.event_log import EventView
from .log.notes import notes_text
from .log.run_info import RunInfo, now_with_zone
from .log.run_log import RunLog
from .log.sessions import Gap
from .log.settings import SettingsChange
from .summary import total_usage
from .values import (
    AudioSkipped, ConnectionSpan, RecordingState, RoundTrip, SessionBegun, TimedEvent, WordsPainted,
    sent_audio,
)

if TYPE_CHECKING:
    from ..audio.reference import ReferenceTurn
    from ..protocol.utterance import Utterance
    from ..vad.labels.references import Reference

FRAME_COLUMNS = [
    "number", "item_id", "onset", "start", "end", "end_source", "speech", "text", "language", "emotion",
    "ended_by", "status",
]
"""What `Recording.to_frame` says of an utterance, before its delays."""

LATE_REPORT = 1.0
"""Seconds that words and the page's report of them may be on their way together."""


class Recording:
    """Audio, send times, events and settings of one run; whoever shows something reads it from here.

    It is the observer of an audio stream (see `qwen_asr_widgets.client.stream.StreamObserver`) and owns
    the session in which utterances change. Every method may be called from any thread; what it returns is a
    snapshot.

    Parameters
    ----------
    config : SessionConfig, optional
        The settings asked for at the start.
    info : RunInfo, optional
        Where the sound came from and how it is sent.
    clock : callable
        Monotonic seconds; the recording begins now.

    Attributes
    ----------
    tape : Tape
        The sound as int16 mono at the session's rate: the one timeline.
    version : int
        Grows with every change; whoever shows the recording looks again when it has grown.

    Examples
    --------
    >>> recording = Recording(SessionConfig(language="en"))
    >>> recording.tape.append(np.zeros(16_000, np.int16))
    0
    >>> recording.duration, recording.text, recording.complete
    (1.0, '', False)
    """

    def __init__(
        self,
        config: SessionConfig | None = None,
        info: RunInfo | None = None,
        clock: Callable[[], float] = wall.monotonic,
    ) -> None:
        config = config or SessionConfig()
        self._lock = threading.RLock()
        self._began = clock()
        self.tape = Tape(config.sample_rate)
        self._log = RunLog(config, info or RunInfo(started_at=now_with_zone()))
        self._timer = self._timer_of(self._log, {})
        self._lost: list[tuple[int, int]] = []
        self._notes: list[str] = []
        self._complete = self._interrupted = False
        self._version = 0
        self._saved_version = -1
        self._when_saved: list[Callable[[], object]] = []

    @classmethod
    def restore(cls, state: RecordingState, began: float = 0.0) -> Recording:
        """Make the recording of a run that is over: its events pass again, with the times they had.

        Parameters
        ----------
        state : RecordingState
            What it consists of.
        began : float
            When it began, in monotonic seconds; counts only where more is to be noted, as in
            `recording.earlier.restoring.continued`.
        """
        recording = cls(state.config, state.info, clock=lambda: began)
        recording.tape.append(state.samples)
        recording._log.replay(state.events, state.connections)
        recording._version = 1
        recording._lost = list(state.lost)
        recording._notes = list(state.notes)
        recording._complete = state.complete
        return recording

    @classmethod
    def of_log(
        cls, log: RunLog, state: RecordingState, tape: Tape, known: Known, interrupted: bool
    ) -> Recording:
        """Make the recording of which a log holds what has passed, see `recording.earlier.history.History`.

        Parameters
        ----------
        log : RunLog
            Kept, not copied.
        state : RecordingState
            The rest, without sound and events.
        tape : Tape
            The sound.
        known : dict
            Delays that were measured, shared by the recordings of one history.
        interrupted : bool
            Whether the connection has ended and another is awaited.
        """
        recording = cls(state.config, state.info, clock=lambda: 0.0)
        recording.tape, recording._log, recording._version = tape, log, 1
        recording._timer = recording._timer_of(log, known)
        recording._lost, recording._notes = list(state.lost), list(state.notes)
        recording._complete = state.complete
        recording._interrupted = interrupted
        return recording

    def _timer_of(self, log: RunLog, known: Known) -> UtteranceTimer:
        return UtteranceTimer(log.ledger.at, self.tape.sample_rate, log.drift, log.is_settled, known)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy as what the recording consists of now."""
        state = self.snapshot()
        return Recording.restore, (state._replace(events=tuple(state.events)),)

    def snapshot(self, with_sound: bool = True) -> RecordingState:
        """Return everything the recording consists of at this moment; without its sound nothing is copied."""
        with self._lock:
            return RecordingState(
                self._log.info, self.tape.read(0, None if with_sound else 0), self._log.events.events,
                tuple(self._log.settings.changes), tuple(self._log.connections), tuple(self._lost),
                tuple(self._notes), self._complete,
            )

    # ---- what happened: the observer of the stream, and whoever hands in sound

    def opened(self, time: float, session: SessionBegun | None = None) -> None:
        """Note that the connection stands; one after the first carries a ``session`` that goes on."""
        with self._lock:
            if session is not None:
                self._take_local(session, time)
            self._log.open(time - self._began)
            self._interrupted = False
            self._version += 1

    def interrupt(self, awaits: bool = True) -> None:
        """Note that the connection has ended, and whether another is awaited."""
        with self._lock:
            self._interrupted = awaits
            self._version += 1

    def sent(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that went out, other than audio."""
        self._take(TimedEvent(time - self._began, "out", message, event))

    def audio_sent(self, start: int, stop: int, time: float) -> None:
        """Note that samples ``start`` to ``stop`` (exclusive) of the tape went out."""
        self._take(sent_audio(start, stop, time - self._began))

    def audio_skipped(self, start: int, stop: int, time: float) -> None:
        """Note that samples ``start`` to ``stop`` (exclusive) of the tape were passed over."""
        self._take_local(AudioSkipped(start, stop), time)

    def turn_taken(self, turn: ClientTurn, time: float) -> None:
        """Note what the client's own turn detector found; nothing can come of it without a connection."""
        with self._lock:
            if self._log.has_open_connection:
                self._take_local(turn, time)

    def pause_judged(self, judged: PauseJudged, time: float) -> None:
        """Note what the client's end-of-turn model has said of a pause."""
        self._take_local(judged, time)

    def round_trip(self, seconds: float, time: float) -> None:
        """Note that a ping of the connection was answered after so many seconds."""
        self._take_local(RoundTrip(seconds), time)

    def words_painted(self, item_id: str, time: float, took: float = 0.0) -> None:
        """Note that a page has reported an item's final words as painted, the first time and during the run.

        A report that was long on its way, as while a cell keeps Python busy, says nothing and is passed over.

        Parameters
        ----------
        item_id : str
            Whose words.
        time : float
            When the report came.
        took : float
            Seconds that passed in the page from its hearing of the words until it had painted them.
        """
        with self._lock:
            found = next((one for one in self._log.sessions.utterances if one.item_id == item_id), None)
            if found is None or found.final_at is None or item_id in self._log.painted:
                return
            on_its_way = time - self._began - found.final_at - took
            if self._log.has_open_connection and on_its_way <= LATE_REPORT:
                self._take_local(WordsPainted(item_id), time)

    @property
    def painted(self) -> dict[str, float]:
        """When pages have reported the final words of an item as painted (s since the recording began)."""
        with self._lock:
            return dict(self._log.painted)

    def _take_local(self, event: LocalEvent, time: float) -> None:
        message = {"type": event.type, **asdict(event)}
        self._take(TimedEvent(time - self._began, "local", message, event))

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> TimedEvent:
        """Note an event that came in, and return it as it stands in `events`."""
        timed = TimedEvent(time - self._began, "in", message, event)
        self._take(timed)
        return timed

    def closed(self, code: int | None, reason: str, time: float) -> None:
        """Note that the connection closed; what has no transcript by then is lost."""
        with self._lock:
            self._log.close(time - self._began, code, reason)
            self._version += 1

    def lose(self, samples: int, why: str = "lost in the browser") -> None:
        """Put ``samples`` zeros on the tape for sound that never arrived, and list them."""
        with self._lock:
            start = self.tape.append(np.zeros(samples, np.int16))
            self._lost.append((start, start + samples))
            self.note(f"{samples / self.tape.sample_rate:.2f} s {why}")

    def note(self, text: str) -> None:
        """Add a sentence on something out of the ordinary."""
        with self._lock:
            self._notes.append(well_formed(text))
            self._version += 1

    def finish(self, complete: bool) -> None:
        """Say whether everything handed in was sent and answered; what has failed is no answer."""
        with self._lock:
            self._complete, self._interrupted = complete and not self._log.failed, False
            self._version += 1

    def _take(self, timed: TimedEvent) -> None:
        with self._lock:
            self._log.take(timed)
            self._version += 1

    # ---- what was noted

    @property
    def version(self) -> int:
        """Grows with every change, sound included."""
        with self._lock:
            return self._version + len(self.tape)

    @property
    def info(self) -> RunInfo:
        """Where the sound came from and how it was sent."""
        with self._lock:
            return self._log.info

    @property
    def config(self) -> SessionConfig:
        """The settings in force; the turn detection is that of whoever takes turns."""
        with self._lock:
            return self._log.settings.changes[-1].config

    @property
    def settings(self) -> tuple[SettingsChange, ...]:
        """Every setting that was in force, with the sample from which it held."""
        with self._lock:
            return tuple(self._log.settings.changes)

    @property
    def settings_answers(self) -> tuple[SettingsAnswer, ...]:
        """What the service has answered to each ``session.update`` of this session, oldest answer first."""
        with self._lock:
            return self._log.session.settings_answers

    @property
    def settings_held(self) -> tuple[SettingsChange, ...]:
        """Those of `settings` under which some sound went out, each unlike the one before; at least one."""
        with self._lock:
            return self._log.settings.held(self._log.ledger.stop)

    @property
    def events(self) -> EventView:
        """Every event, in the order in which it passed; compares and reads as a tuple does."""
        with self._lock:
            return self._log.events.events

    @property
    def connections(self) -> tuple[ConnectionSpan, ...]:
        """When the connection to the service stood, and how it ended."""
        with self._lock:
            return tuple(self._log.connections)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Where one session ended and another went on, oldest first."""
        with self._lock:
            return tuple(self._log.gaps)

    @property
    def interrupted(self) -> bool:
        """Whether the connection has ended and another is awaited."""
        return self._interrupted

    @property
    def lost(self) -> tuple[tuple[int, int], ...]:
        """Sample ranges that stand on the tape as zeros because the sound never arrived."""
        with self._lock:
            return tuple(self._lost)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was out of the ordinary."""
        with self._lock:
            return (*self._notes, *notes_text(self._log))

    @property
    def complete(self) -> bool:
        """Whether everything handed in was sent and answered, each utterance with a transcript."""
        with self._lock:
            return self._complete

    @property
    def recognizer_behind(self) -> float:
        """Seconds by which the recogniser is behind, as the service said last; 0 where it says nothing."""
        with self._lock:
            return self._log.session.behind

    @property
    def session_id(self) -> str:
        """The id the service gave the session; empty before it did."""
        with self._lock:
            return self._log.session.session_id

    @property
    def errors(self) -> tuple[Any, ...]:
        """The ``error`` events received, in order."""
        with self._lock:
            return self._log.sessions.errors

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The events that were not allowed where they came, in order; of each session the first 200."""
        with self._lock:
            return self._log.sessions.violations

    @property
    def duration(self) -> float:
        """Length of the sound in seconds."""
        return self.tape.duration

    @property
    def sent_duration(self) -> float:
        """Length in seconds of the sound that went out."""
        with self._lock:
            return self._log.ledger.sent / self.tape.sample_rate

    @property
    def skipped_duration(self) -> float:
        """Length in seconds of the silence that was passed over because the client takes turns."""
        with self._lock:
            return self._log.ledger.skipped / self.tape.sample_rate

    @property
    def finish_sent_at(self) -> float | None:
        """When ``session.finish`` went out, in seconds since the recording began; None if it did not."""
        with self._lock:
            return self._log.session.finish_sent_at

    @property
    def unsent_duration(self) -> float:
        """Length in seconds of the sound that is still to go out, or never did though it should have."""
        with self._lock:
            done = self._log.ledger.sent + self._log.ledger.skipped
            return max(0, len(self.tape) - done) / self.tape.sample_rate

    @property
    def is_awaiting(self) -> bool:
        """Whether a turn is open, or a transcript is still to come."""
        with self._lock:
            return any(one.open for one in self._log.sessions.found)

    @property
    def position(self) -> int:
        """One past the last sample that the present session was sent or passed over."""
        with self._lock:
            return self._log.sessions.position

    @property
    def settings_expected(self) -> SessionConfig:
        """The settings that will be in force if the service confirms all that was asked for."""
        with self._lock:
            return self._log.settings_expected

    @property
    def plan(self) -> ResumePlan:
        """Where another session goes on, see `resume_plan`."""
        with self._lock:
            return self._log.plan

    @property
    def progress(self) -> tuple[int, int]:
        """How far the service has come: utterances settled, and characters shown behind them."""
        with self._lock:
            return self._log.progress

    @property
    def last_sign(self) -> float:
        """When the last connection ended, or the last event passed, in seconds since the recording began."""
        with self._lock:
            return self._log.last_sign

    def sent_at(self, sample: int) -> float | None:
        """Return when the chunk with this sample first went out, in seconds since the recording began."""
        with self._lock:
            return self._log.ledger.at(sample)

    def sent_by(self, time: float) -> float:
        """Return up to where (s of the sound) it had gone out at a time (s since the recording began)."""
        with self._lock:
            return self._log.ledger.sent_by(time) / self.tape.sample_rate

    def drift(self, sample: int, until: float) -> float:
        """Return by how many seconds sound went out too soon for the run's pace, see `RunLog.drift`."""
        with self._lock:
            return self._log.drift(sample, until)

    # ---- what is read from it

    @property
    def utterances(self) -> tuple[TimedUtterance, ...]:
        """Every utterance so far, with its delays, as frozen values; one that changes is replaced."""
        with self._lock:
            return tuple(map(self._timer.timed, self._log.sessions.utterances))

    def utterance(self, item_id: str) -> TimedUtterance | None:
        """Return the utterance of an item; None where there is none."""
        return next((found for found in reversed(self.utterances) if found.item_id == item_id), None)

    @property
    def turns(self) -> list[Turn]:
        """The turns that are closed, by whoever takes turns (``info.turn_taking``).

        Where the service does and reports no onset, the estimate stands for it.
        """
        return [
            _turn(utterance.onset, utterance.start, utterance.end)
            for utterance in self.utterances
            if utterance.onset is not None and utterance.start is not None and utterance.end is not None
            and (utterance.status != "lost" or utterance.end_source != "bound")
        ]

    @property
    def text(self) -> str:
        """All that was understood, one utterance a line; see `transcript` for drafts that got no final."""
        return self.transcript()

    def transcript(self, include_drafts: bool = False) -> str:
        """Return all that was understood, one utterance a line.

        Parameters
        ----------
        include_drafts : bool
            Whether the last partial of an utterance that was lost or failed stands for its transcript.

        Examples
        --------
        >>> Recording().transcript(include_drafts=True)
        ''
        """
        texts = (one.text for one in self.utterances if include_drafts or not one.is_draft)
        return "\n".join(filter(None, texts))

    @property
    def usage(self) -> dict[str, Any]:
        """What the service says it counted (tokens, seconds), summed by name; empty where it says nothing."""
        return total_usage(one.usage for one in self.utterances)

    @property
    def clip(self) -> AudioClip:
        """The sound as a clip, exactly what the recogniser was given."""
        return self.tape.to_clip()

    def latency(self, reference: Reference | None = None) -> LatencyTable:
        """Return how long each utterance took.

        Parameters
        ----------
        reference : Labels, Sample, path, or list of turns, optional
            Where speech truly began and ended. The service's own ends depend on its settings, so only this
            compares settings fairly; the table's ``source`` says which was used.

        Raises
        ------
        LabelError
            ``reference`` is none of these.
        """
        turns = _reference_turns(reference)
        return self._latency_of(self.utterances, turns)

    def _latency_of(
        self, utterances: tuple[TimedUtterance, ...], turns: Sequence[ReferenceTurn] | None
    ) -> LatencyTable:
        info = self.info
        if turns is None:
            rows = [utterance.latency for utterance in utterances]
            return LatencyTable(rows, table_source(rows), info.chunk_ms, info.pace)
        rows = measure_by_reference(utterances, self.sent_at, self.tape.sample_rate, turns, self.drift)
        return LatencyTable(rows, "reference", info.chunk_ms, info.pace)

    def waterfall(self, reference: Reference | None = None) -> WaterfallTable:
        """Return what each wait consists of, from the end of speech to the words on the screen.

        The parts: the network there, the silence that was asked for, the detector until its
        ``speech_stopped``, the network back, the recogniser until its final, the page until it has painted
        the words. They add up to the millisecond, and each says whether it was measured, inferred or cannot
        be known; nothing is guessed. Known parts up to the final are the ``finalization`` of `latency`.

        Parameters
        ----------
        reference : Labels, Sample, path, or list of turns, optional
            Where speech truly began and ended; without it the service's own ends of speech are taken.

        Returns
        -------
        WaterfallTable
            A sequence, one an utterance; ``to_frame()`` is tidy, ``summary()`` has percentiles with n and
            intervals.

        Raises
        ------
        LabelError
            ``reference`` is none of these.

        Examples
        --------
        >>> Recording().waterfall().summary().spread
        {}
        """
        turns = _reference_turns(reference)
        with self._lock:
            utterances, log = self.utterances, self._log
            latency = self._latency_of(utterances, turns)
            run = RunTimes(
                log.ledger.at, self.tape.sample_rate, tuple(log.settings.changes), log.info.facts,
                tuple(log.round_trips), tuple(log.connections), dict(log.painted),
            )
            rows = [
                waterfall_of(one, row, _end_of_speech(one, row.reference, turns), run)
                for one, row in zip(utterances, latency)
            ]
        return WaterfallTable(rows, latency)

    def stability(self) -> StabilityTable:
        """Return how partial results changed: when each word stopped changing, and every line shown.

        Returns
        -------
        StabilityTable
            A sequence, one a word of a final; ``revisions`` are the lines, ``delays()`` the percentiles of
            the time from a word's estimated end, ``to_frame()`` is tidy.

        Examples
        --------
        >>> Recording().stability().delays()
        {}
        """
        with self._lock:
            utterances = self.utterances
            latency = self._latency_of(utterances, None)
            return stability_of(utterances, latency, self._log.ledger.at, self.tape.sample_rate)

    def to_frame(self, reference: Reference | None = None) -> Any:
        """Return a pandas DataFrame, one row per utterance: text, times on the sound's axis, delays (s).

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        rows = [
            {name: getattr(utterance, name) for name in FRAME_COLUMNS} for utterance in self.utterances
        ]
        frame = import_pandas().DataFrame(rows, columns=FRAME_COLUMNS).set_index("number")
        return frame.join(self.latency(reference).to_frame().drop(columns="ended_by"))

    def to_dict(self) -> list[dict[str, Any]]:
        """Return one row an utterance that has a transcript, as ``datasets.Dataset.from_list`` takes them.

        Returns
        -------
        list of dict
            The columns of the ``.csv`` (times in seconds, waits in seconds or None) and ``audio``: the sound
            of the utterance as ``{"array": float32 of shape (n,) in [-1, 1], "sampling_rate": Hz}``, which
            `AudioClip.load` takes too.

        Examples
        --------
        >>> Recording().to_dict()
        []
        """
        from .exports.formats import dataset_rows

        return dataset_rows(self)

    def save(self, path: str | Path) -> Path:
        """Write everything to a ``.qasr`` bundle (see `recording.bundle.bundle`); return its path.

        The file is replaced in one step: a reader sees the old or the new bundle, never half of one.
        """
        version = self.version
        from .bundle.bundle import save_state

        path = save_state(self.snapshot(), path)
        self.note_saved(version)
        return path

    @property
    def is_saved(self) -> bool:
        """Whether everything in it was saved as a bundle since it last changed."""
        return self._saved_version == self.version

    def note_saved(self, version: int) -> None:
        """Note that all there was at a `version` was saved as a bundle, by whatever way."""
        self._saved_version = max(self._saved_version, version)
        for call in tuple(self._when_saved) if self.is_saved else ():
            call()

    def when_saved(self, call: Callable[[], object]) -> None:
        """Have ``call`` called whenever all of the recording was saved: what is kept elsewhere may go."""
        self._when_saved.append(call)

    def export(
        self,
        path: str | Path,
        include_drafts: bool = False,
        *,
        rules: SubtitleRules | None = SubtitleRules(),
        safe: bool = True,
        word_times: bool = False,
        sound: bool = True,
    ) -> Path:
        """Write the recording in the format that the path's ending names; return the path.

        =====================  ==============================================================================
        ending                 what it holds
        =====================  ==============================================================================
        srt, vtt               subtitles, by ``rules``
        html                   one page with waveform, transcript and sound; needs no server
        csv, parquet           a row an utterance: times, words, waits in seconds
        json, jsonl            all that is known of each utterance, with its partials
        txt                    the words, a line an utterance
        textgrid, eaf          turns and words for Praat and ELAN
        audacity.txt           turns and words as Audacity's labels
        rttm, stm, ctm         NIST's turns, turns with words, and single words at estimated times
        wav, zip               the sound; one FLAC an utterance, with ``metadata.csv``
        qasr                   everything (`load_recording` opens it)
        png                    `plot_recording`
        =====================  ==============================================================================

        The ``.json`` holds ``text``, ``duration``, ``complete``, ``notes``, ``run`` (the fields of
        `RunInfo`), ``session`` (the settings asked for last, as on the wire), ``settings`` (all of them:
        ``session`` held for the sound from second ``from`` on and was sent at ``time``) and ``utterances``
        with their partials and delays. Positions are seconds of the sound, a ``time`` is seconds of the
        clock since the recording began, as in the bundle (see BUNDLE.md).

        Parameters
        ----------
        path : path
            Where to.
        include_drafts : bool
            Whether what was last shown of utterances without a final transcript is written, marked
            ``[draft]``.
        rules : SubtitleRules, optional
            How subtitles are laid out; None: one an utterance.
        safe : bool
            Whether a text that a spreadsheet would run as a formula gets an apostrophe before it (csv, zip).
        word_times : bool
            Whether cues of WebVTT hold times, as ``<00:00:01.200>``, up to where the sound had gone out when
            the service had settled the words after them; what settled later than its cue stands is marked
            ``<c.late>``. Browsers take them; some readers of subtitles (pysubs2) do not.
        sound : bool
            Whether a web page holds the sound, 1.3 MB a minute, and plays it.

        Raises
        ------
        SettingError
            The ending is none of these.
        """
        version = self.version
        from .exports.formats import export_recording, format_of
        from .exports.options import ExportOptions

        path = export_recording(self, path, ExportOptions(include_drafts, rules, safe, word_times, sound))
        if format_of(path).ending == "qasr":
            self.note_saved(version)
        return path

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        engine = f", {self.info.engine}" if self.info.engine else ""
        return f"<Recording {self.duration:.1f} s, {len(self.utterances)} utterances{engine}, {state}>"

    def _repr_html_(self) -> str:
        """Return the transcript with times, and with waits where they say what a person would wait."""
        from .exports.table import summary_line, transcript_table

        latency = self.latency()
        below = summary_line(self.info, latency, self.complete, self.notes)
        return transcript_table(self.utterances, latency, below)


def checked_recording(value: Any, taker: str) -> Recording:
    """Return a recording; refuse anything else given to the function ``taker``.

    Raises
    ------
    SettingError
        It is something else.

    Examples
    --------
    >>> checked_recording("talk.qasr", "compare")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: compare takes a Recording, not 'talk.qasr': one that transcribe \
returns or load_recording reads.
    """
    if isinstance(value, Recording):
        return value
    raise SettingError(
        f"{taker} takes a Recording, not {value!r:.60}: one that transcribe returns or load_recording reads.",
        "recording",
    )


def _reference_turns(reference: Reference | None) -> Sequence[ReferenceTurn] | None:
    """Return the turns of a reference in whatever form it is given; None without one."""
    if reference is None:
        return None
    from ..vad.labels.references import reference_turns

    return reference_turns(reference)


def _end_of_speech(
    utterance: Utterance, matched: int | None, turns: Sequence[ReferenceTurn] | None
) -> float | None:
    """Return where an utterance's speech ended: by the reference where there is one, else by the service."""
    if turns is not None:
        return None if matched is None else turns[matched].end
    return None if utterance.end_source == "bound" else utterance.end


def _turn(onset: float, start: float, end: float) -> Turn:
    """Return a turn whose times are in order, also where a service reports an end before the onset."""
    end = max(end, 0.0)
    onset = min(max(onset, 0.0), end)
    return Turn(onset, min(max(start, 0.0), onset), end)

"""What the transcriber works with: the sound at hand, the run under way, and the runs before it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import AudioClip, Channel
from ...audio.opus import can_encode_opus
from ...client.retry import Retry
from ...errors import AudioError, BundleError, MissingDependency, NotConnected, QawError
from ...protocol.config import SessionConfig
from ...protocol.events import SessionUpdated
from ...recording import Recording
from ...recording.log.run_info import run_info
from ...recording.run import CHUNK_MS, Reported, Run, RunObserver
from ...recording.earlier.restoring import continued, goes_on
from ...recording.turn_taking import CLIENT, SERVICE, check_change_midway
from ...recording.values import TimedEvent
from ...vad.end_of_turn.end_of_turn import EndOfTurn
from ...vad.turns import TurnDetection
from ..capture.capture import (
    CaptureChunk, CaptureEnded, CaptureEvent, CaptureHeard, CaptureSession, CaptureStarted,
)
from ..capture.upload import FileOpened
from .endpoints import EndpointChoice
from .kept import KeptOnDisk
from .notices import Notice, notice_of_report, notice_of_run, notice_of_source
from .runs.kept_runs import KeptRun, KeptRuns
from .sound import SoundAtHand, is_recording, load_source, load_upload, sound_at_hand
from .sources import (
    MicrophoneSource, PacedSource, about_capture, about_clip, about_recording, processing_note,
)


AS_CHOSEN = -1.0
"""Stands for a pace that was not given: None is one."""


class RunFollower(RunObserver):
    """Tells a model what happens to one of its runs, as it happens.

    Parameters
    ----------
    model : TranscriberModel
        Which is told.
    """

    def __init__(self, model: TranscriberModel) -> None:
        self._model = model
        self.run: Run | None = None

    def changed(self) -> None:
        """There is something new to show."""
        self._model.grown()

    def received(self, timed: TimedEvent) -> None:
        """The service has sent an event."""
        if self.run is not None and isinstance(timed.event, SessionUpdated):
            self._model.take_confirmed(self.run)

    def reported(self, report: Reported) -> None:
        """The service has reported an error that the run survives."""
        if self.run is not None:
            self._model.take_report(self.run, report)

    def failed(self, error: QawError) -> None:
        """The run has lost its service."""
        if self.run is not None:
            self._model.take_failure(self.run, error)


class TranscriberModel:
    """Starts, ends and repeats runs; knows no comm and no page. Thread-safe, by one lock.

    Parameters
    ----------
    choice : EndpointChoice
        Where sound goes.
    config : SessionConfig
        The settings to begin with.
    pace : float or None
        How a given sound is sent.
    turn_taking : {"service", "client"}
        Who finds turns in the next run, see `transcribe`.
    retry : Retry
        How a lost connection is taken up again.
    kept : KeptOnDisk, optional
        Where recordings are kept until they are saved; by default nowhere.
    end_of_turn : EndOfTurn, optional
        The model that says when a turn is over, in runs in which the client takes turns.

    Attributes
    ----------
    recording : Recording or None
        The present run's.
    runs : KeptRuns
        All runs that were not thrown away.
    sound : SoundAtHand
        What can be transcribed.
    run : Run or None
        The run under way, or the last one of this recording.
    source : MicrophoneSource, PacedSource or None
        Where the run's sound comes from.
    notice : Notice or None
        What went wrong.
    problem : QawError or None
        Why the sound given cannot be used.
    detection : TurnDetection
        The threshold, silence and padding chosen last: those in force unless turns are taken by hand, and
        again once they are not.
    shown : callable
        Told, with the lock free, when something else is to be shown: a recording, or a sound not transcribed
        yet.
    grown : callable
        Told when there is more of it, or something was found wrong; from several threads, must not wait.
    make_run : callable
        Makes a `Run` of an endpoint, a recording, an observer, a `Retry` and a model of turn ends.
    lock : threading.RLock
        Held while it is decided what runs, and while a run is given sound.

    Examples
    --------
    >>> import numpy as np
    >>> model = TranscriberModel(EndpointChoice(), SessionConfig(), pace=None)
    >>> model.load(AudioClip(np.zeros(16_000, np.float32), 16_000)), model.active
    (True, False)
    >>> model.sound.clip.duration
    1.0
    """

    def __init__(
        self, choice: EndpointChoice, config: SessionConfig, pace: float | None, turn_taking: str = SERVICE,
        retry: Retry = Retry(),
        kept: KeptOnDisk | None = None,
        end_of_turn: EndOfTurn | None = None,
    ) -> None:
        self.choice = choice
        self.kept = kept or KeptOnDisk(False)
        self.detection = TurnDetection()
        self.config = config
        self.turn_taking = turn_taking
        self.end_of_turn = end_of_turn
        self.retry = retry
        self.pace = pace
        self.recording: Recording | None = None
        self.runs = KeptRuns()
        self.sound = SoundAtHand()
        self.run: Run | None = None
        self.source: MicrophoneSource | PacedSource | None = None
        self.notice: Notice | None = None
        self.problem: QawError | None = None
        self.shown: Callable[[], None] = lambda: None
        self.grown: Callable[[], None] = lambda: None
        self.make_run: Callable[[Any, Recording, RunObserver, Retry, EndOfTurn | None], Run] = Run
        self.lock = threading.RLock()
        self._depth = 0
        self._changed = False
        self._runs: tuple[Run, ...] = ()
        self._closed = False

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Hold the lock while it is decided what runs; then, with the lock free, say what else is shown."""
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                tell = self._changed and self._depth == 0
                self._changed = self._changed and not tell
        if tell:
            self.shown()

    @property
    def config(self) -> SessionConfig:
        """The settings asked for."""
        return self._config

    @config.setter
    def config(self, config: SessionConfig) -> None:
        self._config = config
        self.detection = config.turn_detection or self.detection

    @property
    def active(self) -> bool:
        """Whether sound or answers are still to come."""
        return self.run is not None and self.run.active

    @property
    def paced(self) -> PacedSource | None:
        """The source of a sound that is given out in its own time, where that is what runs."""
        return self.source if isinstance(self.source, PacedSource) else None

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Those of all runs, oldest first."""
        return tuple(one.recording for one in self.runs)

    @property
    def baseline(self) -> KeptRun | None:
        """The run of the same sound with which the present one is compared, see `KeptRuns.baseline`."""
        return self.runs.baseline(self.recording)

    # ---- the sound at hand

    def load(self, source: Any) -> bool:
        """Have a sound at hand, see `load_source`; what cannot be read becomes a notice."""
        return self._put(lambda: load_source(source), "", source)

    def open_left(self, name: str) -> None:
        """Show a recording that a kernel which ended has left on disk, unless a run is under way.

        Raises
        ------
        BundleError
            It cannot be opened.
        """
        if not self.active:
            self.load(self.kept.open(name))

    def open(self, file: FileOpened) -> None:
        """Transcribe a file that was opened in a page, once it is clear which of its channels, and how.

        A long one is asked about first; a recording is shown as it is.
        """
        if not self.active and self._put(partial(load_upload, file.name, file.data), file.name, file.data):
            if self.recording is None and not self.sound.ambiguous and not self.sound.is_long:
                self.begin()

    def take_channel(self, channel: Channel) -> None:
        """Have another channel of the file at hand: with its last run, else ready to be transcribed.

        Raises
        ------
        AudioError
            There is no such channel.
        """
        if self.sound.channels is not None and not self.active:
            sound = self.sound.with_channel(channel)
            with self.deciding():
                before = self.runs.last_of(sound)
                if before is None:
                    self._lay(sound)
                else:
                    self._restore(before)

    def take_part(self, start: float, end: float) -> None:
        """Have a stretch of the sound shown at hand, ready to be transcribed; all of it may be had again.

        Raises
        ------
        AudioError
            There is no sound, or the stretch lies outside of it.
        """
        with self.deciding():
            if not self.active:
                self._lay(self.sound.part(self.shown_sound(), start, end))

    def take_whole(self) -> None:
        """Have the sound again of which a part is at hand: with its last run, else ready."""
        with self.deciding():
            whole = self.sound.whole
            if whole is None or self.active:
                return
            before = self.runs.last_of(whole)
            if before is None:
                self._lay(whole)
            else:
                self._restore(before)

    def shown_sound(self) -> AudioClip:
        """Return the sound shown.

        Raises
        ------
        AudioError
            There is none.
        """
        if self.sound.clip is not None:
            return self.sound.clip
        if self.recording is None or not len(self.recording.tape):
            raise AudioError("There is no sound to take a part of: open a file, or press Record.")
        tape = self.recording.tape
        return AudioClip(tape.read(), tape.sample_rate)

    def _put(self, load: Callable[[], AudioClip | Recording], name: str, source: Any) -> bool:
        try:
            found: Any = load()
            sound = sound_at_hand(found, name, source)
        except QawError as problem:
            self.problem, self.notice = problem, notice_of_source(problem, name, source)
            return False
        self.problem = self.notice = None
        with self.deciding():
            if self.active:
                return False
            if is_recording(found):
                self.sound = sound
                self.source = None
                self._show(found, None)
            else:
                self._lay(sound)
        return True

    def _lay(self, sound: SoundAtHand) -> None:
        """Have a sound at hand that was not transcribed yet."""
        with self.deciding():
            self.sound = sound
            self.recording = self.run = self.source = None
            self._changed = True

    # ---- runs that stay

    def show_run(self, number: int) -> None:
        """Show another of the runs, with the sound it is of; not while a run is under way."""
        with self.deciding():
            kept = self.runs.numbered(number)
            if kept is not None and not self.active and kept.recording is not self.recording:
                self._restore(kept)

    def pin(self, number: int | None) -> None:
        """Compare the other runs of its sound with one of them; None compares each with the one before it."""
        with self.lock:
            self.runs.pin(number)

    def correct(self, utterance: int, text: str | None) -> None:
        """Note what was truly said in an utterance of the run shown; None takes that back."""
        with self.lock:
            shown = self.runs.of(self.recording)
            if shown is not None and not shown.growing:
                self.runs.correct(shown.number, utterance, text)

    def throw_away(self, number: int) -> None:
        """Let go of a run, and of its copy on disk; another one is shown in its place."""
        with self.deciding():
            kept = self.runs.numbered(number)
            if kept is None or kept.growing:
                return
            other = self.runs.remove(number)
            self.kept.discard(kept.recording)
            if kept.recording is self.recording and other is not None:
                self._restore(other)
            elif kept.recording is self.recording:
                self._lay(kept.sound)

    def go_on_from(self, before: TranscriberModel) -> None:
        """Take over the runs of another transcriber; what a page records into it is shown while it ends."""
        with before.lock:
            self.runs.take_over(before.runs)
            shown = self.runs.of(before.recording)
        with self.deciding():
            if shown is not None and isinstance(shown.source, MicrophoneSource):
                self._restore(shown)

    def _restore(self, kept: KeptRun) -> None:
        self.sound, self.recording, self.run, self.source = kept.sound, kept.recording, kept.run, kept.source
        error = None if kept.run is None else kept.run.error
        self.notice = None if kept.run is None or error is None else notice_of_run(error, kept.run.endpoint)
        self.problem = None
        self._changed = True

    # ---- runs

    def begin(self, pace: float | None = AS_CHOSEN) -> None:
        """Send the sound at hand, unless a run is under way.

        Parameters
        ----------
        pace : float or None
            How; by default as the transcriber was made.

        Raises
        ------
        AudioError
            There is no sound at hand.
        NotConnected
            The widget was closed.
        """
        with self.deciding():
            clip, rate = self.sound.clip, self.config.sample_rate
            if self.active:
                return
            if clip is None:
                raise AudioError("There is no sound to transcribe: open a file, or press Record.")
            pace = self.pace if pace == AS_CHOSEN else pace
            source = PacedSource(clip.resample(rate).to_pcm16(), rate, pace)
            self._pace_out(source, about_clip(clip, self.sound.title))

    def repeat(self, pace: float | None) -> None:
        """Send the recorded sound once more, with the settings and to the endpoint there are now.

        Raises
        ------
        AudioError
            There is no finished recording with sound.
        SettingError
            ``pace`` is neither a positive number nor None.
        NotConnected
            The widget was closed.
        """
        with self.deciding():
            before = self.recording
            if before is None or self.active or not len(before.tape):
                raise AudioError("There is no finished recording to run again.")
            rate = before.tape.sample_rate
            source = PacedSource(before.tape.read(), rate, pace)
            if self.config.sample_rate != rate:
                self.config = replace(self.config, sample_rate=rate)
            self._pace_out(source, about_recording(before))

    def try_again(self) -> None:
        """Where a run has failed, try the service again.

        The same service is sent what it had not answered, another one all the sound; both what still comes.
        """
        with self.deciding():
            run = self.run
            if run is None or (run.error is None and (run.active or run.recording.complete)):
                return
            old = run.recording
            if goes_on(old, self.choice.endpoint, self.config, self._taking, self._ended_by(self._taking)):
                fresh = self._run_of(continued(old))
                self.kept.discard(old)  # all of it goes on in the fresh one's copy
            elif run.active:
                fresh = self._new_run(old.info.pace, about_recording(old), old.tape.read())
            else:
                self.repeat(old.info.pace)
                return
            self.notice = None
            self._show(fresh.recording, fresh)
            if run.ended:
                fresh.finish()
            run.finish()
            fresh.start()

    def stop(self) -> None:
        """End a sound that is given out in its own time; a microphone is stopped where it is."""
        if isinstance(self.source, PacedSource):
            self.source.stop()

    def stop_waiting(self) -> None:
        """Give up on a service that has still to answer, once no more sound comes; what came is kept."""
        run = self.run
        if run is not None and run.waiting and not run.give_up():
            self.notice = Notice("unanswered", "")

    def hurry(self) -> None:
        """Have the run wait no longer: for the end of a turn before other settings, or for the next try."""
        if self.run is not None:
            self.run.hurry()

    def use_opus(self) -> None:
        """Send sound as Opus from here on, which needs a tenth of the line; a run under way in a new session.

        Raises
        ------
        MissingDependency
            PyAV is not installed.
        """
        if not can_encode_opus():
            raise MissingDependency('Opus needs PyAV: pip install "qwen-asr-widgets[media]"')
        self.change(replace(self.config, input_audio_format="opus"))

    def abandon(self) -> None:
        """End every run at once; none begins any more."""
        with self.lock:
            self._closed = True
            self.stop()
            runs, self._runs = self._runs, ()
        for run in runs:
            run.abort()

    def check_open(self) -> None:
        """Raise `NotConnected` once the widget was closed."""
        if self._closed:
            raise NotConnected("This transcriber was closed; make a new one to send sound.")

    def change(self, config: SessionConfig, turn_taking: str | None = None) -> None:
        """Take other settings; a run under way sends them at once (DashScope wants a new session for them).

        Raises
        ------
        SettingError
            A run is under way, and what was changed is fixed for a whole run: who finds turns, and the
            client's own threshold, silence and padding.
        """
        taking = self.turn_taking if turn_taking is None else turn_taking
        with self.lock:
            run = self.run if self.active else None
            if run is not None:
                check_change_midway(self.config, config, run.by_client, taking)
            self.turn_taking = taking
            if self.notice is not None and self.notice.code == "settings":
                self.notice = None  # it speaks of the settings before these
            if config != self.config:
                self.config = config
                if run is not None:
                    run.update(config)

    def _pace_out(self, source: PacedSource, about: Mapping[str, Any]) -> None:
        self._launch(source, source.pace, about)
        source.start(lambda: self.run if self.source is source else None, self.lock)

    def _launch(
        self, source: MicrophoneSource | PacedSource, pace: float | None, about: Mapping[str, Any]
    ) -> None:
        run = self._new_run(pace, about)
        self.source = source
        self.notice = self.problem = None
        self._show(run.recording, run)
        run.start()

    def _new_run(
        self, pace: float | None, about: Mapping[str, Any], samples: NDArray[np.int16] | None = None
    ) -> Run:
        taking = self._taking
        info = run_info(
            self.choice.endpoint, pace, CHUNK_MS, turn_taking=taking,
            end_of_turn=self._ended_by(taking), **about,
        )
        recording = Recording(self.config, info)
        if samples is not None:
            recording.tape.append(samples)
        return self._run_of(recording)

    @property
    def _taking(self) -> str:
        """Who takes turns in the next run; those of manual mode are committed by hand."""
        return SERVICE if self.config.turn_detection is None else self.turn_taking

    def _ended_by(self, taking: str) -> str:
        """Return the model that ends turns in a run, for its record; empty where silence alone does."""
        return str(self.end_of_turn or "") if taking == CLIENT else ""

    def _run_of(self, recording: Recording) -> Run:
        self.check_open()
        follower = RunFollower(self)
        run = follower.run = self.make_run(
            self.choice.endpoint, recording, follower, self.retry, self.end_of_turn
        )
        self.kept.begin(recording, run)
        self._runs = (*(one for one in self._runs if one.active), run)
        return run

    def _show(self, recording: Recording, run: Run | None) -> None:
        with self.deciding():
            self.recording, self.run = recording, run
            self.runs.add(recording, self.sound, run, self.source)
            self._changed = True

    # ---- the microphone

    def hear(self, event: CaptureEvent) -> None:
        """Take what a page that records says."""
        with self.deciding():
            if self._closed:
                return
            if isinstance(event, CaptureStarted):
                self._start_capture(event.session)
                return
            run, source = self.run, self.source
            if run is None or not isinstance(source, MicrophoneSource):
                return
            if isinstance(event, CaptureChunk):
                source.bring(event, run)
            elif isinstance(event, CaptureEnded):
                source.end(run)

    def safe(self, heard: CaptureHeard) -> CaptureHeard:
        """Say what of a page's recording is safe: what is on disk, where it is kept there.

        A kernel may be killed; what its page has still kept then goes to the next one.
        """
        with self.lock:
            source, run = self.source, self.run
            if run is None or not isinstance(source, MicrophoneSource) or source.session is not heard.session:
                return heard
            seconds = self.kept.saved_seconds(run.recording)
            if seconds is None:
                return heard
            tape = run.recording.tape
            saved = round(seconds * tape.sample_rate)
            if heard.over and saved == len(tape):
                return heard
            return replace(heard, over=False, safe=min(heard.chunks, source.chunks_within(saved)))

    def _start_capture(self, session: CaptureSession) -> None:
        self.stop()
        if self.run is not None and self.source is not None and not self.run.ended:
            self.source.end(self.run)
        source = MicrophoneSource(session, self.config.sample_rate)
        self.sound = SoundAtHand()
        if session.begins_at and self._goes_on(source):
            return
        self._launch(source, 1.0, about_capture(session))
        note = processing_note(session)
        if note and self.recording is not None:
            self.recording.note(note)

    def _goes_on(self, source: MicrophoneSource) -> bool:
        """Go on with what another kernel has begun of a page's recording, by its settings, if kept."""
        old = self._begun_elsewhere(source.session.id)
        taking = "" if old is None else old.info.turn_taking
        if old is None or not goes_on(old, self.choice.endpoint, None, taking, self._ended_by(taking)):
            return False
        self.config, self.turn_taking = old.config, old.info.turn_taking
        fresh = self._run_of(continued(old, source.begins_at))
        self.kept.discard(old)
        missing = source.begins_at - len(fresh.recording.tape)
        if missing > 0:
            fresh.recording.lose(missing, "lost with the kernel before this one")
        self.source, self.notice = source, None
        self._show(fresh.recording, fresh)
        fresh.start()
        return True

    def _begun_elsewhere(self, session: str) -> Recording | None:
        """Return the recording on show, or one left on disk, if it is the beginning of a session."""
        left = self.kept.of_session(session)
        if left is not None:
            try:
                self.load(self.kept.open(left))
            except BundleError as problem:
                self.notice = notice_of_source(problem, "", "")
        old = None if self.active else self.recording
        return old if old is not None and old.info.capture.get("session") == session else None

    # ---- what a run tells

    def take_failure(self, run: Run, error: QawError) -> None:
        """Make a notice of what has ended the present run."""
        with self.lock:
            if run is self.run:
                self.notice = notice_of_run(error, run.endpoint)
        self.grown()

    def take_report(self, run: Run, report: Reported) -> None:
        """Make a notice of an error that the present run survives, but for one of refused settings."""
        with self.lock:
            if run is self.run and run.error is None:
                told = self.notice is not None and self.notice.code == "settings"
                if report.refuses or not told:
                    self.notice = notice_of_report(report)
        self.take_confirmed(run)

    def take_confirmed(self, run: Run) -> None:
        """Show the settings in force once the service has refused some and every other is answered."""
        with self.lock:
            refused = run is self.run and any(report.refuses for report in run.reports)
            if refused and run.error is None and run.active and run.settled:
                self.config = run.recording.config

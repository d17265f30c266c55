"""What lies on the transcriber's desk: the sound at hand, the run under way, and those before it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import AudioClip, Channel
from ...errors import AudioError, NotConnected, QawError
from ...protocol.config import SessionConfig
from ...recording import Recording
from ...recording.log.run_info import run_info
from ...recording.run import CHUNK_MS, Run, RunObserver
from ...recording.turn_taking import SERVICE, check_change_midway
from ...vad.turns import TurnDetection
from ..capture import capture
from ..capture.upload import FileOpened
from .about import about_capture, about_clip, about_recording, processing_note
from .endpoints import EndpointChoice
from .notices import ErrorWatch, Notice, notice_of_source
from .sound import SoundAtHand, is_recording, load_source, load_upload, sound_at_hand
from .sources import MicrophoneSource, PacedSource


class _Told(RunObserver):
    """Passes on that there is something new to show."""

    def __init__(self, told: Callable[[], None]) -> None:
        self.changed = told  # type: ignore[method-assign]


class Desk:
    """Starts, ends and repeats runs; knows nothing of comms and pages. Thread-safe.

    Parameters
    ----------
    choice : EndpointChoice
        Where sound goes.
    config : SessionConfig
        The settings to begin with.
    pace : float or None
        How a given sound is sent.
    shown : callable
        Told when something else lies on the desk: a recording, or a sound not transcribed yet.
    grown : callable
        Told when there is more of what lies there; from several threads.
    turn_taking : {"service", "client"}
        Who finds turns in the next run, see `transcribe`.

    Attributes
    ----------
    recording : Recording or None
        The present run.
    recordings : tuple of Recording
        All of them.
    sound : SoundAtHand
        What can be transcribed.
    live : Run or None
        The run under way, or the last one of this recording.
    other : Recording or None
        The run before, of the same sound.
    notice : Notice or None
        What went wrong.
    problem : QawError or None
        Why the sound given cannot be used.
    detection : TurnDetection
        The threshold, silence and padding chosen last: those in force unless turns are taken by hand, and
        again once they are not.
    lock : threading.RLock
        Held while it is decided what runs, and while a run is given sound.
    """

    def __init__(
        self, choice: EndpointChoice, config: SessionConfig, pace: float | None, shown: Callable[[], None],
        grown: Callable[[], None] = lambda: None, turn_taking: str = SERVICE,
    ) -> None:
        self.choice = choice
        self.detection = TurnDetection()
        self.config = config
        self.turn_taking = turn_taking
        self.pace = pace
        self.recording: Recording | None = None
        self.recordings: tuple[Recording, ...] = ()
        self.sound = SoundAtHand()
        self.live: Run | None = None
        self.feed: MicrophoneSource | PacedSource | None = None
        self.other: Recording | None = None
        self.notice: Notice | None = None
        self.problem: QawError | None = None
        self._shown = shown
        self._grown = grown
        self._watch = ErrorWatch()
        self._runs: tuple[Run, ...] = ()
        self._closed = False
        self.lock = threading.RLock()

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
        return self.live is not None and self.live.active

    @property
    def paced(self) -> PacedSource | None:
        """The feed of a sound that is given out in its own time, where that is what runs."""
        return self.feed if isinstance(self.feed, PacedSource) else None

    # ---- the sound at hand

    def load(self, source: Any) -> bool:
        """Put a source on the desk, see `load_source`; what cannot be read becomes a notice."""
        return self._put(lambda: load_source(source), "", source)

    def open(self, file: FileOpened) -> None:
        """Transcribe a file that was opened in a page, once it is clear which of its channels.

        A recording is shown as it is.
        """
        if not self.active and self._put(partial(load_upload, file.name, file.data), file.name, file.data):
            if self.recording is None and not self.sound.ambiguous:
                self.begin()

    def take_channel(self, channel: Channel) -> None:
        """Have another channel of the file at hand, ready to be transcribed.

        Raises
        ------
        AudioError
            There is no such channel.
        """
        if self.sound.channels is not None and not self.active:
            self._lay(self.sound.with_channel(channel))

    def _put(self, load: Callable[[], AudioClip | Recording], name: str, source: Any) -> bool:
        try:
            found: Any = load()
            sound = sound_at_hand(found, name, source)
        except QawError as problem:
            self.problem, self.notice = problem, notice_of_source(problem, name, source)
            return False
        self.problem = self.notice = None
        with self.lock:
            if self.active:
                return False
            if is_recording(found):
                self.sound = sound
                self._show(found, None)
            else:
                self._lay(sound)
        return True

    def _lay(self, sound: SoundAtHand) -> None:
        """Have a sound at hand that was not transcribed yet."""
        with self.lock:
            self.sound = sound
            self.recording = self.live = self.other = self.feed = None
        self._shown()

    def begin(self) -> None:
        """Send the sound at hand, unless a run is under way.

        Raises
        ------
        AudioError
            There is none.
        NotConnected
            The desk was given up.
        """
        with self.lock:
            clip, rate = self.sound.clip, self.config.sample_rate
            if self.active:
                return
            if clip is None:
                raise AudioError("There is no sound to transcribe: open a file, or press Record.")
            feed = PacedSource(clip.resample(rate).to_pcm16(), rate, self.pace)
            self._pace_out(feed, about_clip(clip, self.sound.title), None)

    # ---- runs

    def repeat(self, pace: float | None) -> None:
        """Send the recorded sound once more, with the settings and to the endpoint there are now.

        Raises
        ------
        AudioError
            There is no finished recording with sound.
        SettingError
            ``pace`` is none.
        NotConnected
            The desk was given up.
        """
        with self.lock:
            before = self.recording
            if before is None or self.active or not len(before.tape):
                raise AudioError("There is no finished recording to run again.")
            rate = before.tape.sample_rate
            feed = PacedSource(before.tape.read(), rate, pace)
            if self.config.sample_rate != rate:
                self.config = replace(self.config, sample_rate=rate)
            self._pace_out(feed, about_recording(before), before if before.utterances else None)

    def retry(self) -> None:
        """Where a run has failed, try the service again: with all the sound, and what is still to come."""
        with self.lock:
            live = self.live
            if live is None or (live.error is None and (live.active or live.recording.complete)):
                return
            if not live.active:
                self.repeat(live.recording.info.pace)
                return
            old = live.recording
            fresh = self._run(old.info.pace, about_recording(old), old.tape.read())
            self.notice = None
            self._show(fresh.recording, fresh)
            if live.ended:
                fresh.finish()
            live.finish()
            fresh.start()

    def stop(self) -> None:
        """End a sound that is given out in its own time; a microphone is stopped where it is."""
        if isinstance(self.feed, PacedSource):
            self.feed.stop()

    def stop_waiting(self) -> None:
        """Give up on a service that has still to answer, once no more sound comes; what came is kept."""
        live = self.live
        if live is not None and live.waiting and not live.give_up():
            self.notice = Notice("unanswered", "")

    def abandon(self) -> None:
        """End every run at once; none begins any more."""
        with self.lock:
            self._closed = True
            self.stop()
            runs, self._runs = self._runs, ()
        for run in runs:
            run.abort()

    def check_open(self) -> None:
        """Raise `NotConnected` once the desk was given up."""
        if self._closed:
            raise NotConnected("This transcriber was closed; make a new one to send sound.")

    def change(self, config: SessionConfig, turn_taking: str | None = None) -> None:
        """Take other settings; a run under way gets them at once.

        Raises
        ------
        SettingError
            They are such as hold for a whole run.
        """
        taking = self.turn_taking if turn_taking is None else turn_taking
        with self.lock:
            live = self.live if self.active else None
            if live is not None:
                check_change_midway(self.config, config, live.by_client, taking)
            self.turn_taking = taking
            if self.notice is not None and self.notice.code == "settings":
                self.notice = None  # it speaks of the settings before these
            if config != self.config:
                self.config = config
                if live is not None:
                    live.update(config)

    def _pace_out(self, feed: PacedSource, about: Mapping[str, Any], other: Recording | None) -> None:
        self._launch(feed, feed.pace, about, other)
        feed.start(lambda: self.live if self.feed is feed else None, self.lock)

    def _launch(
        self, feed: MicrophoneSource | PacedSource, pace: float | None, about: Mapping[str, Any],
        other: Recording | None = None,
    ) -> None:
        run = self._run(pace, about)
        self.feed = feed
        self.notice = self.problem = None
        self._show(run.recording, run, other)
        run.start()

    def _run(
        self, pace: float | None, about: Mapping[str, Any], samples: NDArray[np.int16] | None = None
    ) -> Run:
        self.check_open()
        manual = self.config.turn_detection is None
        taking = SERVICE if manual else self.turn_taking
        info = run_info(self.choice.endpoint, pace, CHUNK_MS, turn_taking=taking, **about)
        recording = Recording(self.config, info)
        if samples is not None:
            recording.tape.append(samples)
        run = Run(self.choice.endpoint, recording, _Told(self._grown))
        self._runs = (*(earlier for earlier in self._runs if earlier.active), run)
        return run

    def _show(self, recording: Recording, run: Run | None, other: Recording | None = None) -> None:
        with self.lock:
            self.recording, self.live, self.other = recording, run, other
            self.recordings = (*self.recordings, recording)
            self._watch = ErrorWatch()
        self._shown()

    # ---- the microphone

    def hear(self, event: capture.CaptureEvent) -> None:
        """Take what a page that records says."""
        with self.lock:
            if self._closed:
                return
            if isinstance(event, capture.CaptureStarted):
                self._start_capture(event.session)
                return
            run, feed = self.live, self.feed
            if run is None or not isinstance(feed, MicrophoneSource):
                return
            if isinstance(event, capture.CaptureChunk):
                feed.bring(event, run)
            elif isinstance(event, capture.CaptureEnded):
                feed.end(run)

    def _start_capture(self, session: capture.CaptureSession) -> None:
        self.stop()
        if self.live is not None and self.feed is not None and not self.live.ended:
            self.feed.end(self.live)
        feed = MicrophoneSource(session, self.config.sample_rate)
        self.sound = SoundAtHand()
        self._launch(feed, 1.0, about_capture(session))
        note = processing_note(session)
        if note and self.recording is not None:
            self.recording.note(note)

    # ---- what went wrong

    def look_for_errors(self) -> None:
        """Make a notice of what has ended the run, or of what the service reported or refused.

        Once it has refused settings, those it confirms are shown.
        """
        with self.lock:
            live = self.live
            if live is None:
                return
            self.notice = self._watch.look(live) or self.notice
            refused = any(error.refuses for error in live.reports)
            if refused and live.error is None and live.active and live.settled:
                self.config = live.recording.config

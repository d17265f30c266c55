"""Speak, or open a file: the waveform grows, turns open and close, words settle, and each wait is measured."""

from __future__ import annotations

import contextvars
import difflib
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from ..audio.clip import AudioClip
from ..audio.samples import sample
from ..audio.tape import Tape
from ..errors import AudioError, QawError, SettingError
from ..realtime.config import SessionConfig
from . import capture
from .assets import css, esm
from .microphone import Microphone
from .pump import Message
from .run_view import RunView, clip_title, source_name
from .sound_feed import SoundFeed
from .static_picture import image_html, recording_picture, sound_picture
from .transcriber_endpoints import EndpointChoice
from .transcriber_run import LiveRun
from .transcriber_save import file_name, in_slices, saved
from .transcriber_sources import MicrophoneFeed, PacedFeed, is_recording, load_source, load_upload
from .transcriber_state import (
    BEHIND, LiveFeed, Notice, comparison_state, config_of, config_state, figures, notice_of, other_state
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..realtime.endpoints import Endpoint
    from ..recording import Recording

logger = logging.getLogger("qwen_asr_widgets")

KEYWORDS = ("source", "endpoint", "config", "lang", "height", "save_outputs", "pace")


class Uplink(Microphone):
    """The way of the microphone's sound to Python; shows nothing, and the kernel never writes to it."""

    _esm = "export default { render() {} };"
    _css = ""


class Transcriber(RunView):
    """Press record, open a file or pass a sound: see what the recogniser hears, and when it knows.

    The sound is streamed to the endpoint as it comes and kept whatever happens; the display moves while a
    cell runs (with ipykernel 7 or newer). Nothing is sent before one presses a button or calls `start`.

    Parameters
    ----------
    source : path, bytes, AudioClip, Sample, Recording or ClipRecorder, optional
        What `start` transcribes; a recording is shown as it is and can be run again. None: the microphone.
    endpoint : Endpoint or str, optional
        ``"embedded"`` (default: a recogniser on this computer), ``"beijing"``, ``"singapore"`` or a URL.
    config : SessionConfig, optional
        The settings to begin with.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    height : int
        CSS pixels of the waveform, 40 to 2000.
    save_outputs : bool
        Whether picture and transcript stay in the saved notebook.
    pace : float or None
        How a given sound is sent: 1.0 is real time, None as fast as the service takes it.

    Attributes
    ----------
    recording : Recording or None
        The present run, also while it grows.
    recordings : tuple of Recording
        All runs of this widget, oldest first.
    config : SessionConfig
        The settings asked for; `Recording.settings` has those that were in force, and from where on.

    Raises
    ------
    SettingError
        A setting is out of its range.
    EndpointError
        There is no such endpoint.
    TypeError
        An unknown keyword; the message suggests the right one.

    Notes
    -----
    A sound that cannot be read is said in the widget, beside a button that opens another file; `start`
    raises it.

    Examples
    --------
    >>> t = Transcriber()
    >>> t                                         # doctest: +SKIP
    >>> t.recording.utterances                    # doctest: +SKIP

    Without touching the page:

    >>> t = Transcriber(sample("conversation"), pace=None)
    >>> t.start(); t.wait().text                  # doctest: +SKIP
    """

    _esm = esm("transcriber.js")
    _css = css("transcriber.css")
    uplink = traitlets.Instance(Microphone).tag(sync=True, **ipywidgets.widget_serialization)
    uid = traitlets.Unicode().tag(sync=True)
    live_while_busy = traitlets.Bool().tag(sync=True)
    _live: LiveRun | None = None
    _feed: MicrophoneFeed | PacedFeed | None = None

    @traitlets.default("uplink")
    def _new_uplink(self) -> Uplink:
        return Uplink(lang=self.lang)

    @traitlets.default("uid")
    def _uid_of_uplink(self) -> str:
        return str(self.uplink.uid)

    @traitlets.default("live_while_busy")
    def _live_as_uplink(self) -> bool:
        return bool(self.uplink.live_while_busy)

    def __init__(
        self, source: Any = None, endpoint: Endpoint | str | None = None, config: SessionConfig | None = None,
        *, lang: str = "", height: int = 96, save_outputs: bool = True, pace: float | None = 1.0,
        **unknown: Any,
    ) -> None:
        _refuse_unknown(unknown)
        if config is not None and not isinstance(config, SessionConfig):
            raise SettingError(f"config is {config!r}; give a SessionConfig, or None.", "config")
        if pace is not None and (isinstance(pace, bool) or not isinstance(pace, (int, float)) or pace <= 0):
            raise SettingError(f"pace is {pace!r}; give a positive number, or None.", "pace")
        super().__init__(None, Tape(16_000), lang=lang, height=height, save_outputs=save_outputs)
        self._sound = None
        self.config = config or SessionConfig()
        self.pace = pace
        self.recordings: tuple[Recording, ...] = ()
        self._choice = EndpointChoice(endpoint)
        self._source = source
        self._clip: AudioClip | None = None
        self._other: Recording | None = None
        self._notice: Notice | None = None
        self._seen_error: QawError | None = None
        self._seen_errors = 0
        self._figures: tuple[Any, dict[str, Any]] = (None, {})
        self._told: dict[str, Any] = {}
        self._call = 0
        self._called = False
        self._problem: QawError | None = None
        self.uplink.subscribe(self._heard)
        self._shown_choice = self._choice.state()
        if source is not None:
            self._load(lambda: load_source(source))

    # ---- from code

    @property
    def active(self) -> bool:
        """Whether sound or answers are still to come."""
        return self._live is not None and self._live.active

    def start(self) -> None:
        """Begin: with the sound given, else with the microphone of the page that shows the widget.

        The page starts as soon as it is there; of several tabs only one does.

        Raises
        ------
        AudioError
            The sound given cannot be read.
        """
        if self.active:
            return
        if self._source is None and self._clip is None:
            self._call += 1
            self._called = True
            self._tell({"kind": "call", "token": self._call}, [])
            return
        if self._clip is None:
            self._load(lambda: load_source(self._source))
        if self._problem is not None:
            raise self._problem
        self._start_clip()

    def stop(self) -> None:
        """End the sound here; the answers to it are still waited for."""
        self._called = False
        if isinstance(self._feed, PacedFeed):
            self._feed.stop()
        self._tell({"kind": "halt"}, [])

    def pause(self) -> None:
        """Hold the sound up."""
        if isinstance(self._feed, PacedFeed):
            self._feed.pause()
            self._tell_state()
        else:
            self._tell({"kind": "hold"}, [])

    def resume(self) -> None:
        """Go on after `pause`."""
        if isinstance(self._feed, PacedFeed):
            self._feed.resume()
            self._tell_state()
        else:
            self._tell({"kind": "go"}, [])

    def wait(self, timeout: float | None = None) -> Recording:
        """Wait until everything is answered, and return the recording.

        Parameters
        ----------
        timeout : float or None
            Seconds; None waits as long as it takes.

        Raises
        ------
        TimeoutError
            The time was up first; the run goes on.
        AudioError
            Nothing was started, or (with ipykernel 6) the microphone's sound cannot come while a cell runs.
        QawError
            What ended the run early. The recording is kept in `recording`.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        self._check_wait()
        pause = threading.Event()
        while self._called or self.active:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"The run was not over after {timeout:g} s; it goes on.")
            pause.wait(0.05)
        if self._live is not None and self._live.error is not None:
            raise self._live.error
        if self.recording is None:
            raise AudioError("Nothing was recorded.")
        return self.recording

    def commit(self) -> None:
        """Manual mode: what was said until now is one utterance."""
        if self._live is not None:
            self._live.commit()

    def close(self) -> None:
        """Take the widget off the page, end its threads and the run under way."""
        if isinstance(self._feed, PacedFeed):
            self._feed.stop()
        if self._live is not None and self._live.active:
            self._live.abandon()
        self.uplink.close()
        super().close()

    def _check_wait(self) -> None:
        if self._called or isinstance(self._feed, MicrophoneFeed) and self.active:
            if not self.live_while_busy and threading.current_thread() is threading.main_thread():
                raise AudioError(
                    "With ipykernel 6 no sound arrives while a cell runs, so this would never end. "
                    "Wait in a later cell after the recording has stopped, or install ipykernel 7 or newer."
                )
        elif self._live is None and self.recording is None:
            raise AudioError("Nothing was started: press Record, or call start().")

    # ---- runs

    def _load(self, load: Any, name: str = "") -> bool:
        """Load a sound and show it; say so where it cannot be read."""
        try:
            found = load()
        except QawError as problem:
            self._problem, self._notice = problem, notice_of(problem)
            return False
        self._problem = self._notice = None
        if is_recording(found):
            self._show(found, None)
        else:
            self._clip = found
            self._title = clip_title(found) or name
            self._show_clip(found)
        return True

    def _show_clip(self, clip: AudioClip) -> None:
        """Show a sound that was not transcribed yet."""
        from .run_feed import RunFeed

        with self._telling:
            self.recording, self._live, self._other = None, None, None
            self._run = RunFeed(source_name(clip), None, self._title)
            self._sound = SoundFeed(clip, source_name(clip))
        self._announce()

    def _show(self, recording: Recording, run: LiveRun | None, other: Recording | None = None) -> None:
        """Show a recording from now on."""
        source = source_name(recording)
        with self._telling:
            self.recording, self._live, self._other = recording, run, other
            self.recordings = (*self.recordings, recording)
            self._run = LiveFeed(source, recording, run)
            self._sound = SoundFeed(recording.tape, source)
            self._seen_error, self._seen_errors = None, 0
            self._figures = (None, {})
        self._announce()

    def _announce(self) -> None:
        """Tell the views that something else is shown."""
        if self._views:
            with self._telling:
                self._tell_all(self.opening())
        self._follow()

    def _launch(
        self, pace: float | None, samples: NDArray[np.int16] | None = None, other: Recording | None = None,
        **about: Any,
    ) -> LiveRun:
        """Begin a run and show it."""
        self._notice = self._problem = None
        run = LiveRun(self._choice.endpoint, self.config, pace, samples, **about)
        self._show(run.recording, run, other)
        run.start()
        return run

    def _start_clip(self) -> None:
        """Send the sound at hand."""
        clip = self._clip
        if clip is None:
            raise AudioError("There is no sound to transcribe: open a file, or press Record.")
        rate = self.config.sample_rate
        feed = PacedFeed(clip.resample(rate).to_pcm16(), rate, self.pace)
        origin = clip.origin
        about = {
            "name": self._title or clip_title(clip), "original_rate": origin.sample_rate,
            "original_channels": origin.channels, "channel": origin.channel,
        }
        self._begin(feed, self.pace, about)

    def _begin(
        self, feed: PacedFeed, pace: float | None, about: Mapping[str, Any], other: Recording | None = None
    ) -> None:
        self._feed = feed
        self._launch(pace, None, other, **about)
        feed.start(lambda: self._live if self._feed is feed else None)

    def run_again(
        self, config: SessionConfig | None = None, endpoint: Endpoint | str | None = None,
        pace: float | None = None,
    ) -> None:
        """Send the same sound once more, with other settings or to another endpoint; both runs are shown.

        Parameters
        ----------
        config : SessionConfig, optional
            Other settings; None keeps those there are.
        endpoint : Endpoint or str, optional
            Another endpoint; None keeps it.
        pace : float or None
            None keeps that of the first run.

        Raises
        ------
        AudioError
            Nothing was recorded yet, or a run is under way.
        """
        before = self.recording
        if before is None or self.active or not len(before.tape):
            raise AudioError("There is no finished recording to run again.")
        if config is not None:
            self.config = config
        if endpoint is not None:
            self._choice = EndpointChoice(endpoint)
        self._again(before, before.info.pace if pace is None else pace)

    def _again(self, before: Recording, pace: float | None) -> None:
        samples, rate = before.tape.read(), before.tape.sample_rate
        self.config = _at_rate(self.config, rate)
        info = before.info
        about = {
            "name": info.name, "original_rate": info.original_rate,
            "original_channels": info.original_channels, "channel": info.channel,
        }
        self._begin(PacedFeed(samples, rate, pace), pace, about, before if before.utterances else None)

    def _retry(self) -> None:
        """Try the service again: with all the sound there is, and what is still to come."""
        live = self._live
        if live is None or not live.active:
            if self.recording is not None:
                self._again(self.recording, self.recording.info.pace)
            elif self._clip is not None:
                self._start_clip()
            return
        with self._telling:
            old = live.recording
            fresh = LiveRun(
                self._choice.endpoint, self.config, old.info.pace, old.tape.read(), name=old.info.name,
                original_rate=old.info.original_rate, original_channels=old.info.original_channels,
                channel=old.info.channel,
            )
            self._notice = None
            self._show(fresh.recording, fresh)
        live.end()
        fresh.start()

    # ---- the microphone (its own thread)

    def _heard(self, event: capture.CaptureEvent) -> None:
        if isinstance(event, capture.CaptureStarted):
            self._start_capture(event.session)
        elif isinstance(event, capture.FileOpened):
            self._opened(event)
        elif isinstance(event, capture.CaptureProblem):
            self._called = False
        elif isinstance(self._feed, MicrophoneFeed):
            self._capture(event, self._feed)

    def _start_capture(self, session: capture.CaptureSession) -> None:
        self._called = False
        if isinstance(self._feed, PacedFeed):
            self._feed.stop()
        if self._live is not None and self._live.active:
            self._live.end()
        self._feed = MicrophoneFeed(session, self.config.sample_rate)
        self._launch(
            1.0, name=session.label, original_rate=session.sample_rate,
            original_channels=session.settings.get("channelCount"), channel=None,
        )

    def _capture(self, event: capture.CaptureEvent, feed: MicrophoneFeed) -> None:
        with self._telling:
            run = self._live
            if run is None:
                return
            if isinstance(event, capture.CaptureChunk):
                feed.bring(event, run)
            elif isinstance(event, capture.CaptureEnded):
                feed.end(run)

    def _opened(self, file: capture.FileOpened) -> None:
        """Transcribe a file that was opened in the page; a recording is shown as it is."""
        if self.active:
            return
        if self._load(lambda: load_upload(file.name, file.data), file.name) and self._clip is not None:
            if self.recording is None:
                self._start_clip()
        self._tell_state()

    # ---- the views

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        self._told = self._state()
        other = []
        if self._other is not None:
            other = [(other_state(self._other, self._run.source), [])]
        return [({"kind": "state", **self._told}, []), *super().opening(), *other]

    def _take(self, widget: Any, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        handler = _HANDLERS.get(str(kind))
        if handler is None:
            if kind == "hello":
                self._shown_choice = self._choice.state()
            super()._take(widget, content, buffers)
            if kind == "hello" and self._called:
                self._tell({"kind": "call", "token": self._call}, [])
            return
        try:
            handler(self, content, buffers)
        except QawError as problem:
            self._notice = notice_of(problem)
        self._shown_choice = self._choice.state()
        self._tell_state()

    def _take_capture(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Pass on a message of the microphone, from front ends that have one comm for each widget only."""
        self.uplink._enqueue(self.uplink, content["capture"], buffers)

    def _take_claim(self, content: Mapping[str, Any], _: Any) -> None:
        """Let the first page that answers record."""
        if self._called and content.get("token") == self._call:
            self._call += 1
            self._tell({"kind": "begin", "view": content["view"]}, [])

    def _take_sample(self, *_: Any) -> None:
        if not self.active and self._load(lambda: sample("conversation").clip):
            self._start_clip()

    def _take_settings(self, content: Mapping[str, Any], _: Any) -> None:
        config = config_of(content["config"], self.config)
        if config == self.config:
            return
        self.config = config
        if self._live is not None and self._live.active:
            self._live.update(config)

    def _take_endpoint(self, content: Mapping[str, Any], _: Any) -> None:
        if not self.active or (self._live is not None and self._live.error is not None):
            self._choice.choose(str(content["id"]), str(content.get("url", "")))

    def _take_again(self, content: Mapping[str, Any], _: Any) -> None:
        if self.recording is not None and not self.active:
            self._again(self.recording, content.get("pace"))

    def _take_save(self, content: Mapping[str, Any], _: Any) -> None:
        """Make a file beside the kernel's thread, and send it."""
        recording = self.recording
        if recording is None:
            return
        ending, job = str(content["format"]), str(content["job"])

        def work() -> None:
            try:
                data = saved(recording, ending)
            except Exception as problem:
                logger.exception("the %s file could not be made", ending)
                self._tell({"kind": "saved", "job": job, "error": str(problem)}, [])
                return
            self._tell_all(list(in_slices(data, job, file_name(recording, ending), ending)))

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), name="qaw-save", daemon=True).start()

    def _take_dismiss(self, content: Mapping[str, Any], _: Any) -> None:
        if self._notice is not None and self._notice.id == content.get("id"):
            self._notice = None

    # ---- what they are told

    def _follow(self) -> None:
        if self.active and self._pump is not None:
            self._pump.start()

    def _has_more(self) -> bool:
        if self.comm is None:
            return False
        if self.active:
            return True
        self.refresh_static()
        return False

    def _changes(self) -> list[Message]:
        self._look_for_errors()
        if self._greeted and not self._views:
            return []
        with self._telling:
            return [*self._state_changes(), *super()._changes()]

    def _tell_state(self) -> None:
        self._look_for_errors()
        with self._telling:
            self._tell_all(self._state_changes())

    def _state_changes(self) -> list[Message]:
        state = self._state()
        if state == self._told:
            return []
        self._told = state
        return [({"kind": "state", **state}, [])]

    def _look_for_errors(self) -> None:
        """Make a notice of what has ended the run, or of settings the service refused."""
        live = self._live
        if live is None:
            return
        if live.error is not None and live.error is not self._seen_error:
            self._seen_error = live.error
            self._notice = notice_of(live.error)
        refused = live.recording.errors
        if len(refused) > self._seen_errors and live.error is None:
            self._seen_errors = len(refused)
            error = refused[-1].error
            self._notice = Notice("settings", str(error.get("message") or error.get("code") or ""))
            self.config = live.recording.config

    def _state(self) -> dict[str, Any]:
        live, recording, feed = self._live, self.recording, self._feed
        paced = feed if isinstance(feed, PacedFeed) and live is not None else None
        if live is not None:
            phase = live.phase
        else:
            phase = "done" if recording is not None else "ready" if self._clip is not None else "empty"
        behind = live.lag if live is not None and live.active and paced is None else 0.0
        return {
            "phase": phase,
            "source": "file" if paced else "mic" if live is not None else "",
            "paused": paced.paused if paced else False,
            "progress": self._progress(paced),
            "pace": recording.info.pace if recording is not None else self.pace,
            "title": self._title or (recording.info.name if recording is not None else ""),
            "total": len(paced.samples) / self.config.sample_rate if paced else 0.0,
            "behind": int(behind) if behind >= BEHIND and phase != "connecting" else 0,
            "lost": _lost(recording),
            "notice": self._notice_state(),
            "endpoint": self._shown_choice,
            "config": config_state(self.config),
            "figures": self._figures_now(),
            "compared": comparison_state(self._other, recording)
            if self._other is not None and recording is not None and not self.active else [],
        }

    def _progress(self, feed: PacedFeed | None) -> float | None:
        live = self._live
        if feed is None or live is None or not len(feed.samples):
            return None
        return round(min(1.0, live.recording.sent_duration * self.config.sample_rate / len(feed.samples)), 3)

    def _notice_state(self) -> dict[str, Any] | None:
        notice = self._notice
        if notice is None:
            return None
        kept = self.recording.duration if self.recording is not None and not self.active else 0.0
        return {"id": notice.id, "code": notice.code, "detail": self._choice.hide(notice.detail), "kept": kept}

    def _figures_now(self) -> dict[str, Any]:
        """Return the figures of the foot, taken anew only when an utterance has changed."""
        if self.recording is None:
            return {}
        utterances = self.recording.utterances
        key = (len(utterances), sum(one.status == "final" for one in utterances))
        if key != self._figures[0]:
            self._figures = (key, figures(self.recording))
        return self._figures[1]

    # ---- the saved notebook

    def static_html(self) -> str:
        """Return the picture and the transcript, or what there was to hear."""
        from ..recording.html import recording_html

        title = self.static_title()
        if self.recording is not None:
            if not len(self.recording.tape):
                return recording_html(self.recording)
            picture = image_html(recording_picture(self.recording), f"Waveform of {title} with turns and waits")
            return picture + recording_html(self.recording)
        if self._clip is not None:
            return image_html(sound_picture(self._clip), f"Waveform of {title}")
        return "<p>Transcriber: run this cell to record or to open a file.</p>"

    def static_ready(self) -> bool:
        """Tell whether no run is under way."""
        return not self.active


_HANDLERS: dict[str, Any] = {
    "capture": Transcriber._take_capture,
    "claim": Transcriber._take_claim,
    "sample": Transcriber._take_sample,
    "transcribe": lambda widget, *_: widget.start(),
    "stop": lambda widget, *_: widget.stop(),
    "pause": lambda widget, *_: widget.pause(),
    "resume": lambda widget, *_: widget.resume(),
    "commit": lambda widget, *_: widget.commit(),
    "settings": Transcriber._take_settings,
    "endpoint": Transcriber._take_endpoint,
    "key": lambda widget, content, _: widget._choice.set_key(str(content["key"])),
    "again": Transcriber._take_again,
    "retry": lambda widget, *_: widget._retry(),
    "save": Transcriber._take_save,
    "dismiss": Transcriber._take_dismiss,
}


def _refuse_unknown(unknown: Mapping[str, Any]) -> None:
    for name in unknown:
        near = difflib.get_close_matches(name, KEYWORDS, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(KEYWORDS)}."
        raise TypeError(f"Transcriber takes no argument {name!r}; {hint}")


def _at_rate(config: SessionConfig, rate: int) -> SessionConfig:
    from dataclasses import replace

    return config if config.sample_rate == rate else replace(config, sample_rate=rate)


def _lost(recording: Recording | None) -> float:
    """Return how many seconds never came out of the browser."""
    if recording is None:
        return 0.0
    return round(sum(stop - start for start, stop in recording.lost) / recording.tape.sample_rate, 2)

"""Speak, or open a file: the waveform grows, turns open and close, words settle, each wait is measured."""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import AudioError, SettingError
from ...protocol.config import SessionConfig
from ...client.pacing import check_pace
from ...recording.turn_taking import SERVICE, checked_turn_taking
from ..shared.assets import css, esm
from ..clip_recorder.clip_recorder import ClipRecorder
from .clips import ClipWay
from .endpoints import EndpointChoice
from .sources import MicrophoneSource, PacedSource
from .view import DeskView

if TYPE_CHECKING:
    from ...audio.clip import AudioClip
    from ...client.endpoints import Endpoint
    from ...recording import Recording

NO_PAGE = 30.0
"""Seconds that `Transcriber.wait` gives a page to show the widget: one that loads slowly takes 10 or more."""

KEYWORDS = ("source", "endpoint", "config", "lang", "height", "save_outputs", "pace", "turn_taking")


class Transcriber(DeskView):
    """Press record, open a file or pass a sound: see what the recogniser hears, and when it knows.

    The sound is streamed to the endpoint as it comes and kept whatever happens; the display moves while a
    cell runs (with ipykernel 7 or newer). Nothing is sent before one presses a button or calls `start`.

    Parameters
    ----------
    source : path, bytes, AudioClip, Sample, Recording or ClipRecorder, optional
        What `start` transcribes; a recording is shown as it is and can be run again. With a clip recorder
        Record records a clip first (which can be chosen in the page too). None: the microphone.
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
    turn_taking : {"service", "client"}
        Who finds the turns, see `transcribe`: "client" sends and pays for no silence between them.

    Attributes
    ----------
    recording : Recording or None
        The present run, also while it grows.

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

    >>> from qwen_asr_widgets import sample
    >>> t = Transcriber(sample("conversation"), pace=None)
    >>> t.start(); t.wait().text                  # doctest: +SKIP
    """

    _esm = esm("transcriber/transcriber.js")
    _css = css("transcriber/transcriber.css")

    def __init__(
        self, source: Any = None, endpoint: Endpoint | str | None = None, config: SessionConfig | None = None,
        *, lang: str = "", height: int = 96, save_outputs: bool = True, pace: float | None = 1.0,
        turn_taking: str = SERVICE, **unknown: Any,
    ) -> None:
        _refuse_unknown(unknown)
        config = _checked(config) or SessionConfig()
        turn_taking = checked_turn_taking(turn_taking, config)
        check_pace(pace)
        recorder = source if isinstance(source, ClipRecorder) else None
        super().__init__(
            EndpointChoice(endpoint), config, pace,
            ClipWay(recorder, lang, self._clip_recorded, self._answered), turn_taking,
            lang=lang, height=height, save_outputs=save_outputs,
        )
        self._source = source if recorder is None else None
        sound = source if recorder is None else recorder.clip
        if sound is not None:
            self.desk.load(sound)

    def _clip_recorded(self, clip: AudioClip) -> None:
        """Transcribe what the clip recorder brought, unless something else is under way."""
        if not self.active and self.page.is_open and self.desk.load(clip):
            self.desk.begin()
            self._tell_state()

    def _answered(self) -> None:
        """Note that a page has begun to record, or cannot."""
        self._called = False

    # ---- from code

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """All runs of this widget, oldest first."""
        return self.desk.recordings

    @property
    def config(self) -> SessionConfig:
        """The settings asked for; may be set, also while a run is under way."""
        return self.desk.config

    @config.setter
    def config(self, config: SessionConfig) -> None:
        self.desk.change(_checked(config) or SessionConfig())
        self._tell_state()

    def start(self) -> None:
        """Begin: with the sound given, else with the microphone of the page that shows the widget.

        The page starts as soon as it is there; of several tabs only one does. It records a clip first where
        that is chosen.

        Raises
        ------
        AudioError
            The sound given cannot be read.
        NotConnected
            The widget was closed.
        """
        desk = self.desk
        desk.check_open()
        with desk.lock:
            if desk.active:
                return
            record = desk.sound.clip is None or (self.clips.chosen and desk.recording is not None)
            if self._source is None and record:
                self._call += 1
                self._called = True
                self.page.tell({"kind": "call", "token": self._call}, [])
                return
            if desk.sound.clip is None and (desk.recording is None or desk.recording.info.capture):
                desk.load(self._source)
            if desk.problem is not None:
                raise desk.problem
            if desk.sound.clip is not None:
                desk.begin()
            elif desk.recording is not None:
                desk.repeat(desk.recording.info.pace)

    def stop(self) -> None:
        """End the sound here; the answers to it are still waited for (see `stop_waiting`).

        The rest of a clip or file stays in the recording, unsent, which is then marked incomplete; `start`
        and `run_again` send all of it.
        """
        self._called = False
        self.desk.stop()
        self.page.tell({"kind": "halt"}, [])

    def stop_waiting(self) -> None:
        """After `stop`, end the wait for the answers too: everything received is kept.

        Where sound is still to come nothing happens. The recording is then marked incomplete.
        """
        self.desk.stop_waiting()

    def pause(self) -> None:
        """Hold the sound up."""
        self._hold(PacedSource.pause, "hold")

    def resume(self) -> None:
        """Go on after `pause`."""
        self._hold(PacedSource.resume, "go")

    def _hold(self, act: Callable[[PacedSource], None], kind: str) -> None:
        if self.desk.paced is not None:
            act(self.desk.paced)
            self._tell_state()
        else:
            self.page.tell({"kind": kind}, [])

    def wait(self, timeout: float | None = None) -> Recording:
        """Wait until everything is answered, and return the recording.

        Parameters
        ----------
        timeout : float or None
            Seconds; None waits as long as it takes.

        Raises
        ------
        TimeoutError
            The time was up first. The run goes on, or a page may still begin to record; the message says
            which.
        AudioError
            Nothing was started, no page shows the widget that is to record (for 30 s), or the microphone's
            sound cannot come while a cell runs (with ipykernel 6).
        QawError
            What ended the run early. The recording is kept in `recording`.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        self._check_wait()
        moment = threading.Event()
        seen = time.monotonic()
        while self._called or self.clips.pending or self.active:
            now = time.monotonic()
            seen = now if self.page.views or not self._called else seen
            if deadline is not None and now >= deadline:
                raise TimeoutError(self._not_over(f"after {timeout:g} s"))
            if now - seen >= NO_PAGE:
                raise AudioError(self._not_over(f"for {NO_PAGE:g} s"))
            moment.wait(0.05)
        self.saved.refresh()  # in this cell's name: programs that run notebooks hear no other
        if self.desk.live is not None and self.desk.live.error is not None:
            raise self.desk.live.error
        if self.recording is None:
            raise AudioError(self.clips.problem or "Nothing was recorded.")
        return self.recording

    def _not_over(self, when: str) -> str:
        """Say what a wait that is given up was for."""
        if self._called and not self.page.views:
            return (
                f"No page shows this widget {when}, so none can begin to record. Show it before waiting: "
                "display(t), or t at the end of an earlier cell."
            )
        if self._called:
            return f"No page had begun to record {when}: allow the microphone in the page, or press Record."
        if self.clips.pending:
            return f"The clip was not there {when}; it is still being recorded or on its way."
        return f"The run was not over {when}; it goes on."

    def _check_wait(self) -> None:
        live = isinstance(self.desk.feed, MicrophoneSource) and self.active
        if self._called or self.clips.pending or live:
            beside = self.uplink.hears_beside_cells
            if not beside and threading.current_thread() is threading.main_thread():
                raise AudioError(
                    "Here no sound arrives while a cell runs, so this would never end. Wait in a later cell "
                    "after the recording has stopped, or use ipykernel 7 or newer with JupyterLab 4.4 or "
                    "newer."
                )
        elif self.recording is None:
            why = self.clips.problem or "Nothing was started: press Record, or call start()."
            raise AudioError(why)

    def run_again(
        self, config: SessionConfig | None = None, endpoint: Endpoint | str | None = None,
        pace: float | None = None, turn_taking: str | None = None,
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
        turn_taking : {"service", "client"}, optional
            Who finds the turns; None keeps it.

        Raises
        ------
        AudioError
            Nothing was recorded yet, or a run is under way.
        SettingError
            ``config`` or ``pace`` is none, or ``turn_taking`` nobody.
        NotConnected
            The widget was closed.
        """
        check_pace(pace)
        desk, config = self.desk, _checked(config)
        if config is not None and not desk.active:
            desk.config = config
        if turn_taking is not None and not desk.active:
            desk.turn_taking = checked_turn_taking(turn_taking, desk.config)
        if endpoint is not None and not desk.active:
            desk.choice = EndpointChoice(endpoint)
            self._endpoint_told = desk.choice.state()
        given = desk.recording.info.pace if desk.recording is not None and pace is None else pace
        desk.repeat(given)

    def commit(self) -> None:
        """Manual mode: what was said until now is one utterance."""
        if self.desk.live is not None:
            self.desk.live.commit()

    def close(self) -> None:
        """Take the widget off the page, end its threads and the run under way."""
        if self._desk is not None:
            self._desk.abandon()
            self.uplink.close()
            self.clips.close()
        super().close()


def _checked(config: SessionConfig | None) -> SessionConfig | None:
    """Return settings given as such."""
    if config is not None and not isinstance(config, SessionConfig):
        raise SettingError(f"config is {config!r}; give a SessionConfig, or None.", "config")
    return config


def _refuse_unknown(unknown: Mapping[str, Any]) -> None:
    for name in unknown:
        near = difflib.get_close_matches(name, KEYWORDS, 1, 0.6)
        hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(KEYWORDS)}."
        raise TypeError(f"Transcriber takes no argument {name!r}; {hint}")

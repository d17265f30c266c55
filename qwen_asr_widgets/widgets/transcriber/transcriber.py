"""Speak, or open a file: the waveform grows, turns open and close, words settle, each wait is measured."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from ...client.pacing import check_pace
from ...client.retry import Retry, checked_retry
from ...arguments import checked_keywords
from ...errors import AudioError, QawError, SettingError
from ...protocol.config import SessionConfig
from ...recording.turn_taking import SERVICE, checked_end_of_turn, checked_turn_taking, ended_by_model
from ..clip_recorder.clip_recorder import ClipRecorder
from ..microphone.microphone import Microphone, Uplink
from ..shared.assets import css, esm
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput
from ..shared.throttle import Message
from ..shared.view_widget import ViewWidget
from .commands import commands
from .controls import Controls
from .endpoints import EndpointChoice
from .kept import AutosaveChoice, KeptOnDisk, checked_autosave
from .model import TranscriberModel
from .notices import notice_of
from .pages import ClipFirst, Pages
from .preparation import Preparation
from .runs import cells
from .save import menu
from .sources import MicrophoneSource
from .view import TranscriberView

if TYPE_CHECKING:
    from ...audio.clip import AudioClip
    from ...client.endpoints import Endpoint
    from ...recording import Recording
    from ...vad.end_of_turn.end_of_turn import EndOfTurn

LOOK = 0.1
"""Seconds between two looks at what nobody announces: what is behind, what a page has lost."""

AWAY_SECONDS = 600.0
"""Seconds that a page which records is waited for when it is away: as much sound as it keeps meanwhile."""

NO_PAGE = 30.0
"""Seconds that `Transcriber.wait` gives a page to show the widget: one that loads slowly takes 10 or more."""

_made: cells.MadeInCells[TranscriberModel] = cells.MadeInCells()

SPOKEN = "; the language spoken is config=SessionConfig(language=…), and lang= is that of the page."


@checked_keywords(language=SPOKEN)
class Transcriber(ViewWidget):
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
        How a given sound is sent: 1.0 is real time, 0 or None as fast as the service takes it.
    turn_taking : {"service", "client"}
        Who finds the turns, see `transcribe`: "client" sends and pays for no silence between them.
    end_of_turn : EndOfTurn, optional
        With ``turn_taking="client"``, see `transcribe`: the model that says when a turn is over. The page's
        silence is then its time-out. While the service is chosen to take turns it is not asked.
    retry : Retry, optional
        How a lost connection is taken up again: by default as long as sound comes, and for a minute after its
        end.
    autosave : bool, str or path
        Whether sound and words are also written to disk as they come, readable by you alone, until the
        recording is saved or the copy thrown away, for seven days at most. True: in the folder ``.qaw``
        beside the notebook, unless ``save_outputs`` is False. A folder: there. After a crash the next
        transcriber offers what is left there, and `recover` opens it.

    Attributes
    ----------
    recording : Recording or None
        The present run, also while it grows.

    Raises
    ------
    SettingError
        A setting is out of its range, or ``autosave`` neither a bool nor a folder.
    MissingDependency
        What ``end_of_turn`` needs is not installed.
    EndpointError
        There is no such endpoint.
    TypeError
        An unknown keyword; the message suggests the right one.

    Notes
    -----
    A sound that cannot be read is said in the widget, beside a button that opens another file; `start`
    raises it.

    All runs stay, can be named and shown again, and one of them can be pinned as the baseline of the others
    of its sound. A cell that is run again takes over the runs of the transcriber it had made before, and what
    a page was recording into that.

    Examples
    --------
    >>> t = Transcriber()
    >>> t                                         # doctest: +SKIP
    >>> t.recording and t.recording.utterances    # doctest: +SKIP

    Without touching the page:

    >>> from qwen_asr_widgets import sample
    >>> t = Transcriber(sample("conversation"), pace=None)
    >>> t.start(); t.wait().text                  # doctest: +SKIP
    """

    _esm = esm("transcriber/transcriber.js")
    _css = css("transcriber/transcriber.css")

    uplink = traitlets.Instance(Microphone).tag(
        sync=True, internal=True, **ipywidgets.widget_serialization
    )
    uid = traitlets.Unicode().tag(sync=True, internal=True)
    live_while_busy = traitlets.Bool().tag(sync=True, internal=True)
    formats: traitlets.List[dict[str, str]] = traitlets.List().tag(sync=True, internal=True)

    @traitlets.default("formats")
    def _formats_listed(self) -> list[dict[str, str]]:
        return menu()

    @traitlets.default("uplink")
    def _new_uplink(self) -> Uplink:
        return Uplink(lang=self.lang, patience=AWAY_SECONDS)

    @traitlets.default("uid")
    def _uid_of_uplink(self) -> str:
        return str(self.uplink.uid)

    @traitlets.default("live_while_busy")
    def _live_as_uplink(self) -> bool:
        return bool(self.uplink.live_while_busy)

    def __init__(
        self, source: Any = None, endpoint: Endpoint | str | None = None, config: SessionConfig | None = None,
        *, lang: str = "", height: int = 96, save_outputs: bool = True, pace: float | None = 1.0,
        turn_taking: str = SERVICE, end_of_turn: EndOfTurn | None = None, retry: Retry | None = None,
        autosave: AutosaveChoice = True,
    ) -> None:
        config = _checked(config) or SessionConfig()
        turn_taking = checked_turn_taking(turn_taking, config)
        end_of_turn = checked_end_of_turn(end_of_turn, turn_taking)
        config = ended_by_model(config, end_of_turn)
        pace = check_pace(pace)
        autosave = checked_autosave(autosave)
        choice = EndpointChoice(endpoint)
        saved = SavedOutput(
            lambda: self.view.shown.caption, lambda: self.view.html(), lambda: not self.active,
            lambda: self.save_outputs,
        )
        super().__init__(saved, lang=lang, height=height, save_outputs=save_outputs)
        recorder = source if isinstance(source, ClipRecorder) else None
        sound = source if recorder is None else None
        kept = KeptOnDisk(autosave, lambda: self.save_outputs)
        retry = checked_retry(retry, Retry())
        self.model = TranscriberModel(choice, config, pace, turn_taking, retry, kept, end_of_turn)
        self.observe(lambda change: self._follow_switch(), names="save_outputs")
        clips = ClipFirst(recorder, lang, self._clip_recorded, self._clip_begun)
        self.pages = Pages(self.model, self.uplink, clips, self._tell, self._tell_state)
        preparation = Preparation(self.model, self._prepared)
        self.view = TranscriberView(self.model, self.pages, preparation)
        self.controls = Controls(self.model, self.pages, self._tell_all, sound, preparation)
        self.page = PageLink(
            self, self.view, commands(self.model, self.view, self.pages, self.controls, self._acted),
            rested=saved.refresh, failed=self._failed, welcome=self._welcome, while_unseen=True, period=LOOK,
        )
        self.model.shown, self.model.grown = self._shown, self.page.throttle.wake
        if not self.live_while_busy:
            clips.make()
        if recorder is not None:
            sound = recorder.clip
        before = _made.take(cells.running_cell(), self.model)
        if before is not None:
            self.model.go_on_from(before)
        if sound is not None:
            self.model.load(sound)

    # ---- between the parts

    def _shown(self) -> None:
        """Show what the model has now, and follow it."""
        with self.page.order:
            self.view.show()
            self.page.tell_opening()
        self.page.follow()

    def _tell(self, content: dict[str, Any]) -> None:
        self.page.tell(content)

    def _tell_all(self, messages: list[Message]) -> None:
        self.page.tell_all(messages)

    def _tell_state(self) -> None:
        self.page.tell_made(self.view.state_changes)

    def _acted(self) -> None:
        """Tell what a command has changed."""
        self.view.look_at_endpoint()
        self._tell_state()

    def _prepared(self) -> None:
        """Tell that the recogniser is ready, or takes time to be."""
        if self.page.is_open:
            self._acted()

    def _failed(self, problem: QawError) -> None:
        self.model.notice = notice_of(problem)
        self._acted()

    def _welcome(self) -> list[Message]:
        """Return what a view is told that has just opened; by then the recogniser is getting ready."""
        self.controls.preparation.begin()
        self.view.look_at_endpoint()
        return [*self.view.opening(), *self.pages.welcome()]

    def _clip_recorded(self, clip: AudioClip) -> None:
        """Transcribe what the clip recorder brought, unless something else is under way."""
        if self.page.is_open:
            self.controls.transcribe(clip)
            self._tell_state()

    def _follow_switch(self) -> None:
        """Keep nothing on disk where nothing is to stay in the notebook."""
        self.model.kept.follow()
        self._tell_state()

    def _clip_begun(self) -> None:
        self.pages.answered()

    # ---- from code

    @property
    def recording(self) -> Recording | None:
        """The present run's recording, also while it grows."""
        return self.model.recording

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings of all runs of this widget that were not thrown away, oldest first."""
        return self.model.recordings

    @property
    def corrected_text(self) -> str | None:
        """What was said in the sound shown, one utterance a line, once words were corrected in the page.

        As ``reference`` of `compare` it judges all runs of that sound.
        """
        return self.model.runs.reference(self.recording)

    @property
    def active(self) -> bool:
        """Whether sound or answers are still to come."""
        return self.model.active

    @property
    def config(self) -> SessionConfig:
        """The settings asked for; may be set, also while a run is under way. None sets the defaults."""
        return self.model.config

    @config.setter
    def config(self, config: SessionConfig | None) -> None:
        self.model.change(_checked(config) or SessionConfig())
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
        self.controls.start()

    def stop(self) -> None:
        """End the sound here; the answers to it are still waited for (see `stop_waiting`).

        The rest of a clip or file stays in the recording, unsent, which is then marked incomplete; `start`
        and `run_again` send all of it.
        """
        self.controls.stop()

    def stop_waiting(self) -> None:
        """After `stop`, end the wait for the answers too: everything received is kept.

        Where sound is still to come nothing happens. The recording is then marked incomplete.
        """
        self.model.stop_waiting()
        self._tell_state()

    def pause(self) -> None:
        """Hold the sound up."""
        self.controls.pause()
        self._tell_state()

    def resume(self) -> None:
        """Go on after `pause`."""
        self.controls.resume()
        self._tell_state()

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
        while self.pages.awaited or self.active:
            now = time.monotonic()
            seen = now if self.page.views or not self.pages.called else seen
            if deadline is not None and now >= deadline:
                raise TimeoutError(self._not_over(f"after {timeout:g} s"))
            if now - seen >= NO_PAGE:
                raise AudioError(self._not_over(f"for {NO_PAGE:g} s"))
            moment.wait(0.05)
        self.saved.refresh()  # in this cell's name: programs that run notebooks hear no other
        run = self.model.run
        if run is not None and run.error is not None:
            raise run.error
        if self.recording is None:
            raise AudioError(self.pages.clips.problem or "Nothing was recorded.")
        return self.recording

    def _not_over(self, when: str) -> str:
        """Say what a wait that is given up was for."""
        if self.pages.called and not self.page.views:
            return (
                f"No page shows this widget {when}, so none can begin to record. Show it before waiting: "
                "display(t), or t at the end of an earlier cell."
            )
        if self.pages.called:
            return f"No page had begun to record {when}: allow the microphone in the page, or press Record."
        if self.pages.clips.pending:
            return f"The clip was not there {when}; it is still being recorded or on its way."
        return f"The run was not over {when}; it goes on."

    def _check_wait(self) -> None:
        live = isinstance(self.model.source, MicrophoneSource) and self.active
        if self.pages.awaited or live:
            beside = self.uplink.hears_beside_cells
            if not beside and threading.current_thread() is threading.main_thread():
                raise AudioError(
                    "Here no sound arrives while a cell runs, so this would never end. Wait in a later cell "
                    "after the recording has stopped, or use ipykernel 7 or newer with JupyterLab 4.4 or "
                    "newer."
                )
        elif self.recording is None:
            why = self.pages.clips.problem or "Nothing was started: press Record, or call start()."
            raise AudioError(why)

    @checked_keywords
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
            None keeps that of the first run; 0 is as fast as the service takes it.
        turn_taking : {"service", "client"}, optional
            Who finds the turns; None keeps it.

        Raises
        ------
        AudioError
            Nothing was recorded yet, or a run is under way.
        SettingError
            ``config`` is neither a SessionConfig nor None, ``pace`` neither 0, a positive number nor None, or
            ``turn_taking`` neither "service" nor "client".
        NotConnected
            The widget was closed.
        """
        check_pace(pace)
        self.controls.run_again(_checked(config), endpoint, pace, turn_taking)
        self.view.look_at_endpoint()

    def commit(self) -> None:
        """Manual mode: what was said until now is one utterance."""
        self.controls.commit()

    def discard_autosave(self) -> None:
        """Remove what autosave has written of the recording shown; a run under way goes on in memory."""
        self.controls.discard_autosave()
        self._tell_state()

    def _about(self) -> str:
        if self.recording is not None:
            return f"{self.view.shown.summary}, {self.view.state()['phase']}"
        return self.view.shown.summary if self.model.sound.clip is not None else "nothing recorded yet"

    def close(self) -> None:
        """Take the widget off the page, end its threads and the run under way."""
        model: TranscriberModel | None = getattr(self, "model", None)  # not there where a setting was refused
        if model is not None:
            model.abandon()
            self.pages.close()
        super().close()


def _checked(config: SessionConfig | None) -> SessionConfig | None:
    """Return settings given as such."""
    if config is not None and not isinstance(config, SessionConfig):
        raise SettingError(f"config is {config!r}; give a SessionConfig, or None.", "config")
    return config

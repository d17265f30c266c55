"""What a transcriber's buttons do, pressed in a page or called from Python."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...audio.clip import AudioClip
from ...audio.samples import sample
from ...client.endpoints import Endpoint
from ...client.pacing import check_pace
from ...errors import EndpointError
from ...protocol.config import SessionConfig
from ...recording import Recording
from ...recording.turn_taking import checked_turn_taking
from ..shared.throttle import Message
from .endpoints import EndpointChoice
from .model import TranscriberModel
from .notices import notice_elsewhere
from .pages import Pages
from .preparation import Preparation
from .save import BUNDLE, file_name, in_slices, part_name, save_into, saved, wav_of

logger = logging.getLogger("qwen_asr_widgets")


class Controls:
    """Begins, ends and repeats what the model runs, with the page that records where there is no sound.

    Parameters
    ----------
    model : TranscriberModel
        Acted on.
    pages : Pages
        Asked to record.
    tell_all : callable
        Sends messages to all pages, from a thread of its own where a file is made.
    source : Any
        What `start` transcribes; None for what the pages record.
    preparation : Preparation
        Gets the recogniser ready that is chosen.
    """

    def __init__(
        self, model: TranscriberModel, pages: Pages, tell_all: Callable[[list[Message]], None], source: Any,
        preparation: Preparation,
    ) -> None:
        self.preparation = preparation
        self._model = model
        self._pages = pages
        self._tell_all = tell_all
        self._source = source
        self._folder = Path().absolute()
        self._bundles: dict[str, tuple[Recording, int]] = {}

    # ---- runs

    def start(self) -> None:
        """Begin with the sound given, else with the microphone of a page; see `Transcriber.start`."""
        model = self._model
        model.check_open()
        with model.deciding():
            if model.active:
                return
            record = model.sound.clip is None or (self._pages.clips.chosen and model.recording is not None)
            if self._source is not None or not record:
                self._begin()
                return
        self._pages.call()

    def _begin(self) -> None:
        """Transcribe the sound at hand, else the sound given, else the recording shown."""
        model, shown = self._model, self._model.recording
        if model.sound.clip is None and (shown is None or shown.info.capture):
            model.load(self._source)
        if model.problem is not None:
            raise model.problem
        if model.sound.clip is not None:
            model.begin()
        elif model.recording is not None:
            model.repeat(model.recording.info.pace)

    def stop(self) -> None:
        """End the sound here; its answers are still waited for."""
        self._model.stop()
        self._pages.halt()

    def pause(self) -> None:
        """Hold the sound up."""
        if self._model.paced is not None:
            self._model.paced.pause()
        else:
            self._pages.hold()

    def resume(self) -> None:
        """Go on after `pause`."""
        if self._model.paced is not None:
            self._model.paced.resume()
        else:
            self._pages.go_on()

    def commit(self) -> None:
        """Manual mode: what was said until now is one utterance."""
        if self._model.run is not None:
            self._model.run.commit()

    def run_again(
        self, config: SessionConfig | None = None, endpoint: Endpoint | str | None = None,
        pace: float | None = None, turn_taking: str | None = None,
    ) -> None:
        """Send the same sound once more; see `Transcriber.run_again`."""
        model = self._model
        if not model.active:
            if config is not None:
                model.config = config
            if turn_taking is not None:
                model.turn_taking = checked_turn_taking(turn_taking, model.config)
            if endpoint is not None:
                model.choice = EndpointChoice(endpoint)
        given = model.recording.info.pace if model.recording is not None and pace is None else pace
        model.repeat(given)

    def try_sample(self) -> None:
        """Transcribe the conversation that comes with this package."""
        if not self._model.active and self._model.load(sample("conversation")):
            self._model.begin()

    def transcribe(self, clip: AudioClip) -> None:
        """Transcribe a clip that was recorded, unless something else is under way."""
        if not self._model.active and self._model.load(clip):
            self._model.begin()

    def transcribe_part(self, start: float, end: float, pace: float | None) -> None:
        """Transcribe a stretch of the sound shown; all of it where it is that.

        Raises
        ------
        AudioError
            The stretch lies outside of the sound.
        """
        model, pace = self._model, check_pace(pace)
        if model.active:
            return
        if model.sound.clip is None or start > 0 or end < model.sound.clip.duration:
            model.take_part(start, end)
        model.begin(pace)

    # ---- what is chosen

    def choose_endpoint(self, name: str, url: str, model_name: str = "") -> None:
        """Choose a recogniser; what is wrong with an address is said beside its field, not in a notice."""
        model = self._model
        if model.active and (model.run is None or model.run.error is None):
            return
        before = model.choice.endpoint
        try:
            model.choice.choose(name, url, model_name)
        except EndpointError:
            if not model.choice.refused:
                raise
        if model.choice.endpoint != before:
            model.notice = notice_elsewhere(model.notice, model.run)
        self.preparation.begin()

    def take_key(self, key: str) -> None:
        """Keep a key; a run that failed for want of it goes on with it."""
        model = self._model
        model.choice.set_key(key)
        if key and model.notice is not None and model.notice.code in ("key", "nokey"):
            model.try_again()

    def dismiss(self, notice: int | None) -> None:
        """Let go of a notice that was read."""
        if self._model.notice is not None and self._model.notice.id == notice:
            self._model.notice = None

    # ---- files

    def discard_autosave(self) -> None:
        """Remove what is on disk of the recording shown; see `Transcriber.discard_autosave`."""
        if self._model.recording is not None:
            self._model.kept.discard(self._model.recording)

    def note_stored(self, job: str) -> None:
        """Note that a page has a file: of a bundle, that the recording was saved."""
        if job in self._bundles:
            recording, version = self._bundles.pop(job)
            recording.note_saved(version)

    def save_part(self, start: float, end: float, job: str) -> None:
        """Send a stretch of the sound shown to the page that asked, as a WAV.

        Raises
        ------
        AudioError
            The stretch lies outside of the sound.
        """
        model = self._model
        part = model.sound.part(model.shown_sound(), start, end)
        self._tell_all(list(in_slices(wav_of(part), job, part_name(part))))

    def save(self, ending: str, job: str) -> None:
        """Make a file of the recording on a thread of its own, and send it to the page that asked."""
        recording = self._model.recording
        if recording is None:
            return
        version = recording.version

        def work() -> None:
            try:
                data = saved(recording, ending)
            except Exception as problem:
                logger.exception("the %s file could not be made", ending)
                self._tell_all([({"kind": "saved", "job": job, "error": str(problem)}, [])])
                return
            if ending == BUNDLE:
                self._bundles[job] = recording, version
            self._tell_all(list(in_slices(data, job, file_name(recording, ending))))

        _beside(work)

    def save_here(self, ending: str, job: str) -> None:
        """Write a file of the recording beside the notebook, on a thread of its own, and tell where it is."""
        recording = self._model.recording
        if recording is None:
            return
        version = recording.version

        def work() -> None:
            try:
                path = save_into(self._folder, recording, ending)
            except Exception as problem:
                logger.exception("the %s file could not be written", ending)
                self._tell_all([({"kind": "saved", "job": job, "error": str(problem)}, [])])
                return
            if ending == BUNDLE:
                recording.note_saved(version)
            self._tell_all([({"kind": "saved", "job": job, "where": str(path)}, [])])

        _beside(work)


def _beside(work: Callable[[], None]) -> None:
    """Make a file on a thread of its own, in the name of the cell or message that asked for it."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="qaw-save", daemon=True).start()

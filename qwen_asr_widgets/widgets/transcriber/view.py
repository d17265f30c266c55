"""What views of a transcriber are told: its state, and the run and the sound as `Shown` says them."""

from __future__ import annotations

import time
from itertools import chain
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ...audio.tape import Tape
from ...audio.units import SAMPLE_RATE
from ..delays.model import DelaysModel
from ..protocol_view.model import ProtocolModel
from ..replay.model import ReplayModel
from ..shared.run_messages import RunMessages
from ..shared.saved_output import shown_html
from ..shared.shown import Shown, source_name
from ..shared.throttle import Message
from .model import TranscriberModel
from .pages import Pages
from .preparation import Preparation
from .runs.compared import ComparedRuns
from .scores import LiveScores
from .state import figures, model_state

if TYPE_CHECKING:
    from ...recording import Recording


class TranscriberView:
    """Says what the model holds in messages; a `ViewModel`.

    Beside the messages of `Shown` views are told ``state`` (see `state`) and ``compared`` (the run
    beside its baseline).

    Parameters
    ----------
    model : TranscriberModel
        Read only.
    pages : Pages
        Says which page records.
    preparation : Preparation
        Says whether the recogniser is getting ready.

    Attributes
    ----------
    shown : Shown
        The run and the sound.
    replay : ReplayModel or None
        The run seen again, where it is.
    protocol : ProtocolModel or None
        What client and service say, where that is shown.
    delays : DelaysModel or None
        What the waits consist of, where that is shown.
    scores : LiveScores or None
        Whether the sound counts as speech, of a run that was seen from its beginning on.
    told : dict
        The state as views were told it last.
    """

    def __init__(self, model: TranscriberModel, pages: Pages, preparation: Preparation) -> None:
        self._model = model
        self._preparation = preparation
        self._pages = pages
        self.shown = Shown(None, Tape(SAMPLE_RATE))
        self.replay: ReplayModel | None = None
        self.protocol: ProtocolModel | None = None
        self.scores: LiveScores | None = None
        self._scored: WeakKeyDictionary[Recording, LiveScores] = WeakKeyDictionary()
        self._shows_protocol = False
        self.delays: DelaysModel | None = None
        self._shows_delays = False
        self._empty = True
        self.told: dict[str, Any] = {}
        self._endpoint = model.choice.state()
        self._counted: tuple[Any, dict[str, Any]] = (None, {})
        self._compared = ComparedRuns(model)

    @property
    def growing(self) -> bool:
        """Whether sound or answers are still to come."""
        return self._model.active

    def show(self) -> None:
        """Show what the model has now: a recording, or a sound not transcribed yet; a replay ends."""
        self.replay = None
        with self._model.lock:
            recording, run, sound = self._model.recording, self._model.run, self._model.sound
        same = recording is not None and recording is self.shown.recording
        if not same:
            is_live = recording is not None and run is not None and run.active
            if recording is not None and is_live:
                self._scored[recording] = LiveScores(recording.tape, self._threshold)
            self.scores = self._scored.get(recording) if recording is not None else None
        if recording is not None:
            messages = RunMessages(
                source_name(recording), recording, "", growing=lambda: run is not None and run.active,
                gathered=lambda: run.gathered if run is not None else None,
            )
            self.shown = Shown(recording, recording.tape, sound.title, run=messages)
        else:
            self.shown = Shown(None, sound.clip or Tape(SAMPLE_RATE), sound.title)
        self._empty = recording is None and sound.clip is None
        self._counted = (None, {})
        self.show_protocol(self._shows_protocol)
        self.show_delays(self._shows_delays)

    def _threshold(self) -> float | None:
        """Return the threshold chosen now, None where turns are taken by hand."""
        detection = self._model.config.turn_detection
        return None if detection is None else detection.threshold

    def show_protocol(self, on: bool) -> None:
        """Show what client and service say to each other, in this run and the next ones, or no longer."""
        self._shows_protocol = on
        recording = self.shown.recording
        is_shown = on and recording is not None
        self.protocol = ProtocolModel(recording, self.shown.run.source) if is_shown and recording else None

    def show_delays(self, on: bool) -> None:
        """Show what the waits consist of, in this run and the next ones, or no longer."""
        self._shows_delays = on
        recording = self._model.recording
        is_shown = on and recording is not None
        self.delays = DelaysModel(recording, self.shown.run.source) if is_shown and recording else None

    def note_painted(self, number: int, took: float) -> None:
        """Note that a page has painted the final words of an utterance, unless a run is seen again."""
        recording, now = self._model.recording, time.monotonic()
        if recording is None or self.replay is not None:
            return
        item = next((one.item_id for one in recording.utterances if one.number == number), "")
        recording.words_painted(item, now, took)

    def see_again(self, on: bool) -> None:
        """Show the run that is over from its beginning on, or all of it again."""
        recording = self._model.recording
        if not on or recording is None or self._model.active:
            self.show()
        elif self.replay is None:
            self.replay = ReplayModel(recording)
            self.shown = self.replay.shown
            self.show_protocol(self._shows_protocol)
            self.show_delays(self._shows_delays)

    def look_at_endpoint(self) -> None:
        """See anew which recogniser is chosen and whether there is a key, which costs a look at files."""
        self._endpoint = self._model.choice.state()

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        self.told = self.state()
        other = [] if self.replay else self._compared.opening(self.shown.run.source)
        shown = [] if self._empty else (self.replay or self.shown).opening()
        if self.scores is not None and self.replay is None:
            shown = [*shown, *self.scores.opening()]
        other += self.protocol.opening() if self.protocol else []
        other += self.delays.opening() if self.delays else []
        return [({"kind": "state", **self.told}, []), *shown, *other]

    def comparison_changes(self) -> list[Message]:
        """Return what the run shown is compared with, where that has changed."""
        return [] if self.replay else self._compared.changes(self.shown.run.source)

    def changes(self) -> list[Message]:
        """Return what has changed since views were told last."""
        shown = [] if self._empty else (self.replay or self.shown).changes()
        if self.scores is not None and self.replay is None:
            shown = [*shown, *self.scores.changes()]
        parts = [part.changes() for part in (self.protocol, self.delays) if part is not None]
        return [*self.state_changes(), *shown, *self.comparison_changes(), *chain.from_iterable(parts)]

    def state_changes(self) -> list[Message]:
        """Return the state, where it has changed."""
        state = self.state()
        if state == self.told:
            return []
        self.told = state
        return [({"kind": "state", **state}, [])]

    def state(self) -> dict[str, Any]:
        """Return what is neither the run nor the sound: phase, settings, endpoint, notice, figures."""
        ours = {
            "endpoint": self._endpoint, "figures": self._figures(), "preparing": self._preparation.state(),
            "replaying": self.replay is not None, "protocol": self.protocol is not None,
            "delays": self.delays is not None,
        }
        return {**model_state(self._model), **self._pages.state(), **ours}

    def _figures(self) -> dict[str, Any]:
        """Return the figures of the foot, taken anew only when an utterance has changed."""
        recording = self.shown.recording
        if recording is None:
            return {}
        utterances = recording.utterances
        key = (
            len(utterances), sum(one.status == "final" for one in utterances),
            sum(one.ended_by is not None for one in utterances),
        )
        if key != self._counted[0]:
            self._counted = (key, figures(recording))
        return self._counted[1]

    def html(self) -> str:
        """Return what a saved notebook shows: picture and transcript, else the sound, else what to do."""
        if self._empty:
            return "<p>Transcriber: run this cell to record or to open a file.</p>"
        return shown_html(self.shown)

"""What pages may ask of a tuner: one typed command a kind of message, and what is done with each.

A command that changes something calls the model, which tells every subscriber, so that it reaches all pages
alike; one that only asks is answered by the view. What takes its time is begun as background work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ...client.named_endpoints import dashscope
from ...errors import SettingError
from ...vad.evaluation.metrics import COUNTS
from ...vad.labels.editor import LabelEditor
from ...vad.turns import TurnDetection
from ..shared.commands import Bare, Command, Commands, MessageError, Within
from ..shared.sound_messages import AudioRequest, TilesRequest
from ..shared.throttle import Message
from .lanes.commands import HearOtherwise
from .exports import file_message, file_stem, label_file
from .model import TunerModel
from .view import CLOUDS, TunerView
from .work import Work

SWEEP_STEPS = 20
"""Times that a sweep says how far it is."""


@dataclass(frozen=True)
class Try:
    """A slider moves: judge these settings. Their ranges are checked by `TurnDetection`, which says them."""

    threshold: float
    silence: float
    padding: float
    serial: int | None = None


@dataclass(frozen=True)
class Choose:
    """Another clip is to be in sight."""

    index: int


@dataclass(frozen=True)
class Edit:
    """Edit the reference. `EDITS` lists which of the other fields each action needs."""

    action: Literal["add", "move", "delete", "undo", "redo"]
    start: float | None = None
    end: float | None = None
    index: int | None = None
    edge: Literal["start", "end"] | None = None
    time: float | None = None

    def __post_init__(self) -> None:
        needed, _ = EDITS[self.action]
        for name in needed:
            if getattr(self, name) is None:
                raise MessageError(f"edit {name}", f"missing, but {self.action} needs it")

    def apply(self, editor: LabelEditor) -> LabelEditor:
        """Return the labels edited."""
        _, edited = EDITS[self.action]
        return edited(editor, self)


EDITS: dict[str, tuple[tuple[str, ...], Callable[[LabelEditor, Any], LabelEditor]]] = {
    "add": (("start", "end"), lambda editor, edit: editor.add(edit.start, edit.end)),
    "move": (
        ("index", "edge", "time"), lambda editor, edit: editor.move_edge(edit.index, edit.edge, edit.time)
    ),
    "delete": (("index",), lambda editor, edit: editor.delete(edit.index)),
    "undo": ((), lambda editor, edit: editor.undo()),
    "redo": ((), lambda editor, edit: editor.redo()),
}
"""By action: the fields it needs, and what it does."""


@dataclass(frozen=True)
class Explain:
    """Why is a turn wrong? The error is named by its place and kind (an index in ``COUNTS``)."""

    start: float
    end: float
    error: Annotated[int, Within(0, len(COUNTS) - 1)]
    index: int | None = None


@dataclass(frozen=True)
class Hear:
    """Somebody listens for the endpoints, or no longer."""

    on: bool


@dataclass(frozen=True)
class Best:
    """Use the best settings of the sweep, within limits: seconds, share of turns in [0, 1]."""

    max_wait: float | None = None
    max_cut: float | None = None


@dataclass(frozen=True)
class Verify:
    """Replay through an endpoint (a name of `CLOUDS`, else the tuner's) at some settings."""

    endpoint: str = "given"
    which: Literal["trying", "in_force", "corners"] = "trying"
    clips: Literal["sight", "all"] = "sight"
    max_cost: float | None = None


@dataclass(frozen=True)
class Export:
    """A file for the browser to keep: the report, or the labels in a format."""

    what: str


class TunerCommands:
    """Acts on what pages ask.

    Parameters
    ----------
    model : TunerModel
        What is changed.
    view : TunerView
        What answers.
    work : Work
        Where sweeps and replays run.
    tell : callable
        Sends messages to the pages, for how far work is.
    report : callable
        Makes the page that can be saved.
    """

    def __init__(
        self, model: TunerModel, view: TunerView, work: Work, tell: Callable[[list[Message]], None],
        report: Callable[[], str],
    ) -> None:
        self._model = model
        self._view = view
        self._work = work
        self._tell = tell
        self._report = report

    @property
    def table(self) -> Commands:
        """The commands by kind of message."""
        model, view = self._model, self._view
        return {
            "try": Command(Try, self._try),
            "rest": Command(Bare, lambda _: view.differences()),
            "case": Command(Choose, lambda asked: model.show_case(asked.index)),
            "edit": Command(Edit, lambda asked: model.edit(asked.apply)),
            "explain": Command(Explain, self._explain),
            "hear": Command(Hear, lambda asked: view.hear(asked.on)),
            "second": Command(HearOtherwise, lambda asked: asked.act(model)),
            "reach": Command(Bare, self._reach),
            "sweep": Command(Bare, self._sweep),
            "best": Command(Best, self._best),
            "verify": Command(Verify, self._verify),
            "cancel": Command(Bare, lambda _: self._work.cancel()),
            "export": Command(Export, self._export),
            "tiles": Command(TilesRequest, lambda asked: view.shown.tiles(asked)),
            "audio": Command(AudioRequest, lambda asked: view.shown.audio(asked)),
        }

    def _try(self, asked: Try) -> None:
        settings = TurnDetection(asked.threshold, asked.silence, asked.padding)  # type: ignore[arg-type]
        self._model.try_settings(settings, asked.serial)

    def _explain(self, asked: Explain) -> list[Message]:
        return self._view.explanation(asked.index, asked.start, asked.end, COUNTS[asked.error])

    def _sweep(self, _: Bare) -> None:
        def tell(done: int, steps: int) -> None:
            if done * SWEEP_STEPS // steps != (done - 1) * SWEEP_STEPS // steps or not done:
                self._tell([self._view.sweeping(done / steps)])

        def task() -> None:
            tell(0, 1)
            self._model.sweep(progress=tell)

        self.begin("sweep", task)

    def _reach(self, _: Bare) -> None:
        model, work = self._model, self._work
        self.begin("noise", lambda: model.second.find_reach(model.case, lambda: work.cancelled))

    def _best(self, asked: Best) -> None:
        self.begin("choice", lambda: self._model.best(asked.max_wait, asked.max_cut))

    def _verify(self, asked: Verify) -> None:
        model, work = self._model, self._work
        endpoint = dashscope(asked.endpoint) if asked.endpoint in CLOUDS else model.endpoint
        if asked.which == "corners":
            settings = model.corners()
        else:
            settings = [model.in_force if asked.which == "in_force" else model.settings]
        self.begin("replay", lambda: model.verify(
            settings, endpoint, all_clips=asked.clips == "all", max_cost=asked.max_cost,
            cancelled=lambda: work.cancelled,
        ))

    def begin(self, name: str, task: Callable[[], object]) -> None:
        """Begin work in the background; one at a time."""
        if not self._work.start(name, task):
            raise SettingError(f"The {self._work.name} still runs; wait or cancel it.")

    def _export(self, asked: Export) -> list[Message]:
        case = self._model.case
        if asked.what == "report":
            return [file_message(f"{file_stem(case)}-vad.html", "text/html", self._report())]
        return [label_file(case, asked.what)]

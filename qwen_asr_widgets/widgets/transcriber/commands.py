"""What a page may ask of a transcriber: one typed command a kind of message, and what is done with each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

from ...protocol.config import SessionConfig
from ...recording.turn_taking import CLIENT, SERVICE
from ...vad.turns import TurnDetection
from ..delays.model import MOST_UTTERANCES, DelaysChoice, RevisionsRequest
from ..protocol_view.model import EventRequest
from ..replay.model import MomentRequest, StepRequest
from ..shared.commands import Bare, Command, Commands, Within
from ..shared.run_settings import MANUAL
from ..shared.sound_messages import AudioRequest, TilesRequest
from ..shared.throttle import Message
from .controls import Controls
from .model import TranscriberModel
from .pages import Pages
from .view import TranscriberView

M = TypeVar("M")


@dataclass(frozen=True)
class Captured:
    """A message to the microphone, from front ends that have one comm for each widget only."""

    capture: Mapping[str, Any]
    buffers: tuple[bytes, ...]


@dataclass(frozen=True)
class Claim:
    """A view answers a call: it can record."""

    token: int
    view: str = ""


@dataclass(frozen=True)
class ChannelChoice:
    """Take another channel of the file at hand, counted from 0, or their mean."""

    channel: int | Literal["mean"]


@dataclass(frozen=True)
class PartChoice:
    """Transcribe a stretch (s) of the sound shown at a pace; None is as fast as the service takes it."""

    start: float
    end: float
    pace: float | None


@dataclass(frozen=True)
class PartSaved:
    """Make a file of a stretch of the sound shown; ``job`` names it in what is sent."""

    start: float
    end: float
    job: str


@dataclass(frozen=True)
class ClipsChoice:
    """Record a clip first, or no longer."""

    on: bool


@dataclass(frozen=True)
class SettingsEdit:
    """Settings that were edited; None for those that were not. `SessionConfig` checks their ranges.

    Examples
    --------
    >>> edited = SettingsEdit(silence=400, context=" Mina ").applied(SessionConfig(), TurnDetection())
    >>> edited.turn_detection.silence_duration_ms, edited.corpus_text
    (400, 'Mina')
    """

    threshold: float | None = None
    silence: float | None = None
    padding: float | None = None
    language: str | None = None
    context: str | None = None
    turns: Literal["service", "client", "manual"] | None = None

    def applied(self, config: SessionConfig, chosen: TurnDetection) -> SessionConfig:
        """Return settings with what was edited.

        Parameters
        ----------
        config : SessionConfig
            The settings before.
        chosen : TurnDetection
            What holds again where turns were taken by hand and are no longer.

        Raises
        ------
        SettingError
            A value is out of its range.
        """
        manual = config.turn_detection is None if self.turns is None else self.turns == MANUAL
        before = config.turn_detection or chosen
        edited: dict[str, Any] = {
            name: value for name, value in (
                ("threshold", self.threshold), ("silence_duration_ms", self.silence),
                ("prefix_padding_ms", self.padding),
            ) if value is not None
        }
        detection = None if manual else replace(before, **edited)
        config = replace(config, turn_detection=detection)
        if self.language is not None:
            config = replace(config, language=self.language.strip() or None)
        if self.context is not None:
            config = replace(config, corpus_text=self.context.strip() or None)
        return config

    def taker(self, before: str) -> str:
        """Return who finds turns from here on, the service or the client."""
        return CLIENT if (self.turns or before) == CLIENT else SERVICE


@dataclass(frozen=True)
class ChangeSettings:
    """Other settings, for a run under way or the next one."""

    config: SettingsEdit


@dataclass(frozen=True)
class EndpointChange:
    """Send sound elsewhere: to a name of `EndpointChoice`, with an address or a recogniser's model."""

    id: str
    url: str = ""
    model: str = ""


@dataclass(frozen=True)
class KeyTyped:
    """A key for the service in use; empty to forget it. It stands in no repr and no log."""

    key: str

    def __repr__(self) -> str:
        return "KeyTyped(key=…)"


@dataclass(frozen=True)
class RunAgain:
    """Send the recorded sound once more; ``pace`` None is as fast as the service takes it."""

    pace: float | None = None


@dataclass(frozen=True)
class ReplayChoice:
    """See the run that is over again, from its beginning on, or no longer."""

    on: bool


@dataclass(frozen=True)
class ProtocolChoice:
    """Show what client and service say to each other, or no longer."""

    on: bool


@dataclass(frozen=True)
class Painted:
    """A page has painted the final words of an utterance, so many seconds after it heard of them."""

    number: Annotated[int, Within(1, MOST_UTTERANCES)]
    took: Annotated[float, Within(0, 3_600)]


@dataclass(frozen=True)
class Save:
    """Make a file of the recording; ``job`` names it in what is sent."""

    format: str
    job: str


@dataclass(frozen=True)
class Stored:
    """A file that was asked for has reached the page, which gave it to the browser."""

    job: str


@dataclass(frozen=True)
class LeftChoice:
    """A recording that was left on disk."""

    id: str


@dataclass(frozen=True)
class RunChoice:
    """One of the runs that stay."""

    number: int


@dataclass(frozen=True)
class RunName:
    """What a run is called from now on; empty takes its name away."""

    number: int
    name: str


@dataclass(frozen=True)
class RunPin:
    """Compare the other runs with one of them; None compares each with the one before it."""

    number: int | None


@dataclass(frozen=True)
class Correction:
    """What was truly said in an utterance of the run shown; None takes a correction back."""

    number: int
    text: str | None


@dataclass(frozen=True)
class Dismiss:
    """A notice was read."""

    id: int | None = None


def commands(
    model: TranscriberModel, view: TranscriberView, pages: Pages, controls: Controls,
    tell: Callable[[], None],
) -> Commands:
    """Return what pages may ask for, by kind.

    Parameters
    ----------
    model, view, pages, controls
        The parts of a transcriber.
    tell : callable
        Tells the views what a command has changed.
    """

    def changing(kind: type[M], act: Callable[[M], object]) -> Command[M]:
        def act_and_tell(message: M) -> None:
            act(message)
            tell()

        return Command(kind, act_and_tell)

    def change_settings(change: ChangeSettings) -> None:
        edit = change.config
        model.change(edit.applied(model.config, model.detection), edit.taker(model.turn_taking))

    def see_again(choice: ReplayChoice) -> list[Message]:
        view.see_again(choice.on)
        return view.opening()

    def comparing(kind: type[M], act: Callable[[M], object]) -> Command[M]:
        def act_and_compare(message: M) -> list[Message]:
            act(message)
            return [*view.state_changes(), *view.comparison_changes()]

        return Command(kind, act_and_compare)

    def show_protocol(choice: ProtocolChoice) -> list[Message]:
        view.show_protocol(choice.on)
        return [*view.state_changes(), *(view.protocol.opening() if view.protocol else [])]

    def show_delays(choice: DelaysChoice) -> list[Message]:
        view.show_delays(choice.on)
        return [*view.state_changes(), *(view.delays.opening() if view.delays else [])]

    return {
        "tiles": Command(TilesRequest, lambda wanted: view.shown.tiles(wanted)),
        "audio": Command(AudioRequest, lambda wanted: view.shown.audio(wanted)),
        "capture": Command(Captured, lambda one: pages.uplink.inbox.take(one.capture, one.buffers)),
        "claim": changing(Claim, lambda claim: pages.let_record(claim.view, claim.token)),
        "sample": changing(Bare, lambda _: controls.try_sample()),
        "channel": changing(ChannelChoice, lambda choice: model.take_channel(choice.channel)),
        "part": changing(PartChoice, lambda part: controls.transcribe_part(part.start, part.end, part.pace)),
        "part-save": changing(PartSaved, lambda part: controls.save_part(part.start, part.end, part.job)),
        "whole": changing(Bare, lambda _: model.take_whole()),
        "clips": changing(ClipsChoice, lambda choice: pages.clips.choose(choice.on)),
        "settings": changing(ChangeSettings, change_settings),
        "endpoint": changing(EndpointChange, lambda to: controls.choose_endpoint(to.id, to.url, to.model)),
        "fetch": changing(Bare, lambda _: controls.preparation.fetch()),
        "key": changing(KeyTyped, lambda typed: controls.take_key(typed.key)),
        "replay": Command(ReplayChoice, see_again),
        "moment": Command(MomentRequest, lambda wanted: view.replay.go_to(wanted) if view.replay else []),
        "step": Command(StepRequest, lambda wanted: view.replay.step(wanted) if view.replay else []),
        "protocol": Command(ProtocolChoice, show_protocol),
        "event": Command(EventRequest, lambda wanted: view.protocol.event(wanted) if view.protocol else []),
        "run-show": changing(RunChoice, lambda run: model.show_run(run.number)),
        "run-name": changing(RunName, lambda run: model.runs.rename(run.number, run.name)),
        "run-pin": comparing(RunPin, lambda run: model.pin(run.number)),
        "run-throw": comparing(RunChoice, lambda run: model.throw_away(run.number)),
        "correct": comparing(Correction, lambda one: model.correct(one.number, one.text)),
        "delays": Command(DelaysChoice, show_delays),
        "revisions": Command(
            RevisionsRequest, lambda wanted: view.delays.revisions(wanted) if view.delays else []
        ),
        "painted": Command(Painted, lambda one: view.note_painted(one.number, one.took)),
        "again": changing(RunAgain, lambda again: model.repeat(again.pace)),
        "save": changing(Save, lambda wanted: controls.save(wanted.format, wanted.job)),
        "save-here": changing(Save, lambda wanted: controls.save_here(wanted.format, wanted.job)),
        "stored": changing(Stored, lambda stored: controls.note_stored(stored.job)),
        "unkeep": changing(Bare, lambda _: controls.discard_autosave()),
        "left-open": changing(LeftChoice, lambda left: model.open_left(left.id)),
        "left-throw": changing(LeftChoice, lambda left: model.kept.throw_away(left.id)),
        "left-pass": changing(Bare, lambda _: model.kept.pass_over()),
        "dismiss": changing(Dismiss, lambda read: controls.dismiss(read.id)),
        "transcribe": changing(Bare, lambda _: controls.start()),
        "stop": changing(Bare, lambda _: controls.stop()),
        "leave": changing(Bare, lambda _: model.stop_waiting()),
        "opus": changing(Bare, lambda _: model.use_opus()),
        "hurry": changing(Bare, lambda _: model.hurry()),
        "pause": changing(Bare, lambda _: controls.pause()),
        "resume": changing(Bare, lambda _: controls.resume()),
        "commit": changing(Bare, lambda _: controls.commit()),
        "retry": changing(Bare, lambda _: model.try_again()),
    }

"""One clip of the tuner: its scores, what is true of it, what a service did with it, and what settings do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from ...audio.clip import AudioClip
from ...client.endpoints import is_loopback_host
from ...vad.labels.editor import LabelEditor
from ...vad.labels.labels import Labels
from ...vad.evaluation.metrics import Measures, endpoint_overhead, expected_endpoint_delay, measure
from ...vad.scoring.frames import SpeechScores
from ...vad.turns import Turn, TurnDetection
from .estimate import Estimator

if TYPE_CHECKING:
    from ...recording import Recording

DRAWN_MARGIN = 0.5
"""Seconds around labels drawn in the view that count as labelled; the rest of the clip is not judged."""


@dataclass(frozen=True)
class Overhead:
    """What a service adds to the silence, as a recording shows it.

    Parameters
    ----------
    endpoint : float
        Median seconds from the end of the silence to ``speech_stopped``.
    decode : float
        Median seconds from there to the final text.
    n : int
        Utterances they come from; 0 where no recording told.
    """

    endpoint: float = 0.0
    decode: float = 0.0
    n: int = 0

    @property
    def seconds(self) -> float:
        """Both together, at least 0."""
        return max(self.endpoint, 0.0) + self.decode

    @classmethod
    def of(cls, recording: Recording) -> Overhead:
        """Read it from a recording made at its real pace; nothing where it tells nothing."""
        settings = recording.config.turn_detection
        rows = [row for row in recording.latency() if row.ended_by == "silence"]
        known = [row.endpoint_delay for row in rows if row.endpoint_delay is not None]
        if settings is None or not known or recording.info.pace != 1.0:
            return cls()
        endpoint = endpoint_overhead(known, settings) or 0.0
        decoded = sorted(row.decode_delay for row in rows if row.decode_delay is not None)
        decode = decoded[len(decoded) // 2] if decoded else 0.0
        return cls(round(endpoint, 4), round(decode, 4), len(known))


@dataclass(frozen=True)
class ServiceTurns:
    """The turns that a service reported of a clip.

    Parameters
    ----------
    turns : list of Turn
    settings : TurnDetection or None
        What the service was set to; None where it did not detect turns.
    name : str
        The service, in words.
    exact : bool
        Whether our own detector finds the same turns to the frame, see `is_exact`.
    replayed : bool
        Whether they are those of a replay, else of the recording that was given.
    """

    turns: list[Turn]
    settings: TurnDetection | None
    name: str
    exact: bool
    replayed: bool = False

    @classmethod
    def of(
        cls, recording: Recording, settings: TurnDetection | None, replayed: bool = False
    ) -> ServiceTurns:
        """Read them from a recording."""
        name = ", ".join(filter(None, (recording.info.engine, recording.info.turns_by)))
        return cls(recording.turns, settings, name, is_exact(recording), replayed)


def is_exact(recording: Recording) -> bool:
    """Tell whether the turns of a recording are exactly those that the tuner computes for its settings.

    They are where the tuner's detector found them, in this client or in the embedded service, in 16 kHz PCM.
    What a model of turn ends said is none of the detector's.
    At 8 kHz the service converts the rate piece by piece, which differs from converting the whole clip.
    """
    if recording.info.end_of_turn:
        return False
    if recording.info.turn_taking == "client":
        return recording.config.sample_rate == 16_000
    host = urlsplit(recording.info.endpoint).hostname or ""
    config = recording.config
    told = any(utterance.onset_source == "service" for utterance in recording.utterances)
    same_sound = config.sample_rate == 16_000 and config.input_audio_format == "pcm"
    return is_loopback_host(host) and told and same_sound and len(recording.connections) <= 1


@dataclass(frozen=True, eq=False)
class Judgement:
    """What some settings do with a clip.

    Parameters
    ----------
    settings : TurnDetection
    turns : list of Turn
        As they are expected to come.
    measures : Measures
        Against the reference where there is one.
    wait : float or None
        Seconds a person waits after the end of speech, in the median: for the final where a recording tells
        how long decoding takes, else for the endpoint.
    """

    settings: TurnDetection
    turns: list[Turn]
    measures: Measures
    wait: float | None


class Growing(NamedTuple):
    """The scores of a clip that are there so far, of ``frames`` in all."""

    scores: SpeechScores
    frames: int


@dataclass(eq=False)
class Case:
    """One clip under the tuner; the `TunerModel` that holds it is the only one to change it.

    Parameters
    ----------
    name : str
    clip : AudioClip
    editor : LabelEditor
        Its reference turns; empty where there are none yet.
    known : bool
        Whether a reference was given: one without turns says that nobody speaks.
    service : ServiceTurns or None
        What a service really reported, in the recording given or in the last replay.
    overhead : Overhead
    scores : SpeechScores or None
        None until all of them are computed.
    growing : Growing or None
        Those there are meanwhile.
    """

    name: str
    clip: AudioClip
    editor: LabelEditor
    known: bool = False
    service: ServiceTurns | None = None
    overhead: Overhead = field(default_factory=Overhead)
    scores: SpeechScores | None = None
    growing: Growing | None = None

    @property
    def reference(self) -> Labels | None:
        """What the turns are judged by; None without any."""
        labels = self.editor.labels
        if self.known:
            return labels
        if not labels.turns:
            return None
        first = max(0.0, labels.turns[0].start - DRAWN_MARGIN)
        drawn = [(first, min(self.clip.duration, labels.end + DRAWN_MARGIN))]
        return Labels(labels.turns, drawn, labels.uri, labels.holds)

    def judge(
        self, settings: TurnDetection, estimator: Estimator, heard: SpeechScores | None = None
    ) -> Judgement:
        """Find the turns of some settings, by the clip's scores or others of it, and measure them."""
        scores = self.scores if heard is None else heard
        assert scores is not None
        turns = estimator.turns(scores, settings)
        reference = self.reference
        ours = estimator.ours(settings)
        measures = measure(turns, reference, duration=self.clip.duration, settings=ours)
        return Judgement(settings, turns, measures, self.wait(ours, measures))

    def wait(self, ours: TurnDetection, measures: Measures) -> float | None:
        """Return the wait, by the reference where it tells, else from the end of the last frame."""
        extra = self.overhead.seconds
        by_reference = measures.quantile("waits", 0.5)
        if by_reference is not None:
            return by_reference + extra
        return expected_endpoint_delay(ours, extra)

    def against_service(self, turns: Sequence[Turn]) -> Measures | None:
        """Compare turns with those the service really reported."""
        if self.service is None:
            return None
        return measure(turns, self.service.turns, duration=self.clip.duration)

"""Services with known departures from our detector, frame by frame, to be found out by a calibration.

Nothing here is shared with the calibration: a service is played as one would write it, with a counter for
the silence and a flag for the open turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from qwen_asr_widgets.vad.calibration.calibrate import Observation
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import Turn, TurnDetection

FRAME = 0.032

EVERYTHING = (
    TurnDetection(0.0, 200, 300), TurnDetection(0.0, 300, 300), TurnDetection(0.2, 400, 0),
    TurnDetection(-0.2, 600, 300), TurnDetection(0.2, 800, 1_000), TurnDetection(-0.2, 1_200, 300),
    TurnDetection(0.0, 6_000, 300), TurnDetection(0.0, 200, 1_000),
)
"""Settings at which every term has an effect."""


@dataclass(frozen=True)
class Hidden:
    """What a service does otherwise; names and units as in `Calibration`."""

    threshold_offset: float = 0.0
    threshold_slope: float = 1.0
    hysteresis: float = 0.0
    silence_shift: float = 0.0
    silence_floor_ms: int = 0
    min_turn: float = 0.0
    longest_turn: float = 60.0
    start_shift: float = 0.0
    end_shift: float = 0.0
    end_includes_silence: bool = False
    starts_overlap: bool = False
    touch_within: float = 0.0

    def report(self, scores: SpeechScores, settings: TurnDetection) -> list[Turn]:
        """Return the turns that it reports."""
        level = min(max(self.threshold_offset + self.threshold_slope * settings.threshold, -1.0), 1.0)
        in_force = max(settings.silence_duration_ms, self.silence_floor_ms) / 1_000
        turns: list[Turn] = []
        is_open, onset, spoken, last_was_speech = False, 0, 0, False
        for frame, score in enumerate(scores.values.tolist()):
            if not is_open:
                is_speech = score >= level
                if is_speech and last_was_speech:
                    is_open, onset, spoken, is_speech = True, frame - 1, frame + 1, False
                last_was_speech = is_speech
                continue
            if score >= level - self.hysteresis:
                spoken = frame + 1
            quiet, age = (frame + 1 - spoken) * FRAME, (frame + 1 - onset) * FRAME
            if quiet >= in_force + self.silence_shift - 1e-9 and quiet > 0:
                self._close(turns, onset, spoken, in_force, settings, None)
                is_open = False
            elif age >= self.longest_turn - FRAME + 1e-9:
                self._close(turns, onset, spoken, in_force, settings, frame + 1)
                is_open = False
        if is_open:
            self._close(turns, onset, spoken, in_force, settings, len(scores))
        return turns

    def _close(
        self, turns: list[Turn], onset: int, spoken: int, silence: float, settings: TurnDetection,
        now: int | None,
    ) -> None:
        if (spoken - onset) * FRAME < self.min_turn - 1e-9:
            return
        before = turns[-1].end if turns else None
        start = max(onset * FRAME - settings.prefix_padding_ms / 1_000 + self.start_shift, 0.0)
        if before is not None and start < before + self.touch_within:
            if start >= before or not self.starts_overlap:
                start = before
        end = spoken * FRAME
        if self.end_includes_silence:
            end += silence
            end = end if now is None else min(end, now * FRAME)
        end = max(end + self.end_shift, start)
        turns.append(Turn(start, start, end))


def talk(seconds: float, seed: int) -> SpeechScores:
    """Return scores as those of speech: words and pauses of many lengths, some soft, none of them steady."""
    random = np.random.default_rng(seed)
    pieces: list[np.ndarray] = []
    frames = 0
    while frames < seconds / FRAME:
        spoken = int(np.clip(random.lognormal(-0.4, 0.9), 0.07, 5.0) / FRAME) + 2
        silent = int(np.exp(random.uniform(np.log(0.07), np.log(2.2))) / FRAME) + 1
        loud = random.uniform(-0.6, 1.0) if random.random() < 0.35 else random.uniform(0.5, 1.0)
        quiet = random.uniform(-1.0, 0.4) if random.random() < 0.35 else random.uniform(-1.0, -0.7)
        pieces += [np.full(spoken, loud), np.full(silent, min(quiet, loud))]
        frames += spoken + silent
    row = np.concatenate(pieces)[: int(seconds / FRAME)]
    return SpeechScores(np.clip(row + random.normal(0, 0.12, len(row)), -1, 1).astype(np.float32))


def observed(
    service: Hidden, settings: Sequence[TurnDetection] = EVERYTHING, seconds: float = 90.0, seed: int = 0
) -> list[Observation]:
    """Return what a service reports of talk, other talk at each of the settings."""
    seen = []
    for number, one in enumerate(settings):
        scores = talk(seconds, 1_000 * seed + number)
        seen.append(Observation(scores, one, service.report(scores, one)))
    return seen


def misheard(service: Hidden, seed: int, score: float = 0.06, time: float = 0.012) -> list[Observation]:
    """Return what a service reports that hears a little else than we do, at positions a little off.

    Parameters
    ----------
    score, time : float
        Standard deviations of what its scores and its positions (in seconds) are off.
    """
    random, seen = np.random.default_rng(seed), []
    for one in observed(service, seed=seed):
        row = one.scores.values
        heard = SpeechScores(np.clip(row + random.normal(0, score, len(row)), -1, 1).astype(np.float32))
        turns = []
        for turn in service.report(heard, one.settings):
            start = max(turn.start + random.normal(0, time), 0.0)
            turns.append(Turn(start, start, max(turn.end + random.normal(0, time), start)))
        seen.append(Observation(one.scores, one.settings, turns))
    return seen


def drawn_at_random(seed: int) -> Hidden:
    """Return a service with about half of the departures, each of a random size."""
    random = np.random.default_rng(seed)
    sizes = {
        "threshold_offset": random.uniform(-0.2, 0.2), "threshold_slope": random.uniform(0.6, 1.8),
        "hysteresis": random.uniform(0.1, 0.4), "silence_shift": random.uniform(-0.1, 0.2),
        "silence_floor_ms": int(random.uniform(250, 700)), "min_turn": random.uniform(0.15, 0.6),
        "longest_turn": random.uniform(8.0, 30.0), "start_shift": random.uniform(-0.15, 0.1),
        "end_shift": random.uniform(-0.1, 0.15), "end_includes_silence": True, "starts_overlap": True,
        "touch_within": random.uniform(0.3, 0.6),
    }
    chosen = {name: size for name, size in sizes.items() if random.random() < 0.5}
    return replace(Hidden(), **chosen)


def departures() -> dict[str, Hidden]:
    """Return services with one departure each, by its name."""
    values = {
        "threshold_offset": 0.15, "threshold_slope": 1.5, "hysteresis": 0.3, "silence_shift": 0.12,
        "silence_floor_ms": 400, "min_turn": 0.35, "longest_turn": 15.0, "start_shift": -0.12,
        "end_shift": 0.07, "end_includes_silence": True, "starts_overlap": True, "touch_within": 0.5,
    }
    assert set(values) == {place.name for place in fields(Hidden)}
    return {name: replace(Hidden(), **{name: value}) for name, value in values.items()}

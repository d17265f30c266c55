"""Cut-offs against latency of silence, the turn detector and Smart Turn on human speech, and the model's CPU.

The speech is what comes with packages and can be heard here: the readings beckett.wav (10 s) and
two_cities.wav (44 s) in the wheel of moonshine-voice, each one turn from its first to its last speech, and
the sample "prompts", seven turns by Allison Smith with exact references. endgame_nagg_nell.wav is left out:
two people speak in it, and nobody has labelled whose turn is whose. Holds are read off the speech scores; 6 s
of silence follow each clip, so that every end is seen. Three clips are few: the intervals are Wilson's of the
holds at least, and say how little such figures carry. Nothing is asserted but what the model costs: less CPU
for a pause than the 200 ms after which it is asked.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from qwen_asr_widgets import (
    AudioClip, EndOfTurn, ReferenceTurn, TradeOff, TurnDetection, detect_turns, pauses, sample, speech_scores,
    trade_off,
)
from qwen_asr_widgets.vad.end_of_turn.smart_turn import bundled_file

READINGS = ("beckett", "two_cities")
SILENCE = np.zeros(6 * 16_000, np.float32)
CPU_LIMIT = 0.2
DETECTORS = ("silence", "vad", "smart-turn")


def followed_by_silence(clip: AudioClip) -> AudioClip:
    """Return a clip at 16 kHz with silence behind it."""
    return AudioClip(np.concatenate([clip.resample(16_000).samples, SILENCE]), 16_000)


def reading(name: str) -> tuple[AudioClip, list[ReferenceTurn]]:
    """Return a reading from moonshine-voice, and the one turn that it is."""
    import moonshine_voice

    path = Path(moonshine_voice.__file__).parent / "assets" / f"{name}.wav"
    clip = followed_by_silence(AudioClip.load(path))
    spoken = detect_turns(speech_scores(clip), TurnDetection(0.0, 6_000, 0))
    return clip, [ReferenceTurn(spoken[0].onset, spoken[-1].end)]


def human_speech() -> tuple[list[AudioClip], list[list[ReferenceTurn]]]:
    """Return the clips and their turns."""
    prompts = sample("prompts")
    pairs = [*map(reading, READINGS), (followed_by_silence(prompts.clip), list(prompts.turns))]
    return [clip for clip, _ in pairs], [turns for _, turns in pairs]


def show(found: TradeOff) -> None:
    """Print the operating points with what they rest on."""
    print(found)
    for name in found.detectors:
        for point in (*found.at_budget(detector=name), *found.latency_at(detector=name)):
            if point is not None:
                print(f"  {point}; 95 % {point.interval[0]:.3f} to {point.interval[1]:.3f}")
    silence, model = (found.at_budget(0.3, detector=name)[0] for name in ("silence", "smart-turn"))
    if silence is not None and model is not None:
        print(f"smart-turn against silence at 300 ms: {found.compare(silence, model)}")


def seconds_a_pause(clips: list[AudioClip], turns: list[list[ReferenceTurn]]) -> tuple[float, int]:
    """Return the processor seconds that the model takes for a pause, and how many there were."""
    model = EndOfTurn("smart-turn")
    model.probability(clips[0])  # loads it
    begun, count = time.process_time(), 0
    for clip, reference in zip(clips, turns):
        count += model.probabilities(clip, pauses(clip, reference), cache=False).size
    return (time.process_time() - begun) / count, count


def main() -> None:
    """Print the trade-off and the cost."""
    if bundled_file() is None:
        print("Smart Turn's model is not installed: python -m pip install --no-deps pipecat-ai")
        return
    clips, turns = human_speech()
    for clip, reference in zip(clips, turns):
        found = pauses(clip, reference)
        print(found, [round(hold.duration, 2) for hold in found.holds])
    show(trade_off(clips, turns, DETECTORS))
    cost, count = seconds_a_pause(clips, turns)
    print(f"smart-turn: {1_000 * cost:.0f} ms of CPU a pause (n = {count}; limit {1_000 * CPU_LIMIT:.0f} ms)")
    assert cost <= CPU_LIMIT, f"{cost:.3f} s a pause are over the limit"


if __name__ == "__main__":
    main()

"""Turns as a streaming service finds them in a child process, which may run another BLAS kernel.

Reads ``{"sample": name, "settings": [[threshold, silence_ms], …]}`` and answers with the turns of each as
``[[onset_sample, end_sample], …]``.
"""

from __future__ import annotations

import json
import sys

import qwen_asr_widgets as qaw
from qwen_asr_widgets.vad.scoring.frames import HOP
from qwen_asr_widgets.vad.scoring.silero import SpeechScorer
from qwen_asr_widgets.vad.turns import TurnClosed, TurnDetection, TurnDetector, TurnOpened


def streamed(values: list[float], settings: TurnDetection) -> list[list[int]]:
    """Return the turns of scores pushed one by one."""
    detector = TurnDetector(settings)
    changes = [change for value in values for change in detector.push([value])] + detector.finish()
    onsets = [change.onset_sample for change in changes if isinstance(change, TurnOpened)]
    ends = [change.end_sample for change in changes if isinstance(change, TurnClosed)]
    return [list(turn) for turn in zip(onsets, ends)]


def main() -> None:
    """Score a sample frame by frame and print the turns of each setting."""
    asked = json.load(sys.stdin)
    scorer = SpeechScorer()
    pcm = qaw.sample(asked["sample"]).clip.resample(16_000).to_pcm16()
    values = [float(score) for k in range(0, len(pcm), HOP) for score in scorer.push(pcm[k:k + HOP])]
    print(json.dumps([streamed(values, TurnDetection(*settings)) for settings in asked["settings"]]))


if __name__ == "__main__":
    main()

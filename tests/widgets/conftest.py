"""What tests of widgets share: transcribers, a tuner of the noisy sample, and a good fit to a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.transcribing import transcribers

import qwen_asr_widgets as qaw
from qwen_asr_widgets.vad.calibration.calibrate import Calibration, Observation, calibrate
from qwen_asr_widgets.widgets.transcriber import kept


@pytest.fixture(autouse=True)
def kept_beside_no_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let transcribers keep their recordings in a folder of the test's own, and return it."""
    folder = tmp_path / ".qaw"
    monkeypatch.setattr(kept, "FOLDER", str(folder))
    return folder


@pytest.fixture
def made() -> Iterator[Callable[..., qaw.Transcriber]]:
    """Make transcribers whose messages are remembered; they are closed in the end."""
    yield from transcribers()


@pytest.fixture
def noisy() -> qaw.Sample:
    """Return eight turns in a busy room, with their reference."""
    return qaw.sample("noisy")


@pytest.fixture
def tuner(noisy: qaw.Sample) -> Iterator[qaw.VadTuner]:
    """Tune it from the default settings."""
    made = qaw.VadTuner(noisy)
    yield made
    made.close()


@pytest.fixture(scope="session")
def shifted_fit() -> Calibration:
    """Fit a service whose thresholds are 0.3 + 0.5 of ours and which waits 100 ms longer."""
    talk = qaw.SpeechScores(np.tile(qaw.speech_scores(qaw.sample("conversation").clip).values, 3))
    return calibrate([
        Observation(
            talk, qaw.TurnDetection(theirs, 400),
            qaw.detect_turns(talk, qaw.TurnDetection(theirs * 0.5 + 0.3, 500)),
        ) for theirs in (-0.4, 0.0, 0.6)
    ])

"""The trade-off in noise, and of several detectors, is that of what each of them hears."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.scoring import cache

SOURCE = qaw.sample("prompts")
CLEAN, NOISY = qaw.Condition(), qaw.Condition("babble", 5, telephone=True)
GRID = {"thresholds": [-0.4, 0.0, 0.4], "silences_ms": [200, 400, 800], "hold_range": (0.1, 5.0)}


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)


def spans():
    return [(turn.start, turn.end) for turn in SOURCE.turns]


def test_under_a_condition_the_detector_is_judged_by_what_it_hears_there() -> None:
    found = qaw.trade_off(SOURCE, SOURCE, ["vad", "silence"], conditions=[CLEAN, NOISY], **GRID)
    assert found.detectors == ("vad, clean", "vad, babble 5 dB, G.711", "silence")
    holds = qaw.pauses(SOURCE, SOURCE)
    alone = qaw.trade_off(qaw.speech_scores(NOISY.apply(SOURCE, spans())), holds, **GRID)
    clean = qaw.trade_off(SOURCE, SOURCE, **GRID)
    for name, other in (("vad, babble 5 dB, G.711", alone), ("vad, clean", clean)):
        for key, counts in other.curve().sums.items():
            np.testing.assert_array_equal(found.curve(name).sums[key], counts)


def test_frame_and_table_tell_detector_and_condition() -> None:
    found = qaw.trade_off(SOURCE, SOURCE, "vad", conditions=[CLEAN, NOISY], **GRID)
    frame = found.to_frame()
    assert set(frame["detector"]) == {"vad"}
    assert set(frame["condition"]) == {"clean", "babble 5 dB, G.711"}
    assert "vad, babble 5 dB, G.711" in found.to_markdown()
    assert set(qaw.trade_off(SOURCE, SOURCE, **GRID).to_frame()["condition"]) == {""}


def test_another_detector_is_the_turn_detector_on_its_scores() -> None:
    holds = qaw.pauses(SOURCE, SOURCE)
    found = qaw.trade_off(SOURCE, holds, ["vad", "silero", "energy"], **GRID)
    alone = qaw.trade_off(qaw.speech_scores(SOURCE, detector="energy"), holds, **GRID)
    for key, counts in alone.curve().sums.items():
        np.testing.assert_array_equal(found.curve("energy").sums[key], counts)
        np.testing.assert_array_equal(found.curve("silero").sums[key], found.curve("vad").sums[key])
    assert found.detectors == ("vad", "silero", "energy")


def test_a_model_of_turn_ends_hears_the_noise_too() -> None:
    class Loudness:
        name, needs_sound, identity = "loudness", True, "loudness:1"

        def probability(self, samples, text):
            return float(np.sqrt(np.mean(np.square(samples[-1_600:]))))

    model = qaw.EndOfTurn(Loudness())
    found = qaw.trade_off(SOURCE, SOURCE, model, conditions=[CLEAN, qaw.Condition("pink", -10)], **GRID,
                          probabilities=[0.0, 0.01, 0.02], action_delays=0.2, time_outs=2.0)
    quiet, loud = (curve.sums["timed_out"].sum(axis=0).tolist() for curve in found.curves)
    assert quiet == [0, 7, 7] and loud == [0, 0, 0]


class Pickling(ThreadPoolExecutor):
    """Sends tasks as another process would get them, without the time that one takes to begin."""

    def submit(self, task, *args, **options):
        return super().submit(*pickle.loads(pickle.dumps((task, *args))), **options)


def test_an_executor_finds_the_same() -> None:
    options = {"conditions": [CLEAN, NOISY], **GRID}
    here = qaw.trade_off(SOURCE, SOURCE, ["vad", "energy"], **options)
    with Pickling(2) as pool:
        there = qaw.trade_off(SOURCE, SOURCE, ["vad", "energy"], pool, **options)
    assert there.to_frame().equals(here.to_frame())


@pytest.mark.parametrize(("clips", "options", "sentence"), [
    ([], {"conditions": [NOISY]}, "speech scores were given; give clips"),
    ([], {"detector": "energy"}, "energy is asked about sound, not speech scores"),
    ([SOURCE], {"detector": "energi"}, r"give 'vad', 'silence', a detector \(silero, webrtc, ten, energy\)"),
])
def test_what_cannot_be_heard_is_told(clips, options, sentence) -> None:
    given = clips[0] if clips else qaw.speech_scores(SOURCE)
    with pytest.raises(SettingError, match=sentence):
        qaw.trade_off(given, SOURCE, **options, **GRID)

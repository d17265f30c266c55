"""Models of turn ends say what they say elsewhere, and are asked once at each pause."""

from __future__ import annotations

import importlib.util
import pickle
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import qwen_asr_widgets as qaw
from numpy.typing import NDArray
from qwen_asr_widgets.errors import MissingDependency, SettingError
from qwen_asr_widgets.vad.end_of_turn.log_mel import log_mel, mel_filters
from qwen_asr_widgets.vad.end_of_turn.punctuation import DONE, OPEN, UNDECIDED, Punctuation
from qwen_asr_widgets.vad.end_of_turn.smart_turn import SmartTurn, bundled_file

with_smart_turn = pytest.mark.skipif(
    bundled_file() is None, reason="Smart Turn's model: pip install --no-deps pipecat-ai"
)
NOTHING = np.zeros(0, np.float32)
TOY = """
class Toy:
    name, identity, needs_sound = "toy-ends", "toy-ends:1", True

    def probability(self, samples, text):
        return 0.25
"""


@dataclass
class Listener:
    """A model that notes what it is given and says how many seconds it heard, over ten."""

    name: str = "listener"
    identity: str = "listener:1"
    needs_sound: bool = True
    heard: list[tuple[int, str]] = field(default_factory=list)

    def probability(self, samples: NDArray[np.float32], text: str) -> float:
        self.heard.append((len(samples), text))
        return len(samples) / 160_000


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def _clip(seconds: float = 12.0, seed: int = 0) -> qaw.AudioClip:
    random = np.random.default_rng(seed)
    return qaw.AudioClip(random.normal(0, 0.05, int(16_000 * seconds)).astype(np.float32), 16_000)


def _pauses(clip: qaw.AudioClip) -> qaw.Pauses:
    turns = [qaw.ReferenceTurn(1.0, 4.0, "well I think so."), qaw.ReferenceTurn(6.0, 11.0, "no")]
    return qaw.pauses(clip, turns, holds=[(2.0, 2.5, "well I"), (3.0, 3.15), (7.0, 8.0)])


@pytest.mark.parametrize("seed", range(5))
def test_the_spectrogram_is_that_of_faster_whisper(seed: int) -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    random = np.random.default_rng(seed)
    sound = (random.normal(size=128_000) * np.linspace(0, 1, 128_000) ** (2 * seed)).astype(np.float32)
    even = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    peer = FeatureExtractor(chunk_length=8)
    assert np.abs(log_mel(sound) - peer(even, padding=0)).max() < 1e-5
    assert np.abs(mel_filters().T - peer.mel_filters).max() < 1e-7


@with_smart_turn
@pytest.mark.parametrize("seconds", [0.3, 4.0, 8.0, 11.0])
def test_smart_turn_says_what_pipecats_own_features_make_it_say(seconds: float) -> None:
    import onnxruntime

    file = bundled_file()
    assert file is not None
    spec = importlib.util.spec_from_file_location("features", file.parents[1] / "_whisper_features.py")
    assert spec is not None and spec.loader is not None
    features = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(features)
    speech = qaw.sample("prompts").clip.resample(16_000).samples[:round(16_000 * seconds)]
    padded = np.pad(speech, (max(0, 128_000 - len(speech)), 0))[-128_000:]
    session = onnxruntime.InferenceSession(str(file))
    expected = session.run(None, {"input_features": features.compute_whisper_log_mel_features(padded)[None]})
    assert SmartTurn().probability(speech) == pytest.approx(float(expected[0][0, 0]), abs=1e-3)
    assert "pipecat" not in sys.modules  # its file is found without it


@with_smart_turn
def test_smart_turn_tells_a_human_prompt_from_one_that_breaks_off() -> None:
    sample = qaw.sample("prompts")
    sound = sample.clip.resample(16_000)
    model = qaw.EndOfTurn("smart-turn")
    whole, broken = [], []
    for turn in sample.turns:
        start = round(16_000 * max(turn.start - 0.5, 0))
        for said, ends in ((whole, turn.end), (broken, turn.start + 0.6 * turn.duration)):
            speech = np.concatenate((sound.samples[start:round(16_000 * ends)], np.zeros(3_200, np.float32)))
            said.append(model.probability(qaw.AudioClip(speech, 16_000)))
    assert np.median(whole) > 0.9 and np.median(whole) > np.median(broken) + 0.2


def test_a_model_hears_its_turn_from_half_a_second_before_up_to_now() -> None:
    clip, model = _clip(), Listener()
    said = qaw.EndOfTurn(model, (0.2, 0.6)).probabilities(clip, _pauses(clip))
    assert said.shape == (5, 2) and said.dtype == np.float32
    assert said[:, 0].tolist() == pytest.approx([0.17, np.nan, 0.37, 0.17, 0.57], nan_ok=True)
    assert said[:, 1].tolist() == pytest.approx([np.nan, np.nan, 0.41, 0.21, 0.61], nan_ok=True)
    assert model.heard[0] == (27_200, "well I") and model.heard[1] == (59_200, "well I think so.")


def test_a_model_is_asked_once_and_again_only_of_other_sound_or_pauses() -> None:
    clip, model = _clip(), Listener()
    asked = qaw.EndOfTurn(model)
    first = asked.probabilities(clip, _pauses(clip))
    count = len(model.heard)
    assert np.array_equal(asked.probabilities(clip, _pauses(clip)), first, equal_nan=True)
    assert len(model.heard) == count == 4
    asked.probabilities(_clip(seed=1), _pauses(clip))
    asked.probabilities(clip, _pauses(clip), _pauses(clip).holds)
    qaw.EndOfTurn(Listener(identity="listener:2", heard=model.heard)).probabilities(clip, _pauses(clip))
    assert len(model.heard) == count + 4 + 2 + 4


@pytest.mark.parametrize(("text", "probability"), [
    ("Yes, I do.", DONE), ("Do you?", DONE), ("好的。", DONE), ("“Stop!”", DONE),
    ("I went to the", OPEN), ("well,", OPEN), ("I think...", OPEN), ("Um", OPEN), ("我觉得，", OPEN),
    ("因为", OPEN),
    ("four oh two", UNDECIDED), ("我知道了", UNDECIDED),
])
def test_the_baseline_goes_by_punctuation_and_words_that_lead_on(text: str, probability: float) -> None:
    assert Punctuation().probability(NOTHING, text) == probability


def test_the_baseline_says_nothing_without_words() -> None:
    assert np.isnan(Punctuation().probability(NOTHING, "  "))


def test_a_model_of_another_package_is_found_by_its_entry_point(tmp_path, monkeypatch) -> None:
    (tmp_path / "toy_ends.py").write_text(TOY)
    metadata = tmp_path / "toy_ends-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-ends\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[qwen_asr_widgets.end_of_turn]\ntoy-ends = toy_ends:Toy\nbroken-ends = toy_ends:Gone\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    model = qaw.EndOfTurn("toy-ends")
    assert (model.name, model.probability(_clip(1))) == ("toy-ends", 0.25)
    with pytest.raises(SettingError, match="'broken-ends' .* cannot be loaded"):
        qaw.EndOfTurn("broken-ends")
    with pytest.raises(SettingError, match="did you mean 'toy-ends'"):
        qaw.EndOfTurn("toy_ends")


def test_a_model_saves_cut_offs_that_silence_makes() -> None:
    clip = _clip(60)
    turns = [qaw.ReferenceTurn(k * 10 + 1, k * 10 + 6, "and that is all.") for k in range(5)]
    holds = [(k * 10 + 2, k * 10 + 2.8, "and that") for k in range(5)]
    holds += [(k * 10 + 4, k * 10 + 4.3, "and that is") for k in range(5)]
    found = qaw.pauses(clip, turns, holds=holds)
    result = qaw.trade_off(clip, found, ["silence", "punctuation"])
    silence, model = (result.at_budget(0.3, detector=name)[0] for name in result.detectors)
    assert silence is not None and (silence.cut_off_rate, silence.latency) == (0.5, 0.3)
    assert model is not None and (model.cut_off_rate, model.latency) == (0.0, pytest.approx(0.2))
    assert str(model.policy) == "threshold 0.89, action delay 0.2 s, time-out 1 s"
    assert result.latency_at(0.05)[0].latency == 0.8  # type: ignore[union-attr]


def test_several_detectors_say_how_many_holds_would_tell_them_apart() -> None:
    clips = [_clip(12, seed) for seed in range(4)]
    found = []
    for number, clip in enumerate(clips):
        holds = [(2, 2.25 + 0.2 * number, "well I"), (3, 3.5, "well I think so.")]
        found.append(qaw.pauses(clip, [qaw.ReferenceTurn(1, 6, "well I think so.")], holds=holds))
    result = qaw.trade_off(clips, found, ["silence", "punctuation"])
    assert any("do not tell them apart, about" in note for note in result.notes), result.notes


def test_a_model_travels_to_a_worker_and_says_the_same() -> None:
    model = pickle.loads(pickle.dumps(qaw.EndOfTurn("punctuation", (0.2, 0.4))))
    assert model == qaw.EndOfTurn("punctuation", (0.2, 0.4)) and model.name == "punctuation"


def test_a_missing_model_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwen_asr_widgets.vad.end_of_turn.smart_turn.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="pip install --no-deps pipecat-ai"):
        qaw.EndOfTurn("smart-turn").probability(_clip(1))


def _trade_off(clip: Any = _clip(), **options: Any) -> Any:
    return qaw.trade_off(clip, _pauses(_clip()), "punctuation", **options)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: qaw.EndOfTurn("smart_turn"), "did you mean 'smart-turn'"),
    (lambda: qaw.EndOfTurn(3), "model is 3"),  # type: ignore[arg-type]
    (lambda: qaw.EndOfTurn("punctuation", (0.4, 0.2)), "give rising numbers"),
    (lambda: qaw.EndOfTurn("punctuation", ()), "give rising numbers"),
    (lambda: _trade_off(action_delays=0.1), "first asked after 0.2 s"),
    (lambda: _trade_off(probabilities=2), "probabilities holds 2"),
    (lambda: _trade_off(time_outs=0.1), "shorter than every"),
    (lambda: _trade_off(qaw.SpeechScores([-1] * 400)), "not speech scores"),
])
def test_a_wrong_argument_is_refused_in_one_sentence(call: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        call()

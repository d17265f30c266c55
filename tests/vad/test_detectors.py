"""Detectors of several makers score our frames, each as its own package does on the same sound."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from support.scores import agree

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import MissingDependency, SettingError
from qwen_asr_widgets.vad.detectors.base import AveragedScorer
from qwen_asr_widgets.vad.detectors.registry import DETECTORS, find_detector, usable
from qwen_asr_widgets.vad.detectors.ten import TenDetector
from qwen_asr_widgets.vad.detectors.webrtc import WebRtcDetector
from qwen_asr_widgets.vad.scoring import cache

CLIP = qaw.sample("noisy").clip
PCM = CLIP.to_pcm16()
NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(not usable(name), reason=f"{name} cannot be loaded"))
    for name in DETECTORS
]


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    return tmp_path / "scores"


def means_of(values: list[float], hop: int) -> np.ndarray:
    """Return for each 512 samples ``2 * mean - 1`` of the values whose frames end in them; a loop alone."""
    scores = []
    for frame in range(len(PCM) // 512):
        ends = [(k + 1) * hop for k in range(len(values))]
        mine = [value for value, end in zip(values, ends) if 512 * frame < end <= 512 * (frame + 1)]
        scores.append(2 * sum(mine) / len(mine) - 1)
    return np.array(scores)


@pytest.mark.parametrize("name", NAMES)
def test_each_gives_one_score_a_frame_with_its_name_and_scale(name: str) -> None:
    scores = qaw.speech_scores(CLIP, detector=name)
    assert len(scores) == len(PCM) // 512 and scores.duration == CLIP.duration
    assert scores.detector == name and scores.scale == find_detector(name).scale
    assert np.ptp(scores.values) > 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cut", [100, 511, 4_096])
def test_however_the_sound_is_cut_the_scores_are_those_of_the_whole(name: str, cut: int) -> None:
    pcm = PCM[:6 * 16_000]
    whole, pieces = find_detector(name).scorer().push(pcm), find_detector(name).scorer()
    parts = [pieces.push(pcm[at:at + cut]) for at in range(0, len(pcm), cut)]
    assert agree(np.concatenate(parts), whole)
    assert [len(part) for part in parts[:8]] == [
        (k + 1) * cut // 512 - k * cut // 512 for k in range(8)
    ]


@pytest.mark.parametrize("mode", [0, 3])
def test_webrtc_is_the_share_of_its_own_frames_that_it_calls_speech(mode: int) -> None:
    webrtcvad = pytest.importorskip("webrtcvad")
    own = webrtcvad.Vad(mode)
    said = [float(own.is_speech(PCM[at:at + 160].tobytes(), 16_000))
            for at in range(0, len(PCM) // 160 * 160, 160)]
    found = qaw.speech_scores(CLIP, detector=WebRtcDetector(mode)).values
    assert np.abs(found - means_of(said, 160)).max() < 1e-6


@pytest.mark.skipif(not usable("ten"), reason="ten-vad cannot be loaded here")
def test_ten_is_the_mean_of_its_own_probabilities() -> None:
    from ten_vad import TenVad

    own = TenVad(256)
    said = [own.process(PCM[at:at + 256])[0] for at in range(0, len(PCM) // 256 * 256, 256)]
    found = qaw.speech_scores(CLIP, detector="ten").values
    assert np.abs(found - means_of(said, 256)).max() < 1e-6


def test_energy_is_the_level_in_decibels_below_full_scale() -> None:
    found = qaw.speech_scores(CLIP, detector="energy").values
    for frame in (0, 40, 300):
        sound = PCM[512 * frame:512 * (frame + 1)].astype(np.float64) / 32_768
        assert found[frame] == pytest.approx(10 * np.log10(np.mean(sound**2)) / 40 + 1, abs=1e-6)
    silent = qaw.AudioClip(np.zeros(1_024), 16_000)
    assert qaw.speech_scores(silent, detector="energy").values.tolist() == [-1.0, -1.0]


@pytest.mark.parametrize("hop", [160, 256, 480, 512])
def test_a_score_rests_on_what_was_said_by_then_and_on_nothing_later(hop: int) -> None:
    heard: list[int] = []
    scorer = AveragedScorer(lambda frame: heard.append(len(heard)) or 0.5, hop)
    for k in range(1, 40):
        assert len(scorer.push(np.zeros(512, np.int16))) == 1
        assert len(heard) == 512 * k // hop


def test_scores_on_disk_are_those_of_their_detector(folder) -> None:
    first = {name: qaw.speech_scores(CLIP, detector=name).values for name in ("silero", "energy")}
    assert len(list(folder.iterdir())) == 2
    second = {name: qaw.speech_scores(CLIP, detector=name).values for name in ("silero", "energy")}
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])
    assert not np.allclose(first["silero"], first["energy"])


def test_another_mode_of_a_detector_is_another_detector_on_disk(folder) -> None:
    pytest.importorskip("webrtcvad")
    modes = [qaw.speech_scores(CLIP, detector=WebRtcDetector(mode)).values for mode in (0, 3)]
    assert len(list(folder.iterdir())) == 2 and not np.array_equal(*modes)


@pytest.mark.parametrize("wrong", ["silera", 3, None, TenDetector])
def test_what_is_no_detector_is_told(wrong: object) -> None:
    with pytest.raises(SettingError, match=r"(There is no detector|detector is)"):
        qaw.speech_scores(CLIP, detector=wrong)


@pytest.mark.parametrize(("name", "module", "install"), [
    ("webrtc", "webrtcvad", "pip install webrtcvad-wheels"), ("ten", "ten_vad", "pip install ten-vad"),
])
def test_a_missing_package_is_named_with_how_to_install_it(name, module, install, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependency, match=install):
        qaw.speech_scores(CLIP, detector=name, cache=False)
    assert not usable(name)


def test_a_library_that_cannot_be_loaded_is_told_with_the_remedy(monkeypatch) -> None:
    ten_vad = pytest.importorskip("ten_vad")

    def refuse(path: str) -> None:
        raise OSError("libc++.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(ten_vad, "CDLL", refuse)
    with pytest.raises(MissingDependency, match="apt-get install libc"):
        qaw.speech_scores(CLIP, detector="ten", cache=False)

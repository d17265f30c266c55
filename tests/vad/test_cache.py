"""Scores of whole clips: those of the service within 2e-5, progressive, and kept between runs."""

import os
import sys
import threading

import numpy as np
import pytest
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.vad.detectors import silero
from qwen_asr_widgets.vad.scoring import cache, scores
from qwen_asr_widgets.vad.scoring.cache import ScoreCache, cache_folder
from qwen_asr_widgets.vad.scoring.scores import speech_scores
from qwen_asr_widgets.vad.scoring.silero import SpeechScorer
from support.scores import agree
from support.voice import babble


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    return tmp_path / "scores"


@pytest.fixture
def clip():
    return AudioClip(babble(4.0).astype(np.float32) / 32_768, 16_000)


@pytest.fixture
def scored(monkeypatch):
    """Count the scorers made: none where the scores come from the cache."""
    made = []
    monkeypatch.setattr(silero, "SpeechScorer", lambda: made.append(1) or SpeechScorer())
    return made


def test_a_clip_scores_as_its_pcm_does_in_the_service(clip):
    result = speech_scores(clip)
    assert agree(result.values, SpeechScorer().push(clip.to_pcm16()))
    assert result.duration == 4.0 and result.hop == 0.032 and len(result) == 125
    assert result.times[-1] == pytest.approx(124 * 0.032)
    assert not result.values.flags.writeable


def test_another_rate_is_resampled_first(clip):
    at_48k = clip.resample(48_000)
    expected = SpeechScorer().push(at_48k.resample(16_000).to_pcm16())
    assert agree(speech_scores(at_48k).values, expected)


def test_less_than_a_frame_has_no_scores():
    result = speech_scores(AudioClip(np.zeros(1, np.float32), 16_000))
    assert len(result) == 0 and result.duration == 1 / 16_000


def test_progress_shows_each_piece_as_it_is_scored(clip, monkeypatch):
    monkeypatch.setattr(scores, "PIECE", 40 * 512)
    seen = []
    result = speech_scores(clip, lambda values, frames: seen.append((values.copy(), frames)))
    assert [len(values) for values, _ in seen] == [40, 80, 120, 125]
    assert {frames for _, frames in seen} == {125}
    np.testing.assert_array_equal(seen[2][0], result.values[:120])


def test_what_progress_raises_ends_the_scoring_and_keeps_nothing(clip, folder):
    def stop(values, frames):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        speech_scores(clip, stop)
    assert not folder.exists()


def test_a_second_look_is_not_scored_again(clip, scored):
    first = speech_scores(clip)
    told = []
    second = speech_scores(clip, lambda values, frames: told.append((len(values), frames)))
    np.testing.assert_array_equal(first.values, second.values)
    assert len(scored) == 1 and told == [(125, 125)]


def test_sound_that_differs_only_at_its_end_is_not_confused(clip, scored, monkeypatch):
    monkeypatch.setattr(scores, "PIECE", 512)
    changed = clip.samples.copy()
    changed[-10_000:] = 0
    other = AudioClip(changed, 16_000)
    speech_scores(clip)
    assert agree(speech_scores(other).values, SpeechScorer().push(other.to_pcm16()))
    assert len(scored) == 2


def test_without_cache_nothing_is_written(clip, folder, scored):
    speech_scores(clip, cache=False)
    speech_scores(clip, cache=False)
    assert not folder.exists() and len(scored) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:50],
        lambda data: data[:-4],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: b"X" + data[1:],
        lambda data: data[:4] + b"\xff\xff" + data[6:],
        lambda data: data + data,
    ],
    ids=["empty", "header cut", "scores cut", "a bit", "magic", "version", "longer"],
)
def test_a_damaged_or_newer_file_is_scored_anew(clip, folder, scored, damage):
    first = speech_scores(clip)
    path, = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert agree(speech_scores(clip).values, first.values)
    assert len(scored) == 2 and path.read_bytes() == whole


def test_a_folder_that_cannot_be_made_costs_only_the_cache(clip, folder, scored):
    folder.write_text("a file stands where the folder should be")
    assert len(speech_scores(clip)) == len(speech_scores(clip)) == 125
    assert len(scored) == 2


def test_the_folder_stays_within_its_limit_and_keeps_what_was_used_last(tmp_path):
    kept = ScoreCache(tmp_path, limit_bytes=3_000)
    values, digest = np.zeros(200, np.float32), bytes(32)
    for number in range(3):
        kept.put(str(number), digest, values)
        os.utime(tmp_path / f"{number}.scores", (number, number))
    assert kept.get("0", digest) is not None
    kept.put("3", digest, values)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["0", "2", "3"]


def test_clear_removes_all_and_says_how_many(clip, folder):
    speech_scores(clip)
    (folder / "left.part").write_bytes(b"by an interrupted writer")
    assert cache.clear() == 1
    assert list(folder.iterdir()) == [] and cache.clear() == 0


def test_writers_at_once_leave_one_whole_file(tmp_path):
    kept, digest = ScoreCache(tmp_path), bytes(32)
    rows = [np.full(5_000, number, np.float32) for number in range(8)]
    threads = [threading.Thread(target=kept.put, args=("same", digest, row)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    values = kept.get("same", digest)
    assert values is not None and any(np.array_equal(values, row) for row in rows)
    assert [path.name for path in tmp_path.iterdir()] == ["same.scores"]


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/caches"}, "/caches/qwen_asr_widgets"),
        ("linux", {"XDG_CACHE_HOME": ""}, "/home/me/.cache/qwen_asr_widgets"),
        ("darwin", {}, "/home/me/Library/Caches/qwen_asr_widgets"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/qwen_asr_widgets"),
    ],
)
def test_the_folder_is_where_the_platform_keeps_caches(monkeypatch, platform, variable, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    assert cache_folder().as_posix() == expected

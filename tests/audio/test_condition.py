"""A condition is what it says: noise so far below the speech, a level, a line; the same each time."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
import soundfile

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.condition import VOICES, babble, pink_noise
from qwen_asr_widgets.audio.g711 import through_mu_law
from qwen_asr_widgets.errors import AudioError, SettingError

SPOKEN = qaw.sample("conversation")
SPANS = [(turn.start, turn.end) for turn in SPOKEN.turns]


def quiet(db: float = -20) -> qaw.AudioClip:
    return SPOKEN.clip.gain(db)


def recorded() -> qaw.AudioClip:
    return qaw.AudioClip(np.random.default_rng(5).normal(0, 0.1, 30_000), 24_000)


@pytest.mark.parametrize("snr", [-10, 0, 7.5, 40])
@pytest.mark.parametrize("noise", ["pink", "babble", recorded()], ids=["pink", "babble", "recorded"])
def test_the_noise_lies_exactly_so_far_below_the_speech(noise: object, snr: float) -> None:
    """Independent: the ratio of two sums of squares, of the speech in its turns and of what was added."""
    clean = quiet()
    heard = qaw.Condition(noise, snr).apply(clean, SPANS)
    added = heard.samples.astype(np.float64) - clean.samples
    spoken = np.zeros(len(clean), bool)
    for start, end in SPANS:
        spoken[round(start * 16_000):round(end * 16_000)] = True
    speech = clean.samples.astype(np.float64)[spoken]
    powers = np.dot(speech, speech) / spoken.sum(), np.dot(added, added) / len(added)
    assert 10 * np.log10(powers[0] / powers[1]) == pytest.approx(snr, abs=0.01)
    assert len(heard) == len(clean) and heard.sample_rate == 16_000


def test_pink_noise_has_the_same_power_in_each_octave_and_none_below_50_hz() -> None:
    power = np.abs(np.fft.rfft(pink_noise(0).samples.astype(np.float64))) ** 2
    frequency = np.fft.rfftfreq(len(pink_noise(0)), 1 / 16_000)
    octaves = [power[(frequency >= low) & (frequency < 2 * low)].sum() for low in (62.5, 250, 1_000, 4_000)]
    assert np.ptp(10 * np.log10(octaves)) < 0.2
    assert power[frequency < 49].sum() < 1e-9 * power.sum()


def test_babble_is_the_clip_at_other_places_and_not_the_clip_itself() -> None:
    clean = SPOKEN.clip
    noise = babble(clean, 0).samples
    likeness = float(np.corrcoef(noise, clean.samples)[0, 1])
    assert abs(likeness) < 0.05 and VOICES == 8
    for seed in (1, 2):
        assert not np.array_equal(babble(clean, seed).samples, noise)


@pytest.mark.parametrize("noise", ["pink", "babble"])
def test_the_same_seed_makes_the_same_noise_and_another_another(noise: str) -> None:
    one, again, other = (qaw.Condition(noise, 5, seed=seed).apply(SPOKEN) for seed in (3, 3, 4))
    assert one == again and one != other


@pytest.mark.parametrize("level", [-40, -6, 10])
def test_the_level_is_that_many_decibels_and_ends_at_full_scale(level: float) -> None:
    clean = SPOKEN.clip
    heard = qaw.Condition(level_db=level).apply(clean)
    expected = np.clip(clean.samples.astype(np.float64) * 10 ** (level / 20), -1, 1)
    assert np.abs(heard.samples - expected).max() < 1e-6


def test_mu_law_is_that_of_libsndfile_for_every_sample_there_is() -> None:
    every = np.arange(-32_768, 32_768).astype(np.int16)
    wire = io.BytesIO()
    soundfile.write(wire, every, 8_000, "ULAW", format="WAV")
    wire.seek(0)
    assert np.array_equal(through_mu_law(every), soundfile.read(wire, dtype="int16")[0])


def test_a_telephone_has_8_khz_and_255_values() -> None:
    heard = qaw.Condition(telephone=True).apply(SPOKEN)
    assert heard.sample_rate == 8_000 and heard.duration == pytest.approx(SPOKEN.clip.duration, abs=1e-3)
    assert len(np.unique(heard.to_pcm16())) <= 255
    narrow = qaw.Condition(telephone=True).apply(qaw.sample("call"))
    assert narrow.sample_rate == 8_000 and len(narrow) == len(qaw.sample("call").clip)


@pytest.mark.parametrize(("given", "said"), [
    ({}, "clean"),
    ({"noise": "babble", "snr_db": -5}, "babble -5 dB"),
    ({"noise": "pink", "snr_db": 2.5, "seed": 7}, "pink noise 2.5 dB (seed 7)"),
    ({"noise": recorded(), "snr_db": 0, "level_db": -20}, "array 0 dB, level -20 dB"),
    ({"level_db": 10, "telephone": True}, "level +10 dB, G.711"),
])
def test_it_says_what_it_is(given: dict, said: str) -> None:
    assert str(qaw.Condition(**given)) == said


def test_it_is_a_value_that_travels() -> None:
    made = qaw.Condition(recorded(), 5, -3.0, True)
    assert pickle.loads(pickle.dumps(made)) == made and hash(made) == hash(pickle.loads(pickle.dumps(made)))
    with pytest.raises(AttributeError):
        made.seed = 1


@pytest.mark.parametrize(("given", "sentence"), [
    ({"noise": "pink"}, "noise is given without snr_db; give both or none."),
    ({"snr_db": 10}, "snr_db is given without noise; give both or none."),
    ({"noise": "pink", "snr_db": 41}, "snr_db is 41; it must"),
    ({"noise": "pink", "snr_db": float("nan")}, "snr_db is nan; it must"),
    ({"level_db": 11}, "level_db is 11; it must"),
    ({"level_db": "0"}, "level_db is '0'; it must"),
    ({"telephone": 1}, "telephone is 1; it must be True or False."),
    ({"seed": -1}, "seed is -1; it must"),
    ({"noise": "white", "snr_db": 10}, "noise is 'white'; give 'pink', 'babble', a clip or a sound file."),
])
def test_a_wrong_value_is_told_in_one_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        qaw.Condition(**given)
    assert str(caught.value).startswith(sentence)


def test_numbers_of_numpy_are_taken_as_pythons() -> None:
    grid = [qaw.Condition("pink", snr) for snr in np.arange(-10, 11, 10)]
    assert grid == [qaw.Condition("pink", snr) for snr in (-10, 0, 10)]
    one = qaw.Condition("pink", np.float32(2.5), np.float64(-6.0), seed=np.uint8(7))
    assert [type(value) for value in (one.snr_db, one.level_db, one.seed)] == [float, float, int]
    assert one == qaw.Condition("pink", 2.5, -6.0, seed=7)
    with pytest.raises(SettingError, match="seed is .*; it must be a whole number"):
        qaw.Condition(seed=np.float64(7))
    with pytest.raises(SettingError, match="level_db is .*; it must be a number"):
        qaw.Condition(level_db=np.bool_(True))


def test_what_is_no_sound_is_told_at_once_and_what_is_silent_when_it_is_mixed() -> None:
    with pytest.raises(AudioError, match=r"takes an AudioClip"):
        qaw.Condition(np.zeros(8), 5)
    silent = qaw.AudioClip(np.zeros(16_000), 16_000)
    with pytest.raises(AudioError, match="The clip is silent"):
        qaw.Condition("pink", 5).apply(silent)
    assert qaw.Condition(level_db=-10).apply(silent) == silent

"""The bundled samples: the references are true, the sound is what the description says."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

import qwen_asr_widgets.audio
from qwen_asr_widgets import TurnDetection, detect_turns, speech_scores
from qwen_asr_widgets.audio.data import make_prompts, make_samples
from qwen_asr_widgets.audio.samples import SAMPLE_NAMES, sample
from qwen_asr_widgets.errors import AudioError

PROMPTS_PACKAGE = "asterisk-core-sounds-en-g722=1.6.1-1"
DATA = Path(qwen_asr_widgets.audio.__file__).parent / "data"


def loudness(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(float) ** 2)) + 1e-12))


def own_channel(name, turn):
    """Return the channel on which a turn's speaker is."""
    known = sample(name)
    return known.channels[("caller", "agent").index(turn.speaker)] if len(known.channels) > 1 else known.clip


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_turns_are_in_order_within_the_clip_and_say_who_and_what(name):
    known = sample(name)
    assert [turn.start for turn in known.turns] == sorted(turn.start for turn in known.turns)
    assert all(0.5 <= turn.start < turn.end for turn in known.turns)
    assert known.clip.duration - known.turns[-1].end >= 1.2
    assert all(turn.text and turn.speaker in known.speakers for turn in known.turns)
    assert known.transcript.splitlines() == [turn.text for turn in known.turns]


@pytest.mark.parametrize("name", ["conversation", "dictation", "call", "prompts"])
def test_speech_begins_and_ends_where_the_reference_says(name):
    for turn in sample(name).turns:
        clip = own_channel(name, turn)
        quiet = loudness(clip[0:0.5].samples)
        assert loudness(clip[turn.start - 0.05 : turn.start - 0.01].samples) < quiet + 8
        assert loudness(clip[turn.end + 0.01 : turn.end + 0.05].samples) < quiet + 8
        assert loudness(clip[turn.start : turn.start + 0.1].samples) > quiet + 15
        assert loudness(clip[turn.end - 0.1 : turn.end].samples) > quiet + 10


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_no_sample_is_clipped_or_digitally_silent(name):
    for clip in sample(name).channels:
        assert clip.origin.clipped == 0
        assert np.abs(clip.samples).max() > 0.1
        assert np.any(clip[0:0.5].samples)


def test_the_conversation_has_two_voices_short_and_long_pauses_and_a_hesitation():
    talk = sample("conversation")
    pauses = [after.start - before.end for before, after in zip(talk.turns, talk.turns[1:])]
    assert talk.speakers == ("visitor", "guide")
    assert 25 <= talk.clip.duration <= 40
    assert 0.9 < min(pauses) < 1.1 and max(pauses) > 2
    hesitating = next(turn for turn in talk.turns if turn.text.startswith("I want to say something"))
    part = talk.clip[hesitating.start : hesitating.end].samples
    loud = np.flatnonzero(np.abs(part) > 0.01)
    assert 0.5 < np.diff(loud).max() / 16_000 < 0.8


def test_the_noise_is_as_far_below_the_speech_as_stated():
    noisy = sample("noisy")
    speech = np.concatenate([noisy.clip[turn.start : turn.end].samples for turn in noisy.turns])
    bounds = [0.0, *(edge for turn in noisy.turns for edge in (turn.start, turn.end)), noisy.clip.duration]
    gaps = zip(bounds[::2], bounds[1::2])
    noise = np.concatenate([noisy.clip[start + 0.01 : end - 0.01].samples for start, end in gaps])
    assert noisy.snr_db == 14
    powers = np.mean(speech.astype(float) ** 2), np.mean(noise.astype(float) ** 2)
    assert 10 * np.log10((powers[0] - powers[1]) / powers[1]) == pytest.approx(14, abs=1)


def test_the_call_is_a_telephone_line_with_one_overlap():
    call = sample("call")
    assert call.clip.sample_rate == 8_000 and len(call.channels) == 2
    assert [clip.channel for clip in call.channels] == [0, 1]
    assert call.clip.channel == "mean"
    pairs = list(zip(call.turns, call.turns[1:]))
    overlaps = [(one, other) for one, other in pairs if other.start < one.end]
    assert len(overlaps) == 1
    assert {turn.speaker for turn in overlaps[0]} == {"caller", "agent"}
    for turn in call.turns:
        other = call.channels[1 - ("caller", "agent").index(turn.speaker)]
        if turn not in overlaps[0]:
            level = loudness(own_channel("call", turn).samples)
            assert loudness(other[turn.start : turn.end].samples) < level - 30
    spectrum = np.abs(np.fft.rfft(call.clip.samples)) ** 2
    frequency = np.fft.rfftfreq(len(call.clip), 1 / 8_000)
    assert spectrum[(frequency > 200) & (frequency < 3_600)].sum() > 0.99 * spectrum.sum()


@pytest.mark.parametrize("name", ["call", "prompts-8k"])
def test_a_telephone_line_sounds_as_g711_lets_it(name):
    for clip in sample(name).channels:
        assert clip.sample_rate == 8_000
        assert len(np.unique(clip.to_pcm16())) <= 256


@pytest.mark.parametrize("name", ["prompts", "prompts-8k"])
def test_each_human_prompt_is_one_turn_for_the_detector_too(name):
    prompts = sample(name)
    found = detect_turns(speech_scores(prompts.clip), TurnDetection(0.2, 800))
    assert len(found) == len(prompts.turns) == 7
    for turn, reference in zip(found, prompts.turns):
        assert turn.onset == pytest.approx(reference.start, abs=0.12)
        assert turn.end == pytest.approx(reference.end, abs=0.25)


def test_the_telephone_line_carries_the_same_prompts_at_the_same_times():
    wide, narrow = sample("prompts"), sample("prompts-8k")
    assert wide.turns == narrow.turns
    assert wide.clip.duration == pytest.approx(narrow.clip.duration, abs=1e-3)
    heard = wide.clip.resample(8_000).samples
    assert np.corrcoef(heard[: len(narrow.clip)], narrow.clip.samples[: len(heard)])[0, 1] > 0.7


def test_the_human_voice_names_its_speaker_and_licence_beside_the_data():
    terms = (DATA / "PROMPTS.md").read_text(encoding="utf-8")
    assert "Allison Smith" in terms and "modified" in terms
    assert "https://creativecommons.org/licenses/by-sa/3.0/" in terms
    for name in SAMPLE_NAMES:
        is_human = name.startswith("prompts")
        assert ("Allison Smith, CC BY-SA 3.0" in sample(name).credit) == is_human == (name in terms)


def test_the_dictation_names_words_that_the_recogniser_cannot_know():
    from pocketsphinx import get_model_path

    dictation = sample("dictation")
    dictionary = Path(get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8")
    known = {line.split(" ", 1)[0] for line in dictionary.splitlines()}
    said = {word.strip(".,?").lower() for word in dictation.transcript.split()}
    assert tuple(sorted(said - known)) == dictation.unknown_words == ("qwen",)
    assert {"szczepanski", "shostakovich", "schwarzkopf"} < said
    assert all(turn.text in dictation.corpus_text for turn in dictation.turns)


def test_an_unknown_name_lists_those_there_are():
    names = "conversation, noisy, dictation, call, prompts, prompts-8k"
    with pytest.raises(AudioError, match=f"no sample 'musik'; choose one of {names}"):
        sample("musik")


def test_samples_are_small():
    assert sum(path.stat().st_size for path in DATA.glob("*.*")) < 1_900_000


@pytest.mark.skipif(shutil.which("flite") is None, reason="making the samples needs Debian's flite")
def test_the_script_makes_the_samples_that_are_bundled(tmp_path):
    make_samples.make(tmp_path)
    assert_bundled(tmp_path, ["conversation", "noisy", "dictation", "call"])


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="the prompts come from a package of Debian's")
def test_the_script_makes_the_prompts_that_are_bundled(tmp_path):
    fetch = ["apt-get", "download", PROMPTS_PACKAGE]
    fetched = subprocess.run(fetch, cwd=tmp_path, capture_output=True, text=True)
    packages = list(tmp_path.glob("*.deb"))
    if not packages:
        pytest.skip(f"the package cannot be fetched: {fetched.stderr.strip()[-200:]}")
    make_prompts.make(packages[0], tmp_path)
    assert_bundled(tmp_path, ["prompts", "prompts-8k"])


def assert_bundled(folder, names):
    """Compare samples that were made with those that are bundled."""
    for name in names:
        assert (folder / f"{name}.json").read_text() == (DATA / f"{name}.json").read_text()
        made, _ = soundfile.read(folder / f"{name}.flac")
        bundled, _ = soundfile.read(DATA / f"{name}.flac")
        differing = np.mean(made != bundled)
        assert made.shape == bundled.shape and differing < 1e-3, f"{name}: {differing:.1%} of samples differ"

"""Moonshine: words with capitals and points, none where none are said, finals that nothing else changes."""

from __future__ import annotations

import io
import sys
from importlib.util import find_spec

import jiwer
import numpy as np
import pytest
from support.recognising import recognise

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import RecognizerUnavailable
from qwen_asr_widgets.service.recognizers import Hypothesis, find_recognizer, moonshine, moonshine_model
from qwen_asr_widgets.service.recognizers.moonshine import MoonshineRecognizer
from qwen_asr_widgets.service.recognizers.piecewise import FINAL_SPEECH, PARTIAL_SPEECH
from qwen_asr_widgets.service.workers.messages import LoadRecognizer, pack, read_frame
from qwen_asr_widgets.service.workers.process import run

pytestmark = pytest.mark.service

if find_spec("moonshine_voice") is None:
    pytest.skip("moonshine-voice has no wheel for this machine", allow_module_level=True)

TALK = sample("conversation")
SAMPLES = TALK.clip.to_pcm16()
RNG = np.random.default_rng(5)
SECOND = np.arange(16_000)


@pytest.fixture(scope="module")
def english():
    return MoonshineRecognizer()


class Counted:
    """Stands in for the model: notes what it is given, and says the text it is told."""

    def __init__(self, said="You"):
        self.said, self.lengths, self.guesses = said, [], []

    def tokens(self, samples, guess=()):
        self.lengths.append(len(samples))
        self.guesses.append(guess)
        return (len(self.lengths),)

    def text(self, tokens):
        return self.said


@pytest.fixture
def counted(monkeypatch):
    model = Counted()
    monkeypatch.setattr(moonshine, "_load", lambda: model)
    return model


def spoken(turn):
    return SAMPLES[round(16_000 * (turn.start - 0.3)):round(16_000 * (turn.end + 0.13))]


def words(text):
    return jiwer.Compose([jiwer.RemovePunctuation(), jiwer.ToLowerCase()])(text)


def test_it_is_found_by_name():
    assert find_recognizer("moonshine") is MoonshineRecognizer and MoonshineRecognizer.languages == ("en",)
    assert MoonshineRecognizer.requires.install.startswith('pip install "qwen-asr-widgets[moonshine]"')


def test_clear_speech_is_recognised_with_capitals_and_points(english):
    turns = TALK.turns[:3]
    said = [recognise(english, spoken(turn), partials=False)[1] for turn in turns]
    assert jiwer.wer([words(turn.text) for turn in turns], [words(text) for text in said]) < 0.05
    assert all(text[0].isupper() and text[-1] in ".?!" for text in said)


def test_most_words_settle_before_the_end_and_the_final_is_as_without_partials(english):
    samples = spoken(TALK.turns[1])
    shown, final = recognise(english, samples, step=8_000)
    assert len(shown[-1].settled.split()) >= 4
    assert recognise(english, samples, step=1_234, partials=False)[1] == final


def test_a_final_rehearsed_in_a_silence_changes_nothing_when_speech_goes_on(english):
    samples = spoken(TALK.turns[2])
    english.start(0)
    english.accept(samples[:20_000])
    english.finish()
    english.accept(samples[20_000:])
    assert english.finish() == recognise(english, samples, partials=False)[1]


@pytest.mark.parametrize("samples", [
    RNG.normal(0, 6_000, 32_000), 3_000 * np.sin(SECOND * 2 * np.pi * 50 / 16_000), np.zeros(0),
], ids=["loud noise", "hum", "nothing"])
def test_nor_do_louder_sounds_that_are_no_speech_have_words(english, samples):
    shown, final = recognise(english, samples.astype(np.int16))
    assert set(shown) <= {Hypothesis()} and final == ""


def test_a_word_the_model_invents_is_no_final_of_a_sound_too_short_to_hold_it(counted):
    recognizer, heard = MoonshineRecognizer(), spoken(TALK.turns[1])
    assert recognise(recognizer, heard[:9_000])[1] == "" and recognizer._turn.speech_seconds < FINAL_SPEECH
    assert recognise(recognizer, heard[:24_000])[1] == "You"
    counted.said = "No!"
    assert recognise(recognizer, heard[:9_000])[1] == "No!"


def test_there_is_no_partial_before_half_a_second_of_speech(counted):
    recognizer = MoonshineRecognizer()
    recognizer.start(0)
    for first in range(0, 32_000, 1_600):
        recognizer.accept(spoken(TALK.turns[1])[first:first + 1_600])
        has_words = recognizer.partial() != Hypothesis()
        assert has_words == (recognizer._turn.speech_seconds >= PARTIAL_SPEECH)


def test_a_text_that_repeats_itself_is_cut(counted):
    counted.said = "You can also" + " use the button to" * 9
    assert recognise(MoonshineRecognizer(), spoken(TALK.turns[1]))[1] == "You can also use the button to"


def test_a_minute_costs_as_much_as_its_pieces(counted):
    recognizer = MoonshineRecognizer()
    recognise(recognizer, SAMPLES, partials=False)
    assert len(counted.lengths) > 3 and sum(counted.lengths) <= len(SAMPLES)
    assert max(counted.lengths) < 16_000 * 12
    before = sum(counted.lengths)
    recognise(recognizer, SAMPLES, step=16_000)
    assert sum(counted.lengths) - before < 6 * len(SAMPLES)


def test_partials_go_on_from_the_last_and_finals_from_nothing(counted):
    recognizer = MoonshineRecognizer()
    recognise(recognizer, spoken(TALK.turns[1]), 8_000)
    *partials, final = counted.guesses
    assert partials == [(), *((count,) for count in range(1, len(partials)))] and final == ()
    recognise(recognizer, spoken(TALK.turns[1]), 32_000)
    assert counted.guesses[len(partials) + 1] == ()


# ---- the model

@pytest.fixture(scope="module")
def model():
    return moonshine._load()


def test_it_says_what_the_package_s_own_library_says(model):
    voice = pytest.importorskip("moonshine_voice.transcriber", exc_type=ImportError)
    folder, kind = str(moonshine._model_folder()), voice.ModelArch.TINY
    library = voice.Transcriber(folder, kind, options={"vad_threshold": "0", "identify_speakers": "false"})
    for turn in TALK.turns[:3]:
        lines = library.transcribe_without_streaming((spoken(turn) / 32_768).tolist(), 16_000).lines
        assert words(model.text(model.tokens(spoken(turn)))) == words(" ".join(line.text for line in lines))


def test_a_guess_saves_passes_and_changes_no_word(model, monkeypatch):
    passes, read = [], moonshine_model._Decoding.read

    def counted_read(self, tokens):
        passes.append(len(tokens))
        return read(self, tokens)

    monkeypatch.setattr(moonshine_model._Decoding, "read", counted_read)
    sound = spoken(TALK.turns[0])
    said = model.tokens(sound)
    assert passes == [1] * (1 + len(said))
    count = len(said)
    for guess, needed in ((said, 1), (said[:-2], 3), ((*said[:3], 7, 7), count - 2), ((7, 8), 1 + count)):
        passes.clear()
        assert model.tokens(sound, guess) == said and len(passes) == needed


@pytest.mark.parametrize("samples", [0, 1, 700])
def test_the_shortest_sounds_are_decoded(model, samples):
    assert isinstance(model.text(model.tokens(np.zeros(samples, np.int16))), str)


def test_what_a_second_may_say_is_bounded(model):
    assert len(model.tokens(SAMPLES[:16_000], range(100, 200))) <= 2 + moonshine_model.TOKENS_A_SECOND


def test_a_wheel_without_its_model_is_told_with_the_remedy_and_ends_the_process(monkeypatch, tmp_path):
    monkeypatch.setattr(moonshine, "_model_folder", lambda: tmp_path)
    with pytest.raises(RecognizerUnavailable, match="no model in .*encoder_model.ort.*-voice>=0.0.73,<0.1"):
        MoonshineRecognizer()
    out = io.BytesIO()
    assert run(io.BytesIO(pack(0, LoadRecognizer("moonshine", {}))), out) == 1
    assert "has no model" in read_frame(io.BytesIO(out.getvalue()))[1].message


def test_a_model_that_cannot_be_read_is_told_with_the_remedy(monkeypatch, tmp_path):
    for name in moonshine_model.FILES:
        (tmp_path / name).write_bytes(b"none")
    monkeypatch.setattr(moonshine, "_model_folder", lambda: tmp_path)
    with pytest.raises(RecognizerUnavailable, match="cannot be loaded .*--force-reinstall"):
        MoonshineRecognizer()


def test_where_what_runs_the_model_is_missing_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RecognizerUnavailable, match=r"onnxruntime, which runs Moonshine.*\[moonshine\]"):
        MoonshineRecognizer()


def test_names_of_the_context_are_put_into_finals_and_not_into_partials(counted):
    pytest.importorskip("pocketsphinx", reason="pocketsphinx, whose dictionary this reads, has no wheel here")
    counted.said = "Gold shemit begins"
    recognizer, heard = MoonshineRecognizer(), spoken(TALK.turns[1])
    assert recognizer.configure("en", "Katzenberg, Goldschmidt") == ()
    shown, final = recognise(recognizer, heard)
    assert final == "Goldschmidt begins" and "Gold shemit" in shown[-1].settled + shown[-1].draft
    assert recognizer.configure(None, None) == () and recognise(recognizer, heard)[1] == "Gold shemit begins"

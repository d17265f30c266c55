"""Pocketsphinx: clear English, finals that nothing else changes; context helps and says what it cannot."""

from __future__ import annotations

import jiwer
import pytest

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.service.recognizers import Hypothesis
from qwen_asr_widgets.service.recognizers.context.language_model import read_context
from qwen_asr_widgets.service.recognizers.pocketsphinx import MEASURED, PocketsphinxRecognizer
from qwen_asr_widgets.service.recognizers.settling import Settler, Word

pytestmark = pytest.mark.service

TALK = sample("conversation")
SAMPLES = TALK.clip.to_pcm16()


@pytest.fixture(scope="module")
def english():
    return PocketsphinxRecognizer()


def spoken(turn, samples=SAMPLES):
    return samples[round(16_000 * (turn.start - 0.3)):round(16_000 * (turn.end + 0.13))]


def plain(text):
    return jiwer.Compose([jiwer.RemovePunctuation(), jiwer.ToLowerCase()])(text)


def final(recognizer, samples):
    recognizer.start(0)
    recognizer.accept(samples)
    return recognizer.finish()


def test_pocketsphinx_is_installed_by_its_extra_or_with_another_python():
    command, _, elsewhere = PocketsphinxRecognizer.requires.install.partition(";")
    assert command == 'pip install "qwen-asr-widgets[pocketsphinx]"'
    assert "there is no wheel" in elsewhere and "Python 3.11 or 3.13" in elsewhere


def test_clear_speech_is_recognised(english):
    turns = TALK.turns[:2]
    said = [final(english, spoken(turn)) for turn in turns]
    assert jiwer.wer([plain(turn.text) for turn in turns], said) < 0.1


@pytest.mark.parametrize("length", [MEASURED // 2, MEASURED + 4_000])
def test_the_final_depends_on_neither_partials_nor_early_finals(english, length):
    samples = spoken(TALK.turns[1])[:length]
    alone = final(english, samples)
    english.start(0)
    for first in range(0, length, 3_000):
        english.accept(samples[first:first + 3_000])
        english.partial()
        if first == 15_000 or first > length - 4_000:
            english.finish()
    assert english.finish() == alone != ""


def test_context_makes_its_names_likelier_and_unknown_words_are_reported(english):
    dictation = sample("dictation")
    samples = dictation.clip.to_pcm16()
    turns = dictation.turns[1:3]
    texts = [plain(turn.text) for turn in turns]
    without = [final(english, spoken(turn, samples)) for turn in turns]
    unknown = english.configure("en", dictation.corpus_text)
    helped = [final(english, spoken(turn, samples)) for turn in turns]
    assert english.configure(None, None) == ()
    assert jiwer.wer(texts, helped) < 0.5 * jiwer.wer(texts, without)
    assert set(dictation.unknown_words) <= set(unknown)


def test_context_without_a_known_word_is_no_context(english):
    assert english.configure("en", "Qwxyz! ???") == ("qwxyz",)
    assert english.configure("en", "   ") == ()


def test_context_is_cut_into_sentences_of_known_words():
    known = ("it's", "mail", "o'brien", "no")
    corpus = read_context("It\u2019s e-mail, O'Brien.\n\nNo. 7", known.__contains__)
    assert corpus.sentences == (("it's", "mail", "o'brien"), ("no",))
    assert corpus.unknown == ("e", "7")
    assert corpus.words == ("it's", "mail", "no", "o'brien")


def test_a_word_settles_when_hypotheses_agree_and_words_follow_it():
    settler = Settler(patience=2, margin=1)
    one, two, other = Word("a", 0, 10), Word("b", 11, 20), Word("c", 11, 21)
    assert settler.update([one]) == Hypothesis("", "a")
    assert settler.update([one, two]) == Hypothesis("a", " b")
    assert settler.update([Word("x", 0, 10), other]) == Hypothesis("a", " c")
    assert settler.update([]) == Hypothesis("a", "")

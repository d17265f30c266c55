"""Recognisers: found by name, English offline, a script for tests; context helps and says what it cannot."""

from __future__ import annotations

import os

import jiwer
import numpy as np
import pytest
from support.recognising import recognise

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.errors import EndpointError, MissingDependency, SettingError
from qwen_asr_widgets.recording import transcribe
from qwen_asr_widgets.service.recognizers import Hypothesis, available, find_recognizer
from qwen_asr_widgets.service.recognizers.context.language_model import read_context
from qwen_asr_widgets.service.recognizers.pocketsphinx import MEASURED, PocketsphinxRecognizer
from qwen_asr_widgets.service.recognizers.script import ScriptRecognizer
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


def test_the_built_in_recognisers_are_found_by_name():
    assert {"pocketsphinx", "script"} <= set(available())
    assert find_recognizer("script") is ScriptRecognizer
    with pytest.raises(EndpointError, match="'wibble'; installed are .*pocketsphinx"):
        find_recognizer("wibble")
    with pytest.raises(EndpointError, match="did you mean 'pocketsphinx'?"):
        find_recognizer("pocket_sphinx")


def test_an_endpoint_knows_its_recognisers_languages_without_starting_it():
    assert embedded("pocketsphinx").languages == ("en",) and embedded("script").languages is None
    assert embedded("wibble").languages is None
    assert not embedded("wibble").running


TOY = """
import os
import signal

from qwen_asr_widgets.service.recognizers import Hypothesis, Requirement


class Toy:
    engine, languages, costly_partials, can_finish_early = "toy 1", ("xx",), False, False

    def configure(self, language, corpus_text):
        return ()

    def start(self, first_sample):
        self.samples = 0

    def accept(self, samples):
        self.samples += len(samples)

    def partial(self):
        return Hypothesis("", "so far")

    def finish(self):
        return "toy words"


class Illegal(Toy):
    def __init__(self):
        os.kill(os.getpid(), signal.SIGILL)


class Needy(Toy):
    requires = Requirement("no_such_package", "pip install no-such-package")
"""


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Register three recognisers as another distribution would: a module, and its entry points."""
    (tmp_path / "toy_recognizers.py").write_text(TOY)
    metadata = tmp_path / "toys-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[qwen_asr_widgets.recognizers]\ntoy = toy_recognizers:Toy\nneedy = toy_recognizers:Needy\n"
        "illegal = toy_recognizers:Illegal\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_a_recogniser_is_added_by_a_module_and_an_entry_point(toys):
    with embedded("toy") as endpoint:
        recording = transcribe(TALK.clip[:4.5], endpoint, pace=None, progress=False)
        assert endpoint.languages == ("xx",) and endpoint.engine == "toy 1"
    assert [utterance.text for utterance in recording.utterances] == ["toy words"]


def test_a_recogniser_whose_package_is_missing_says_how_to_install_it_at_first_use(toys):
    assert "toy" in available() and "needy" not in available()
    said = "'needy' needs no_such_package, which is not installed: pip install no-such-package"
    with pytest.raises(MissingDependency, match=said):
        find_recognizer("needy")
    with pytest.raises(MissingDependency, match=said):
        embedded("needy").start()


@pytest.mark.skipif(not hasattr(os, "kill") or os.name == "nt", reason="Windows has no such signal")
def test_an_engine_that_this_processor_cannot_run_is_told_in_a_sentence(toys):
    with pytest.raises(EndpointError, match="did not start: this processor lacks .*pocketsphinx"):
        embedded("illegal").start()


def test_pocketsphinx_is_installed_by_its_extra_or_with_another_python():
    command, _, elsewhere = PocketsphinxRecognizer.requires.install.partition(";")
    assert command == 'pip install "qwen-asr-widgets[pocketsphinx]"'
    assert "there is no wheel" in elsewhere and "Python 3.11 or 3.13" in elsewhere


def test_clear_speech_is_recognised(english):
    turns = TALK.turns[:4]
    said = [final(english, spoken(turn)) for turn in turns]
    assert jiwer.wer([plain(turn.text) for turn in turns], said) < 0.1


def test_partials_grow_while_speech_goes_on_and_what_is_settled_stays(english):
    shown, _ = recognise(english, spoken(TALK.turns[1]))
    settled = [hypothesis.settled for hypothesis in shown]
    assert all(later.startswith(earlier) for earlier, later in zip(settled, settled[1:]))
    assert len(settled[-1].split()) >= 5
    assert len({hypothesis.settled + hypothesis.draft for hypothesis in shown}) > 5


@pytest.mark.parametrize("length", [MEASURED // 2, MEASURED + 16_000])
def test_the_final_depends_on_neither_partials_nor_early_finals(length):
    samples = spoken(TALK.turns[1])[:length]
    alone = final(PocketsphinxRecognizer(), samples)
    english = PocketsphinxRecognizer()
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
    turns = dictation.turns[:3]
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


def test_a_script_says_its_words_at_their_places():
    script = ScriptRecognizer(words=[(0.5, "one"), (1.5, "two"), (2.5, "three")])
    script.start(16_000)
    script.accept(np.zeros(24_000, np.int16))
    assert script.partial() == Hypothesis("two", " three") and script.finish() == "two three"
    counting = ScriptRecognizer()
    counting.start(0)
    counting.accept(np.zeros(24_000, np.int16))
    assert counting.finish() == "one two three"


def test_a_script_fails_where_it_is_told_and_refuses_what_is_no_script():
    script = ScriptRecognizer(fail_at=0.5)
    script.start(0)
    script.accept(np.zeros(16_000, np.int16))
    with pytest.raises(RuntimeError, match="0.5 s"):
        script.finish()
    with pytest.raises(SettingError, match="pairs"):
        ScriptRecognizer(words=["hello"])

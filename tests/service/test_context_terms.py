"""Names of a context are put where a text sounds like them, and nowhere else."""

from __future__ import annotations

import random
import time

import jiwer
import pytest

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.service.recognizers.context import pronunciation
from qwen_asr_widgets.service.recognizers.context.terms import TermCorrector
from qwen_asr_widgets.service.recognizers.context.pronunciation import PHONES, Pronunciations, spelt_out

pytest.importorskip("pocketsphinx", reason="pocketsphinx, whose dictionary this reads, has no wheel here")

SOUNDS = Pronunciations()
DICTATION = sample("dictation")


def corrected(text: str, context: str = DICTATION.corpus_text or "") -> str:
    return TermCorrector(context, SOUNDS).correct(text)


@pytest.mark.parametrize(("heard", "said"), [
    ("Is gold shemit here?", "Is Goldschmidt here?"),
    ("With Mr. Schwartz-cock, at ten.", "With Mister Schwarzkopf, at ten."),
    ("It is by Schostakovich and Vavorik.", "It is by Shostakovich and Dvorak."),
    ("We then call Chappinsky's office", "We then call Szczepanski's office"),
    ("the cats and brigand concert", "the Katzenberg concert"),
    ("Where is goldschmidt?", "Where is Goldschmidt?"),
    ("We use gun to write", "We use Qwen to write"),
])
def test_a_name_is_put_where_the_text_sounds_like_it(heard: str, said: str) -> None:
    assert corrected(heard) == said


@pytest.mark.parametrize("text", [
    "", "...", "a", "We bought a gun to hunt.", "Meister, the gold is in my hands.",
    "Katzenberg and Goldschmidt meet.", "这是一个测试。", "Then we use the concert.",
])
def test_what_is_plain_english_or_right_stays_as_it_is(text: str) -> None:
    assert corrected(text) == text


def test_the_cost_of_a_context_grows_no_faster_than_its_length() -> None:
    def seconds(context: str) -> float:
        before = time.process_time()
        TermCorrector(context, SOUNDS)
        return time.process_time() - before

    seconds("A." * 100)
    assert seconds("A." * 16_000) < 30 * max(seconds("A." * 2_000) for _ in range(3))


def test_names_of_others_change_no_word_of_the_samples() -> None:
    names = sorted(word for word in SOUNDS._dictionary if word.isalpha() and len(word) > 3
                   and not SOUNDS.is_common(word))
    drawn = ", ".join(word.capitalize() for word in random.Random(3).sample(names, 1_000))
    for context in (DICTATION.corpus_text or "", drawn):
        corrector = TermCorrector(context, SOUNDS)
        for turn in (*sample("conversation").turns, *sample("noisy").turns):
            assert corrector.correct(turn.text) == turn.text


def test_texts_as_they_were_heard_get_half_of_their_mistakes_corrected() -> None:
    heard = (
        "The meeting with Mr. Schnorth's cock begins at ten o'clock.",
        "Tail-cats and brigand goldschmidt that the concert begins at seven.",
        "The music tonight is by Shostakovich and Varyk.",
        "Who then calls Chappinsky inst connectity about the new house?",
        "We use gun to write down this meeting.",
    )
    plain = jiwer.Compose([
        jiwer.ToLowerCase(), jiwer.SubstituteRegexes({"-": " ", r"[^\w\s']": ""}), jiwer.Strip(),
    ])
    said = [plain(turn.text) for turn in DICTATION.turns]
    assert jiwer.wer(said, [plain(text) for text in heard]) == pytest.approx(0.295, abs=0.005)
    assert jiwer.wer(said, [plain(corrected(text)) for text in heard]) <= 0.12


def test_terms_are_names_and_rare_words_and_each_is_listed_once() -> None:
    context = "Ask Andrea Smith, then ask about the spectrogram. The Spectrogram is Mister Smith's."
    terms = [term.text for term in TermCorrector(context, SOUNDS).terms]
    assert terms == ["Andrea", "Smith", "spectrogram", "Mister"]
    assert TermCorrector("the of and, but!", SOUNDS).terms == ()


def test_words_without_a_pronunciation_are_spelt_out_in_known_phones() -> None:
    assert SOUNDS.of("gold") == ("G", "OW", "L", "D") and SOUNDS.is_known("Gold")
    assert not SOUNDS.is_known("shemit") and SOUNDS.of("shemit") == ("SH", "EH", "M", "IH", "T")
    assert set(spelt_out("abcdefghijklmnopqrstuvwxyztschzé中")) <= set(PHONES) and spelt_out("中") == ()


def test_without_a_dictionary_names_are_put_by_their_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pronunciation, "_from_pocketsphinx", lambda: ({}, None))
    corrector = TermCorrector("Meet Meyerbeer there.", Pronunciations())
    assert corrector.correct("I met Meierbeer and a bear.") == "I met Meyerbeer and a bear."

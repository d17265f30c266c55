"""Settings of a session: what they show, and what is said of a language that is none."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.vad.turns import TurnDetection


def test_a_repr_names_what_is_not_the_default() -> None:
    assert repr(SessionConfig()) == "SessionConfig()"
    made = SessionConfig(language="zh", sample_rate=8000, turn_detection=None)
    assert repr(made) == "SessionConfig(language='zh', sample_rate=8000, turn_detection=None)"
    assert "threshold=0.5" in repr(SessionConfig(turn_detection=TurnDetection(0.5)))
    assert eval(repr(made)) == made


def test_a_repr_shows_the_beginning_of_a_long_context() -> None:
    assert len(repr(SessionConfig(corpus_text="Qwen " * 5_000))) < 100


@pytest.mark.parametrize(("given", "meant"), [
    ("english", "en"), ("Chinese", "zh"), ("jp", "ja"), ("CN", "zh"), ("dk", "da"), ("cz", "cs"),
    ("ua", "uk"),
])
def test_a_name_or_a_country_is_answered_with_the_languages_code(given: str, meant: str) -> None:
    with pytest.raises(SettingError, match=f"did you mean '{meant}'") as refused:
        SessionConfig(language=given)
    assert refused.value.param == "input_audio_transcription.language"


@pytest.mark.parametrize("code", ["en", "yue", "fil", "zh-CN", "en-GB", "eo", "uk", "se", None])
def test_every_code_of_a_language_may_be_asked_for(code: str | None) -> None:
    assert SessionConfig(language=code).language == code


@pytest.mark.parametrize("given", [7, "", "e", ["en"]])
def test_what_is_no_code_is_refused(given: Any) -> None:
    with pytest.raises(SettingError, match="no language code"):
        SessionConfig(language=given)


def test_turn_detection_in_the_place_of_the_language_is_told_its_name() -> None:
    with pytest.raises(SettingError, match="pass it as turn_detection="):
        SessionConfig(TurnDetection())  # type: ignore[arg-type]


def test_a_misspelt_keyword_is_answered() -> None:
    with pytest.raises(TypeError, match="did you mean 'turn_detection'?"):
        SessionConfig(turn_detecton=None)  # type: ignore[call-arg]


@pytest.mark.parametrize(("given", "written"), [
    ("EN", "en"), ("Zh", "zh"), ("en_gb", "en-GB"), ("ZH-hans-cn", "zh-Hans-CN"),
])
def test_a_code_is_sent_as_codes_are_written(given: str, written: str) -> None:
    config = SessionConfig(language=given)
    assert config.language == written
    assert config.to_wire()["input_audio_transcription"]["language"] == written

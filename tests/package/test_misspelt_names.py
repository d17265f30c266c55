"""A misspelt name is answered with the right one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from qwen_asr_widgets.arguments import checked_keywords, suggestion


@checked_keywords
def louder(clip: object, *, gain_db: float = 6.0) -> float:
    return gain_db


@checked_keywords
@dataclass(frozen=True)
class Setting:
    threshold: float = 0.2


def test_a_near_name_is_suggested_whatever_its_case() -> None:
    assert suggestion("Treshold", ["threshold", "silence"]) == "; did you mean 'threshold'?"
    assert suggestion("volume", ["threshold", "silence"]) == ""


def test_a_misspelt_keyword_of_a_function_is_answered_with_the_right_one() -> None:
    assert louder(None, gain_db=3.0) == 3.0
    with pytest.raises(TypeError, match=r"louder\(\) takes no argument 'gain'; did you mean 'gain_db'\?"):
        louder(None, gain=3.0)  # type: ignore[call-arg]


def test_a_misspelt_keyword_of_a_class_is_answered_with_the_right_one() -> None:
    assert Setting(threshold=0.5) == Setting(0.5)
    said = r"Setting\(\) takes no argument 'treshold'; did you mean 'threshold'\?"
    with pytest.raises(TypeError, match=said):
        Setting(treshold=0.5)  # type: ignore[call-arg]


def test_a_keyword_near_to_none_is_answered_with_those_there_are() -> None:
    with pytest.raises(TypeError, match="takes no argument 'xyz'; it takes clip, gain_db"):
        louder(None, xyz=1)  # type: ignore[call-arg]

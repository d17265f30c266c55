"""The script recogniser says its words at their places, whatever the sound."""

from __future__ import annotations

import numpy as np
import pytest

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.service.recognizers import Hypothesis
from qwen_asr_widgets.service.recognizers.script import ScriptRecognizer


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

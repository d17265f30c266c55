"""How widgets look to whoever works with them in Python: keywords, ``dir``, ``repr``, wrong types."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.recordings import three_turns

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import LabelError, SettingError

CLIP = qaw.AudioClip(np.zeros(16_000, np.float32), 16_000)
WIDGETS: dict[str, Callable[..., Any]] = {
    "Waveform": lambda **more: qaw.Waveform(three_turns(), **more),
    "TranscriptView": lambda **more: qaw.TranscriptView(three_turns(), **more),
    "Transcriber": qaw.Transcriber,
    "VadTuner": lambda **more: qaw.VadTuner(qaw.sample("noisy"), **more),
    "Microphone": qaw.Microphone,
    "ClipRecorder": qaw.ClipRecorder,
}


@pytest.mark.parametrize("name", WIDGETS)
def test_a_misspelt_keyword_is_answered_with_the_right_one(name: str) -> None:
    with pytest.raises(TypeError, match=rf"{name}\(\) takes no argument 'langg'; did you mean 'lang'\?"):
        WIDGETS[name](langg="en")
    with pytest.raises(TypeError, match=rf"{name}\(\) takes no argument 'colour'; it takes "):
        WIDGETS[name](colour="red")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: qaw.Transcriber().run_again(turntaking="client"), "did you mean 'turn_taking'"),
        (lambda: qaw.Waveform(CLIP).set_scores(None, treshold=0.5), "did you mean 'threshold'"),
        (lambda: qaw.Waveform(CLIP).play(ends=0.5), "did you mean 'end'"),
    ],
)
def test_a_misspelt_keyword_of_a_method_is_answered_too(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        call()


def test_the_language_spoken_belongs_in_the_settings() -> None:
    said = r"'language'; the language spoken is config=SessionConfig\(language=…\), and lang= is that of the"
    with pytest.raises(TypeError, match=said):
        qaw.Transcriber(language="de")


LISTED = {
    "Waveform": "height lang pause play presentation recording save_outputs selected set_lane "
    "set_scores show",
    "TranscriptView": "height lang presentation recording save_outputs selected",
    "Transcriber": "active commit config corrected_text discard_autosave height lang pause presentation "
    "recording recordings resume run_again save_outputs selected start stop stop_waiting wait",
    "Microphone": "chunks file_clip hears_beside_cells lang presentation problem record session state stream "
    "subscribe",
    "ClipRecorder": "lang on_clip pending presentation recording start stop",
}


@pytest.mark.parametrize("name", LISTED)
def test_dir_lists_what_a_user_calls_sets_and_reads(name: str) -> None:
    widget = WIDGETS[name]()
    assert dir(widget) == sorted([*LISTED[name].split(), "close"])
    assert all(hasattr(widget, one) for one in dir(widget))
    widget.close()


@pytest.mark.parametrize("name", WIDGETS)
def test_every_widget_is_shown_as_the_module_says_and_can_be_told(name: str, monkeypatch) -> None:
    plain = WIDGETS[name]()
    assert plain.presentation is False
    monkeypatch.setattr(qaw, "presentation", True)
    large = WIDGETS[name]()
    assert large.presentation is True and plain.presentation is False
    plain.presentation = True
    assert plain.get_state(["presentation"]) == {"presentation": True}
    plain.close()
    large.close()


def test_a_presentation_that_is_no_bool_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(qaw, "presentation", "large")
    with pytest.raises(SettingError, match="qwen_asr_widgets.presentation is 'large'; give True or False."):
        qaw.Waveform(CLIP)


SHOWN = {
    "Waveform": r"<Waveform: .+ \(\d+\.\d s\), 3 utterances>",
    "TranscriptView": r"<TranscriptView: .+ \(\d+\.\d s\), 3 utterances>",
    "Transcriber": "<Transcriber: nothing recorded yet>",
    "Microphone": "<Microphone: idle>",
    "ClipRecorder": "<ClipRecorder: no clip>",
    "VadTuner": "<VadTuner: ",
}


@pytest.mark.parametrize("name", SHOWN)
def test_repr_says_what_a_widget_holds_and_prints_no_trait(name: str) -> None:
    widget = WIDGETS[name]()
    assert re.match(SHOWN[name], repr(widget)) and len(repr(widget)) < 100
    widget.close()


def test_no_key_stands_in_repr_or_dir() -> None:
    key = "sk-0123456789abcdef0123456789abcdef"
    widget = qaw.Transcriber(endpoint=qaw.dashscope("beijing", api_key=key))
    widget._handle_custom_msg({"kind": "key", "key": key[::-1]}, [])
    told = repr(widget) + repr(dir(widget)) + repr(widget.controls) + repr(widget.page.commands)
    assert key not in told and key[::-1] not in told
    widget.close()


SAMPLE = qaw.sample("noisy")


@pytest.mark.parametrize("form", ["turns", "labels", "sample", "path", "pairs"])
def test_a_waveform_takes_a_reference_in_every_form(form: str, tmp_path: Path) -> None:
    labels = qaw.Labels(SAMPLE.turns)
    path = qaw.save_labels(labels, tmp_path / "noisy.rttm", duration=SAMPLE.clip.duration)
    forms: dict[str, Any] = {
        "turns": SAMPLE.turns, "labels": labels, "sample": SAMPLE, "path": path,
        "pairs": [(turn.start, turn.end) for turn in SAMPLE.turns],
    }
    wave = qaw.Waveform(SAMPLE.clip, reference=forms[form])
    [(message, _), *_] = wave.model.opening()
    [lane] = message["lanes"]
    assert lane["role"] == "reference"
    expected = [pytest.approx((turn.start, turn.end), abs=1e-3) for turn in SAMPLE.turns]
    assert [(turn["onset"], turn["end"]) for turn in lane["turns"]] == expected
    wave.set_lane("reference", forms[form])
    wave.close()


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: qaw.Waveform(CLIP, reference=5), LabelError, "reference is 5; give Labels"),
        (lambda: qaw.Waveform(CLIP, estimated=5), SettingError, "estimated is 5; give a list of Turn"),
        (lambda: qaw.Waveform(CLIP, estimated=[(0, 1)]), SettingError, "estimated holds tuple"),
        (lambda: qaw.Waveform(CLIP, scores=[0.5]), SettingError, "scores is list; give SpeechScores"),
        (lambda: qaw.Waveform(CLIP, threshold="high"), SettingError, "threshold is 'high'"),
        (lambda: qaw.Waveform(CLIP, height=True), SettingError, "height is True"),
        (lambda: qaw.Waveform("talk.wav"), SettingError, "not str; AudioClip.load"),
        (lambda: qaw.TranscriptView("talk.wav"), SettingError, "not str"),
        (lambda: qaw.Transcriber(config={}), SettingError, "config is {}; give a SessionConfig"),
        (lambda: qaw.Waveform(CLIP, lang=5), SettingError, "lang is 5"),
        (lambda: qaw.Microphone(lang=["en"]), SettingError, "lang is "),
        (lambda: qaw.Transcriber(save_outputs="no"), SettingError, "save_outputs is 'no'; give True or"),
        (lambda: qaw.Microphone(heartbeat_timeout="5"), SettingError, "heartbeat_timeout is '5'"),
    ],
)
def test_a_wrong_type_is_one_sentence(make: Callable[[], Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as refused:
        make()
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_settings_may_be_reset_by_none() -> None:
    widget = qaw.Transcriber(config=qaw.SessionConfig(language="de"))
    widget.config = None
    assert widget.config == qaw.SessionConfig()
    widget.close()

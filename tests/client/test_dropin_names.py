"""The names of the official SDK's classes, their parameters, defaults and members are those of ours."""

from __future__ import annotations

import inspect
import types
from typing import Any

import pytest

import qwen_asr_widgets.client.dashscope as our_package
from qwen_asr_widgets.client.dashscope import conversation as our_conversation
from qwen_asr_widgets.client.dashscope import params as our_params

official = pytest.importorskip("dashscope.audio.qwen_omni.omni_realtime")

OURS = types.SimpleNamespace(**{**vars(our_params), **vars(our_conversation)})
KEY = "sk-a-key-for-tests"
MODEL = "qwen3-asr-flash-realtime"


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    return [
        (p.name, p.kind, getattr(p.default, "value", p.default) if p.default is not p.empty else "required")
        for p in inspect.signature(function).parameters.values()
    ]


PUBLIC = [name for name in vars(official.OmniRealtimeConversation) if not name.startswith("_")]
OF_OURS = [("endpoint", inspect.Parameter.KEYWORD_ONLY, None)]
"""What our constructor takes beside: by its name alone, so that no call of the SDK's means another thing."""


@pytest.mark.parametrize("name", ["__init__", *PUBLIC])
def test_parameters_have_the_same_names_order_and_defaults(name: str) -> None:
    ours = parameters(getattr(OURS.OmniRealtimeConversation, name))
    theirs = parameters(getattr(official.OmniRealtimeConversation, name))
    assert ours == theirs + (OF_OURS if name == "__init__" else [])


def test_the_package_of_the_classes_exports_the_sdks_names() -> None:
    for name in our_package.__all__:
        assert hasattr(official, name) and getattr(our_package, name) is getattr(OURS, name)


@pytest.mark.parametrize("name", ["TranscriptionParams", "TranslationParams", "AudioFormatConfig"])
def test_parameter_classes_have_the_same_fields_and_defaults(name: str) -> None:
    ours, theirs = getattr(OURS, name), getattr(official, name)
    assert [p[:2] for p in parameters(ours)] == [p[:2] for p in parameters(theirs)]
    assert vars(ours()) == vars(theirs())


@pytest.mark.parametrize("name", ["AudioFormat", "AudioFormatType", "AudioSampleRate", "MultiModality"])
def test_enums_have_the_same_members_and_texts(name: str) -> None:
    def shown(sdk: Any) -> list[Any]:
        return [(m.name, m.value, str(m)) for m in getattr(sdk, name)]

    assert shown(OURS) == shown(official)
    assert [repr(m) for m in OURS.AudioFormat] == [repr(m) for m in official.AudioFormat]


def test_attributes_that_user_code_may_touch_are_there() -> None:
    ours = OURS.OmniRealtimeConversation(MODEL, OURS.OmniRealtimeCallback(), api_key=KEY)
    theirs = official.OmniRealtimeConversation(MODEL, official.OmniRealtimeCallback(), api_key=KEY)
    for name, value in vars(theirs).items():
        if not name.startswith("_") and name != "callback":
            assert getattr(ours, name) == value, name

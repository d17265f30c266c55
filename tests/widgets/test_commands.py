"""What pages may say to widgets: typed, in range, and never a way to an attribute."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import three_turns

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import QawError
from qwen_asr_widgets.widgets.shared.commands import (
    Bare, Command, CommandReader, MessageError, OnWire, Within, read_message,
)

WIDGETS = {
    "Waveform": lambda: qaw.Waveform(three_turns()),
    "TranscriptView": lambda: qaw.TranscriptView(three_turns()),
    "Transcriber": qaw.Transcriber,
    "VadTuner": lambda: qaw.VadTuner(qaw.sample("noisy")),
    "Microphone": qaw.Microphone,
    "ClipRecorder": qaw.ClipRecorder,
}
PRIVATE_LOOKING = (
    "displayed", "_displayed", "__class__", "__init__", "close", "_ipython_display_", "opening", "changes",
    "state", "take", "", " hello", "Hello", "try\0", "settings_set",
)
WRONG = (None, True, -1, 1e300, float("nan"), "x" * 10_000, [], {}, [[]], {"a": {}}, "\0")


@pytest.fixture(params=WIDGETS)
def widget(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = WIDGETS[request.param]()
    made.told = []
    made.send = lambda content, buffers=None: made.told.append(content)
    yield made
    made.close()


def say(widget: Any, content: Any, buffers: Any = ()) -> None:
    """Let a page say something by the widget's comm."""
    target = widget if not isinstance(widget, qaw.ClipRecorder) else widget.uplink
    target._handle_custom_msg(content, list(buffers))


@pytest.mark.parametrize("kind", PRIVATE_LOOKING)
def test_a_kind_that_is_no_command_reaches_nothing(widget: Any, kind: str) -> None:
    before = sorted(vars(widget))
    for content in ({"kind": kind}, {"kind": kind, "view": "v", "index": 0, "on": True}):
        say(widget, content)
    assert widget.told == [] and sorted(vars(widget)) == before


@pytest.mark.parametrize(
    "content", [None, 5, "hello", [], {}, {"kind": 5}, {"kind": ["hello"]}, {"kind": None}]
)
def test_what_is_no_message_reaches_nothing(widget: Any, content: Any) -> None:
    say(widget, content)
    assert widget.told == []


VIEWS = [name for name in WIDGETS if name not in ("Microphone", "ClipRecorder")]


@pytest.mark.parametrize("widget", VIEWS, indirect=True)
def test_a_command_with_a_field_of_another_type_reaches_nothing(widget: Any) -> None:
    refused = 0
    for kind, command in widget.page.commands.items():
        for field in fields(command.type):
            for wrong in WRONG:
                content = {"kind": kind, field.name: wrong}
                try:
                    read_message({kind: command.type}, content)
                except MessageError:
                    refused += 1
                    say(widget, content)
    assert refused >= 10 and widget.told == []


@dataclass(frozen=True)
class Part:
    """A part of the message below."""

    name: str
    index: int = 0


@dataclass(frozen=True)
class Everything:
    """A message with a field of every kind."""

    text: str
    flag: bool
    whole: Annotated[int, Within(0, 9)]
    choice: Literal["a", "b"]
    part: Part
    several: Annotated[tuple[Part, ...], Within(0, 2)] = ()
    share: Annotated[float, Within(0, 1)] | None = None
    more: Mapping[str, Any] | None = None
    last: Annotated[int, OnWire("from")] = 7


GOOD: dict[str, Any] = {"kind": "all", "text": "t", "flag": False, "whole": 3.0, "choice": "b",
                        "part": {"name": "n"}}


def read(**changes: Any) -> Any:
    return read_message({"all": Everything}, {**GOOD, **changes})


def test_a_message_is_read_into_the_type_of_its_kind() -> None:
    assert read() == Everything("t", False, 3, "b", Part("n"))
    assert isinstance(read().whole, int)
    full = read(several=[{"name": "x", "index": 1}], share=0.5, more={"k": 1}, unknown=1, **{"from": 2})
    assert full == Everything("t", False, 3, "b", Part("n"), (Part("x", 1),), 0.5, {"k": 1}, 2)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"text": 5}, "all text: 5, not a string"),
        ({"flag": 1}, "all flag: 1, not true or false"),
        ({"whole": "3"}, "all whole: '3', not a number"),
        ({"whole": True}, "all whole: True, not a number"),
        ({"whole": 2.5}, "all whole: 2.5, not a whole number"),
        ({"whole": 10}, "all whole: 10, not a number in [0, 9]"),
        ({"choice": "c"}, "all choice: 'c', not one of a, b"),
        ({"choice": ["a"]}, "all choice: ['a'], not one of a, b"),
        ({"part": "n"}, "all part: 'n', not a mapping"),
        ({"part": {}}, "all part.name: missing"),
        ({"several": "n"}, "all several: 'n', not a list"),
        ({"several": [{"name": "n"}] * 3}, "all several: 3 of them, not in [0, 2]"),
        ({"several": [{"name": 1}]}, "all several.name: 1, not a string"),
        ({"share": 1.5}, "all share: 1.5, not a number in [0, 1]"),
        ({"share": float("nan")}, "all share: nan, not a finite number"),
        ({"more": []}, "all more: [], not a mapping"),
    ],
)
def test_a_field_of_another_type_or_out_of_range_is_one_sentence(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(MessageError) as refused:
        read(**changes)
    assert str(refused.value) == sentence


@given(
    st.dictionaries(st.sampled_from(sorted(GOOD)), st.sampled_from(WRONG)), st.lists(st.binary(), max_size=2)
)
def test_whatever_comes_is_read_or_refused(changes: dict[str, Any], buffers: list[bytes]) -> None:
    try:
        read_message({"all": Everything}, {**GOOD, **changes}, buffers)
    except MessageError as error:
        assert error.about and "\n" not in str(error)


def test_each_way_of_being_wrong_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    rung: list[Any] = []
    commands = {"ring": Command(Bare, rung.append), "all": Command(Everything, rung.append)}
    reader = CommandReader("bell", commands)
    with caplog.at_level(logging.WARNING, "qwen_asr_widgets"):
        for kind in ("ring", "rang", "rung", "all", "all"):
            assert reader.answer({"kind": kind}) == []
    assert rung == [Bare()]
    assert [record.getMessage() for record in caplog.records] == [
        "a message to the bell was dropped: kind: 'rang' is unknown",
        "a message to the bell was dropped: all text: missing",
    ]


def test_what_a_command_cannot_do_is_passed_on() -> None:
    def ring(message: Bare) -> None:
        raise QawError("no bell")

    with pytest.raises(QawError, match="no bell"):
        CommandReader("bell", {"ring": Command(Bare, ring)}).answer({"kind": "ring"})

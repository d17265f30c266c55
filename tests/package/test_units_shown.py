"""In a notebook every value of ours is shown with its units, as text and as HTML."""

from __future__ import annotations

import dataclasses
import enum
import inspect
from typing import Any

import pytest
from ipywidgets import Widget

import qwen_asr_widgets as qaw
from qwen_asr_widgets.formatting import in_words, unit_of

CLASSES = {name: getattr(qaw, name) for name in qaw.__all__ if inspect.isclass(getattr(qaw, name))}
VALUES = {
    name: kind for name, kind in CLASSES.items()
    if not issubclass(kind, (Exception, enum.Enum, Widget, qaw.OmniRealtimeCallback))
    and not getattr(kind, "_is_protocol", False)
}
"""The public classes whose objects a cell may end with: no errors, names, widgets or interfaces."""


@pytest.mark.parametrize("name", sorted(set(VALUES) - {"OmniRealtimeConversation"}))
def test_every_value_has_a_table_for_notebooks(name: str) -> None:
    assert callable(getattr(VALUES[name], "_repr_html_", None))


@pytest.mark.parametrize("name", sorted(name for name, kind in VALUES.items() if hasattr(kind, "_units")))
def test_the_unit_of_every_number_is_known(name: str) -> None:
    kind = VALUES[name]
    fields = {each.name: set(each.type.split(" | ")) for each in dataclasses.fields(kind)}
    numbers = [field for field, types in fields.items() if {"int", "float"} & types]
    assert [field for field in numbers if unit_of(field, kind._units) is None] == []
    assert set(kind._units) <= set(fields)


@pytest.mark.parametrize(("value", "said"), [
    (qaw.Turn(1.02, 0.72, 2.5), "Turn(onset=1.02 s, start=0.72 s, end=2.5 s)"),
    (qaw.TurnDetection(0.1, 400), "silence_duration_ms=400 ms"),
    (qaw.Condition(noise="pink", snr_db=10), "snr_db=10 dB"),
    (qaw.SessionConfig(language="en"), "sample_rate=16000 Hz"),
    (qaw.Retry(patience=60), "patience=60 s"),
    (qaw.Policy(0.5, 0.3, 3.0), "action_delay=0.3 s"),
])
def test_ipython_prints_the_units(value: Any, said: str) -> None:
    from IPython.lib.pretty import pretty

    assert said in pretty(value) == in_words(value)


def test_the_table_of_a_value_says_the_units() -> None:
    shown = qaw.Turn(1.02, 0.72, 2.5)._repr_html_()  # type: ignore[attr-defined]
    assert ">onset<" in shown and ">1.02 s<" in shown


def test_a_repr_stays_code() -> None:
    turn = qaw.Turn(1.02, 0.72, 2.5)
    assert repr(turn) == "Turn(onset=1.02, start=0.72, end=2.5)" and eval(repr(turn), vars(qaw)) == turn


def test_the_table_of_a_clip_says_how_loud_it_is() -> None:
    shown = qaw.sample("noisy").clip._repr_html_()
    assert "28.9" in shown and "16000 Hz" in shown and "dBFS" in shown


def test_the_table_of_an_endpoint_shows_no_key() -> None:
    made = qaw.Endpoint("wss://me:hidden@example.org/realtime?token=hidden", api_key="sk-hidden")
    shown = made._repr_html_()
    assert "example.org" in shown and "hidden" not in shown


def test_a_conversation_says_whether_it_is_connected_and_nothing_secret() -> None:
    url = "wss://me:hidden@example.org/realtime"
    made = qaw.OmniRealtimeConversation("m", qaw.OmniRealtimeCallback(), url=url, api_key="hidden")
    assert repr(made) == "<OmniRealtimeConversation not connected>"


def test_a_long_text_is_shown_by_its_beginning() -> None:
    assert len(in_words(qaw.SessionConfig(corpus_text="Qwen " * 5_000))) < 300

"""Exercises on the protocol: events put in a legal order, and the two errors that a commit can meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ...protocol.events import (
    AppendAudio, BufferCommitted, Event, FinishSession, ItemCreated, SessionCreated, SessionFinished,
    SessionUpdate, SessionUpdated, SpeechStarted, SpeechStopped, TranscriptCompleted, TranscriptPartial,
)
from ...protocol.state import ProtocolState, empty_buffer
from .mark import RIGHT, Mark, NotAnswer, wrong

ITEM = "item_1"
DEALT: tuple[Event, ...] = (
    TranscriptCompleted(ITEM), SpeechStarted(ITEM, 0), SessionUpdated(), FinishSession(),
    BufferCommitted(ITEM), SessionCreated(), ItemCreated(ITEM), SessionUpdate(), SpeechStopped(ITEM, 0),
    SessionFinished(), AppendAudio(b"\0\0"), TranscriptPartial(ITEM),
)
"""The events of one utterance, shuffled."""

SHUFFLED = tuple(event.type for event in DEALT)


def judge_order(answer: Any, about: Any = None) -> Mark:
    """Judge the types of the dealt events in an order that the protocol allows, as its table says."""
    order = _types(answer)
    counted, dealt = Counter(order), Counter(SHUFFLED)
    if counted != dealt:
        missing, surplus = sorted((dealt - counted).elements()), sorted((counted - dealt).elements())
        return wrong("cards", missing=", ".join(missing) or "–", surplus=", ".join(surplus) or "–")
    by_type = {event.type: event for event in DEALT}
    state = ProtocolState()
    for place, kind in enumerate(order, 1):
        problem = state.check(by_type[kind])
        if problem is not None:
            return wrong("not_now", place=place, problem=problem)
        if kind == SpeechStarted.type and not state.appended:
            return wrong("no_sound", place=place)
        state.apply(by_type[kind])
    left = state.in_progress
    return wrong("left") if left or state.state != "finished" else RIGHT


def _types(answer: Any) -> list[str]:
    if isinstance(answer, (str, bytes, Mapping)) or not isinstance(answer, Iterable):
        raise NotAnswer
    types = list(answer)
    if not types or not all(isinstance(each, str) for each in types):
        raise NotAnswer
    return types


COMMIT_ERRORS = {"commit_in_vad_mode": "only_empty", empty_buffer().code: "only_vad"}
"""Codes of the errors that a commit can meet, and what is said where the other one alone was met."""


def judge_commit_errors(answer: Any, about: Any = None) -> Mark:
    """Judge received messages in which both errors of a commit must be."""
    messages = list(answer) if isinstance(answer, Iterable) and not isinstance(answer, (str, Mapping)) else []
    if not messages or not all(isinstance(each, Mapping) for each in messages):
        raise NotAnswer
    errors = [each.get("error") for each in messages if each.get("type") == "error"]
    codes = {error.get("code") for error in errors if isinstance(error, Mapping)}
    missing = [text for code, text in COMMIT_ERRORS.items() if code not in codes]
    if len(missing) == 1:
        return wrong(missing[0])
    return wrong("neither", codes=", ".join(sorted(map(str, codes))) or "–") if missing else RIGHT

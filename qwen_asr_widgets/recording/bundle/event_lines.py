"""The lines of ``events.jsonl``: an event of a run and its time as one JSON object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, get_args

from ...errors import BundleError
from ...protocol.codec import MAX_NESTING, read_client, read_json, read_server
from ...protocol.events import ClientTurnClosed, ClientTurnOpened, Event, LocalEvent, PauseJudged
from ...vad.turns import CloseReason
from ..values import (
    WHY_BEGUN, AudioSent, AudioSkipped, RoundTrip, SessionBegun, TimedEvent, WordsPainted, sent_audio,
)
from .checks import count, is_bounded, seconds

EVENTS = "events.jsonl"

_APPEND = re.compile(
    r'\{"time": (\d{1,9}\.\d+), "direction": "out", "audio": \[(0|[1-9]\d{0,14}), (0|[1-9]\d{0,14})\]\}\n'
)

MAX_LINE = 16 << 20
"""Bytes of one event: a frame of the service is seldom longer than a thousand."""


def event_line(timed: TimedEvent) -> str:
    """Return an event as a line of JSON, with its line break."""
    line: dict[str, Any] = {"time": timed.time, "direction": timed.direction}
    if isinstance(timed.event, AudioSent):
        line["audio"] = [timed.event.start, timed.event.stop]
    elif isinstance(timed.event, AudioSkipped):
        line["skipped"] = [timed.event.start, timed.event.stop]
    elif isinstance(timed.event, SessionBegun):
        line["session"] = asdict(timed.event)
    elif isinstance(timed.event, RoundTrip):
        line["round_trip"] = timed.event.seconds
    elif isinstance(timed.event, WordsPainted):
        line["painted"] = timed.event.item_id
    elif isinstance(timed.event, LocalEvent):
        line["turn"] = asdict(timed.event)
    else:
        line["event"] = timed.message
    return json.dumps(line, ensure_ascii=False) + "\n"


def read_events(file: Any, samples: int, cut_off: bool = False) -> Iterator[TimedEvent]:
    """Yield the events of a binary file of such lines, one line in memory at a time.

    Parameters
    ----------
    file : binary file object
        Open at its beginning.
    samples : int
        Length of the tape, outside of which no position may lie.
    cut_off : bool
        Whether the file may end in the middle of a line, which is then left out.

    Raises
    ------
    BundleError
        A line is no event; the message says which.
    UnicodeDecodeError
        It is no text.
    """
    number = 0
    while data := file.readline(MAX_LINE + 1):
        number += 1
        if len(data) > MAX_LINE:
            raise BundleError(f"line {number} of {EVENTS} is longer than {MAX_LINE:,} bytes.")
        if cut_off and not data.endswith(b"\n"):
            return
        text = data.decode("utf-8")
        if text == "\n":
            continue
        try:
            yield _append(text, samples) or _event(read_json(text, MAX_NESTING + 1), samples)
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
            raise BundleError(f"line {number} of {EVENTS} is no event: {error}") from None


def _append(text: str, samples: int) -> TimedEvent | None:
    """Return the audio append of a line as `event_line` writes it, ten a second of them; None for others."""
    found = _APPEND.fullmatch(text)
    if found is None:
        return None
    time, start, stop = found.groups()
    return sent_audio(*_on_tape(samples, int(start), int(stop)), seconds(float(time), "time"))


def _event(line: Mapping[str, Any], samples: int) -> TimedEvent:
    time, direction = seconds(line["time"], "time"), line["direction"]
    if direction == "local":
        local = _local_event(line, samples)
        return TimedEvent(time, direction, {"type": local.type, **asdict(local)}, local)
    if direction not in ("in", "out"):
        raise ValueError(f"direction {direction!r:.60}")
    if direction == "out" and "audio" in line:
        return sent_audio(*_on_tape(samples, *line["audio"]), time)
    message = line["event"]
    event: Event = read_server(message) if direction == "in" else read_client(message)
    return TimedEvent(time, direction, message, event)


def _local_event(line: Mapping[str, Any], samples: int) -> LocalEvent:
    if "skipped" in line:
        return AudioSkipped(*_on_tape(samples, *line["skipped"]))
    if "session" in line:
        return _session_begun(line["session"], samples)
    if "round_trip" in line:
        return _round_trip(line["round_trip"])
    if "painted" in line:
        return _words_painted(line["painted"])
    turn: Mapping[str, Any] = line["turn"]
    if "probability" in turn:
        return _pause_judged(turn, samples)
    if "end" not in turn:
        return ClientTurnOpened(*_on_tape(samples, turn["start"], turn["onset"]))
    if turn["reason"] not in get_args(CloseReason):
        raise ValueError(f"reason {turn['reason']!r:.60}")
    return ClientTurnClosed(_on_tape(samples, 0, turn["end"])[1], turn["reason"])


def _round_trip(took: Any) -> RoundTrip:
    if seconds(took, "round_trip") < 0:
        raise ValueError(f"round_trip {took!r:.60}")
    return RoundTrip(float(took))


def _words_painted(item_id: Any) -> WordsPainted:
    if not isinstance(item_id, str):
        raise ValueError(f"painted {item_id!r:.60}")
    return WordsPainted(item_id)


def _pause_judged(turn: Mapping[str, Any], samples: int) -> PauseJudged:
    probability = turn["probability"]
    if not is_bounded(probability) or not 0 <= probability <= 1:
        raise ValueError(f"probability {probability!r:.60}")
    return PauseJudged(*_on_tape(samples, turn["silence"], turn["stop"]), probability)


def _session_begun(session: Mapping[str, Any], samples: int) -> SessionBegun:
    number, why = count(session["first_number"], "first_number"), session["why"]
    if why not in WHY_BEGUN or not number:
        raise ValueError(f"session {number!r}, {why!r:.60}")
    return SessionBegun(_on_tape(samples, 0, session["start"])[1], number, why)


def _on_tape(samples: int, first: Any, second: Any) -> tuple[int, int]:
    """Return two positions, which must be in order and on the tape."""
    start, stop = count(first, "a position"), count(second, "a position")
    if not start <= stop <= samples:
        raise ValueError(f"audio {start} to {stop} lies outside the {samples} samples of the tape")
    return start, stop

"""What a service with certain quirks would answer to a probe's experiment, written without any service.

Drawn from the known places of speech and a few rules, in the times of an ideal clock: a second model of
what `protocol.cloud_facts` reports, to hold the judgement of a probe to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qwen_asr_widgets.client.probe.driver import CHUNK_SECONDS
from qwen_asr_widgets.client.probe.experiments import Experiment
from qwen_asr_widgets.client.probe.judgement import PROBE_ITEM
from qwen_asr_widgets.client.probe.outcome import Outcome, Seen
from qwen_asr_widgets.protocol.cloud_facts import FACTS
from qwen_asr_widgets.protocol.events import (
    BufferCommitted, ErrorEvent, ItemCreated, ServerEvent, SessionFinished, SessionUpdated, SpeechStarted,
    SpeechStopped, TranscriptCompleted, TranscriptPartial,
)

DASHSCOPE: dict[str, Any] = {fact.name: fact.value for fact in FACTS}
IDEAL: dict[str, Any] = {
    "update_midway": True, "end_contains_silence": False, "stopped_after_end_s": 0.0, "silence_floor_ms": 0,
    "turns_touch": False, "longest_turn_s": 60.0, "usage": False, "text_stash_exclusive": False,
    "late_partials": False, "decode_delay_s": 0.5, "commit_in_vad_mode": False, "errors_without_code": False,
    "finish_delay_s": 0.2, "takes_items": True, "empty_finals": False, "upload_limit_kB_s": math.inf,
    "idle_close_s": math.inf,
}
"""What the facts are where nothing is as reported."""

HANGOVER = 0.06
"""Seconds after the end of speech that still pass for speech."""

Ways = Callable[[], float]
"""Returns the seconds that the next event is under way."""


def answered(
    experiment: Experiment, quirks: Mapping[str, Any], pace: float | None = 1.0, way: Ways = lambda: 0.02
) -> Outcome:
    """Return what would be seen of an experiment; quirks that are not named are as reported."""
    return _Service(experiment, {**DASHSCOPE, **quirks}, pace, way).outcome()


@dataclass
class _Service:
    experiment: Experiment
    facts: Mapping[str, Any]
    pace: float | None
    way: Ways
    events: list[Seen] = field(default_factory=list)

    def outcome(self) -> Outcome:
        """Follow the experiment to its end."""
        self.say(0.0, SessionUpdated())
        sound, action = self.experiment.sound, self.experiment.action
        if action in ("flood", "idle"):
            return self._without_speech()
        acted = None if action == "none" else self.experiment.action_at
        closed = sound.seconds
        if action == "update" and not self.facts["update_midway"]:
            closed = acted + 0.1
            self.refuse(acted + 0.05, "invalid_value")
        elif action == "update":
            self.say(acted + 0.05, SessionUpdated())
        elif action == "item" and self.facts["takes_items"]:
            self.say(acted + 0.05, ItemCreated(PROBE_ITEM))
        elif action == "item":
            self.refuse(acted + 0.05, "invalid_value")
        for turn in self.turns():
            self.take_turn(*turn)
        self.events = self.arrived(closed)
        is_closed = closed < sound.seconds
        if not is_closed:
            last = max(self.events[-1].time, sound.seconds + self.facts["finish_delay_s"])
            self.events.append(Seen(last + self.way(), SessionFinished()))
        return Outcome(
            self.experiment, tuple(self.events), tuple(self.sent(closed)), self.pace, 0.0, acted,
            None if is_closed else sound.seconds, closed if is_closed else None, 1007 if is_closed else None,
        )

    def _without_speech(self) -> Outcome:
        """A burst, or nothing at all."""
        if self.experiment.action == "idle":
            after = self.facts["idle_close_s"]
            closed = after if after <= 310 else None
            return Outcome(
                self.experiment, tuple(self.events), acted_at=0.0, pace=self.pace, closed_at=closed,
                close_code=None if closed is None else 1007,
            )
        rate = self.experiment.kilobytes
        sent = tuple((t / 10, rate * t / 10 / (32 * 4 / 3)) for t in range(1, 21))
        closed = 1.0 if rate > self.facts["upload_limit_kB_s"] else None
        return Outcome(
            self.experiment, tuple(self.events), sent, self.pace, 0.0, 0.0, 2.0, closed,
            None if closed is None else 1007,
        )

    def sent(self, until: float) -> Iterator[tuple[float, float]]:
        """Each chunk goes out when its last sample would have been spoken."""
        for number in range(1, math.ceil(self.experiment.sound.seconds / CHUNK_SECONDS) + 1):
            if number * CHUNK_SECONDS <= until:
                yield number * CHUNK_SECONDS, min(number * CHUNK_SECONDS, self.experiment.sound.seconds)

    def turns(self) -> Iterator[tuple[int, float, float, float, float]]:
        """Yield number, onset, start, reported end of each turn, and where in the sound it was decided."""
        sound, facts = self.experiment.sound, self.facts
        waited = max(self.experiment.silence_ms, facts["silence_floor_ms"]) / 1_000
        padding, onset, before, count = 0.3, None, 0.0, 0
        for number, (first, last) in enumerate(sound.speech):
            onset = first if onset is None else onset
            while last - onset > facts["longest_turn_s"]:
                cut = onset + facts["longest_turn_s"]
                yield count, onset, max(before, onset - padding), cut, cut
                onset, before, count = cut, cut, count + 1
            if sound.pause(number) < waited + HANGOVER:
                continue
            decided = last + HANGOVER + waited
            end = decided if facts["end_contains_silence"] else last + HANGOVER
            start = max(before, onset - padding)
            if facts["turns_touch"] and 0 < onset - before < 0.5:
                start = before - (0.222 if count % 3 == 0 else 0.0)
            yield count, onset, start, end, decided + facts["stopped_after_end_s"]
            onset, before, count = None, end, count + 1

    def take_turn(self, number: int, onset: float, start: float, end: float, decided: float) -> None:
        """Say everything of a turn: its beginning, partials, end and final."""
        item, facts = f"item_{number}", self.facts
        self.say(onset + 0.1, SpeechStarted(item, round(1_000 * start)))
        is_exclusive = facts["text_stash_exclusive"]
        settled = "" if is_exclusive else "one two"
        self.say(onset + 0.8, TranscriptPartial(item, settled, " three"))
        acted = self.experiment.action_at if self.experiment.action == "commit" else None
        if acted is not None and onset < acted < decided:
            if facts["commit_in_vad_mode"]:
                self.say(acted + 0.05, BufferCommitted(item))
                self.say(acted + 0.06, BufferCommitted(item))
                self.finish_item(item, acted, acted)
                return
            self.refuse(acted + 0.05, "input_audio_buffer_commit_empty")
        self.say(decided, SpeechStopped(item, round(1_000 * end)))
        self.say(decided, BufferCommitted(item))
        self.finish_item(item, end, decided)

    def finish_item(self, item: str, end: float, decided: float) -> None:
        """Say the last partial, the final and what comes late."""
        facts = self.facts
        told = end if facts["end_contains_silence"] else decided
        at = max(decided, told + facts["decode_delay_s"])
        settled = TranscriptPartial(item, "one two three", "" if facts["text_stash_exclusive"] else " four")
        self.say(decided, settled)
        self.say(at, TranscriptCompleted(item, "One, two.", usage={"seconds": 2} if facts["usage"] else None))
        if facts["late_partials"]:
            self.say(at + 0.001, settled)

    def refuse(self, time: float, code: str) -> None:
        """Say an error, in the form in which errors come."""
        error = {"message": "no"} if self.facts["errors_without_code"] else {
            "type": "invalid_request_error", "code": code, "message": "no"}
        self.say(time, ErrorEvent(error))

    def say(self, time: float, event: ServerEvent) -> None:
        """Let an event be sent."""
        self.events.append(Seen(time, event))

    def arrived(self, until: float) -> list[Seen]:
        """Return what was sent until a time as it comes: each some time later, and none before the last."""
        came: list[Seen] = []
        for seen in sorted((each for each in self.events if each.time <= until), key=lambda each: each.time):
            came.append(Seen(max(seen.time + self.way(), came[-1].time if came else 0.0), seen.event))
        return came

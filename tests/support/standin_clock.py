"""The stand-in for DashScope under a probe, without processes and sockets, by a clock turned on by hand.

An hour passes in no time, and what really takes time (a delay, an idle session) is exact.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from qwen_asr_widgets.audio.units import SAMPLE_RATE
from qwen_asr_widgets.client.probe.driver import ITEM, OTHER_SETTINGS
from qwen_asr_widgets.client.probe.experiments import IDLE_SECONDS, Experiment
from qwen_asr_widgets.client.probe.outcome import Outcome, Seen
from qwen_asr_widgets.protocol.codec import encode_append, to_message
from qwen_asr_widgets.protocol.events import CommitBuffer, FinishSession, ServerEvent, SessionUpdate
from qwen_asr_widgets.protocol.quirks import Quirks
from qwen_asr_widgets.service.standin import CloseConnection, QuirkySegmenter, QuirkySession, WaitUntil
from qwen_asr_widgets.service.recognizers.script import ScriptRecognizer
from qwen_asr_widgets.service.segmenter import Segmenter
from qwen_asr_widgets.service.server_session import ServerSession
from qwen_asr_widgets.service.workers.messages import (
    Configure, Configured, FinalText, FinishUtterance, PartialText, StartUtterance, UtteranceAudio,
)

CHUNK = 1_600
"""Samples of a chunk: a tenth of a second."""


def stood_in(experiment: Experiment, quirks: Quirks, pace: float | None = 1.0) -> Outcome:
    """Return what is seen of an experiment with the stand-in."""
    return _Run(experiment, quirks, pace).outcome()


def jittered(outcome: Outcome, draws: random.Random, most: float) -> Outcome:
    """Return what is seen over a line on which each event is up to ``most`` seconds late, in their order."""
    now, events = 0.0, []
    for seen in outcome.events:
        now = max(now, seen.time + draws.uniform(0, most))
        events.append(replace(seen, time=now))
    return replace(outcome, events=tuple(events))


class _Run:
    """One session, its recogniser and what the client would see."""

    def __init__(self, experiment: Experiment, quirks: Quirks, pace: float | None) -> None:
        self.experiment, self.pace = experiment, pace
        self.now = self.held = 0.0
        self.events: list[Seen] = []
        self.sent: list[tuple[float, float]] = []
        self.acted_at: float | None = None
        self.closed: tuple[float, int] | None = None
        self.recognizer, self.item = ScriptRecognizer(), ""
        segmenter = partial(
            QuirkySegmenter, quirks=quirks, make=partial(Segmenter, longest_turn_s=quirks.longest_turn_s)
        )
        make = partial(ServerSession, "m", "script", None, segmenter)
        self.session = QuirkySession(make, quirks, lambda: self.now)

    def outcome(self) -> Outcome:
        """Make the experiment."""
        self.take(self.session.open())
        self.send(SessionUpdate(self.experiment.config.to_wire()))
        if self.experiment.action == "idle":
            self.wait()
        elif self.experiment.action == "flood":
            self.play(np.zeros(round(self.experiment.seconds * SAMPLE_RATE), np.int16), self.flood_speed)
        else:
            self.play(self.experiment.sound.samples, 1.0)
        finish_at = None if self.closed or self.experiment.action == "idle" else self.now
        if finish_at is not None:
            self.send(FinishSession())
        at, code = self.closed or (None, None)
        if any(seen.event.type == "session.finished" for seen in self.events):
            at, code = None, None
        return Outcome(
            self.experiment, tuple(self.events), tuple(self.sent), self.pace, 0.0, self.acted_at, finish_at,
            at, code,
        )

    @property
    def flood_speed(self) -> float:
        """How much faster than real time a burst is."""
        return self.experiment.kilobytes * 1_000 * 3 / 4 / (2 * SAMPLE_RATE)

    def play(self, samples: Any, speed: float) -> None:
        """Send sound, each chunk when its last sample would have been spoken, and act in the midst of it."""
        self.acted_at = self.now if self.experiment.action == "flood" else None
        for first in range(0, len(samples), CHUNK):
            is_due = first >= self.experiment.action_at * SAMPLE_RATE and self.experiment.action != "none"
            if is_due and self.acted_at is None:
                self.act()
            if self.closed:
                return
            chunk = samples[first:first + CHUNK]
            self.now = (first + len(chunk)) / SAMPLE_RATE / speed
            self.sent.append((self.now, (first + len(chunk)) / SAMPLE_RATE))
            self.take(self.session.receive(encode_append(chunk.tobytes())))

    def act(self) -> None:
        """Do what the experiment does besides."""
        self.acted_at = self.now
        action = self.experiment.action
        if action == "update":
            self.send(SessionUpdate(OTHER_SETTINGS.to_wire()))
        elif action == "commit":
            self.send(CommitBuffer())
        else:
            self.take(self.session.receive(json.dumps({"type": "conversation.item.create", "item": ITEM})))

    def wait(self) -> None:
        """Let time pass until the service closes an idle session."""
        self.acted_at, due = 0.0, self.session.wake_at
        if due is not None and due <= IDLE_SECONDS:
            self.now = due
            self.take(self.session.woken())

    def send(self, event: Any) -> None:
        """Send an event."""
        self.take(self.session.receive(json.dumps(to_message(event))))

    def take(self, outputs: Iterable[Any]) -> None:
        """Take what the service says and does; what it waits with comes later."""
        for output in outputs:
            if isinstance(output, WaitUntil):
                self.held = max(self.held, output.time)
            elif isinstance(output, CloseConnection):
                self.closed = (max(self.now, self.held), output.code)
            elif isinstance(output, ServerEvent):
                self.events.append(Seen(max(self.now, self.held), output))
            else:
                self.recognise(output)

    def recognise(self, command: Any) -> None:
        """Do what a recogniser's process does, at once."""
        if isinstance(command, StartUtterance):
            self.item = command.item_id
            self.recognizer.start(command.first_sample)
        elif isinstance(command, UtteranceAudio):
            self.recognizer.accept(command.samples)
            if int(self.now * 10) % 5 == 0:
                self.tell_partial()
        elif isinstance(command, FinishUtterance):
            self.tell_partial()
            self.take(self.session.recognised(FinalText(command.item_id, self.recognizer.finish())))
        elif isinstance(command, Configure):
            self.take(self.session.recognised(Configured()))

    def tell_partial(self) -> None:
        """Say what the recogniser has heard until now, as one does that is a little behind."""
        found = self.recognizer.partial()
        self.take(self.session.recognised(PartialText(self.item, found.settled, found.draft)))

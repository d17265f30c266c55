"""A run over a line that breaks: the sound, its words, a service that can be killed, and what is compared."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from faults.proxy import Fault, FaultProxy, Kind
from numpy.typing import NDArray
from support.service import KEY, PATH, service_process

from qwen_asr_widgets import (
    AudioClip, Endpoint, Recording, Sample, SessionConfig, TurnDetection, detect_turns, sample, speech_scores,
    transcribe,
)
from qwen_asr_widgets.protocol.cloud_facts import IDEAL, ServiceFacts
from qwen_asr_widgets.protocol.quirks import NO_QUIRKS, Quirks

RATE = 16_000
SECONDS = 9.3
"""Two turns of the conversation, each closed by its silence."""

CONFIG = SessionConfig(language="en", turn_detection=TurnDetection(0.0, 400, 300))
PACE = 15.0
WITHIN = 0.05
"""Seconds by which a turn may begin or end elsewhere than in a clean run."""

MARGIN = 0.1
"""Seconds that a word lies within a turn."""

GONE_WITHIN = 3.0
"""Seconds after a run in which everything it used must be gone."""

AMOUNTS: dict[Kind, tuple[float, ...]] = {
    "cut": (0.0,),
    "reset": (0.0,),
    "close": (1000, 1001, 1011, 1012, 1013, 1014, 4000),
    "throttle": (16_000.0, 64_000.0),
    "delay": (0.1, 0.4),
    "slow_accept": (0.2, 0.6),
    "refuse": (0.2, 0.6),
    "act": (1.0,),
}
"""What a fault of each kind may be; "act" kills the service (0) or its workers (1)."""

LONG: dict[Kind, tuple[float, ...]] = {
    **AMOUNTS, "delay": (0.5, 2.5), "slow_accept": (1.0, 7.0), "refuse": (3.0,), "act": (0.0, 1.0),
    "black_hole": (0.0, 8.0), "half_open": (0.0,),
}
"""The same where there is time to find out a black hole, and to start the service again."""


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound no piece of which comes twice, and its words, of which none does either.

    Parameters
    ----------
    samples : ndarray of int16, shape (n,)
        At `RATE`.
    words : tuple of (int, str)
        The sample at which a word is over, and the word.
    """

    samples: NDArray[np.int16]
    words: tuple[tuple[int, str], ...]

    @property
    def said(self) -> list[str]:
        """Every word, in order."""
        return [word for _, word in self.words]


@lru_cache(maxsize=None)
def conversation(seconds: float = SECONDS) -> Sound:
    """Return the conversation, over and over for so many seconds, with a little noise."""
    talk = sample("conversation")
    clean, count = talk.clip.to_pcm16(), round(seconds * RATE)
    noise = np.random.default_rng(1).integers(-3, 4, count)
    words = tuple(
        (again * len(clean) + at, f"{word}-{again}")
        for again in range(-(-count // len(clean))) for at, word in _words_of(talk)
    )
    samples = (np.resize(clean, count) + noise).astype(np.int16)
    return Sound(samples, tuple((at, word) for at, word in words if at < count - RATE // 2))


def _words_of(talk: Sample) -> Iterator[tuple[int, str]]:
    """Yield the words of a sample, spread over its turns; not those that would fall into a pause."""
    found = detect_turns(speech_scores(talk.clip), CONFIG.turn_detection)
    for number, turn in enumerate(talk.turns):
        said = turn.text.split()
        for k, word in enumerate(said):
            at = turn.start + (turn.end - turn.start) * (k + 1) / (len(said) + 1)
            if any(one.onset + MARGIN < at < one.end - MARGIN for one in found):
                yield round(at * RATE), f"{word.strip('.,?').lower()}-{number}-{k}"


BYTES_A_SAMPLE = 2 * 4 / 3 * 1.04
"""What a sample takes on the wire: in base64, in messages of 100 ms."""


def plan(seed: int, amounts: Mapping[Kind, tuple[float, ...]], count: int = 2) -> list[Fault]:
    """Return the faults of a seed: what goes wrong, and after how many bytes of the upload."""
    chance = random.Random(seed)
    upload = len(conversation().samples) * BYTES_A_SAMPLE
    faults = []
    for kind in chance.choices(list(amounts), k=count):
        faults.append(Fault(kind, round(chance.uniform(0.03, 0.95) * upload), chance.choice(amounts[kind])))
    return sorted(faults, key=lambda fault: fault.at)


class KilledService:
    """The embedded service in a process of its own, which comes up again after it was killed."""

    def __init__(
        self, folder: Path, sound: Sound, quirks: Quirks = NO_QUIRKS, recognizer: str = "placed"
    ) -> None:
        self.sound, self.quirks, self._recognizer = sound, quirks, recognizer
        self._path = folder / "sound.pcm"
        self._path.write_bytes(sound.samples.tobytes())
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._running = service_process(
            self._recognizer, KEY, quirks=self.quirks.told, sound=str(self._path), words=self.sound.words
        )
        self.process, self.port = self._running.__enter__()

    def address(self) -> tuple[str, int]:
        """Return where it listens now."""
        return "127.0.0.1", self.port

    def kill(self, fault: Fault) -> None:
        """Kill it (`amount` 0), so that another comes up, or its workers (1)."""
        with self._lock:
            service = psutil.Process(self.process.pid)
            if fault.amount:
                for worker in service.children(recursive=True):
                    worker.kill()
                return
            service.kill()
            self.stop()
            self._start()

    def stop(self) -> None:
        """End it."""
        self._running.__exit__(None, None, None)


@dataclass(frozen=True)
class Known(Endpoint):
    """An endpoint whose service is known to be the embedded one, though a proxy lies between."""

    known: ServiceFacts = IDEAL

    @property
    def facts(self) -> ServiceFacts:
        return self.known


def endpoint_at(port: int, facts: ServiceFacts = IDEAL) -> Endpoint:
    """Return the endpoint of a proxy."""
    return Known(f"ws://127.0.0.1:{port}{PATH}", api_key=KEY, known=facts)


def transcribed(
    service: KilledService, faults: Sequence[Fault], seed: int = 0, pace: float | None = PACE, **options: Any
) -> tuple[Recording, FaultProxy]:
    """Return the recording of a run in which these faults happened."""
    clip = AudioClip(service.sound.samples, RATE)
    with FaultProxy(service.address, faults, seed, service.kill) as proxy:
        endpoint = endpoint_at(proxy.port, service.quirks.facts)
        recording = transcribe(clip, endpoint, CONFIG, pace=pace, progress=False, **options)
    return recording, proxy


Heard = list[tuple[float, float, str]]


def heard(recording: Recording) -> Heard:
    """Return where each utterance begins and ends, and its words."""
    return [(one.start or 0.0, one.end or 0.0, one.text) for one in recording.utterances if not one.is_draft]


def check_nothing_lost(recording: Recording, sound: Sound, clean: Heard) -> None:
    """Fail unless the sound is that handed in, and each word is there once and at its place."""
    assert np.array_equal(recording.tape.read(), sound.samples) and not recording.lost
    found = heard(recording)
    assert " ".join(text for _, _, text in found).split() == sound.said, recording.notes
    assert [text for _, _, text in found] == [text for _, _, text in clean]
    moved = [max(abs(a[0] - b[0]), abs(a[1] - b[1])) for a, b in zip(found, clean)]
    assert max(moved) <= WITHIN, moved
    assert recording.complete, recording.notes


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fail where a thread, socket, child or temporary file is left that was not there before."""
    before = _left()
    yield
    deadline = time.monotonic() + GONE_WITHIN
    while (after := _left()) != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert after == before


def _left() -> dict[str, list[str]]:
    process = psutil.Process()
    folder = Path(tempfile.gettempdir())
    return {
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "sockets": sorted(f"{one.laddr} {one.raddr}" for one in process.net_connections("inet")),
        "files": sorted(one.path for one in process.open_files()),
        "temporary": sorted(entry.name for entry in folder.glob("*qaw*")) + sorted(
            entry.name for entry in folder.glob("recording-*")),
    }

"""What the front end's types say a page may ask is what the kernel takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.widgets.shared.assets import WIDGETS

TYPES = (WIDGETS / "shared" / "messages.d.ts").read_text("utf-8")
CAPTURE = "capture"
"""What the microphone sends over a transcriber's comm where there is no other; see `capture/uplink.js`."""


def kinds(*unions: str) -> set[str]:
    """Return the kinds of the messages that some types of ``messages.d.ts`` unite."""
    found: set[str] = set()
    for union in unions:
        body = re.search(rf"^export type {union} =(.*?);$\n\n", TYPES, re.M | re.S)
        assert body is not None, union
        for written in re.findall(r"kind: ((?:\"\w[\w-]*\"(?: \| )?)+)", body[1]):
            found |= set(re.findall(r"\"([\w-]+)\"", written))
    return found


@pytest.fixture
def clip() -> qaw.AudioClip:
    return qaw.AudioClip(np.zeros(16_000, np.float32), 16_000)


@pytest.fixture
def tuner(clip: qaw.AudioClip) -> Iterator[qaw.VadTuner]:
    tuner = qaw.VadTuner(clip)
    yield tuner
    tuner.close()


@pytest.fixture
def transcriber() -> Iterator[qaw.Transcriber]:
    transcriber = qaw.Transcriber()
    yield transcriber
    transcriber.close()


def test_of_a_tuner(tuner: qaw.VadTuner) -> None:
    assert set(tuner.page.commands) == kinds("ViewCommand", "TunerCommand", "EditCommand")


def test_of_a_transcriber(transcriber: qaw.Transcriber) -> None:
    assert set(transcriber.page.commands) == kinds(
        "ViewCommand", "DelaysCommand", "ReplayCommand", "ProtocolCommand", "TranscriberCommand"
    ) | {CAPTURE}


def test_of_a_waveform(clip: qaw.AudioClip) -> None:
    waveform = qaw.Waveform(clip)
    assert set(waveform.page.commands) == kinds("ViewCommand")
    waveform.close()


def test_of_a_replay_and_of_a_protocol() -> None:
    replay, protocol = qaw.replay(qaw.Recording()), qaw.ProtocolView(qaw.Recording())
    assert set(replay.page.commands) == kinds("ViewCommand", "DelaysCommand", "ReplayCommand")
    assert set(protocol.page.commands) == (kinds("ViewCommand", "ProtocolCommand") - {"tiles", "audio"})
    replay.close()
    protocol.close()

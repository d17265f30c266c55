"""A kernel that is killed, and a disk that is full, while the line breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from faults.proxy import Fault, FaultProxy
from faults.runs import BYTES_A_SAMPLE, PACE, RATE, KilledService, conversation

from qwen_asr_widgets import recover

pytestmark = [
    pytest.mark.service, pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL, no limit on files"),
]

KERNEL = """
import json, resource, sys
sys.dont_write_bytecode = True  # it would be cut off, too
from faults.runs import CONFIG, PACE, RATE, conversation, endpoint_at
from qwen_asr_widgets import AudioClip, transcribe

port, folder, room = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
recording = transcribe(
    AudioClip(conversation().samples, RATE), endpoint_at(port), CONFIG, pace=PACE, progress=False,
    autosave=folder,
)
is_whole = bool((recording.tape.read() == conversation().samples).all())
print(json.dumps([recording.text.split(), list(recording.notes), is_whole]))
"""


def kernel(port: int, folder: Path, room: int = 0) -> subprocess.Popen[str]:
    """Start a process that transcribes through a proxy and keeps what it has in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", KERNEL, str(port), str(folder), str(room)], text=True, env=environment,
        stdout=subprocess.PIPE,
    )


@pytest.mark.parametrize("share", [0.2, 0.55, 0.9])
def test_after_the_kernel_was_killed_all_but_the_last_second_is_there(
    service: KilledService, tmp_path: Path, share: float
) -> None:
    sound = conversation()
    at = round(share * len(sound.samples) * BYTES_A_SAMPLE)
    faults = [Fault("cut", at // 2), Fault("act", at)]
    with FaultProxy(service.address, faults, act=lambda fault: child.kill()) as proxy:
        child = kernel(proxy.port, tmp_path)
        assert child.communicate(timeout=60)[0] == ""
        proxy.wait_for_faults(2)
    [recording] = recover(tmp_path)
    samples, sent = recording.tape.read(), at / BYTES_A_SAMPLE
    assert np.array_equal(samples, sound.samples[: len(samples)])
    assert len(samples) > sent - (1 + 1) * PACE * RATE
    said = recording.text.split()
    assert said == sound.said[: len(said)] and not recording.complete


def test_a_disk_that_is_full_is_told_once_and_no_word_is_lost(service: KilledService, tmp_path: Path) -> None:
    faults = [Fault("cut", 150_000), Fault("reset", 400_000)]
    with FaultProxy(service.address, faults) as proxy, kernel(proxy.port, tmp_path, 100_000) as child:
        said, notes, is_whole = json.loads(child.communicate(timeout=60)[0])
    assert proxy.happened == faults
    assert said == conversation().said and is_whole
    assert [note.split(" from ")[0] for note in notes if "disk" in note] == ["Nothing is saved to disk"]

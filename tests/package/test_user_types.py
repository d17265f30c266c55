"""A type checker at its strictest accepts a user's script: every public name is exported and typed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import qwen_asr_widgets as qaw

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".mypy_cache" / "user"
SCRIPT = '''
import qwen_asr_widgets as qaw

clip: qaw.AudioClip = qaw.sample("noisy").clip
labels: qaw.Labels = qaw.load_labels("noisy.txt")
scores: qaw.SpeechScores = qaw.speech_scores(clip)
settings = qaw.TurnDetection(threshold=0.1, silence_duration_ms=500)
turns: list[qaw.Turn] = qaw.detect_turns(scores, settings)
measures: qaw.Measures = qaw.measure(turns, labels)
best = qaw.sweep([clip], reference=[labels]).best(max_cut=0.05)
recording: qaw.Recording = qaw.transcribe(clip, config=qaw.SessionConfig(turn_detection=settings))
table: qaw.LatencyTable = recording.latency()
widget = qaw.Transcriber(clip, qaw.embedded())


class Callback(qaw.OmniRealtimeCallback):
    def on_open(self) -> None:
        print("open")


conversation = qaw.OmniRealtimeConversation(model="qwen3-asr-flash-realtime", callback=Callback())
conversation.update_session(output_modalities=[qaw.MultiModality.TEXT], voice=None, transcription_params=None)
conversation.create_response(instructions=None, output_modalities=None)
keyless = qaw.OmniRealtimeConversation("qwen3-asr-flash-realtime", Callback(), api_key=None)
offline = qaw.OmniRealtimeConversation("qwen3-asr-flash-realtime", Callback(), endpoint=qaw.embedded())
try:
    conversation.connect()
except qaw.QawError as error:
    print(error)
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder outside the project."""
    return tmp_path_factory.mktemp("user")


def strict(folder: Path, script: str) -> str:
    """Return what mypy says of a script with every check switched on."""
    (folder / "script.py").write_text(script, encoding="utf-8")
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--cache-dir", str(CACHE)]
    command = [sys.executable, "-m", "mypy", *options, "script.py"]
    where = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_users_script_passes_the_strictest_check(folder: Path) -> None:
    names = sorted(set(qaw.__all__) - {"__version__"})
    every_name = f"\nprint({', '.join(f'qaw.{name}' for name in names)})\n"
    assert strict(folder, SCRIPT + every_name).startswith("Success")


def test_a_wrong_type_in_a_users_script_is_found(folder: Path) -> None:
    said = strict(folder, "import qwen_asr_widgets as qaw\nqaw.TurnDetection(threshold='low')\n")
    assert 'incompatible type "str"; expected "float"' in said

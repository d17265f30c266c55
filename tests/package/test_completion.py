"""The completion scripts complete, and come from the parser itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from qwen_asr_widgets import cli
from qwen_asr_widgets.cli.completion import SHELLS

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_a_script_with_every_subcommand(shell: str, capsys: Capture) -> None:
    assert cli.main(["completion", shell]) == 0
    said = capsys.readouterr().out
    names = ("transcribe", "sweep", "serve", "probe", "lab", "doctor")
    assert [name for name in names if name not in said] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("words", "completed"), [
    ("tran", "transcribe"), ("transcribe --thr", "--threshold"), ("transcribe --format o", "opus"),
    ("transcribe tal", "talk.wav"),
])
def test_bash_completes(words: str, completed: str, tmp_path: Path, capsys: Capture) -> None:
    cli.main(["completion", "bash"])
    (tmp_path / "talk.wav").touch()
    count = len(words.split())
    ask = f"COMP_WORDS=(qwen-asr-widgets {words}); COMP_CWORD={count}; _shtab_qwen_asr_widgets 2>/dev/null"
    script = f'{capsys.readouterr().out}\n{ask}; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert completed in done.stdout.split()

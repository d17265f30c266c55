"""``qwen-asr-widgets lab``: the notebooks where the user works, JupyterLab on one of them, and its end."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest
from support.waiting import wait_until

from qwen_asr_widgets import cli
from qwen_asr_widgets.cli import lab as lab_module

pytestmark = pytest.mark.service


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command at a terminal until its address is known, among settings of its own."""
    own = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "qwen_asr_widgets", "lab", "--no-browser", "--dir", str(tmp_path / "here")],
        stdin=terminal, stderr=subprocess.PIPE, text=True, env={**os.environ, **own}, start_new_session=True,
    )
    assert process.stderr is not None
    said = iter(process.stderr.readline, "")
    yield process, next(word for line in said for word in line.split() if word.startswith("http://"))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    os.close(keyboard)
    os.close(terminal)


def answer(address: str) -> bytes:
    """Return what stands at an address; nothing while nobody listens there."""
    try:
        with build_opener(ProxyHandler({})).open(address) as page:
            return page.read()
    except URLError as refused:
        assert isinstance(refused.reason, ConnectionRefusedError)
        return b""


def test_lab_copies_the_notebooks_tells_an_address_that_opens_one_and_ends_with_ctrl_c(lab, tmp_path):
    process, address = lab
    parts = urlsplit(address)
    assert parts.path == "/lab/tree/01_quickstart.ipynb" and "token=" in parts.query
    assert b"JupyterLab" in wait_until(lambda: answer(address), what="JupyterLab answers")
    assert json.loads(answer(address.replace("/lab/tree/", "/api/contents/")))["content"]["cells"]
    assert {path.name for path in (tmp_path / "here").glob("*.ipynb")} == {
        path.name for path in lab_module.notebooks_folder().glob("*.ipynb")
    }
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0 and "Shutting down" in said and "Traceback" not in said


def test_lab_leaves_a_notebook_as_the_user_changed_it(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(lab_module, "run_to_its_end", lambda command: started.append(command) or 0)
    own = tmp_path / "01_quickstart.ipynb"
    own.write_text("mine")
    assert cli.main(["lab", "--dir", str(tmp_path), "--notebook", "02_live_transcriber.ipynb"]) == 0
    assert own.read_text() == "mine"
    assert "--LabApp.default_url=/lab/tree/02_live_transcriber.ipynb" in started[0]


def test_lab_says_where_it_may_not_copy_to(monkeypatch, tmp_path, capsys):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lab_module.shutil, "copyfile", full)
    assert cli.main(["lab", "--dir", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"--dir {tmp_path}: the notebooks cannot be copied there: No space left on device." in said


def test_lab_names_the_notebooks_there_are(tmp_path, capsys):
    assert cli.main(["lab", "--dir", str(tmp_path), "--notebook", "99.ipynb"]) == 2
    assert "01_quickstart.ipynb" in capsys.readouterr().err

"""A marimo app of the tests' own, served on this computer without a window."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

SERVING = re.compile(r"http://(?:localhost|127\.0\.0\.1):(\d+)")


@contextlib.contextmanager
def marimo_app(folder: Path, cells: Sequence[str], theme: str = "light") -> Iterator[str]:
    """Serve cells of Python as an app, on a port that marimo finds free, and yield its address.

    Parameters
    ----------
    folder : Path
        Where notebook, settings and recordings lie.
    cells : sequence of str
        Source of the cells; the last expression of each is shown.
    theme : {"light", "dark"}
        That of the page.
    """
    notebook = folder / "app.py"
    notebook.write_text(_source(cells), encoding="utf-8")
    (folder / "pyproject.toml").write_text(f'[tool.marimo.display]\ntheme = "{theme}"\n', encoding="utf-8")
    command = [sys.executable, "-m", "marimo", "run", "--headless", "--no-token", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, notebook.name], cwd=folder, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(folder), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield _address(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _source(cells: Sequence[str]) -> str:
    """Return a notebook as marimo keeps one; it finds itself what each cell takes and gives."""
    indented = (textwrap.indent(cell, "    ") for cell in cells)
    bodies = "".join(f"\n@app.cell\ndef _():\n{cell}\n    return\n" for cell in indented)
    return f"import marimo\n\napp = marimo.App()\n\n{bodies}\n\nif __name__ == '__main__':\n    app.run()\n"


def _address(process: subprocess.Popen[str]) -> str:
    """Return the address that marimo prints; what it prints afterwards is read and forgotten."""
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if found := SERVING.search(line):
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return f"http://127.0.0.1:{found[1]}/"
    raise AssertionError(f"marimo ended before it served: {''.join(printed)[-2000:]}")

"""``qwen-asr-widgets lab``: copy the notebooks to where the user works and open JupyterLab on one of them."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import EndpointError, MissingDependency, QawError


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser("lab", help="copy the notebooks here and open JupyterLab on them")
    command.add_argument("--dir", type=Path, default=Path("qwen_asr_notebooks"), help="where to copy them")
    command.add_argument("--notebook", default="01_quickstart.ipynb", help="which one to open")
    command.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Copy the notebooks that are not there yet, start JupyterLab and wait for its end."""
    if shutil.which("jupyter-lab") is None and not (Path(sys.executable).parent / "jupyter-lab").exists():
        raise MissingDependency(
            "JupyterLab is not installed; install it with: pip install 'qwen-asr-widgets[lab]'."
        )
    folder: Path = arguments.dir
    copy_notebooks(folder)
    if not (folder / arguments.notebook).is_file():
        names = ", ".join(path.name for path in sorted(folder.glob("*.ipynb")))
        raise EndpointError(f"There is no notebook {arguments.notebook!r}; there are: {names}.")
    return run_to_its_end(lab_command(folder, arguments.notebook, arguments.no_browser))


def copy_notebooks(folder: Path) -> None:
    """Copy the notebooks into a folder; one that is there stays as the user changed it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(notebooks_folder().glob("*.ipynb")):
            if not (folder / notebook.name).exists():
                shutil.copyfile(notebook, folder / notebook.name)
    except OSError as problem:
        raise QawError(
            f"--dir {folder}: the notebooks cannot be copied there: {problem.strerror}. Give another folder."
        ) from problem


def lab_command(folder: Path, notebook: str, no_browser: bool) -> list[str]:
    """Return the command that starts JupyterLab.

    The address that it opens is the one that it prints: it names the notebook and works on another screen.
    """
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/{quote(notebook)}", "--ServerApp.answer_yes=True",
    ]
    if no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def run_to_its_end(command: list[str]) -> int:
    """Run a program and return its code; Ctrl-C reaches it too, and leaves it the time to end by itself."""
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def notebooks_folder() -> Path:
    """Return where the notebooks are: beside the installed package's modules, or in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"

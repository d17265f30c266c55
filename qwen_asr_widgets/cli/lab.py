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

CHINESE = "zh"
"""Folder of the notebooks in Chinese."""


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser("lab", help="copy the notebooks here and open JupyterLab on them")
    command.add_argument("--dir", type=Path, default=Path("qwen_asr_notebooks"), help="where to copy them")
    command.add_argument("--notebook", default="01_quickstart.ipynb", help="which one to open")
    command.add_argument(
        "--class", action="store_true", dest="for_class",
        help="show the course as it is; a notebook is copied to --dir when somebody first changes it",
    )
    command.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Copy the notebooks that are not there yet, start JupyterLab and wait for its end."""
    if shutil.which("jupyter-lab") is None and not (Path(sys.executable).parent / "jupyter-lab").exists():
        raise MissingDependency(
            "JupyterLab is not installed; install it with: pip install 'qwen-asr-widgets[lab]'."
        )
    folder: Path = arguments.dir
    make_folders(folder)
    if not arguments.for_class:
        copy_notebooks(folder)
    there = [folder, notebooks_folder()] if arguments.for_class else [folder]
    if not any((place / arguments.notebook).is_file() for place in there):
        names = ", ".join(path.name for path in sorted(there[-1].glob("*.ipynb")))
        raise EndpointError(f"There is no notebook {arguments.notebook!r}; there are: {names}.")
    command = lab_command(folder, arguments.notebook, arguments.no_browser)
    return run_to_its_end(command + class_options() * arguments.for_class)


def make_folders(folder: Path) -> None:
    """Make the folder, and the one for the Chinese notebooks: there their kernels run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CHINESE).mkdir(exist_ok=True)
    except OSError as problem:
        raise QawError(f"--dir {folder}: the folder cannot be made: {problem.strerror}.") from problem


def copy_notebooks(folder: Path) -> None:
    """Copy the notebooks into a folder; one that is there stays as the user changed it."""
    try:
        for place in ("", CHINESE):
            for notebook in sorted((notebooks_folder() / place).glob("*.ipynb")):
                if not (folder / place / notebook.name).exists():
                    shutil.copyfile(notebook, folder / place / notebook.name)
    except OSError as problem:
        raise QawError(
            f"--dir {folder}: the notebooks cannot be copied there: {problem.strerror}. Give another folder."
        ) from problem


def class_options() -> list[str]:
    """Return what has JupyterLab show the course as it is, and copies of what somebody has changed."""
    return [
        "--ServerApp.contents_manager_class=qwen_asr_widgets.cli.class_folder.ClassFolder",
        f"--ClassFolder.course={notebooks_folder().resolve()}",
    ]


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

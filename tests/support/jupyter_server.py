"""A Jupyter server of the tests' own, with folders nobody else uses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from support.waiting import wait_until


class JupyterServer:
    """A server with JupyterLab, Notebook 7 and Voila, with folders of its own, on a free port."""

    def __init__(self, folder: Path, kernels: Sequence[Path] = ()) -> None:
        self.folder = folder
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(parents=True)
        settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
        self.environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_PATH": os.pathsep.join(map(str, kernels)),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_PLATFORM_DIRS": "1",
        }

    def start(self, timeout: float = 60.0) -> JupyterServer:
        """Start it and wait until it answers."""
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": "0",
            "ServerApp.root_dir": str(self.notebooks),
            "IdentityProvider.token": "",
            "ServerApp.disable_check_xsrf": "True",
            "ServerApp.allow_root": "True",
            "LabApp.expose_app_in_browser": "True",
            "JupyterNotebookApp.expose_app_in_browser": "True",
            "LabApp.extension_manager": "readonly",
            "LabApp.news_url": "",
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
        command += [f"--{name}={value}" for name, value in options.items()]
        self.log = (self.folder / "server.log").open("w")
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True
        )
        self.url = self._wait_for_url(timeout)
        return self

    def _wait_for_url(self, timeout: float) -> str:
        def found() -> str | None:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended: {(self.folder / 'server.log').read_text()[-2000:]}")
            for file in (self.folder / "runtime").glob("jpserver-*.json"):
                url = json.loads(file.read_text())["url"]
                with contextlib.suppress(OSError):
                    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}api", timeout=2)
                    return str(url)
            return None

        return wait_until(found, timeout, "the Jupyter server answers")

    def write(self, name: str, cells: Sequence[str], kernel: str = "python3") -> str:
        """Write a notebook of code cells; returns its file name."""
        notebook = {
            "cells": [
                {"cell_type": "code", "id": f"cell-{number}", "metadata": {}, "execution_count": None,
                 "outputs": [], "source": cell}
                for number, cell in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
            "nbformat": 4, "nbformat_minor": 5,
        }
        file = f"{name}.ipynb"
        (self.notebooks / file).write_text(json.dumps(notebook), encoding="utf-8")
        return file

    def stop(self) -> None:
        """End the server and its kernels, which share its process group or end with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()

"""A second kernel for the browser tests: ipykernel 6.31, laid before the packages of this environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = "6.31.0"
KERNEL = "ipykernel6"
ONLY_6_NEEDS = ("nest-asyncio",)


def make_kernel(version: str, name: str, extra: tuple[str, ...] = ()) -> Path:
    """Put an ipykernel and its kernelspec into a folder of their own; returns one for ``JUPYTER_PATH``.

    Only ipykernel itself is fetched (about a second): what it needs is in this environment already.

    Raises
    ------
    subprocess.CalledProcessError
        It cannot be had from the package registry.
    """
    folder = ROOT / ".make" / f"ipykernel-{version}"
    packages, done = folder / "packages", folder / "done"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = ["--no-deps", "--target", str(packages), f"ipykernel=={version}", *extra]
        subprocess.run([*pip, *wanted], check=True)
        done.touch()
    spec = folder / "jupyter" / "kernels" / name
    spec.mkdir(parents=True, exist_ok=True)
    kernel = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "env": {"PYTHONPATH": os.pathsep.join(filter(None, [str(packages), os.environ.get("PYTHONPATH")]))},
        "display_name": f"ipykernel {version}",
        "language": "python",
    }
    (spec / "kernel.json").write_text(json.dumps(kernel))
    return folder / "jupyter"


def ipykernel6_folder() -> Path | None:
    """Return the folder for ``JUPYTER_PATH``, or None where the kernel cannot be had (no registry)."""
    try:
        return make_kernel(VERSION, KERNEL, ONLY_6_NEEDS)
    except (subprocess.CalledProcessError, OSError):
        return None

"""A second kernel for the browser tests: ipykernel 6.31 in an environment of its own.

``python tests/support/ipykernel6.py`` makes it (the Makefile does); the tests make it too where it is
missing. It sees the packages of this environment behind its own ipykernel, so nothing is installed twice.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-ipykernel6"
VERSION = "6.31.0"
KERNEL = "ipykernel6"


def make_ipykernel6() -> Path:
    """Make the environment and its kernelspec; returns the folder for ``JUPYTER_PATH``."""
    python = FOLDER / "bin" / "python"
    done = FOLDER / f"made-{VERSION}"
    if not done.exists():
        venv.create(FOLDER, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet", f"ipykernel=={VERSION}"]
        subprocess.run(list(map(str, install)), check=True)
        site = subprocess.run(
            [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()
        behind = f"{sysconfig.get_path('purelib')}\n{ROOT}\n"
        Path(site, "packages_of_the_tests.pth").write_text(behind)
        done.touch()
    share = FOLDER / "share" / "jupyter"
    spec = share / "kernels" / KERNEL
    spec.mkdir(parents=True, exist_ok=True)
    arguments = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": arguments, "display_name": f"ipykernel {VERSION}", "language": "python"})
    )
    return share


def ipykernel6_folder() -> Path | None:
    """Return the folder for ``JUPYTER_PATH``, or None where the kernel cannot be made (no registry)."""
    try:
        return make_ipykernel6()
    except (subprocess.CalledProcessError, OSError):
        return None


if __name__ == "__main__":
    sys.stdout.write(f"{make_ipykernel6()}\n")

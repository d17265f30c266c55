"""Print what each extra takes on disk and how long pip takes for it: ``python .ci/install.py [EXTRA …]``.

Each is installed from a wheel of this tree into an environment of its own, made by the running Python, with
nothing in pip's cache: so the time holds the download, and with it the line. The size is what it holds beyond
an environment with pip alone, compiled modules (``__pycache__``) included. Prints rows of the README's table.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("", "lab", "media", "pocketsphinx", "moonshine", "whisper", "openai", "all")
"""What is installed; the first is the package alone."""


def main(extras: list[str]) -> None:
    """Measure one extra after the other and print a row for each, then how it was measured."""
    with tempfile.TemporaryDirectory(prefix="qaw-install-") as folder:
        wheel = build(Path(folder))
        print("| extra | on disk | time |\n| --- | ---: | ---: |", flush=True)
        for extra in extras or EXTRAS:
            megabytes, seconds = measure(wheel, extra, Path(folder))
            name = f"`{extra}`" if extra else "none"
            print(f"| {name} | {megabytes:.0f} MB | {seconds:.0f} s |", flush=True)
    print(
        f"\n{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}, "
        f"Python {platform.python_version()}, {pip_version()}, {date.today().isoformat()}"
    )


def build(folder: Path) -> Path:
    """Make a wheel of this tree and return it."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    return next(folder.glob("qwen_asr_widgets-*.whl"))


def measure(wheel: Path, extra: str, folder: Path) -> tuple[float, float]:
    """Install the wheel with an extra; return MB on disk and the seconds that pip took."""
    place = folder / (extra or "bare")
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    empty = size(place)
    wanted = f"qwen-asr-widgets[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
    begun = time.monotonic()
    subprocess.run(
        [str(interpreter(place)), "-m", "pip", "install", "--quiet", "--no-cache-dir",
         "--disable-pip-version-check", wanted],
        check=True,
    )
    return (size(place) - empty) / 1e6, time.monotonic() - begun


def interpreter(place: Path) -> Path:
    """Return the Python of an environment."""
    return place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def size(place: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink())


def pip_version() -> str:
    """Return pip's name and version."""
    said = subprocess.check_output([sys.executable, "-m", "pip", "--version"], text=True)
    return " ".join(said.split()[:2])


if __name__ == "__main__":
    main(sys.argv[1:])

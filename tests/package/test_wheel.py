"""What pip installs is whole: every module, the samples, the front end and the notebooks."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    keep = ("qwen_asr_widgets", "notebooks", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
    for name in keep:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            source.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(source)],
        check=True, capture_output=True, text=True,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.mark.parametrize("pattern", ["*.py", "*.flac", "*.json", "*.js", "*.css", "py.typed", "*.md"])
def test_the_wheel_holds_every_file_of_the_package(wheel, pattern):
    shipped = {name for name in wheel.namelist()}
    wanted = {str(path.relative_to(ROOT)) for path in (ROOT / "qwen_asr_widgets").rglob(pattern)}
    assert wanted <= shipped


def test_the_wheel_holds_the_notebooks(wheel):
    names = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert names and {f"qwen_asr_widgets/notebooks/{name}" for name in names} <= set(wheel.namelist())

"""``qwen-asr-widgets lab --class``: the course as it is, and own copies of what somebody changes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from qwen_asr_widgets import cli
from qwen_asr_widgets.cli import lab as lab_module
from qwen_asr_widgets.cli.class_folder import ClassFolder


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / ".course"  # an installed package often lies under a folder like .venv
    (folder / "zh").mkdir(parents=True)
    for name in ("01_one.ipynb", "02_two.ipynb", "zh/01_one.ipynb"):
        (folder / name).write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    (folder / "make.py").write_text("")
    return folder


@pytest.fixture
def shown(tmp_path: Path, course: Path) -> ClassFolder:
    (tmp_path / "mine" / "zh").mkdir(parents=True)
    return ClassFolder(root_dir=str(tmp_path / "mine"), course=str(course))


def names(shown: ClassFolder, path: str = "") -> list[str]:
    return sorted(each["name"] for each in asyncio.run(shown.get(path))["content"])


def changed(shown: ClassFolder, path: str) -> Any:
    model = asyncio.run(shown.get(path))
    model["content"]["metadata"]["mine"] = True
    return asyncio.run(shown.save(model, path))


def test_the_course_is_listed_and_opened_without_a_copy(shown: ClassFolder) -> None:
    assert names(shown) == ["01_one.ipynb", "02_two.ipynb", "zh"] and names(shown, "zh") == ["01_one.ipynb"]
    assert asyncio.run(shown.get("zh/01_one.ipynb"))["type"] == "notebook"
    assert [path for path in Path(shown.root_dir).rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["01_one.ipynb", "zh/01_one.ipynb"])
def test_the_first_change_makes_a_copy_and_the_course_stays_as_it_is(
    shown: ClassFolder, course: Path, name: str
) -> None:
    before = (course / name).read_bytes()
    changed(shown, name)
    assert (course / name).read_bytes() == before and b"mine" in (Path(shown.root_dir) / name).read_bytes()
    assert asyncio.run(shown.get(name))["content"]["metadata"]["mine"]
    assert names(shown) == ["01_one.ipynb", "02_two.ipynb", "zh"]


def test_opening_as_jupyterlab_does_it_makes_no_copy_and_needs_no_right_to_write(
    shown: ClassFolder, course: Path
) -> None:
    (course / "01_one.ipynb").chmod(0o444)
    assert asyncio.run(shown.get("01_one.ipynb"))["writable"]
    assert asyncio.run(shown.create_checkpoint("01_one.ipynb"))["id"] == "checkpoint"
    assert asyncio.run(shown.list_checkpoints("01_one.ipynb")) == []
    assert [path for path in Path(shown.root_dir).rglob("*") if path.is_file()] == []
    changed(shown, "01_one.ipynb")
    asyncio.run(shown.create_checkpoint("01_one.ipynb"))
    assert len(asyncio.run(shown.list_checkpoints("01_one.ipynb"))) == 1


def test_deleting_the_copy_brings_the_course_back(shown: ClassFolder) -> None:
    changed(shown, "01_one.ipynb")
    shown.delete_to_trash = False
    asyncio.run(shown.delete("01_one.ipynb"))
    assert "mine" not in asyncio.run(shown.get("01_one.ipynb"))["content"]["metadata"]


def test_what_belongs_to_the_course_cannot_be_deleted_or_renamed(shown: ClassFolder, course: Path) -> None:
    for act in (shown.delete_file("01_one.ipynb"), shown.rename_file("01_one.ipynb", "other.ipynb")):
        with pytest.raises(Exception, match="does not exist|404|No such"):
            asyncio.run(act)
    assert (course / "01_one.ipynb").is_file()


def test_lab_for_a_class_copies_nothing_and_opens_the_course(tmp_path: Path, monkeypatch: Any) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(lab_module, "run_to_its_end", lambda command: started.append(command) or 0)
    assert cli.main(["lab", "--class", "--dir", str(tmp_path), "--notebook", "03_what_is_a_vad.ipynb"]) == 0
    assert list(tmp_path.rglob("*.ipynb")) == [] and (tmp_path / "zh").is_dir()
    course = lab_module.notebooks_folder().resolve()
    assert f"--ClassFolder.course={course}" in started[0]
    assert "--LabApp.default_url=/lab/tree/03_what_is_a_vad.ipynb" in started[0]

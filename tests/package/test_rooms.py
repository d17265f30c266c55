"""The tree can be read: about a dozen modules of a kind a folder, no circle of imports, one class a name."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "qwen_asr_widgets"
FILES = sorted(PACKAGE.rglob("*.py"))
ABOUT_A_DOZEN = 15
LAZY_FACES = {"qwen_asr_widgets"}
"""Packages whose ``__init__`` only names what stands below: who asks them for a name imports that module."""


def module_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_of(file): file for file in FILES}


def imported(module: str) -> set[str]:
    """Return the modules that a module imports anywhere, also inside functions and for its types alone."""
    file = MODULES[module]
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            base = ".".join(above)
            below = {each.name: f"{base}.{each.name}" for each in node.names}
            found |= {name if name in MODULES else base for name in below.values()}
    return {each for each in found if each in MODULES and each not in LAZY_FACES and each != module}


def test_imports_make_no_circle() -> None:
    graph = {module: imported(module) for module in MODULES if module not in LAZY_FACES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("suffix", [".py", ".js", ".css"])
def test_a_folder_holds_about_a_dozen_files_of_a_kind(suffix: str) -> None:
    files = [file for file in PACKAGE.rglob(f"*{suffix}") if file.name != "__init__.py"]
    folders = Counter(str(file.parent.relative_to(PACKAGE)) for file in files)
    assert {folder: count for folder, count in folders.items() if count > ABOUT_A_DOZEN} == {}


def test_no_two_classes_have_one_name() -> None:
    names = Counter(
        node.name
        for file in FILES
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []

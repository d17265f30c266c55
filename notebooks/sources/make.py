"""Make the course's notebooks, English and Chinese, from one source each.

``python notebooks/sources/make.py`` writes them, ``python notebooks/sources/make.py --run NAME …`` also runs
the English ones and keeps what they show in both.

A source is a text file of cells. Each begins with a line ``=== KIND NAME``:

* ``text``: Markdown in English, a line ``--- zh``, and the same in Chinese;
* ``code``: Python, the same in both;
* ``solution``: Python that is folded until it is asked for.

The name is that of the cell, and stays when the cell moves. What a notebook shows is kept together with a
hash of all its code: the tests refuse outputs that another code has made.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image

SOURCES = Path(__file__).parent
NOTEBOOKS = SOURCES.parent
LANGUAGES = {"en": NOTEBOOKS, "zh": NOTEBOOKS / "zh"}
HASH = "code_that_made_the_outputs"

_CELL = re.compile(r"^=== (text|code|solution) ([a-z0-9-]+)$", re.M)
_OTHER_LANGUAGE = re.compile(r"^--- zh$", re.M)
_VIEW = "application/vnd.jupyter.widget-view+json"
_FOLDED = {"jupyter": {"source_hidden": True, "outputs_hidden": True}, "tags": ["solution", "hide-cell"]}
_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}


@dataclass(frozen=True)
class Cell:
    """A cell of a source: its kind, its name, and its text by language."""

    kind: str
    name: str
    text: dict[str, str]


def read_source(name: str) -> list[Cell]:
    """Return the cells of a source."""
    parts = _CELL.split((SOURCES / f"{name}.txt").read_text(encoding="utf-8"))
    if parts[0].strip():
        raise SystemExit(f"{name}.txt does not begin with a cell.")
    return [_cell(*parts[at:at + 3], source=name) for at in range(1, len(parts), 3)]


def _cell(kind: str, name: str, body: str, source: str) -> Cell:
    languages = [part.strip("\n") for part in _OTHER_LANGUAGE.split(body)]
    if len(languages) != (2 if kind == "text" else 1):
        raise SystemExit(f"{source}.txt: the cell {name} has {len(languages)} languages.")
    return Cell(kind, name, dict(zip(LANGUAGES, languages * (3 - len(languages)))))


def notebook(name: str, language: str) -> Any:
    """Return a notebook without outputs."""
    made = nbformat.v4.new_notebook(metadata=dict(_KERNEL))
    for cell in read_source(name):
        new = nbformat.v4.new_markdown_cell if cell.kind == "text" else nbformat.v4.new_code_cell
        made.cells.append(new(cell.text[language], id=f"{name[:2]}-{cell.name}"))
        if cell.kind == "solution":
            made.cells[-1].metadata.update(_FOLDED)
    return made


def code_hash(made: Any) -> str:
    """Return a hash of all code of a notebook."""
    code = "\0".join(cell.source for cell in made.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def run(made: Any, folder: Path = NOTEBOOKS) -> None:
    """Run a notebook; views of widgets that will not exist any more are dropped from what it shows."""
    from nbclient import NotebookClient

    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(made, timeout=300, store_widget_state=False, resources=resources).execute()
    made.metadata.pop("widgets", None)
    made.metadata["language_info"] = dict(_KERNEL["language_info"])
    for cell in made.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _VIEW not in output.get("data", {})]
            shrink_pictures(cell)


def shrink_pictures(cell: Any) -> None:
    """Write the pictures of a cell with 64 colours, which is a third of their bytes and looks the same."""
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            small = io.BytesIO()
            picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
            picture.quantize(64, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
            data["image/png"] = base64.b64encode(small.getvalue()).decode()


def take_outputs(made: Any, shown: Any) -> None:
    """Put what one notebook shows into another of the same code."""
    outputs = {cell.id: cell for cell in shown.cells if cell.cell_type == "code"}
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs = outputs[cell.id].outputs
            cell.execution_count = outputs[cell.id].execution_count
    made.metadata[HASH] = code_hash(made)


def kept(name: str) -> Any | None:
    """Return the English notebook as it lies there, where its outputs are those of the source's code."""
    path = NOTEBOOKS / f"{name}.ipynb"
    if not path.is_file():
        return None
    found = nbformat.read(path, 4)
    return found if found.metadata.get(HASH) == code_hash(notebook(name, "en")) else None


def make(name: str, must_run: bool) -> None:
    """Write a notebook in all languages, with what it shows where that is known."""
    shown = kept(name)
    if must_run:
        shown = notebook(name, "en")
        run(shown)
    for language, folder in LANGUAGES.items():
        made = notebook(name, language)
        if shown is not None:
            take_outputs(made, shown)
        nbformat.validate(made)
        folder.mkdir(exist_ok=True)
        nbformat.write(made, folder / f"{name}.ipynb")


def names() -> list[str]:
    """Return the names of all sources."""
    return sorted(path.stem for path in SOURCES.glob("*.txt"))


def main(arguments: Iterable[str]) -> None:
    """Make all notebooks; run those that are named after ``--run``, or all where none is."""
    asked = list(arguments)
    chosen = [name for name in names() if any(name.startswith(each) for each in asked[1:])]
    for name in names():
        make(name, must_run=asked[:1] == ["--run"] and (not asked[1:] or name in chosen))


if __name__ == "__main__":
    main(sys.argv[1:])

"""Joining modules: what comes out runs as the modules did, and what cannot be joined says why."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.node import find_node

from qwen_asr_widgets.widgets.shared.assets import WIDGETS, css, esm

MODULES = sorted(WIDGETS.rglob("*.js"))
ENTRIES = [
    path.relative_to(WIDGETS).as_posix()
    for path in MODULES
    if "\nexport default " in path.read_text("utf-8")
]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")


def test_joined_modules_run_as_they_did_apart(tmp_path: Path) -> None:
    node = find_node()
    if not node:
        pytest.skip("needs node")
    write(
        tmp_path,
        one="const secret = 1;\nexport const value = secret + 1;\n"
        "export function twice(x) { return 2 * x; }\n",
        two='import { value as first, twice } from "./one.js";\nconst secret = 40;\n'
        "class Sum { total() { return twice(secret) / 2 + first; } }\nexport { Sum as Adder };\n",
        raw='export const quoted = "`${x}`";\n',
        main='import { Adder } from "./two.js";\nimport * as one from "./one.js";\n'
        'import text from "./raw.js?text";\nexport default [new Adder().total(), one.value, text.length];\n',
    )
    (tmp_path / "joined.mjs").write_text(esm("main.js", tmp_path), encoding="utf-8")
    show = "import('./joined.mjs').then((m) => console.log(JSON.stringify(m.default)))"
    done = subprocess.run([node, "-e", show], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"[42,2,{len((tmp_path / 'raw.js').read_text())}]"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('import { a } from "https://example.org/a.js";\nexport default a;\n', "only"),
        ('import { a } from "./nowhere.js";\nexport default a;\n', "there is no nowhere.js"),
        ('import { absent } from "./other.js";\nexport default absent;\n', "does not export"),
        ('import "./other.js";\nexport default 1;\n', "cannot be joined"),
        ('import { a } from "./main.js";\nexport default a;\n', "circular"),
    ],
)
def test_what_cannot_be_joined_is_refused_when_the_class_is_made(
    source: str, said: str, tmp_path: Path
) -> None:
    write(tmp_path, main=source, other="export const a = 1;\n")
    with pytest.raises(ImportError, match=said):
        esm("main.js", tmp_path)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_widget_joins_to_one_valid_module(entry: str, tmp_path: Path) -> None:
    text = esm(entry)
    assert not re.search(r"^import\b", text, re.M)
    if node := find_node():
        (tmp_path / "joined.mjs").write_text(text, encoding="utf-8")
        subprocess.run([node, "--check", str(tmp_path / "joined.mjs")], check=True)


def test_style_sheets_are_joined_once_and_need_no_file() -> None:
    text = css("microphone/microphone.css")
    assert "@import" not in text
    assert text.count("--qaw-ground: var(--jp-layout-color1, var(--vscode-editor-background, #ffffff))") == 1

"""The documentation's sources: links lead somewhere, tables come from data, words are spelt right.

``make docs`` builds the site, where a warning is an error; what can be seen without building it stands here.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

import qwen_asr_widgets as qaw
from qwen_asr_widgets import glossary
from qwen_asr_widgets.protocol.cloud_facts import FACTS
from qwen_asr_widgets.recording.exports.formats import FORMATS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
DOCS = NOTEBOOKS / "docs"
PAGES = sorted([*NOTEBOOKS.glob("*.md"), *DOCS.rglob("*.md")])
DOCUMENTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
MADE = DOCS / "reference" / "index.rst"
"""Written by `from_data` when the site is built."""

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s]+)\)")
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.S | re.M)
FROM_DATA = re.compile(r"^```\{from-data\} (\S+)", re.M)


@pytest.fixture(scope="module")
def from_data() -> ModuleType:
    spec = importlib.util.spec_from_file_location("from_data", DOCS / "from_data.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def entries(page: Path) -> Iterator[Path]:
    """Yield the pages that a page's tables of contents name."""
    for listed in TOCTREE.findall(text_of(page)):
        for name in listed.split("\n"):
            if not name.strip() or name.startswith(":"):
                continue
            found = sorted(page.parent.glob(f"{name}.*")) or sorted(page.parent.glob(name))
            yield from found or [(page.parent / name)]


def links(page: Path) -> Iterator[Path]:
    """Yield the files that a page's links lead to."""
    prose = re.sub(r"^```.*?^```", "", text_of(page), flags=re.S | re.M)
    for target in LINK.findall(prose):
        yield (page.parent / target.partition("#")[0]).resolve()


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    found = {*links(page), *(one.resolve() for one in entries(page))} if page in PAGES else set(links(page))
    made = MADE.parent.resolve()
    assert [path for path in found if not path.exists() and not path.is_relative_to(made)
            and path.with_suffix(".rst") != MADE.resolve()] == []


def test_every_page_stands_in_a_table_of_contents() -> None:
    listed = {one.resolve() for page in PAGES for one in entries(page)}
    assert {page for page in PAGES if page.resolve() not in listed} == {NOTEBOOKS / "index.md"}


@pytest.mark.parametrize(("answer", "question"), [
    ("export DASHSCOPE_API_KEY", "how to use a DashScope key"), ("# Endpoint delay", "what it means"),
    ('rec.export("talk.textgrid")', "how to export a TextGrid"), ("# Add a recogniser", "how to add one"),
])
def test_a_reader_finds_from_the_front_page_in_three_clicks(answer: str, question: str) -> None:
    clicks = {NOTEBOOKS / "index.md": 0}
    queue = deque(clicks)
    while queue:
        page = queue.popleft()
        for one in {*links(page), *(entry.resolve() for entry in entries(page))}:
            if one.suffix == ".md" and one.exists() and one not in clicks:
                clicks[one] = clicks[page] + 1
                queue.append(one)
    assert min(count for page, count in clicks.items() if answer in text_of(page)) <= 3, question


def test_every_table_that_a_page_asks_for_is_there(from_data: ModuleType) -> None:
    asked = {name for page in PAGES for name in FROM_DATA.findall(text_of(page))}
    assert asked <= set(from_data.TABLES)
    assert {"cloud-facts", "export-formats", "error-classes", "recognisers", "glossary"} <= asked


def test_tables_hold_what_the_data_hold(from_data: ModuleType) -> None:
    facts, formats, errors = ("\n".join(from_data.TABLES[name]()) for name in (
        "cloud-facts", "export-formats", "error-classes"))
    assert all(one.text in facts for one in FACTS)
    assert all(f"`{suffix}`" in formats for suffix in FORMATS)
    public = [name for name in qaw.__all__ if name.endswith("Error")]
    assert all(f"`{name}`" in errors for name in public)
    assert all(one.term["zh"] in "\n".join(from_data.TABLES["glossary-zh"]()) for one in glossary.terms())


def test_the_reference_lists_every_public_name_once(from_data: ModuleType) -> None:
    listed = re.findall(r"^   (\w+)$", from_data.reference_page(), re.M)
    assert sorted(listed) == sorted(set(qaw.__all__) - {"__version__"})


def test_a_concepts_page_begins_with_its_term() -> None:
    pages = [page for page in (DOCS / "concepts").glob("*.md") if page.stem not in ("index", "end-of-turn")]
    known = {f"term-{one.id}" for one in glossary.terms()}
    assert len(pages) >= 12
    assert [page.name for page in pages if not set(FROM_DATA.findall(text_of(page))[:1]) & known] == []


def test_words_are_spelt_as_people_spell_them() -> None:
    notebooks = sorted(NOTEBOOKS.glob("*.ipynb"))
    prose = "\n".join(
        "".join(cell["source"]) for path in notebooks for cell in json.loads(text_of(path))["cells"]
        if cell["cell_type"] == "markdown"
    )
    command = [sys.executable, "-m", "codespell_lib", "--ignore-words-list", "speaches,wil"]
    files = [str(page) for page in [*DOCUMENTS, ROOT / "CHANGELOG.md", ROOT / "NOTICE.md"]]
    said = subprocess.run([*command, *files], capture_output=True, text=True).stdout
    said += subprocess.run([*command, "-"], input=prose, capture_output=True, text=True).stdout
    assert said == ""


def test_the_moving_picture_of_the_readme_moves_and_is_small() -> None:
    path = NOTEBOOKS / "images" / "moving.gif"
    with Image.open(path) as picture:
        assert picture.is_animated and picture.n_frames > 20
    assert path.stat().st_size <= 1_500_000
    assert "moving.gif" in text_of(ROOT / "README.md") and "moving.gif" in text_of(NOTEBOOKS / "README.zh.md")


def test_how_to_cite_names_this_version() -> None:
    assert f"\nversion: {qaw.__version__}\n" in text_of(ROOT / "CITATION.cff")


@pytest.mark.soak
def test_the_site_is_built_without_a_warning_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    """What can be seen in the sources is tested above; ``make docs`` does the same."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-c", str(DOCS)]
    built = subprocess.run([*command, str(NOTEBOOKS), str(tmp_path / "html")], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    loaded = re.compile(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(https?:[^\"]+)")
    pages = sorted((tmp_path / "html").rglob("*.html"))
    assert len(pages) > 100
    assert {url for page in pages for url in loaded.findall(text_of(page))} == set()
    for page in pages:
        for target in re.findall(r'<a [^>]*href="(?!https?:|#|mailto:)([^"#]+)', text_of(page)):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

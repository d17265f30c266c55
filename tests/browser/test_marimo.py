"""In marimo, where it is installed: a clip's words are shown, and the page's theme is followed.

Server and page take ten seconds to start; test_transcriber_records.py shows the words on a bare page,
capture.test.mjs how the theme is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.marimo_app import marimo_app

pytest.importorskip("marimo", reason="needs marimo")

pytestmark = [pytest.mark.browser, pytest.mark.service, pytest.mark.soak]

CELL = """import qwen_asr_widgets as qaw
t = qaw.Transcriber(qaw.sample("conversation"), qaw.embedded("script"), pace=None, lang="en", autosave=False)
t.start()
t"""


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Open the app, dark, in a browser whose system is light; errors of the page fail the test."""
    errors: list[str] = []
    with marimo_app(tmp_path, [CELL], theme="dark") as address:
        page = browser.new_page(locale="en-US", color_scheme="light")
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address, wait_until="commit")
        yield page
        page.context.close()
    assert errors == []


def test_marimo_shows_the_words_of_a_clip_in_its_own_theme(page: Any) -> None:
    page.locator(".qaw-tr[data-phase=done]").wait_for(timeout=60_000)
    page.locator(".qaw-row[data-number]").get_by_text("two three four five six seven").first.wait_for()
    assert page.locator(".qaw-tr").get_attribute("data-theme") == "dark"

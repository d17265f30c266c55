"""Waveform and transcript in real notebooks: while a cell runs, linked, in every front end, saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.notebook_page import NotebookPage
from support.painted import DARK_TURN, PLOT, TURN, WAVE, painted, shown_range
from support.view_page import NEXT_FRAME
from support.waiting import wait_until

pytestmark = pytest.mark.browser

SETUP = """
import sys; sys.path.insert(0, {tests!r})
import numpy as np
from support.painted import a_minute
from support.recordings import Script
from support.waiting import wait_until
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.widgets.waveform.waveform import Waveform
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
from qwen_asr_widgets.widgets.transcript.transcript_view import TranscriptView
"""
TWO_TURNS = """
script = Script(10.0)
script.turn("a", 1.0, 4.0, "the first words", partials=[(0.5, "", "the")])
script.turn("b", 6.0, 8.0, "the second")
rec = script.finish()
wave, words = Waveform(rec), TranscriptView(rec)
"""
MINUTE = """
speech = sample("conversation").clip
script = a_minute()
script.samples = np.resize((speech.samples * 32_767).astype(np.int16), 960_000)
rec = script.finish()
"""
SAVED = "[class^=qaw-static]"
SWITCH = "Keep in the saved notebook"

# The picture of a saved output after what a strict host leaves of its HTML.
PLAIN_TAGS = ["div", "p", "span", "img", "table", "thead", "tbody", "tr", "th", "td"]


@pytest.fixture
def setup(request: pytest.FixtureRequest) -> str:
    return SETUP.format(tests=str(request.config.rootpath / "tests"))


def test_the_display_moves_while_a_cell_runs(open_page: Callable[..., NotebookPage], setup: str) -> None:
    notebook = open_page()
    live = setup + "script = Script(60.0)\nscript.turn('a', 1.0, 4.0, 'the first words')\n"
    busy = """
script.turn("b", 8.0, 9.0, "words while a cell runs")
wait_until(lambda: wave.selected == 2, 60, "a click on the page has come through")
"""
    notebook.server.write("busy", [live + "wave = Waveform(script.recording)\nwave", busy])
    notebook.visit("busy.ipynb")
    notebook.run_all(wait=False)
    page = notebook.page
    page.locator("summary", has_text="Show as a table").click()
    page.locator("td", has_text="words while a cell runs").wait_for(timeout=30_000)
    running = page.locator(".jp-InputArea-prompt", has_text="[*]")
    assert running.count() == 1
    page.locator("button[data-number='2']").click()
    running.wait_for(state="detached", timeout=10_000)
    assert notebook.evaluate("wave.selected") == 2


def test_views_of_one_recording_are_linked_and_a_click_plays_and_centres(
    open_page: Callable[..., NotebookPage], setup: str
) -> None:
    notebook = open_page()
    page = notebook.open("linked", [setup + TWO_TURNS, "wave", "words"])
    page.locator(".qaw-row[data-number='2']").wait_for()
    notebook.evaluate("wave.show(0, 3)")
    wait_until(lambda: shown_range(page) == pytest.approx((0, 0.3), abs=0.01), 5, "the first 3 s are shown")
    page.locator(".qaw-row[data-number='2']").click()
    page.locator(".qaw-caption", has_text="the second").wait_for()
    page.locator(".qaw-play", has_text="Pause").wait_for()
    assert shown_range(page) == pytest.approx((0.55, 0.3), abs=0.01), "6 to 8 s stand in the middle"
    wait_until(lambda: notebook.evaluate("wave.selected") == 2, 5, "Python knows the selection")
    assert notebook.evaluate("words.selected") == 2
    assert page.locator(".qaw-row[aria-selected='true']").get_attribute("data-number") == "2"


@pytest.mark.parametrize("front_end", ["notebook", "voila"])
def test_every_front_end_shows_zooms_and_plays(
    front_end: str, open_page: Callable[..., NotebookPage], setup: str
) -> None:
    tone = "tone = (0.5 * np.sin(2 * np.pi * 200 * np.arange(960_000) / 16_000)).astype(np.float32)\n"
    cells = [setup + TWO_TURNS + tone, "Waveform(AudioClip(tone, 16_000), lang='en')", "words"]
    page = open_page().open(f"views-{front_end}", cells, front_end)
    page.locator(".qaw-row", has_text="the second").wait_for(timeout=60_000)
    far = wait_until(lambda: painted(page, WAVE), 10, "the tone is drawn")
    page.locator(PLOT).focus()
    for _ in range(20):
        page.keyboard.press("+")
    # A band as high as the plot becomes a thin line as soon as the kernel has sent single samples.
    wait_until(lambda: 200 < painted(page, WAVE) < far / 10, 10, "the kernel has sent what was zoomed to")
    page.keyboard.press("0")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    seconds = "parseFloat(document.querySelector('.qaw-number').textContent.split(':')[1])"
    page.wait_for_function(f"{seconds} > 0.3")
    page.keyboard.press("Space")
    page.locator(".qaw-play", has_text="Play").wait_for()


def test_a_change_of_theme_reaches_canvas_and_rows_untouched(
    open_page: Callable[..., NotebookPage], setup: str
) -> None:
    notebook = open_page()
    page = notebook.open("themes", [setup + TWO_TURNS, "display(wave, words)"])
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 470, "height": 1000})
    rows = page.locator(".qaw-list .qaw-row")
    page.wait_for_function("document.querySelectorAll('.qaw-list .qaw-row').length === 2")
    # The first change fetches the theme; later ones have it at once.
    for theme in ("Dark", "Light", "Dark", "Light", "Dark"):
        notebook.change_theme(theme)
        now, before = (DARK_TURN, TURN) if theme == "Dark" else (TURN, DARK_TURN)
        wait_until(lambda: painted(page, now) > 100 and painted(page, before) < 20, 10, f"drawn for {theme}")
        page.evaluate(NEXT_FRAME)
        area, last = page.locator(".qaw-list").bounding_box(), rows.last.bounding_box()
        assert rows.count() == 2 and last["y"] + last["height"] <= area["y"] + area["height"] + 1


def outputs(path: Any) -> list[str]:
    """Return what a saved notebook holds under each cell."""
    import nbformat

    return [json.dumps(cell.outputs) for cell in nbformat.read(path, as_version=4).cells]


def plain(notebook: Any) -> Any:
    """Return a notebook as a strict host shows it: no style, class or script, no picture but by address."""
    from nbconvert.preprocessors.sanitize import SanitizeHTML

    cleaner = SanitizeHTML(tags=PLAIN_TAGS, attributes={"img": ["alt", "src"]}, strip=True)
    return cleaner.preprocess(notebook, {})[0]


def test_a_saved_minute_is_small_and_read_without_kernel_trust_or_style(
    open_page: Callable[..., NotebookPage], setup: str
) -> None:
    import nbformat
    from nbconvert import HTMLExporter

    notebook = open_page()
    kinds = ["Transcriber", "Waveform", "TranscriptView"]
    page = notebook.open("minute", [setup + MINUTE, *(f"{kind}(rec)" for kind in kinds)])
    page.locator(PLOT).nth(1).wait_for()
    saved = f"[...document.querySelectorAll('{SAVED}')]"
    page.wait_for_function(f"{saved}.length === 3 && {saved}.every((e) => !e.checkVisibility())")
    path = notebook.save()
    content = nbformat.read(path, as_version=4)
    _, *kept = outputs(path)
    assert all(5_000 < len(cell) < 300_000 for cell in kept), [len(cell) for cell in kept]
    assert all("12: some eight or nine words" in cell for cell in kept)
    assert "widgets" not in content.metadata

    offline = notebook.context.new_page()
    offline.route("http*://**", lambda route: route.abort())
    offline.set_content(HTMLExporter().from_notebook_node(content)[0])
    assert [image.is_visible() for image in offline.locator(f"{SAVED} img").all()] == [True, True]
    assert offline.locator("td", has_text="12: some eight").filter(visible=True).count() == 3
    offline.set_content(HTMLExporter().from_notebook_node(plain(nbformat.read(path, as_version=4)))[0])
    assert offline.locator("td", has_text="12: some eight").filter(visible=True).count() == 3
    assert offline.locator("img[alt*='with turns and waits']").count() == 2
    assert offline.locator("[style], [class^=qaw]").filter(has_text="some eight").count() == 0

    content.metadata["changed"] = "so that its signature does not hold"
    for cell in content.cells:
        cell.metadata.pop("trusted", None)
    nbformat.write(content, path.with_name("untrusted.ipynb"))
    notebook.exchange("untrusted.ipynb")
    page.locator("td", has_text="12: some eight").first.wait_for()
    assert page.locator(f"{SAVED} img").first.is_visible()
    assert page.locator(".qaw").count() == 0
    trusted = "window.jupyterapp.shell.currentWidget.content.model.cells.get(1).trusted"
    assert page.evaluate(trusted) is False


def test_what_was_kept_is_taken_out_by_a_click_and_said_to_be_there_where_it_cannot_be(
    open_page: Callable[..., NotebookPage], setup: str
) -> None:
    notebook = open_page()
    page = notebook.open("keep", [setup + TWO_TURNS, "wave", "words"])
    switches = page.get_by_label(SWITCH)
    switches.nth(1).wait_for()
    held = f"document.querySelectorAll('{SAVED} :is(img, table)').length"
    page.wait_for_function(f"{held} === 3")
    switches.nth(0).click()
    switches.nth(1).click()
    page.wait_for_function(f"{held} === 0")
    path = notebook.save()
    assert notebook.evaluate("[wave.save_outputs, words.save_outputs]") == [False, False]
    taken = outputs(path)[1:]
    assert not [cell for cell in taken if "first words" in cell or "image/png" in cell or "<table" in cell]
    assert all("save_outputs=False" in cell for cell in taken)
    switches.nth(1).click()
    page.wait_for_function(f"{held} === 1")
    assert "first words" in outputs(notebook.save())[2]

    page.reload(wait_until="domcontentloaded")
    notebook.wait_until_idle()
    page.get_by_label(SWITCH).nth(1).click()
    page.get_by_text("They are still in the notebook file").filter(visible=True).wait_for()
    assert "first words" in outputs(notebook.save())[2]


def test_in_jupyterlab_a_run_is_replayed_compared_and_its_protocol_read(
    open_page: Callable[..., NotebookPage], setup: str
) -> None:
    """The keys are the widgets' own: those of a notebook cell in command mode would delete cells."""
    notebook = open_page()
    made = "import qwen_asr_widgets as qaw\nplayed = qaw.replay(rec)\nprotocol = qaw.ProtocolView(rec)\n"
    beside = "qaw.CompareView(rec, rec, names=['one', 'other'])"
    page = notebook.open("evidence", [setup + TWO_TURNS + made, "played", "protocol", beside])
    scrubber = page.locator(".qaw-replay-scrubber")
    scrubber.focus()
    for _ in range(3):
        page.keyboard.press(".")
    shown = page.locator(".qaw-replay .qaw-number")
    wait_until(lambda: shown.inner_text() == "0:04.8 / 0:10.2", what="three events were passed")
    page.locator(".qaw-transcript").scroll_into_view_if_needed()
    rows = page.locator(".qaw-transcript .qaw-list .qaw-row")
    wait_until(lambda: rows.count() == 1, what="the transcript is that of the moment")
    page.locator(".qaw-events").focus()
    for key in ("Home", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    detail = page.locator(".qaw-event-detail")
    detail.wait_for()
    assert '"session.created"' in detail.inner_text()
    only = page.get_by_role("button", name="Only what differs")
    only.focus()
    page.keyboard.press("Enter")
    wait_until(lambda: only.get_attribute("aria-pressed") == "true", what="what differs is asked for")
    assert page.locator(".qaw-words-block:visible").count() == 0, "none differs"
    assert page.locator(".jp-Cell").count() == 4
    saved = outputs(notebook.save())[3]
    assert "first words" in saved and "data:image/png;base64," in saved

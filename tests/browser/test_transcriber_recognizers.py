"""The recogniser menu in a page: what each row takes, commands to copy, a download at a button."""

from __future__ import annotations

import threading

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.recordings import three_turns
from support.transcriber_page import Show

from qwen_asr_widgets.client import recognizers
from qwen_asr_widgets.client.embedded import EmbeddedEndpoint, embedded
from qwen_asr_widgets.client.recognizers import MissingModel, PublishedModel
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

MISSING = ("moonshine_voice", "pocketsphinx")
"""Packages that are said not to be installed."""


LEFT_EDGES = """[...new Set([...document.querySelectorAll(
  ".qaw-endpoints .qaw-check > .qaw-dim, .qaw-recognizer-more > :first-child",
)].filter((one) => one.textContent).map((one) => Math.round(one.getBoundingClientRect().left)))]"""
"""Where the texts of the rows begin, each place once."""


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Whisper and httpx installed alone, and let nothing be loaded."""
    monkeypatch.setattr(recognizers, "find_spec", lambda name: None if name in MISSING else name)
    monkeypatch.setattr(EmbeddedEndpoint, "start", lambda endpoint: endpoint)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Have Whisper lack its model, whose download lasts until this is set."""
    held = threading.Event()
    model = PublishedModel("base", "Systran/faster-whisper-base", 145_217_532)

    def fetch() -> None:
        held.wait(20)

    lacking = MissingModel("whisper", model, "/home/me/.cache/huggingface/hub", fetch)

    def missing_model(endpoint: EmbeddedEndpoint) -> MissingModel | None:
        return lacking if endpoint.recognizer == "whisper" and not held.is_set() else None

    monkeypatch.setattr(EmbeddedEndpoint, "missing_model", property(missing_model))
    return held


@pytest.mark.parametrize(("theme", "width", "lang"), [
    ("light", 900, "en"), ("dark", 900, "zh"), ("dark", 420, "en"), ("light", 420, "zh"),
])
def test_every_row_of_the_menu_is_legible_and_in_reach(
    show_transcriber: Show, theme: str, width: int, lang: str
) -> None:
    phone = width == 420
    shown = show_transcriber(
        Transcriber(three_turns(), lang=lang), theme=theme, viewport={"width": width + 16, "height": 1200},
        has_touch=phone, is_mobile=phone,
    )
    shown.page.locator(".qaw-opens").nth(2).click()
    assert shown.page.locator(".qaw-recognizer").count() == 4
    assert len(shown.page.evaluate(LEFT_EDGES)) == 1
    assert low_contrast(shown.page, ".qaw-tr") == [] and cut_off(shown.page, ".qaw-tr") == []
    assert not phone or small_targets(shown.page) == []
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_not_installed_is_greyed_and_its_command_can_be_copied(show_transcriber: Show) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    shown = show_transcriber(Transcriber(endpoint="beijing"), permissions=allowed)
    shown.press("DashScope Beijing")
    row = shown.page.locator(".qaw-recognizer", has_text="Pocketsphinx")
    assert row.get_by_role("radio").is_disabled()
    assert "English only · takes 40 MB on disk · sound stays on this computer" in row.text_content()
    row.get_by_role("button", name="Copy").click()
    row.get_by_text("Copied").wait_for()
    copied = shown.page.evaluate("navigator.clipboard.readText()")
    assert copied == 'pip install "qwen-asr-widgets[pocketsphinx]"'


def test_a_model_is_chosen_asked_for_and_downloaded_by_a_button(
    show_transcriber: Show, held: threading.Event
) -> None:
    shown = show_transcriber(Transcriber(endpoint="beijing"))
    shown.press("DashScope Beijing")
    row = shown.page.locator(".qaw-recognizer", has_text="Whisper")
    row.get_by_role("combobox").select_option("small")
    shown.until(lambda: shown.view.model.choice.endpoint == embedded("whisper", model="small"))
    shown.shows("Whisper needs its model base (145 MB)")
    shown.shows("to /home/me/.cache/huggingface/hub")
    assert low_contrast(shown.page, ".qaw-tr") == [] and cut_off(shown.page, ".qaw-tr") == []
    shown.press("Download it")
    shown.shows("Downloading the model base, 145 MB…")
    shown.hides("Whisper needs its model")
    held.set()
    shown.hides("Downloading the model")


def test_a_server_of_ones_own_is_told_with_the_host_that_gets_the_sound(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=embedded("openai", base_url="https://asr.example.org/v1")))
    shown.shows("is sent to the chosen service (asr.example.org) while you speak")
    shown.press("Server: asr.example.org")
    shown.shows("Chosen in Python:")

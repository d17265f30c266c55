"""The transcriber in real notebooks: from the click on Record to the words, also while a cell runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.ipykernel6 import KERNEL, ipykernel6_folder
from support.jupyter_server import JupyterServer
from support.looks import cut_off, low_contrast
from support.notebook_page import NotebookPage
from support.record_button import RECORD, press_record, record_for, shown_seconds, wait_for_seconds
from support.service import service
from support.similarity import best_correlation, place_in_loop
from support.transcriber_page import Show
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

KEY = "sk-planted-browser-7d1f"
SETUP = """
import json, os
import numpy as np
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
words = [
    (turn.start + (turn.end - turn.start) * (k + 1) / (len(turn.text.split()) + 1), word)
    for turn in sample("conversation").turns for k, word in enumerate(turn.text.split())
]
t = Transcriber(endpoint=embedded("script", words=words), lang="en")
def facts():
    r = t.recording
    if r is None:
        return {}
    return dict(text=r.text, duration=r.duration, complete=r.complete, runs=len(t.recordings),
                lost=len(r.lost), turns=[[turn.onset, turn.end] for turn in r.turns], active=t.active,
                rate=r.info.original_rate)
"""
WORDS = "can you show me how"


def complete(notebook: NotebookPage) -> dict[str, Any]:
    """Wait until the kernel has everything, and return the facts."""

    def reached() -> dict[str, Any] | None:
        facts = notebook.evaluate("facts()")
        return facts if facts.get("complete") else None

    return wait_until(reached, 30, "the kernel has the whole recording")


def assert_is_what_was_said(facts: dict[str, Any], samples: np.ndarray, spoken: np.ndarray) -> None:
    """The sound is the wav's, the words come out, the closed turns stand where the reference has them."""
    assert facts["lost"] == 0 and facts["rate"] >= 44_100
    assert len(samples) == round(facts["duration"] * 16_000)
    assert best_correlation(samples / 32768, 16_000, spoken, 48_000) >= 0.99
    assert WORDS in facts["text"].lower()
    reference = sample("conversation").turns
    onset, end = facts["turns"][0]
    # The device starts the wav when it is opened, a moment before the first sample.
    began = place_in_loop(samples / 32768, 16_000, spoken, 48_000)
    assert abs(began) < 1.0
    assert abs(began + onset - reference[0].start) <= 0.2 and abs(began + end - reference[0].end) <= 0.2


def tape(notebook: NotebookPage) -> np.ndarray:
    text = notebook.evaluate("t.recording.tape.read().tobytes().hex()")
    return np.frombuffer(bytes.fromhex(text), np.int16)


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_record_and_the_words_come_out(
    front_end: str, open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    notebook = open_page()
    page = notebook.open(f"words-{front_end}", [SETUP, "t"], front_end)
    page.get_by_text("Record, open a file, or try the sample").wait_for()
    press_record(page)
    page.get_by_text(WORDS).first.wait_for(timeout=30_000)
    wait_for_seconds(page, 4.8)
    press_record(page)
    facts = complete(notebook)
    assert_is_what_was_said(facts, tape(notebook), spoken)
    page.locator(".qaw-figures").get_by_text("finalization: median").wait_for()


def test_voila_records_and_shows_the_words(
    open_page: Callable[..., NotebookPage], server: JupyterServer, spoken: np.ndarray
) -> None:
    keep = """
import threading
def keep():
    while not (t.recording is not None and t.recording.complete):
        threading.Event().wait(0.1)
    np.save("live.npy", t.recording.tape.read())
    json.dump(facts(), open("live.tmp", "w"))
    os.rename("live.tmp", "live.json")
threading.Thread(target=keep, daemon=True).start()
"""
    page = open_page().open("words-voila", [SETUP, keep, "t"], "voila")
    page.locator(RECORD).wait_for(timeout=60_000)
    press_record(page)
    page.get_by_text(WORDS).first.wait_for(timeout=30_000)
    wait_for_seconds(page, 4.8)
    press_record(page)
    file = server.notebooks / "live.json"
    wait_until(file.exists, 30, "the kernel behind Voila has the whole recording")
    assert_is_what_was_said(json.loads(file.read_text()), np.load(server.notebooks / "live.npy"), spoken)


def test_words_come_and_settings_change_while_a_cell_runs(open_page: Callable[..., NotebookPage]) -> None:
    notebook = open_page()
    page = notebook.open("busy", [SETUP, "t"])
    notebook.append_cell("t.start(); recording = t.wait(60)")
    notebook.run_all(wait=False)
    page.wait_for_function(f"() => {notebook.KERNEL}.status === 'busy'")
    page.locator(".qaw-row[data-number]").wait_for()  # the service has heard something
    page.get_by_role("button", name="0.20").click()
    page.get_by_role("button", name="Low latency").click()
    page.locator(".qaw-opens", has_text="0.00 · 400 ms").wait_for()
    page.get_by_text(WORDS).first.wait_for()
    running = page.locator(".jp-InputPrompt").last
    assert running.text_content() == "[*]:"
    wait_for_seconds(page, 4.5)
    press_record(page)
    wait_until(lambda: running.text_content() != "[*]:", 30, "wait() has returned")
    assert complete(notebook)["runs"] == 1
    settings = "[(c.sample > 0, c.config.turn_detection.silence_duration_ms) for c in t.recording.settings]"
    assert notebook.evaluate(settings) == [[False, 800], [True, 400]]


BUSY = "import threading; threading.Event().wait(2.0)"


@pytest.mark.soak
def test_on_an_older_kernel_a_cell_holds_the_words_up_says_so_and_nothing_is_lost(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    """In the suite the microphone, by which it records, shows the same, and so does a clip on this kernel."""
    if ipykernel6_folder() is None:
        pytest.skip("ipykernel 6 cannot be installed here")
    notebook = open_page()
    page = notebook.open("older", [SETUP, "t"], kernel=KERNEL)
    press_record(page)
    page.get_by_text("On this kernel").wait_for()
    page.evaluate("(code) => { %s.requestExecute({ code }); }" % notebook.KERNEL, BUSY)
    page.wait_for_function(f"() => {notebook.KERNEL}.status === 'busy'")
    page.get_by_text(WORDS).first.wait_for(timeout=30_000)
    wait_for_seconds(page, 4.8)
    press_record(page)
    assert_is_what_was_said(complete(notebook), tape(notebook), spoken)
    page.locator(".qaw-tr[data-phase=done]").wait_for()
    assert notebook.evaluate("t.uplink.session.lost + t.uplink.session.late") == 0


def test_a_reload_keeps_the_recording_shows_it_again_and_another_follows(
    open_page: Callable[..., NotebookPage],
) -> None:
    notebook = open_page()
    page = notebook.open("reloaded", [SETUP, "t"])
    notebook.save()
    press_record(page)
    wait_for_seconds(page, 1.5)
    page.reload(wait_until="domcontentloaded")
    notebook.wait_until_idle()
    page.get_by_text("interrupted when the page was reloaded").wait_for()
    assert not page.get_by_text("Another tab or browser").is_visible()
    facts = complete(notebook)  # the kernel gives the page up by its heartbeat
    assert facts["duration"] >= 1.3
    page.locator(".qaw-tr[data-phase=done]").wait_for()
    record_for(page, 4.5)
    wait_until(lambda: notebook.evaluate("len(t.recordings)") == 2)
    assert WORDS in complete(notebook)["text"].lower()
    page.get_by_text(WORDS).first.wait_for()
    assert not page.get_by_text("interrupted when the page was reloaded").is_visible()
    assert notebook.evaluate("t.recordings[0].duration") == facts["duration"]


@pytest.mark.soak
def test_of_two_tabs_one_records_both_show_and_the_other_says_so(
    open_page: Callable[..., NotebookPage],
) -> None:
    """In the suite ``test_microphone.py`` has two tabs of which one records, and
    ``test_transcriber_records.py`` a page beside one that records, which says so and stops it.
    """
    notebook = open_page()
    first = notebook.open("tabs", [SETUP, "t"])
    notebook.save()
    second = notebook.second_tab()
    second.locator(RECORD).wait_for(timeout=60_000)
    notebook.evaluate("t.start()")
    second.get_by_text(WORDS).first.wait_for(timeout=30_000)
    first.get_by_text(WORDS).first.wait_for()
    away = "Another tab or browser is recording with this widget."
    (idle,) = [page for page in (first, second) if page.get_by_text(away).is_visible()]
    idle.get_by_role("button", name="Stop").click()
    facts = complete(notebook)
    assert facts["runs"] == 1 and facts["lost"] == 0
    assert notebook.evaluate("t.uplink.inbox.receiver.refused") == 0
    idle.get_by_text(away).wait_for(state="hidden")


def test_the_right_key_after_a_wrong_one_goes_on_with_what_was_said(
    show_transcriber: Show, spoken: np.ndarray
) -> None:
    words = [[1.2, "good"], [1.5, "morning"], [2.0, "can"], [2.2, WORDS[4:]]]
    with service("script", key=KEY, words=words) as url:
        t = Transcriber(endpoint=Endpoint(url, api_key="sk-wrong"), lang="en")
        shown = show_transcriber(t)
        page = shown.page
        press_record(page)
        shown.shows("The service refused the key.")
        shown.shows("The recording goes on and is kept.")
        shown.until(lambda: shown_seconds(page) >= 1.0)
        shown.press("Give a key")
        page.keyboard.type(KEY)
        page.keyboard.press("Enter")
        shown.shows(WORDS)
        shown.until(lambda: shown_seconds(page) >= 4.8)
        press_record(page)
        shown.settled()
    recording = t.recording
    facts = {
        "lost": len(recording.lost), "rate": recording.info.original_rate, "duration": recording.duration,
        "text": recording.text, "turns": [[turn.onset, turn.end] for turn in recording.turns],
    }
    assert_is_what_was_said(facts, recording.tape.read(), spoken)
    assert recording.complete and len(t.recordings) == 2 and t.recordings[0].duration > 0
    assert not page.get_by_text("The service refused the key.").is_visible()


@pytest.mark.parametrize("kernel", [pytest.param("python3", marks=pytest.mark.soak), KERNEL])
def test_a_clip_chosen_in_the_page_is_recorded_while_a_cell_runs_and_transcribed(
    kernel: str, open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    """For newer kernels ``test_clip_recorder.py`` shows it, and ``test_transcriber_records.py`` the words."""
    if kernel == KERNEL and ipykernel6_folder() is None:
        pytest.skip("ipykernel 6 cannot be installed here")
    notebook = open_page()
    page = notebook.open(f"clip-first-{kernel}", [SETUP, "t.model.pace = None; t"], kernel=kernel)
    page.get_by_role("button", name="Microphone").click()
    page.get_by_text("Clip first").click()
    page.get_by_role("button", name="Record a clip").wait_for()
    wait_until(lambda: notebook.evaluate("t.pages.clips.chosen"))
    page.evaluate("(code) => { %s.requestExecute({ code }); }" % notebook.KERNEL, BUSY)
    page.wait_for_function(f"() => {notebook.KERNEL}.status === 'busy'")
    record_for(page, 4.8)
    page.get_by_text(WORDS).first.wait_for(timeout=30_000)
    facts = complete(notebook)
    # Opus keeps the sound but not the samples, so the bound is lower than for the live path.
    assert best_correlation(tape(notebook) / 32768, 16_000, spoken, 48_000) >= 0.95
    assert WORDS in facts["text"].lower() and facts["duration"] >= 4.5 and facts["runs"] == 1


def test_a_typed_key_is_in_no_model_and_no_saved_notebook(open_page: Callable[..., NotebookPage]) -> None:
    notebook = open_page()
    page = notebook.open("key", [SETUP, "t"])
    page.get_by_role("button", name="Offline: script").click()
    page.get_by_text("DashScope Singapore").click()
    page.get_by_text("Audio leaves this computer").first.wait_for()
    page.get_by_text("read on 2026-11-22").first.wait_for()
    page.locator(".qaw-key").fill(KEY)
    page.get_by_role("button", name="Use this key").click()
    page.get_by_text("A key is there").wait_for()
    assert page.locator(".qaw-key").input_value() == ""
    assert notebook.evaluate("t.model.choice.endpoint.key()") == KEY
    saved = notebook.save().read_text(encoding="utf-8")
    assert KEY not in saved and KEY not in page.content()
    assert notebook.evaluate(f"{KEY!r} in repr(t.get_state()) + repr(t.uplink.get_state())") is False


def test_every_live_widget_is_round_legible_and_follows_the_theme_of_jupyterlab(
    open_page: Callable[..., NotebookPage],
) -> None:
    notebook = open_page()
    shown = "from qwen_asr_widgets import ClipRecorder, Microphone\nfrom IPython.display import display\n"
    finished = "t = Transcriber(sample('conversation'), embedded('script', words=words), pace=None)\n"
    widgets = f"{shown}{finished}display(Microphone(), ClipRecorder(), t)"
    cells = [SETUP, widgets, "t.start(); t.wait(60).duration"]
    page = notebook.open("themed", cells)
    page.locator(".qaw-tr[data-phase=done]").wait_for()
    wait_until(lambda: page.locator(".qaw-mic").count() >= 2 or None)
    radii = page.evaluate("""() => [...document.querySelectorAll('.qaw .qaw-button')]
      .filter((button) => !button.matches('.qaw-help')).map((button) =>
      [button.closest('.qaw').className, getComputedStyle(button).borderRadius])""")
    assert len({name for name, _ in radii}) == 3 and {radius for _, radius in radii} == {"6px"}
    assert low_contrast(page) == []
    notebook.change_theme("Dark")
    page.wait_for_function("() => document.querySelectorAll('.qaw[data-theme=dark]').length >= 3")
    page.locator(".qaw-row[data-number]").first.hover()
    page.set_viewport_size({"width": 640, "height": 700})
    press_record(page)
    wait_for_seconds(page, 0.3)
    assert low_contrast(page) == []
    assert [cut_off(page, part) for part in (".qaw-mic", ".qaw-tr-bar", ".qaw-tr-foot")] == [[], [], []]


@pytest.mark.soak
def test_a_cell_run_again_while_it_records_keeps_the_recording(
    open_page: Callable[..., NotebookPage]
) -> None:
    """In JupyterLab, which says the cell's id; by itself in ``tests/widgets/test_transcriber_runs.py``."""
    cell = """
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
t = Transcriber(endpoint=embedded("script"), lang="en")
t"""
    notebook = open_page()
    page = notebook.open("again", [cell])
    press_record(page)
    wait_for_seconds(page, 1.0)
    before = notebook.evaluate("id(t)")
    notebook.run_all()
    wait_until(lambda: notebook.evaluate("id(t)") != before, 30, "another transcriber is there")
    kept = "[len(t.recordings), t.active, t.recording.duration if t.recording else 0.0]"

    def over() -> list[Any] | None:
        count, active, seconds = notebook.evaluate(kept)
        return [count, seconds] if count and not active else None

    count, seconds = wait_until(over, 30, "the recording is over")
    assert count == 1 and seconds > 1.0
    page.locator(".qaw-tr[data-phase=done]").wait_for()
    assert page.locator(RECORD).is_enabled()

"""The transcriber in real notebooks: from the click on Record to the words, also while a cell runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.ipykernel6 import KERNEL, ipykernel6_folder
from support.jupyter import JupyterServer, NotebookPage
from support.looks import cut_off, low_contrast
from support.similarity import best_correlation
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample

pytestmark = pytest.mark.browser

KEY = "sk-planted-browser-7d1f"
SETUP = """
import json, os
import numpy as np
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.realtime.endpoints import embedded
from qwen_asr_widgets.widgets.transcriber import Transcriber
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
RECORD = ".qaw-mic-record"
WORDS = "can you show me how"


def press_record(page: Any) -> None:
    page.locator(RECORD).first.click()


def wait_for_seconds(page: Any, seconds: float) -> None:
    """Wait until the page shows that so much was captured."""
    page.wait_for_function(
        """(least) => {
          const shown = document.querySelector('.qaw-mic-elapsed')?.textContent || '0:00';
          const [minutes, rest] = shown.split(':');
          return Number(minutes) * 60 + Number(rest) >= least;
        }""",
        arg=seconds,
    )


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
    assert abs(onset - reference[0].start) <= 0.2 and abs(end - reference[0].end) <= 0.2


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
    page.locator(".qaw-figures").get_by_text("final: median").wait_for()


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


def test_on_an_older_kernel_a_cell_holds_the_words_up_says_so_and_nothing_is_lost(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
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


def test_a_reload_keeps_the_recording_and_shows_it_again(open_page: Callable[..., NotebookPage]) -> None:
    notebook = open_page()
    page = notebook.open("reloaded", [SETUP, "t"])
    notebook.save()
    press_record(page)
    wait_for_seconds(page, 1.5)
    page.reload(wait_until="domcontentloaded")
    notebook.wait_until_idle()
    page.get_by_text("interrupted when the page was reloaded").wait_for()
    facts = complete(notebook)  # the kernel gives the page up by its heartbeat
    assert facts["duration"] >= 1.3
    page.locator(".qaw-tr[data-phase=done]").wait_for()


def test_of_two_tabs_one_records_and_both_show(open_page: Callable[..., NotebookPage]) -> None:
    notebook = open_page()
    first = notebook.open("tabs", [SETUP, "t"])
    notebook.save()
    second = notebook.second_page()
    second.goto(first.url, wait_until="domcontentloaded")
    second.locator(RECORD).wait_for(timeout=60_000)
    notebook.evaluate("t.start()")
    second.get_by_text(WORDS).first.wait_for(timeout=30_000)
    first.get_by_text(WORDS).first.wait_for()
    recording = [page.locator(f"{RECORD}[data-phase=recording]").count() for page in (first, second)]
    notebook.evaluate("t.stop()")
    facts = complete(notebook)
    assert facts["runs"] == 1 and facts["lost"] == 0
    assert sum(recording) >= 1
    assert notebook.evaluate("t.uplink._receiver.refused") == 0


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
    assert notebook.evaluate("t.desk.choice.endpoint.key()") == KEY
    saved = notebook.save().read_text(encoding="utf-8")
    assert KEY not in saved and KEY not in page.content()
    assert notebook.evaluate(f"{KEY!r} in repr(t.get_state()) + repr(t.uplink.get_state())") is False


def test_it_follows_the_theme_of_jupyterlab(open_page: Callable[..., NotebookPage]) -> None:
    notebook = open_page()
    cells = [SETUP, "t = Transcriber(sample('conversation'), embedded('script', words=words), pace=None)\nt",
             "t.start(); t.wait(60).duration"]
    page = notebook.open("themed", cells)
    page.locator(".qaw-tr[data-phase=done]").wait_for()
    assert low_contrast(page, ".qaw-tr") == []
    change = "window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"
    page.evaluate(f"async () => {{ await {change}; }}")
    page.locator('.qaw[data-theme="dark"]').wait_for()
    page.locator(".qaw-row[data-number]").first.hover()
    assert low_contrast(page, ".qaw-tr") == []
    page.set_viewport_size({"width": 640, "height": 700})
    assert cut_off(page, ".qaw-tr-bar") == cut_off(page, ".qaw-tr-foot") == []

"""The microphone in real notebooks: what is captured, how soon, while a cell runs, and after a reload."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.ipykernel6 import KERNEL, ipykernel6_folder
from support.notebook_page import NotebookPage
from support.record_button import RECORD, press_record, record_for, wait_for_phase, wait_for_seconds
from support.similarity import best_correlation
from support.waiting import wait_until

pytestmark = pytest.mark.browser

SETUP = """
import json, os
import numpy as np
from qwen_asr_widgets.widgets.microphone.microphone import Microphone
mic = Microphone(heartbeat_timeout=1.5)
heard = []
stop_hearing = mic.subscribe(heard.append)
def captured():
    return np.concatenate([event.samples for event in heard if hasattr(event, "samples")])
def facts():
    s = mic.session
    return {"state": mic.state} if s is None else dict(
        state=mic.state, rate=s.sample_rate, samples=s.samples, received=s.received, lost=s.lost,
        late=s.late, delay=s.start_delay, settings=s.settings, client=s.client)
"""

LOSE_TWO_CHUNKS = """() => {
  const { send } = WebSocket.prototype;
  let chunks = 0;
  WebSocket.prototype.send = function (data) {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    if (text.includes('"kind":"chunk"') && [3, 4].includes(chunks++)) return;
    send.call(this, data);
  };
  window.keepAllChunks = () => { WebSocket.prototype.send = send; };
}"""


def settled(notebook: NotebookPage, state: str = "stopped") -> dict[str, Any]:
    """Wait until the kernel knows the state, and return the facts."""

    def reached() -> dict[str, Any] | None:
        facts = notebook.evaluate("facts()")
        return facts if facts["state"] == state else None

    return wait_until(reached, 15, f"the kernel says {state}")


def assert_is_the_sound(samples: np.ndarray, facts: dict[str, Any], spoken: np.ndarray) -> None:
    assert facts["lost"] == facts["late"] == 0
    assert len(samples) == facts["samples"]
    assert best_correlation(samples / 32768, facts["rate"], spoken, 48_000) >= 0.99


def test_captured_sound_is_the_sound_that_was_played(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    notebook = open_page()
    page = notebook.open("capture", [SETUP, "mic"])
    record_for(page, 2.0)
    facts = settled(notebook)
    samples = np.frombuffer(bytes.fromhex(notebook.evaluate("captured().tobytes().hex()")), np.int16)
    assert_is_the_sound(samples, facts, spoken)
    assert facts["delay"] <= 0.3
    processing = ("echoCancellation", "noiseSuppression", "autoGainControl")
    assert [facts["settings"][name] for name in processing] == [False, False, False]


def test_sound_arrives_while_a_cell_runs(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    notebook = open_page()
    loop = "pieces = list(mic.stream(16_000)); resampled = np.concatenate(pieces)"
    page = notebook.open("while-busy", [SETUP, "mic"])
    notebook.append_cell(loop)
    notebook.run_all(wait=False)
    page.wait_for_function(f"() => {notebook.KERNEL}.status === 'busy'")
    page.locator(RECORD).first.wait_for()
    record_for(page, 2.0)
    notebook.wait_until_idle()
    facts = settled(notebook)
    samples = np.frombuffer(bytes.fromhex(notebook.evaluate("resampled.tobytes().hex()")), np.int16)
    assert notebook.evaluate("__import__('ipykernel').version_info[0]") >= 7
    assert notebook.evaluate("mic.hears_beside_cells") is True
    assert facts["lost"] == 0
    assert abs(len(samples) - facts["samples"] * 16_000 / facts["rate"]) <= 1
    assert best_correlation(samples / 32768, 16_000, spoken, 48_000) >= 0.99


def test_chunks_lost_on_the_way_come_again_in_their_place(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    notebook = open_page()
    page = notebook.open("lost", [SETUP, "mic"])
    page.evaluate(LOSE_TWO_CHUNKS)
    record_for(page, 1.0)
    page.evaluate("() => window.keepAllChunks()")
    facts = settled(notebook)
    assert facts["lost"] == 0 and facts["received"] * facts["rate"] / 10 >= facts["samples"] >= facts["rate"]
    samples = np.frombuffer(bytes.fromhex(notebook.evaluate("captured().tobytes().hex()")), np.int16)
    assert best_correlation(samples / 32768, facts["rate"], spoken, 48_000) >= 0.99
    assert page.get_by_text("lost on the way").count() == 0


def test_an_older_kernel_says_so_and_loses_nothing(open_page: Callable[..., NotebookPage]) -> None:
    if ipykernel6_folder() is None:
        pytest.skip("ipykernel 6 cannot be installed here")
    notebook = open_page()
    page = notebook.open("older-kernel", [SETUP, "mic"], kernel=KERNEL)
    gate = notebook.server.notebooks / "gate"
    os.mkfifo(gate)  # whoever reads it waits until it is written
    notebook.append_cell("open('gate').read(); during = len(heard)")
    notebook.run_all(wait=False)
    page.wait_for_function(f"() => {notebook.KERNEL}.status === 'busy'")
    press_record(page)
    page.get_by_text("when the running cell ends").wait_for()
    wait_for_seconds(page, 2.5)  # longer than the heartbeat's timeout
    press_record(page)
    wait_for_phase(page, "idle")
    gate.write_text("go on")
    notebook.wait_until_idle()
    facts = settled(notebook)
    assert notebook.evaluate("__import__('ipykernel').version_info[:2]") == [6, 31]
    assert notebook.evaluate("[during, mic.hears_beside_cells]") == [0, False]
    assert facts["lost"] == facts["late"] == 0
    assert facts["samples"] >= 2.5 * facts["rate"]
    assert notebook.evaluate("[type(e).__name__ for e in heard].count('CaptureEnded')") == 1


PATIENT = "mic.inbox.receiver.heartbeat_timeout = 600.0"  # by its silence no page is given up in this test
SAY_NO_MORE = "() => { WebSocket.prototype.send = () => {}; }"
ENDED = "[event.reason for event in heard if type(event).__name__ == 'CaptureEnded']"


def begin(page: Any) -> None:
    """Record, and go on."""
    press_record(page)
    wait_for_seconds(page, 0.5)


def leave(notebook: NotebookPage) -> None:
    """Leave the page for the same notebook once more."""
    notebook.page.reload(wait_until="domcontentloaded")
    notebook.wait_until_idle()


def test_a_page_that_is_left_ends_its_recording_at_once_and_the_one_that_comes_back_records(
    open_page: Callable[..., NotebookPage],
) -> None:
    notebook = open_page()
    page = notebook.open("left", [SETUP, PATIENT, "mic"])
    notebook.save()

    begin(page)
    leave(notebook)
    facts = settled(notebook, "interrupted")
    assert facts["received"] >= 4 and facts["lost"] == 0
    page.get_by_text("interrupted when the page was reloaded").wait_for()
    page.get_by_text("Open a file…").nth(1).wait_for()
    record_for(page, 0.5)
    assert settled(notebook)["client"] != facts["client"]

    begin(page)
    page.get_by_role("button", name="Pause").click()
    wait_until(lambda: notebook.evaluate("mic.state") == "paused")
    leave(notebook)
    assert settled(notebook, "interrupted")["lost"] == 0
    page.get_by_text("Open a file…").nth(1).wait_for()

    begin(page)
    wait_until(lambda: notebook.evaluate("mic.state") == "recording")
    page.evaluate(SAY_NO_MORE)  # as after a crash
    leave(notebook)
    page.get_by_text("Open a file…").nth(1).wait_for()
    record_for(page, 0.5)
    settled(notebook)
    assert notebook.evaluate(ENDED) == ["interrupted", "stopped", "interrupted", "interrupted", "stopped"]
    assert notebook.evaluate("[mic.problem, mic.inbox.receiver.refused]") == [None, 0]


def test_a_second_tab_does_not_record_over_the_first(open_page: Callable[..., NotebookPage]) -> None:
    notebook = open_page()
    first = notebook.open("two-tabs", [SETUP, "mic"])
    notebook.save()
    second = notebook.second_tab()
    second.locator(RECORD).wait_for()
    press_record(first)
    wait_for_seconds(first, 0.5)
    press_record(second)
    second.get_by_text("recording in another tab").wait_for()
    press_record(first)
    wait_for_phase(first, "idle")
    client = settled(notebook)["client"]
    record_for(second, 0.5)
    facts = wait_until(lambda: (now := notebook.evaluate("facts()"))["client"] != client and now)
    assert facts["lost"] == 0
    assert notebook.evaluate("mic.inbox.receiver.refused") == 0


def test_a_denied_permission_is_said_and_a_file_is_the_way_on(
    open_page: Callable[..., NotebookPage], tmp_path: Path
) -> None:
    notebook = open_page(microphone=False)
    page = notebook.open("denied", [SETUP, "mic"])
    press_record(page)
    page.get_by_text("was not allowed to use the microphone").wait_for()
    assert wait_until(lambda: notebook.evaluate("mic.problem and mic.problem.code")) == "denied"
    talk = tmp_path / "talk.wav"
    talk.write_bytes(bytes(range(256)) * 12_000)  # three slices
    with page.expect_file_chooser() as chooser:
        page.locator(".qaw-notice").get_by_text("Open a file…").click()
    chooser.value.set_files(talk)
    page.get_by_text("talk.wav sent to Python (3.1 MB)").wait_for()
    files = "[event for event in heard if type(event).__name__ == 'FileOpened']"
    assert wait_until(lambda: notebook.evaluate(f"[file.name for file in {files}]")) == ["talk.wav"]
    assert notebook.evaluate(f"{files}[0].data == bytes(range(256)) * 12_000")


def test_fifty_views_leave_no_comm_behind(open_page: Callable[..., NotebookPage]) -> None:
    many = """
from IPython.display import display
comms = get_ipython().kernel.comm_manager.comms
before = len(comms)
shown = [Microphone() for _ in range(50)]
display(*shown)
"""
    notebook = open_page()
    page = notebook.open("fifty", [SETUP, many, "mic"])
    page.wait_for_function("() => document.querySelectorAll('.qaw').length === 51")
    notebook.evaluate("[one.close() for one in shown]")
    page.wait_for_function("() => document.querySelectorAll('.qaw').length === 1")
    assert notebook.evaluate("[before, len(comms)]") == [3, 3]  # mic, its layout and its report
    page.wait_for_function(f"() => {notebook.KERNEL}._comms.size === 3")

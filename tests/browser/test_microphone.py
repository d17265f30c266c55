"""The microphone in a real browser: what is captured, how soon, and what is said when it cannot be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.jupyter import NotebookPage
from support.similarity import best_correlation
from support.waiting import wait_until

pytestmark = pytest.mark.browser

SETUP = """
import base64, numpy as np
from qwen_asr_widgets.widgets.microphone import Microphone
mic = Microphone(heartbeat_timeout=1.5)
heard = []
mic.subscribe(lambda event: heard.append(event))
def captured():
    return np.concatenate([event.samples for event in heard if hasattr(event, "samples")])
def facts():
    s = mic.session
    return dict(state=mic.state, rate=s.sample_rate, samples=s.samples, received=s.received, lost=s.lost,
                late=s.late, delay=s.start_delay, settings=dict(s.settings), label=s.label, ended_by=s.ended_by)
"""

RECORD = ".qaw-mic-record"


def click_record(page) -> None:
    page.locator(RECORD).first.click()


def record_for(page, seconds: float) -> None:
    """Record until the widget shows that so much was captured."""
    click_record(page)
    wait_for_seconds(page, seconds)
    click_record(page)
    page.locator(f"{RECORD}[data-phase=idle]").first.wait_for()


def wait_for_seconds(page, seconds: float) -> None:
    page.wait_for_function(
        """(least) => { const text = document.querySelector('.qaw-mic-elapsed')?.textContent ?? '0:00';
        const [minutes, rest] = text.split(':'); return Number(minutes) * 60 + Number(rest) >= least; }""",
        arg=seconds,
    )


def settled(notebook: NotebookPage, state: str = "stopped") -> dict:
    """Wait until the kernel knows that the recording is over."""
    return wait_until(
        lambda: facts if (facts := notebook.evaluate("facts()"))["state"] == state else None, 10, state
    )


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_captured_sound_is_the_sound_that_was_played(
    front_end: str, open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    notebook = open_page()
    page = notebook.open(f"capture-{front_end}", [SETUP, "mic"], front_end)
    record_for(page, 4.0)
    facts = settled(notebook)
    captured = np.frombuffer(bytes.fromhex(notebook.evaluate("captured().tobytes().hex()")), np.int16)
    assert facts["lost"] == facts["late"] == 0
    assert len(captured) == facts["samples"] >= 4.0 * facts["rate"]
    assert best_correlation(captured / 32768, facts["rate"], spoken, 48_000) >= 0.99
    assert facts["delay"] <= 0.3
    assert {facts["settings"][name] for name in ("echoCancellation", "noiseSuppression", "autoGainControl")} == {
        False
    }

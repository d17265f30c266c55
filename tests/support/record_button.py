"""The Record button of the microphone and the transcriber, and the time they show beside it."""

from __future__ import annotations

from typing import Any

RECORD = ".qaw-mic-record"

SHOWN_SECONDS = """(least) => {
  const shown = document.querySelector('.qaw-mic-elapsed')?.textContent || '0:00';
  const [minutes, rest] = shown.split(':');
  return Number(minutes) * 60 + Number(rest) >= least;
}"""


def press_record(page: Any) -> None:
    """Press Record, which is Stop while a recording runs."""
    page.locator(RECORD).first.click()


def wait_for_seconds(page: Any, seconds: float) -> None:
    """Wait until the page shows that so much was captured."""
    page.wait_for_function(SHOWN_SECONDS, arg=seconds, polling=100)


def shown_seconds(page: Any) -> float:
    """Return the time that the page shows as captured."""
    minutes, seconds = page.locator(".qaw-mic-elapsed").first.inner_text().split(":")
    return 60 * int(minutes) + float(seconds)


def wait_for_phase(page: Any, phase: str) -> None:
    """Wait until the button says what the capture does: ``idle``, ``recording``, ``paused`` …"""
    page.locator(f"{RECORD}[data-phase={phase}]").first.wait_for()


def record_for(page: Any, seconds: float) -> None:
    """Record at least so much, and wait until the page has let the microphone go."""
    press_record(page)
    wait_for_seconds(page, seconds)
    press_record(page)
    wait_for_phase(page, "idle")

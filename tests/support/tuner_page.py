"""What tests read on the tuner's page, and where they point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.view_page import ViewPage
from support.waiting import wait_until

HANDLE = ".qaw-tuner-handle"
"""The threshold's slider."""


def figure(page: Any, name: str) -> str:
    """Return a figure of the panel."""
    return str(page.locator(f".qaw-tuner-figure[data-name='{name}'] b").inner_text())


def said(page: Any, name: str) -> str:
    """Return all that the panel says of it: name, value, what it was, better or worse."""
    return str(page.locator(f".qaw-tuner-figure[data-name='{name}']").inner_text())


def serve_until(shown: ViewPage, holds: Callable[[], Any]) -> None:
    """Carry messages until something holds: work goes on on a thread."""
    def look() -> Any:
        shown.serve()
        return holds() or None
    wait_until(look, 30, "the view shows it")


def middle(page: Any, selector: str) -> tuple[float, float]:
    """Return the middle of an element in CSS pixels."""
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

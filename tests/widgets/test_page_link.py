"""A view is filled although its kernel does not come to read what it says."""

from __future__ import annotations

from typing import Any

import anywidget
import pytest

from qwen_asr_widgets.widgets.shared import page_link
from qwen_asr_widgets.widgets.shared.page_link import PageLink


class Still:
    """Something to show that does not change."""

    growing = False

    def opening(self) -> list:
        return [({"kind": "picture"}, [])]

    def changes(self) -> list:
        return []


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> PageLink:
    """Return the link of a widget whose messages are kept, its thread asleep: a test looks for itself."""
    widget, rested = anywidget.AnyWidget(_esm="export default {}"), []
    made = PageLink(widget, Still(), {}, rested=lambda: rested.append(True))
    made.told_rest = rested
    monkeypatch.setattr(made.throttle, "start", lambda: started.append(True))
    started: list[bool] = []
    made.started = started
    return made


def looks(link: PageLink, seconds: float, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what the throttle would send in some seconds from now, looking ten times a second."""
    sent: list[Any] = []
    for tenth in range(round(10 * seconds)):
        monkeypatch.setattr(page_link.time, "monotonic", lambda: 100 + tenth / 10)
        if not link.wanted():
            break
        sent += link.changes()
    return sent


def test_what_does_not_grow_is_told_again_until_its_view_can_be_there(link, monkeypatch) -> None:
    monkeypatch.setattr(page_link, "in_kernel", lambda: True)
    link.displayed()
    assert link.started and len(looks(link, 30, monkeypatch)) == page_link.UNSEEN_KEYFRAMES
    assert not link.wanted() and not link.told_rest, "nothing grew: its picture in the notebook is right"


def test_a_view_that_is_heard_is_told_once(link, monkeypatch) -> None:
    monkeypatch.setattr(page_link, "in_kernel", lambda: True)
    link.displayed()
    link.take(None, {"kind": "hello", "view": "v"}, [])
    assert looks(link, 30, monkeypatch) == []


def test_without_a_kernel_nobody_is_told(link) -> None:
    link.displayed()
    assert not link.started and not link.wanted()

"""Ends of speech that are estimates are told from those reported: in picture, table and list."""

from __future__ import annotations

from typing import Any

import pytest
from support.looks import cut_off, low_contrast
from support.painted import DARK_TURN, PLOT, TURN, painted
from support.recordings import Script
from support.waiting import wait_until

from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE, IDEAL, ServiceFacts
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
from qwen_asr_widgets.widgets.transcript.transcript_view import TranscriptView
from qwen_asr_widgets.widgets.waveform.waveform import Waveform

pytestmark = pytest.mark.browser

SECONDS = 12.0
LEGEND = "≈ end of speech estimated"
SENTENCE = "≈ The end of speech is an estimate: this service reports where the silence after it ends."


class Elsewhere(Script):
    """A service that finds turns where it is quiet, so that no sound covers their frames."""

    def voice(self, start: float, end: float) -> None:
        """Add the voice of a turn at the end."""
        super().voice(10.0, 11.0)


def talk(facts: ServiceFacts, lost: bool = False) -> Recording:
    """Speech from 1.0 to 3.0 s as the service reports it; where it is lost, also a turn that never ended."""
    script = Elsewhere(SECONDS, facts=facts)
    script.turn("a", 1.0, 3.0, "good morning", exact=False, endpoint=0.1)
    if not lost:
        return script.finish()
    script.turn("b", 6.0, 8.0, "", exact=False, close=False, partials=[(0.5, "", "half a")])
    script.play()
    script.recording.closed(1006, "", 112.5)
    return script.recording


def edge(page: Any, seconds: float, colour: tuple[int, int, int]) -> int:
    """Count the pixels of a turn's frame at a moment, half-way up the sound."""
    width = page.locator(PLOT).bounding_box()["width"]
    return painted(page, colour, box=(seconds / SECONDS * width - 2, 20, 4, 70))


@pytest.mark.parametrize(("theme", "colour"), [("light", TURN), ("dark", DARK_TURN)])
@pytest.mark.parametrize(("facts", "end", "share"), [(DASHSCOPE, 2.2, 0.4), (IDEAL, 3.0, 1.0)])
def test_the_end_of_a_turn_is_dashed_where_it_is_an_estimate(
    show: Any, theme: str, colour: tuple[int, int, int], facts: ServiceFacts, end: float, share: float
) -> None:
    shown = show(Waveform(talk(facts)))
    page = shown.show(theme)
    page.locator(PLOT).focus()
    page.keyboard.press("ArrowDown")  # the turn that is selected has a frame of its full colour
    shown.serve()
    near = pytest.approx(share, abs=0.2)
    wait_until(lambda: edge(page, end, colour) / max(edge(page, 1.0, colour), 1) == near)
    assert page.get_by_text(LEGEND).is_visible() is (facts is DASHSCOPE)
    assert low_contrast(page) == cut_off(page) == []


def test_table_caption_and_legend_say_what_the_sign_means(show: Any) -> None:
    shown = show(Waveform(talk(DASHSCOPE)))
    page = shown.show()
    page.get_by_text("Show as a table").click()
    assert page.locator(".qaw-table").get_by_text("≈ 0:02.20").get_attribute("title") == SENTENCE
    page.locator(".qaw-table").get_by_role("button", name="1").click()
    assert page.locator(".qaw-caption").get_by_text("≈ 0:02.2").get_attribute("title") == SENTENCE
    assert page.get_by_text(LEGEND).get_attribute("title") == SENTENCE


def test_the_list_tells_an_estimate_from_the_latest_that_it_can_be(show: Any) -> None:
    page = show(TranscriptView(talk(DASHSCOPE, lost=True))).show()
    times = page.locator(".qaw-row-time")
    assert [time.get_attribute("title") for time in times.all()] == [
        SENTENCE, "≈ Nobody reported the end of speech: this is the latest it can be.",
    ]
    assert ["≈" in text for text in times.all_inner_texts()] == [True, True]


def test_ends_that_the_service_reports_have_no_sign(show: Any) -> None:
    page = show(TranscriptView(talk(IDEAL))).show()
    time = page.locator(".qaw-row-time")
    assert time.get_attribute("title") is None and "≈" not in time.inner_text()


@pytest.mark.parametrize(("theme", "lang"), [("light", "zh"), ("dark", "en")])
def test_the_transcriber_has_the_same_signs_legible_at_400_px(
    show_transcriber: Any, theme: str, lang: str
) -> None:
    phone = {"viewport": {"width": 416, "height": 900}, "has_touch": True, "is_mobile": True}
    shown = show_transcriber(Transcriber(talk(DASHSCOPE), lang=lang), theme=theme, **phone)
    assert shown.page.locator(".qaw-wave-legend").is_visible()
    assert "≈ 0:02.2" in shown.page.locator(".qaw-row-time").inner_text()
    assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []

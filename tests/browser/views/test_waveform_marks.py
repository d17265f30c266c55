"""Words at the moments at which settings took effect: legible where the sound is loud, at every width."""

from __future__ import annotations

import pytest
from support.painted import DARK_WAVE, NOTE_TEXTS, PLOT, WAVE, painted
from support.recordings import Script

from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.widgets.waveform.waveform import Waveform

pytestmark = pytest.mark.browser

LABELS = ["0.10 · 300 ms", "0.30 · 500 ms", "0.50 · 700 ms", "-0.20 · 6000 ms"]

# Left, right and middle height in CSS pixels of the words drawn last that are one of these.
PLACES = """(labels) => {
  const ctx = document.createElement('canvas').getContext('2d');
  const found = window.drawnTexts.filter(({ text }) => labels.includes(text)).map(({ text, font, x, y }) => {
    ctx.font = font;
    return [text, x, x + ctx.measureText(text).width, y];
  });
  return [...new Map(found.map((one) => [one[0], one])).values()];
}"""


def loud_with_changes() -> Recording:
    """Nothing but loud sound, settings changed at 3, 3.2, 7 and 11.9 of 12 s."""
    script = Script(12.0)
    script.voice(0.0, 12.0)
    for time, label in zip((3.0, 3.2, 7.0, 11.9), LABELS):
        threshold, silence = label.removesuffix(" ms").split(" · ")
        script.play(time)
        script.update({"turn_detection": {
            "type": "server_vad", "threshold": float(threshold), "silence_duration_ms": int(silence),
        }}, time)
    return script.finish()


@pytest.mark.parametrize("width, theme", [(900, "light"), (900, "dark"), (400, "light")])
def test_words_of_marks_stand_on_plain_ground_apart_and_inside_the_view(show, width, theme) -> None:
    shown = show(Waveform(loud_with_changes()), viewport={"width": width, "height": 600})
    shown.page.add_init_script(f"({NOTE_TEXTS})()")
    page = shown.show(theme)
    places = page.evaluate(PLACES, LABELS)
    whole = page.locator(PLOT).bounding_box()["width"]
    assert sorted(text for text, *_ in places) == sorted(LABELS)
    wave = DARK_WAVE if theme == "dark" else WAVE
    assert painted(page, wave, box=(0, 0, whole, 96)) > 1000
    for text, left, right, y in places:
        assert 0 <= left and right <= whole, f"{text} is cut off"
        assert painted(page, wave, box=(left, y - 6, right - left, 12)) == 0, f"{text} stands over the sound"
        for other, begin, end, level in places:
            apart = other == text or abs(level - y) >= 12 or begin >= right or left >= end
            assert apart, f"{text} and {other} cover each other"


def with_changes(*times: float) -> Recording:
    """A minute in which settings change at these times."""
    script = Script(60.0)
    for silence, time in enumerate(times, 400):
        script.play(time)
        script.update({"turn_detection": {
            "type": "server_vad", "threshold": 0.1, "silence_duration_ms": silence,
        }}, time)
    return script.finish()


def test_words_of_marks_take_no_more_lines_than_they_need_wherever_one_looks(show) -> None:
    def height(page) -> float:
        return page.locator(PLOT).bounding_box()["height"]

    moments = ((20.0, 40.0), (30.0, 32.0, 34.0))
    apart, close = (show(Waveform(with_changes(*times))).show() for times in moments)
    assert height(close) - height(apart) == pytest.approx(15), "three that are close need a second line"
    before = height(close)
    close.locator(PLOT).focus()
    for key in ("+", "+", "+", "ArrowLeft", "End", "Home"):
        close.keyboard.press(key)
        close.wait_for_timeout(50)
        assert height(close) == before, "what is under them keeps its place"


def test_the_table_says_what_took_effect_and_when(show) -> None:
    page = show(Waveform(loud_with_changes())).show()
    page.get_by_text("Show as a table").click()
    rows = page.locator(".qaw-table tbody tr").all_inner_texts()
    assert [row.split() for row in rows][0] == ["Mark", "0:03.00", "0.10", "·", "300", "ms"]
    assert len(rows) == len(LABELS)


def test_a_screen_reader_is_told_the_marks_where_there_is_no_table(show) -> None:
    page = show(Waveform(loud_with_changes())).show()
    told = page.locator(PLOT).get_attribute("aria-description").split("; ")
    times = ("0:03.0", "0:03.2", "0:07.0", "0:11.9")
    assert told == [f"{time} {label}" for time, label in zip(times, LABELS)]

"""A replay in a real browser: what is seen at a moment, by pointer and by keys, at every width and theme."""

from __future__ import annotations

import pytest
from support.looks import cut_off, low_contrast
from support.recordings import three_turns
from support.view_page import DELIVER

from qwen_asr_widgets import Recording, Transcriber, replay

pytestmark = pytest.mark.browser

ROWS = ".qaw-transcript .qaw-list .qaw-row"
SCRUBBER = ".qaw-replay-scrubber"


def in_order(recording: Recording) -> Recording:
    state = recording.snapshot()
    return Recording.restore(state._replace(events=tuple(sorted(state.events, key=lambda one: one.time))))


@pytest.fixture(scope="module")
def recording() -> Recording:
    return in_order(three_turns())


def scrub(shown, time: float) -> None:
    move = "(e, t) => { e.value = t; e.dispatchEvent(new Event('input')); }"
    shown.page.locator(SCRUBBER).evaluate(move, time)
    shown.serve()


def carry_once(shown) -> None:
    """Carry what the page has asked for so far, and the answers; while a run plays it goes on asking."""
    for content in shown.page.evaluate("() => window.bare.model.sent.splice(0).map((m) => m.content)"):
        shown.view.page.take(shown.view, content, [])
    messages, shown._outbox = shown._outbox, []
    shown.page.evaluate(DELIVER, messages)


def words(page) -> list[str]:
    return page.locator(f"{ROWS} .qaw-text").all_inner_texts()


def test_a_moment_shows_the_words_and_the_sound_that_were_there(show, recording) -> None:
    shown = show(replay(recording))
    page = shown.show()
    assert words(page) == [] and page.locator(".qaw-replay .qaw-number").inner_text() == "0:00.0 / 0:12.2"
    scrub(shown, 2.25)
    assert words(page) == ["so it"]
    assert page.locator(".qaw-plot").get_attribute("aria-valuemax") == "2.2"
    scrub(shown, 12.2)
    assert len(words(page)) == 3 and page.locator(".qaw-plot").get_attribute("aria-valuemax") == "12.0"
    scrub(shown, 4.5)
    assert words(page) == ["so the first thing I would like to show you is the waveform"]


def test_buttons_step_from_event_to_event_in_both_directions(show, recording) -> None:
    shown = show(replay(recording))
    page = shown.show()
    places = []
    for name in ("Next event", "Next event", "Next event", "Previous event"):
        page.get_by_role("button", name=name).click()
        shown.serve()
        places.append(page.locator(SCRUBBER).get_attribute("aria-valuetext"))
    assert places == ["0:01.1 of 0:12.2", "0:01.5 of 0:12.2", "0:02.0 of 0:12.2", "0:01.5 of 0:12.2"]


def test_keys_do_all_that_buttons_do(show, recording) -> None:
    shown = show(replay(recording))
    page = shown.show()
    shown.listen_for_keys()
    page.locator(SCRUBBER).focus()
    for key in (".", ".", "Shift+ArrowRight", "ArrowLeft", ","):
        page.keyboard.press(key)
        shown.serve()
    assert page.locator(SCRUBBER).get_attribute("aria-valuetext") == "0:05.6 of 0:12.2"
    page.keyboard.press(" ")
    assert page.get_by_role("button", name="Pause").count() == 1
    page.keyboard.press(" ")
    assert page.locator(".qaw-replay-play").inner_text().endswith("Play") and shown.leaked_keys == []


def test_a_screen_reader_hears_where_a_step_led_and_the_newest_words(show, recording) -> None:
    shown = show(replay(recording))
    page = shown.show()
    spoken = page.locator(".qaw-replay [role=status].qaw-only-spoken")
    assert spoken.inner_text() == "", "nobody has moved yet"
    said = []
    for _ in range(3):
        page.keyboard.press(".") if said else page.get_by_role("button", name="Next event").press("Enter")
        shown.serve()
        said.append(spoken.inner_text())
    assert said == ["0:01.1, no words yet", "0:01.5, 1: so", "0:02.0, 1: so it"]
    snapshot = page.locator(".qaw").aria_snapshot()
    for name in ('group "Replay of a recording"', 'toolbar "Replay controls"', 'slider "Moment of the run"'):
        assert name in snapshot


def test_a_fast_replay_runs_to_its_end_and_shows_all(show, recording) -> None:
    shown = show(replay(recording, speed=16))
    page = shown.show()
    page.get_by_role("button", name="Play").first.click()
    assert "No sound at this speed." in page.locator(".qaw-replay").inner_text()
    for _ in range(60):
        shown.serve()
        if page.locator(SCRUBBER).get_attribute("aria-valuetext") == "0:12.2 of 0:12.2":
            break
        page.wait_for_timeout(50)
    shown.serve()
    assert len(words(page)) == 3 and page.locator(".qaw-replay-play").inner_text().endswith("Play")


def test_the_sound_of_a_moment_is_asked_for_when_it_plays(show, recording) -> None:
    shown = show(replay(recording))
    page = shown.show()
    scrub(shown, 5.0)
    page.get_by_role("button", name="Play").first.click()
    carry_once(shown)
    wanted = shown.sent("audio")
    page.get_by_role("button", name="Pause").click()
    assert len(wanted) == 1 and 80_000 <= wanted[0]["start"] <= 90_000
    assert wanted[0]["stop"] - wanted[0]["start"] == 16_000


def test_a_transcriber_shows_its_run_again(show_transcriber, recording) -> None:
    shown = show_transcriber(Transcriber(recording))
    page = shown.page
    assert len(words(page)) == 3
    shown.press("Replay")
    shown.until(lambda: page.locator(SCRUBBER).count() == 1 and words(page) == [])
    scrub(shown, 4.5)
    shown.until(lambda: len(words(page)) == 1)
    shown.press("End replay")
    shown.until(lambda: page.locator(SCRUBBER).count() == 0 and len(words(page)) == 3)


def test_a_replay_begins_in_sight_without_a_strip_of_scores_and_with_one_time(
    show_transcriber, recording
) -> None:
    shown = show_transcriber(Transcriber(recording), viewport={"width": 900, "height": 320})
    page = shown.page
    shown.press("Replay")
    assert page.evaluate("scrollY") > 100
    shown.until(lambda: page.locator(SCRUBBER).count() == 1)
    shown.until(lambda: page.evaluate("scrollY") < 20, what="the bar is in sight")
    assert page.get_by_text("Speech?").count() == 0
    times = page.locator(".qaw-tr-live .qaw-number, .qaw-replay .qaw-number").filter(visible=True)
    assert times.count() == 1


@pytest.mark.parametrize(("lang", "width", "theme"), [
    ("en", 900, "light"), ("en", 400, "dark"), ("zh", 400, "light"),
])
def test_nothing_is_cut_off_or_faint(show, recording, lang, width, theme) -> None:
    shown = show(replay(recording, lang=lang), viewport={"width": width, "height": 800})
    page = shown.show(theme)
    scrub(shown, 9.0)
    assert cut_off(page) == [] and low_contrast(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

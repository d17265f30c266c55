"""Runs compared in a real browser: lanes, sentences, words, by pointer, by keys, at every width."""

from __future__ import annotations

import jiwer
import pytest
from support.looks import cut_off, low_contrast
from support.painted import NOTE_TEXTS
from support.recordings import Script

from qwen_asr_widgets import CompareView, Recording, ReferenceTurn, SessionConfig, TurnDetection
from qwen_asr_widgets.recording.text import normalized

pytestmark = pytest.mark.browser

SAID = (
    "So the first thing I would like to show you is the wave form.", "Every blue band is one turn.",
    "And the orange bar tells you how long you waited.", "Thank you all for listening.", "Good night.",
)
HEARD = (
    "so the third thing I would like to show you is the waveform", "every blue band is one turn um",
    "and an orange bar tells you how long waited", "thank you all for listening", "good night",
)
ONSETS = (1.0, 6.0, 11.0, 16.0, 20.0)


def run(silence: int, words: tuple[str, ...], language: str = "en") -> Recording:
    config = SessionConfig(language=language, turn_detection=TurnDetection(silence_duration_ms=silence))
    script = Script(24.0, config, name="talk.wav", engine="embedded moonshine", model="moonshine tiny")
    for onset in ONSETS:
        script.voice(onset, onset + 3.0)
    script.voice = lambda *_: None  # one sound, whatever is said in it
    for at, (onset, text) in enumerate(zip(ONSETS, words)):
        script.turn(f"t{at}", onset, onset + 3.0, text, partials=[(0.5, "", text.split()[0])],
                    endpoint=silence / 1000 + 0.03 * (at % 2), decode=0.2, language=language)
    return script.finish()


@pytest.fixture(scope="module")
def runs() -> tuple[Recording, Recording]:
    return run(800, SAID), run(400, HEARD)


def reference() -> list[ReferenceTurn]:
    return [ReferenceTurn(onset, onset + 3.0, text) for onset, text in zip(ONSETS, SAID)]


def texts(page, selector: str) -> list[str]:
    return page.locator(selector).all_inner_texts()


def columns(page, block: int) -> list[list[str]]:
    """Return what stands in each column of words of a block."""
    words = page.locator(".qaw-words-block").nth(block).locator(".qaw-word:not(.qaw-words-names)")
    return words.evaluate_all("all => all.map((one) => [...one.children].map((cell) => cell.textContent))")


def test_turns_waits_and_words_of_each_run_stand_over_and_under_each_other(show, runs) -> None:
    shown = show(CompareView(*runs, reference=reference()), init_script=f"({NOTE_TEXTS})()")
    page = shown.show()
    drawn = {one["text"] for one in page.evaluate("window.drawnTexts")}
    assert {"silence 800 ms", "silence 400 ms", "Reference", "1.00 s", "0.60 s"} <= drawn
    assert texts(page, ".qaw-compared-said") == [
        "silence 400 ms waits 0.40 s less than silence 800 ms (95 %: 0.40 s to 0.40 s less, n = 5 pairs); "
        "each cuts off 0 of 5 turns."
    ]
    quick = page.locator(".qaw-compared tbody tr").nth(1).locator("td").all_inner_texts()
    judge = jiwer.wer(normalized(" ".join(SAID)), normalized(" ".join(HEARD)))
    assert quick[3] == f"{100 * judge:.1f} %" and quick[5:] == ["0.60 s (n = 5)", "0.63 s"]
    assert ["first", "first", "third"] in columns(page, 0) and ["–", "–", "um"] in columns(page, 1)
    assert ["you", "you", "–"] in columns(page, 2)
    assert page.locator(".qaw-words-block").nth(3).get_attribute("data-differs") is None


def test_long_names_are_broken_into_lines_and_leave_the_figures_their_room(show, runs) -> None:
    long = [f"threshold {one}, language detected" for one in ("0.20, silence 800 ms", "0.00, silence 400 ms")]
    shown = show(CompareView(*runs, names=long), init_script=f"({NOTE_TEXTS})()")
    page = shown.show()
    drawn = {one["text"] for one in page.evaluate("window.drawnTexts")}
    assert not drawn & set(long) and any(text.startswith("threshold") for text in drawn)
    row = page.locator(".qaw-compared tbody tr").first
    right = "getBoundingClientRect().right"
    assert row.evaluate(f"row => row.{right} <= row.closest('.qaw').{right}")


def test_on_a_narrow_page_all_lines_of_words_begin_under_each_other(show, runs) -> None:
    page = show(CompareView(*runs), viewport={"width": 400, "height": 800}).show()
    block = page.locator(".qaw-words-block").first
    left, *others = block.locator(".qaw-word:not(.qaw-words-names)").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().left)"
    )
    assert min(others) == left and others.count(left) > 0


def test_keys_alone_reach_words_and_turns_and_play_them(show, runs) -> None:
    shown = show(CompareView(*runs))
    page = shown.show()
    shown.listen_for_keys()
    only = page.get_by_role("button", name="Only what differs")
    only.focus()
    page.keyboard.press("Enter")
    assert page.locator(".qaw-words-block:visible").count() == 3
    assert only.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").endswith("qaw-words-list"), "it scrolls by keys"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    place = page.locator(".qaw-plot").get_attribute("aria-valuetext")
    assert place.startswith("0:06.0 of 0:24.0, 2: Every blue")
    page.locator(".qaw-pairs summary").focus()
    page.keyboard.press("Enter")
    page.locator(".qaw-pairs tbody tr").first.wait_for()
    assert page.locator(".qaw-pairs tbody tr").count() == 5 and shown.leaked_keys == []


def test_a_screen_reader_hears_each_text_after_its_name_where_they_differ(show, runs) -> None:
    page = show(CompareView(*runs)).show()
    snapshot = page.locator(".qaw").aria_snapshot()
    assert 'group "Runs of one sound compared"' in snapshot and 'region "Word by word"' in snapshot
    assert "silence 400 ms: every blue band is one turn um." in snapshot
    assert snapshot.count("Good night.") == 1, "words that all have are said once"
    assert "wave\nwaveform" not in snapshot and "first third" not in snapshot, "not column by column"


@pytest.mark.parametrize(("lang", "width", "theme"), [
    ("en", 1000, "light"), ("en", 420, "dark"), ("zh", 420, "light"),
])
def test_nothing_is_cut_off_or_faint(show, runs, lang, width, theme) -> None:
    view = CompareView(*runs, lang=lang, reference=reference())
    shown = show(view, viewport={"width": width, "height": 900})
    page = shown.show(theme)
    page.locator(".qaw-pairs summary").click()
    page.locator(".qaw-pairs tbody tr").first.wait_for()
    assert cut_off(page) == [] and low_contrast(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_chinese_is_aligned_by_character(show) -> None:
    said, heard = ("早上好大家",), ("早上号大家",)
    page = show(CompareView(run(800, said, "zh"), run(400, heard, "zh"))).show()
    assert columns(page, 0) == [["早", "早"], ["上", "上"], ["好", "号"], ["大", "大"], ["家", "家"]]
    counts = page.locator(".qaw-words-counts").inner_text()
    assert "of 5 characters: 1 replaced, 0 left out, 0 added (20.0 %)" in counts

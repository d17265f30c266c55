"""Two runs of one sound on the transcriber's page: figures with their reasons, words and waits of both."""

from __future__ import annotations

from typing import Any

import pytest
from support.looks import cut_off, low_contrast
from support.painted import NOTE_TEXTS, PLOT
from support.recordings import TRANSCRIPTION, Script, three_turns
from support.transcriber_page import TranscriberPage

from qwen_asr_widgets import Recording, SessionConfig
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

TURNS = {"en": "Utterance by utterance: words and waits of each run", "zh": "逐条对照：各次运行的文字与等待时间"}
FIGURES = ".qaw-compared tbody tr"
PAIRS = ".qaw-pairs tbody tr"


def by_hand() -> Recording:
    """The same sound in manual mode: one turn by Commit, one that the end closed."""
    script = Script(12.0, SessionConfig(turn_detection=None), name="made by hand")
    for start, end in ((1.0, 3.0), (5.0, 6.5), (8.0, 10.5)):
        script.voice(start, end)
    script.play(7.0)
    script.go({"type": "input_audio_buffer.commit"}, 7.0)
    script.come({"type": "input_audio_buffer.committed", "item_id": "a"}, 7.05)
    done = TRANSCRIPTION + "completed"
    script.come({"type": done, "item_id": "a", "transcript": "all of the first half"}, 7.35)
    script.play()
    script.go({"type": "session.finish"}, 12.0)
    script.come({"type": "input_audio_buffer.committed", "item_id": "b"}, 12.05)
    script.come({"type": done, "item_id": "b", "transcript": "and the rest"}, 12.3)
    return script.finish(12.4)


def both(before: Recording, now: Recording, **options: Any) -> Transcriber:
    """Return a transcriber with two runs of one sound, of which the second is shown."""
    view = Transcriber(before, **options)
    view.model.show_run(view.model.runs.add(now, view.model.sound).number)
    return view


def opened(shown: TranscriberPage, lang: str = "en") -> Any:
    """Open the table of turns."""
    shown.page.locator("summary", has_text=TURNS[lang]).click()
    shown.page.locator(PAIRS).first.wait_for()
    return shown.page


@pytest.mark.parametrize("width, theme, lang", [
    (920, "light", "en"), (920, "dark", "zh"), (400, "light", "en"), (400, "dark", "zh"),
])
def test_words_and_waits_of_both_runs_are_read_one_above_the_other(
    show_transcriber, width, theme, lang
) -> None:
    runs = (three_turns(), by_hand())
    view = both(*runs, lang=lang)
    viewport = {"width": width, "height": 900}
    shown = show_transcriber(view, theme=theme, viewport=viewport, init_script=f"({NOTE_TEXTS})()")
    page = opened(shown, lang)
    said = " ".join(page.locator(PAIRS).all_inner_texts())
    for recording in runs:
        assert len(recording.utterances) > 1
        for utterance in recording.utterances:
            assert utterance.text and utterance.text in said
    drawn = {one["text"].rstrip("…") for one in page.evaluate("window.drawnTexts")}
    early = runs[0].utterances[0].text
    assert any(len(text) > 4 and early.startswith(text) for text in drawn), "under its lane"
    assert cut_off(page) == [] and low_contrast(page) == []
    bar = page.locator(".qaw-wait-bar")
    assert bar.count() == 1 and bar.locator("i").count() == 1, "nothing waited for silence before a Commit"
    if lang == "en":
        assert bar.get_attribute("aria-label") == "decode delay 0.35 s"
        figures = page.locator(FIGURES).all_inner_texts()
        assert "1.00 s (n = 3)" in figures[0] and "no wait for silence: turns closed by hand" in figures[1]
        assert "–" not in figures[1]
        assert "speech ends by the service" in page.locator(".qaw-compared").inner_text()
        assert "first partial 0.40 s · finalization 1.00 s" in said
        assert "final 0.35 s after Commit" in said and "closed at the end" in said


@pytest.mark.parametrize("width, lang, names", [(920, "en", ("Now", "Before")), (400, "zh", ("现在", "之前"))])
def test_each_run_over_the_axis_has_its_name_and_its_turns_their_numbers(
    show_transcriber, width, lang, names
) -> None:
    view = both(three_turns(), three_turns(), lang=lang)
    viewport = {"width": width, "height": 900}
    shown = show_transcriber(view, viewport=viewport, init_script=f"({NOTE_TEXTS})()")
    drawn = shown.page.evaluate("window.drawnTexts")
    for text in (*names, "1", "2", "3"):
        heights = {round(one["y"]) for one in drawn if one["text"] == text}
        assert len(heights) >= (1 if text in names else 2), f"{text} is drawn at {heights}"


def test_waits_stay_in_one_piece_under_the_words_on_a_narrow_page(show_transcriber) -> None:
    words = "每一条蓝色的带子就是一段话，橙色的条说明等待"
    runs = []
    for extra in (1, 5):
        script = Script(20.0)
        for k in range(3):
            text = words[:9 + extra * k]
            script.turn(f"t{k}", 1 + 5 * k, 3 + 5 * k, text, partials=[(0.5, "", "每")], language="zh")
        runs.append(script.finish())
    page = opened(show_transcriber(both(*runs, lang="zh"), viewport={"width": 400, "height": 900}), "zh")
    waits = page.locator(".qaw-pair > small > span")
    assert waits.count() == 12 and "首个片段" in waits.first.inner_text()
    heights = [wait.bounding_box()["height"] for wait in waits.all()]
    assert max(heights) < 24, "one line of 12 px"
    for pair in page.locator(".qaw-pair").all():
        said, wait = (pair.locator(part).bounding_box() for part in ("> span", "> small"))
        assert wait["y"] >= said["y"] + said["height"] - 1


def test_the_earlier_run_takes_less_room_than_the_present_one(show_transcriber) -> None:
    heights = [
        show_transcriber(view).page.locator(PLOT).bounding_box()["height"]
        for view in (Transcriber(three_turns()), both(three_turns(), three_turns()))
    ]
    assert heights[0] < heights[1] < 1.5 * heights[0]


def test_a_run_as_fast_as_taken_says_so_instead_of_a_wait(show_transcriber) -> None:
    page = opened(show_transcriber(both(three_turns(pace=None), three_turns(pace=None))))
    for row in page.locator(FIGURES).all_inner_texts():
        assert "no waits: sent as fast as it was taken" in row
    assert "final" not in " ".join(page.locator(PAIRS).all_inner_texts())

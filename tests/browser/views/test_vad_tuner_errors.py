"""What is wrong, in the tuner's view: against an edited reference or the service, explained and heard."""

from __future__ import annotations

from typing import Any

import pytest
from support.tuner_page import figure, serve_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

pytestmark = pytest.mark.browser

LANE = ".qaw-tuner-lane"
TIGHT = TurnDetection(0.9, 250)


def test_the_reference_is_edited_by_mouse(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show_tuner(tuner)
    page = shown.show()
    lane = page.locator(LANE).bounding_box()
    per_second = lane["width"] / tuner.case.clip.duration
    first = tuner.labels.turns[0]
    y = lane["y"] + lane["height"] / 2
    at = lane["x"] + first.end * per_second
    page.mouse.move(at, y)
    page.mouse.down()
    page.mouse.move(at - 0.5 * per_second, y, steps=4)
    page.mouse.up()
    shown.serve()
    assert tuner.labels.turns[0].end == pytest.approx(first.end - 0.5, abs=0.06)
    count = len(tuner.labels.turns)
    gap = (tuner.labels.turns[2].end + tuner.labels.turns[3].start) / 2
    page.mouse.move(lane["x"] + (gap - 0.3) * per_second, y)
    page.mouse.down()
    page.mouse.move(lane["x"] + (gap + 0.3) * per_second, y, steps=4)
    page.mouse.up()
    shown.serve()
    assert len(tuner.labels.turns) == count + 1
    assert figure(page, "missed") == str(tuner.measures.missed) == "1"
    page.locator(".qaw-tuner-edit > summary").click()
    page.get_by_role("button", name="Delete").click()
    shown.serve()
    assert len(tuner.labels.turns) == count
    for _ in range(3):
        page.get_by_role("button", name="Undo").click()
        shown.serve()
    assert tuner.labels == Labels(qaw.sample("noisy").turns)


def test_the_reference_is_edited_by_keys(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show_tuner(tuner)
    page = shown.show()
    before = tuner.labels.turns

    def press(*keys: str) -> None:
        for key in keys:
            page.keyboard.press(key)
            shown.serve()

    page.locator(LANE).focus()
    press("ArrowDown", "ArrowDown", "Enter", "ArrowLeft", "Shift+ArrowLeft")
    assert tuner.labels.turns[1].end == pytest.approx(before[1].end - 0.11)
    spoken = page.locator(LANE).get_attribute("aria-valuetext")
    assert spoken.startswith("turn 2 ends at 0:0")
    press("Delete")
    assert len(tuner.labels.turns) == len(before) - 1
    press("Control+z", "Control+z", "Control+z")
    assert tuner.labels.turns == before
    press("Control+y")
    assert tuner.labels.turns[1].end == pytest.approx(before[1].end - 0.01)


def test_an_error_explains_itself_and_its_remedy_is_one_click(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show_tuner(tuner)
    page = shown.show()
    assert "places with errors: 1 (1 cut)" in page.locator(".qaw-tuner-errors").inner_text()
    page.get_by_role("button", name="Next error").click()
    shown.serve()
    why = page.locator(".qaw-tuner-main .qaw-tuner-why")
    assert "the score stayed below 0.90 for 320 ms" in why.inner_text()
    why.get_by_role("button", name="Silence 321 ms").click()
    shown.serve()
    assert figure(page, "cut") == "0" and tuner.settings.silence_duration_ms == 321


def test_what_differs_from_the_service_is_listed_and_can_be_heard(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    tuner.verify(TurnDetection(0.2, 800), qaw.embedded("script"))
    tuner.settings = TIGHT
    shown = show_tuner(tuner)
    page = shown.show()
    spots = page.locator(".qaw-tuner-spot")
    assert spots.count() == 6
    words = [text.split("\n")[-1] for text in spots.all_inner_texts()]
    assert sorted(set(words)) == ["splits here: against the reference ▶", "splits here: agrees ▶"]
    assert words.count("splits here: agrees ▶") == 5 and figure(page, "cut") == "1"
    assert page.locator(".qaw-tuner-differ").inner_text().startswith("Differs from the replay")
    spots.first.click()
    shown.serve()
    page.wait_for_function("document.querySelector('.qaw-tuner-play').textContent.includes('Pause')")
    page.locator(".qaw-tuner-play").click()


def test_cues_are_scheduled_on_their_samples_and_change_over_by_a_key(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show_tuner(tuner)
    page = shown.page
    shown.page.add_init_script("""
      window.started = [];
      const start = AudioBufferSourceNode.prototype.start;
      AudioBufferSourceNode.prototype.start = function (at, ...rest) {
        window.started.push({ at, seconds: this.buffer.duration });
        return start.call(this, at, ...rest);
      };
    """)
    page = shown.show()
    page.get_by_role("button", name="Hear it").click()
    shown.serve()
    cue = "(one) => Math.abs(one.seconds - 0.09) < 1e-3"

    def heard() -> Any:
        return page.evaluate(f"window.started.some({cue})")

    serve_until(shown, heard)
    sound = f"(one) => !({cue})(one)"
    start, tone = page.evaluate(f"[{sound}, {cue}].map((is) => window.started.find(is).at)")
    first = tuner.cues(TIGHT)[0].time
    assert tone - start == pytest.approx(first, abs=1 / 16_000)
    page.keyboard.press("a")
    assert page.get_by_role("button", name="A in force").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Hear it").click()
    assert page.evaluate("window.runningSounds().length") <= 1


def test_in_chinese_errors_replays_and_the_best_are_said_in_chinese(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT, lang="zh")
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    tuner.verify(TIGHT, qaw.embedded("script"))
    shown = show_tuner(tuner)
    page = shown.show()
    page.get_by_role("button", name="下一个错误").click()
    shown.serve()
    why = page.locator(".qaw-tuner-main .qaw-tuner-why p").inner_text()
    assert why.startswith("0:15.4 处切断：分数低于 0.90 达 320 ms")
    assert "完全一致" in page.locator(".qaw-tuner-replay").inner_text()
    assert "未经检验" in page.locator(".qaw-tuner-best").inner_text()

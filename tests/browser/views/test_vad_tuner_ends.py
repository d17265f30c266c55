"""Ends of turns in the tuner's page: marks, three handles, the worst one by one with sound, why, purposes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.said_ends import SaidEnds
from support.tuner_page import HANDLE, serve_until
from support.view_page import NEXT_FRAME, assert_views_leave_nothing

import qwen_asr_widgets as qaw
from qwen_asr_widgets.vad.end_of_turn.end_of_turn import EndOfTurn
from qwen_asr_widgets.vad.trade_off.policy import Policy
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

pytestmark = pytest.mark.browser

ENDS = ".qaw-ends"
PLAYED = "document.querySelector('.qaw-tuner-play').textContent.includes('Pause')"
NOTE_PLAYS = """
  window.heardAt = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (at, ...rest) {
    window.heardAt.push({ at, seconds: this.buffer.duration });
    return start.call(this, at, ...rest);
  };
"""


@pytest.fixture
def make(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., VadTuner]:
    """Make tuners of a human voice whose prompts are taken three at a time: pauses between them are holds."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    prompts = qaw.sample("prompts")
    turns = prompts.turns
    spans = [(turns[first].start, turns[last].end) for first, last in ((0, 2), (3, 5), (6, 6))]

    def made(said: tuple[float, ...] | None = (0.7, 0.3, 0.9), **options: Any) -> VadTuner:
        model = None if said is None else EndOfTurn(SaidEnds(said))
        tuner = VadTuner(prompts.clip, spans, end_of_turn=model, **options)
        if model is not None:
            assert tuner.ends.probabilities is not None
        return tuner

    return made


def figures(page: Any) -> dict[str, str]:
    """Return the figures of the ends by what they are called."""
    rows = page.locator(f"{ENDS} .qaw-tuner-figure").all()
    return {
        row.locator("span").first.get_attribute("data-title"): row.locator("b").inner_text() for row in rows
    }


def test_a_model_brings_its_handles_and_what_they_do_moves_with_them(show_tuner, make) -> None:
    tuner = make()
    shown = show_tuner(tuner)
    page = shown.show()
    held = [p for p in tuner.ends.pauses.holds if p.duration >= 0.2]
    said = tuner.ends.probabilities[:len(held), 0]
    cut = sum(float(p) > 0.5 or hold.duration > 3.0 for p, hold in zip(said, held))
    assert figures(page)["Holds cut off"] == str(cut) and cut > 0
    slider = page.get_by_label("Model’s threshold").first
    slider.focus()
    page.keyboard.press("End")
    alone = figures(page)
    assert alone["Holds cut off"] == str(sum(hold.duration > 3.0 for hold in held))
    assert alone["Mean wait"] == "3.00 s" and alone["By time-out"] == "3"
    serve_until(shown, lambda: tuner.ends.policy == Policy(1.0, 0.2, 3.0))
    assert figures(page) == alone


def test_the_time_out_is_never_shorter_than_the_action_delay(show_tuner, make) -> None:
    tuner = make()
    tuner.ends.policy = Policy(0.5, 0.5, 1.0)
    shown = show_tuner(tuner)
    page = shown.show()
    box = page.locator(f"{ENDS} input[type=number][aria-label='Action delay']")
    box.fill("1.4")
    box.press("Enter")
    serve_until(shown, lambda: tuner.ends.policy == Policy(0.5, 1.4, 1.4))
    box = page.locator(f"{ENDS} input[type=number][aria-label='Time-out']")
    box.fill("0.9")
    box.press("Enter")
    serve_until(shown, lambda: tuner.ends.policy == Policy(0.5, 0.9, 0.9))


def test_the_threshold_is_dragged_on_the_axis_where_the_marks_stand(show_tuner, make) -> None:
    tuner = make()
    shown = show_tuner(tuner)
    page = shown.show()
    plot = page.locator(".qaw-plot").bounding_box()
    # Over the 18 pixels of the time axis there are 64 of pauses; their scale takes 49 from the fourth on.
    bottom = page.evaluate("document.querySelector('.qaw-plot canvas').getBoundingClientRect().bottom")
    middle = bottom - 18 - 64 + 4 + 0.5 * 49
    page.mouse.move(plot["x"] + plot["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] / 2, middle - 15, steps=3)
    page.mouse.up()
    serve_until(shown, lambda: tuner.ends.policy.threshold > 0.7)


def test_the_worst_cut_offs_and_longest_waits_are_one_key_apart_and_heard(show_tuner, make) -> None:
    tuner = make()
    shown = show_tuner(tuner)
    shown.page.add_init_script(NOTE_PLAYS)
    page = shown.show()
    shown.listen_for_keys()
    page.locator(HANDLE).focus()
    page.keyboard.press("c")
    serve_until(shown, lambda: page.evaluate(PLAYED))
    steps = page.locator(".qaw-ends-steps")
    cuts = int(figures(page)["Holds cut off"])
    assert f"Worst cut-offs (key C): 1 of {cuts}" in steps.first.inner_text()
    why = page.locator(f"{ENDS} .qaw-tuner-why p").first.inner_text()
    first = max((p for p in tuner.ends.pauses.holds if p.duration >= 0.2 and said_of(tuner, p) > 0.5),
                key=lambda p: tuner.ends.pauses.turns[p.turn].end - p.end)
    assert why.startswith("Cut off at ") and f"into a pause of {first.duration:.2f} s" in why
    page.keyboard.press("C")
    assert f"Worst cut-offs (key C): 2 of {cuts}" in steps.first.inner_text()
    page.keyboard.press("w")
    shown.serve()
    assert "Longest waits (key W): 1 of 3" in steps.last.inner_text()
    page.keyboard.press("w")
    assert "Longest waits (key W): 2 of 3" in steps.last.inner_text()
    page.keyboard.press("Shift+W")
    page.keyboard.press("Shift+W")
    assert "Longest waits (key W): 3 of 3" in steps.last.inner_text()
    assert shown.leaked_keys == []
    page.locator(".qaw-tuner-play").click()


def said_of(tuner: VadTuner, pause: qaw.Pause) -> float:
    reading = tuner.ends.reading()
    assert reading is not None
    return float(reading.said()[reading.asked.index(pause)][0])


def test_sound_is_heard_from_two_seconds_before_the_pause_on(show_tuner, make) -> None:
    tuner = make()
    shown = show_tuner(tuner)
    page = shown.show()
    page.locator(HANDLE).focus()
    page.keyboard.press("w")
    serve_until(shown, lambda: page.evaluate(PLAYED))
    longest = max(range(3), key=lambda k: (wait_of(tuner, k), -tuner.ends.pauses.ends[k].start))
    begin = tuner.ends.pauses.ends[longest].start - 2
    now = float(page.locator(".qaw-plot").get_attribute("aria-valuenow"))
    assert begin - 0.05 <= now <= begin + 3
    page.locator(".qaw-tuner-play").click()


def wait_of(tuner: VadTuner, end: int) -> float:
    return 0.2 if said_of(tuner, tuner.ends.pauses.ends[end]) > 0.5 else 3.0


def test_why_names_the_handles_that_heal_and_what_each_costs_and_one_click_turns_it(show_tuner, make) -> None:
    tuner = make()
    shown = show_tuner(tuner)
    page = shown.show()
    cut = int(figures(page)["Holds cut off"])
    page.get_by_role("button", name="Next cut-off, with sound").click()
    remedies = page.locator(".qaw-ends-remedy")
    texts = remedies.all_inner_texts()
    assert [text.split("\n")[0].rsplit(" ", 1)[0] for text in texts][0].startswith("Model’s threshold")
    assert all(f"cut off {cut} → " in text for text in texts) and len(texts) == 2
    then = texts[0].split(f"cut off {cut} → ")[1].split(" ")[0]
    remedies.first.get_by_role("button").click()
    assert figures(page)["Holds cut off"] == then and int(then) < cut
    assert "is waited out" in page.locator(f"{ENDS} .qaw-tuner-why").inner_text()
    assert remedies.count() == 0
    page.locator(".qaw-tuner-play").click()


def test_without_a_model_the_detector_is_judged_and_the_panel_waits_to_be_opened(show_tuner, make) -> None:
    tuner = make(said=None, settings=TurnDetection(0.0, 400))
    shown = show_tuner(tuner)
    page = shown.show()
    assert page.locator(".qaw-ends-body").is_hidden()
    page.locator(f"{ENDS} > summary").click()
    shown.serve()
    found = tuner.ends.trade_off()
    grid = found.curve("vad").grid
    at = list(zip(grid.threshold.tolist(), grid.time_out.tolist())).index((0.0, 0.4))
    point = found.point(at, "vad")
    shown.serve()
    shares = page.locator(f"{ENDS} .qaw-tuner-figure").first.inner_text()
    assert f"{100 * point.cut_off_rate:.1f} % of {point.holds} holds" in shares
    assert figures(page)["Mean wait"] == f"{point.latency:.2f} s"
    page.locator(HANDLE).focus()
    page.keyboard.press("c")
    shown.serve()
    assert "the score stayed below 0.00 for" in page.locator(".qaw-tuner-main .qaw-tuner-why").inner_text()
    why = page.locator(f"{ENDS} .qaw-tuner-why").inner_text()
    assert "0.42 s of silence, as the detector counts it" in why
    page.locator(HANDLE).focus()
    page.keyboard.press("End")
    assert figures(page)["Mean wait"] == "–"
    page.locator(".qaw-tuner-play").click()


def test_a_purpose_states_its_objective_and_what_it_found(show_tuner, make) -> None:
    tuner = make()
    shown = show_tuner(tuner)
    page = shown.show()
    row = page.locator(".qaw-ends-purpose").first
    assert "fewest cut-offs with a mean wait of at most" in row.inner_text()
    assert row.locator("input").input_value() == "0.6"
    row.locator("input").fill("1.5")
    row.get_by_role("button", name="Agent").click()
    serve_until(shown, lambda: tuner.ends.aim is not None and tuner.ends.aim.point is not None)
    objective = "Agent (fewest cut-offs with a mean wait of at most 1.50 s):"
    serve_until(shown, lambda: objective in page.locator(".qaw-ends-said").inner_text())
    point = tuner.ends.aim.point
    said = page.locator(".qaw-ends-said").inner_text()
    assert f"{100 * point.cut_off_rate:.1f} %" in said and f"mean wait {point.latency:.2f} s" in said
    assert tuner.ends.policy == point.policy
    assert page.locator(".qaw-ends-plots canvas").count() == 2
    assert "holds" in page.locator(".qaw-ends-plots").inner_text()


def test_the_page_says_where_pauses_come_from_and_doubts_synthetic_voices(show_tuner, make) -> None:
    shown = show_tuner(make())
    page = shown.show()
    assert "read off the scores at the neutral setting 0.00" in page.locator(ENDS).inner_text()
    assert page.get_by_role("note").count() == 0
    tuner = VadTuner(qaw.sample("conversation"), end_of_turn=EndOfTurn(SaidEnds()))
    assert tuner.ends.probabilities is not None
    page = show_tuner(tuner).show()
    assert page.get_by_role("note").inner_text().startswith("This is one of our synthetic samples.")


def test_a_model_is_chosen_in_the_page_and_a_missing_one_says_how_to_get_it(
    show_tuner, make, monkeypatch
) -> None:
    from qwen_asr_widgets.vad.end_of_turn import smart_turn

    monkeypatch.setattr(smart_turn, "bundled_file", lambda: None)
    tuner = make(said=None)
    shown = show_tuner(tuner)
    page = shown.show()
    page.locator(f"{ENDS} > summary").click()
    page.get_by_label("Decided by").select_option("smart-turn")
    serve_until(shown, lambda: "Smart Turn needs its model" in page.locator(ENDS).inner_text())
    page.get_by_label("Decided by").select_option("silence")
    serve_until(shown, lambda: tuner.ends.detector == "silence")
    shown.serve()
    assert figures(page)["Mean wait"] == "3.00 s"
    assert "Smart Turn needs its model" not in page.locator(ENDS).inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_text_reads_well_in_both_themes(show_tuner, make, theme) -> None:
    tuner = make()
    tuner.ends.tune_for("agent", 1.0)
    shown = show_tuner(tuner)
    page = shown.show(theme)
    page.get_by_role("button", name="Next long wait, with sound").click()
    shown.serve()
    assert low_contrast(page) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_at_400_pixels_its_parts_are_whole_and_large_enough_for_fingers(show_tuner, make, lang) -> None:
    tuner = make(lang=lang)
    tuner.ends.tune_for("agent", 1.0)
    shown = show_tuner(tuner, has_touch=True, is_mobile=True, viewport={"width": 400, "height": 900})
    page = shown.show()
    page.locator(".qaw-ends-steps button").nth(1).click()
    page.evaluate(NEXT_FRAME)
    assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [text for text in small_targets(page) if text.strip()] == []


def test_closed_views_leave_nothing_of_it_behind(show_tuner, make) -> None:
    shown = show_tuner(make())
    page = shown.show()

    def use(number: int) -> None:
        page.get_by_label("Model’s threshold").first.focus()
        page.keyboard.press("ArrowUp")
        shown.serve()

    assert_views_leave_nothing(shown, use)

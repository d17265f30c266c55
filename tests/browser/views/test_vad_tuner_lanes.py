"""The tuner's further lanes in a browser: noise, level, line, another detector; and the other speaker."""

from __future__ import annotations

from typing import Any

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.tuner_page import HANDLE, serve_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

pytestmark = pytest.mark.browser

SECOND = ".qaw-tuner-second"
SETTINGS = TurnDetection(0.2, 400)
CALL = qaw.sample("call")
BY_SPEAKER = [[turn for turn in CALL.turns if turn.speaker == name] for name in ("caller", "agent")]


def opened(shown: Any, theme: str = "light") -> Any:
    page = shown.show(theme)
    page.locator(f"{SECOND} > summary").click()
    return page


def result(page: Any) -> str:
    return str(page.locator(".qaw-tuner-second-result").inner_text())


def plot_height(page: Any) -> float:
    return float(page.locator(".qaw-plot").bounding_box()["height"])


def test_noise_level_and_line_show_what_the_settings_do_there(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("prompts"), settings=SETTINGS)
    shown = show_tuner(tuner)
    page = opened(shown)
    before = plot_height(page)
    assert not page.get_by_label("Speech over noise").first.is_visible()
    page.get_by_label("Noise", exact=True).select_option("pink")
    shown.serve()
    assert tuner.model.second.hearing.condition == qaw.Condition("pink", 15)
    assert plot_height(page) > before + 90
    page.get_by_label("Speech over noise").first.fill("-10")
    shown.serve()
    assert result(page) == "Pink noise −10 dB: Cut 0 · Merged 0 · Missed 7 (+7) · Invented 0"
    assert tuner.hear_under(qaw.Condition("pink", -10)).missed == 7
    page.get_by_label("Level").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("Telephone line").check()
    shown.serve()
    assert tuner.model.second.hearing.condition == qaw.Condition("pink", -10, 1, True)
    page.get_by_role("button", name="As it is").click()
    shown.serve()
    assert plot_height(page) == before and not page.locator(".qaw-tuner-second-result").is_visible()


def test_one_click_tells_down_to_which_noise_the_settings_hold(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("prompts"), settings=SETTINGS)
    shown = show_tuner(tuner)
    page = opened(shown)
    page.get_by_label("Noise", exact=True).select_option("pink")
    shown.serve()
    page.get_by_role("button", name="Try all distances").click()
    serve_until(shown, page.locator(".qaw-tuner-reach").is_visible)
    errors = {snr: found.errors for snr, found in tuner.reach().items()}
    held = min(snr for snr in errors if not any(errors[one] for one in errors if one >= snr))
    said = page.locator(".qaw-tuner-reach-said")
    assert said.inner_text() == f"No more errors than in the clip as it is, down to {held:g} dB."
    assert [int(one) for one in page.locator(".qaw-tuner-reach b").all_inner_texts()] == [
        errors[snr] for snr in sorted(errors)
    ]
    page.get_by_label("Level").last.fill("-3")
    page.get_by_label("Level").last.press("Enter")
    shown.serve()
    assert not said.is_visible() and page.get_by_role("button", name="Try all distances").is_visible()


def test_another_detector_stands_beside_with_a_threshold_of_its_own(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=SETTINGS)
    shown = show_tuner(tuner)
    page = opened(shown)
    assert not page.get_by_label("Its threshold").first.is_visible()
    page.get_by_label("Detector", exact=True).select_option("energy")
    shown.serve()
    page.get_by_label("Its threshold").last.fill("0.1")
    page.get_by_label("Its threshold").last.press("Enter")
    shown.serve()
    judged = tuner.model.judged_second()
    assert judged.settings == TurnDetection(0.1, 400) and tuner.settings == SETTINGS
    assert f"Merged {judged.measures.merged}" in result(page) and result(page).startswith("Energy: ")


def test_the_lane_follows_a_drag_and_what_python_sets(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=SETTINGS)
    shown = show_tuner(tuner)
    page = opened(shown)
    tuner.hear_under(qaw.Condition("babble", 5, -6))
    shown.serve()
    assert page.get_by_label("Noise", exact=True).input_value() == "babble"
    assert page.get_by_label("Level").last.input_value() == "-6"
    page.locator(HANDLE).focus()
    page.keyboard.press("PageUp")
    shown.serve()
    assert tuner.model.judged_second().settings == tuner.settings != SETTINGS
    assert f"Merged {tuner.model.judged_second().measures.merged}" in result(page)


def test_while_one_is_heard_only_the_newest_of_the_others_is_asked_for(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("prompts"), settings=SETTINGS)
    shown = show_tuner(tuner)
    page = opened(shown)
    page.get_by_label("Noise", exact=True).select_option("pink")
    for value in ("20", "10", "5", "0"):
        page.get_by_label("Speech over noise").first.fill(value)
    asked = page.evaluate("window.bare.model.sent.filter((m) => m.content.kind === 'second').length")
    assert asked == 1
    shown.serve()
    assert tuner.model.second.hearing.condition == qaw.Condition("pink", 0)


def test_what_the_kernel_refuses_is_said_and_the_controls_go_back(show_tuner) -> None:
    tuner = VadTuner(qaw.AudioClip([0.0] * 32_000, 16_000))
    shown = show_tuner(tuner)
    page = opened(shown)
    page.get_by_label("Noise", exact=True).select_option("pink")
    shown.serve()
    assert "The clip is silent" in page.locator(".qaw-notice[role=alert]").inner_text()
    assert page.get_by_label("Noise", exact=True).input_value() == "none"


def test_two_channels_are_two_speakers_with_their_overlaps(show_tuner) -> None:
    tuner = VadTuner(list(CALL.channels), BY_SPEAKER, settings=SETTINGS)
    shown = show_tuner(tuner)
    page = shown.show()
    section = page.locator(".qaw-tuner-speaker")
    rows = [[cell.strip() for cell in row.inner_text().split("\t")] for row in section.locator("tr").all()]
    found = tuner.other_speaker
    assert rows[0][-2:] == ["Settings tried", "Reference"]
    assert rows[1][1].startswith(f"{found.tried.seconds:.2f} s")
    assert rows[2] == ["Backchannels", "0 (here 0, other 0)", "0 (here 0, other 0)"]
    assert rows[3] == ["Interruptions", "1 (here 0, other 1)", "1 (here 0, other 1)"]
    assert section.locator("h3").inner_text() == "Both speakers; the other is agent"
    page.locator(".qaw-select").first.select_option("1")
    shown.serve()
    assert section.locator("h3").inner_text() == "Both speakers; the other is caller"


def test_a_clip_without_another_channel_shows_no_other_speaker(show_tuner) -> None:
    tuner = VadTuner([*CALL.channels, qaw.sample("noisy")], [*BY_SPEAKER, qaw.sample("noisy")])
    shown = show_tuner(tuner)
    page = shown.show()
    assert page.locator(".qaw-tuner-speaker").is_visible()
    page.locator(".qaw-select").first.select_option("2")
    shown.serve()
    assert not page.locator(".qaw-tuner-speaker").is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reads_well_in_both_themes(show_tuner, theme) -> None:
    tuner = VadTuner(list(CALL.channels), BY_SPEAKER, settings=SETTINGS, noise=qaw.sample("noisy"))
    tuner.hear_under(qaw.Condition(qaw.sample("noisy"), 5, -6, True), detector="energy", threshold=0.0)
    assert low_contrast(opened(show_tuner(tuner), theme)) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_at_400_pixels_nothing_is_cut_off_and_fingers_get_large_targets(show_tuner, lang) -> None:
    tuner = VadTuner(list(CALL.channels), BY_SPEAKER, settings=SETTINGS, lang=lang)
    tuner.hear_under(qaw.Condition("pink", 5, -6, True), detector="energy", threshold=0.0)
    shown = show_tuner(tuner, has_touch=True, is_mobile=True, viewport={"width": 400, "height": 900})
    page = opened(shown)
    assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [text for text in small_targets(page) if text.strip()] == []

"""From a sweep to verified settings that are taken away, in the tuner's view."""

from __future__ import annotations

import pytest
from support.tuner_page import HANDLE, figure, serve_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.vad.labels.formats import FORMATS
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

pytestmark = pytest.mark.browser

TIGHT = TurnDetection(0.9, 250)


def test_a_sweep_is_clicked_verified_and_copied(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), endpoint=qaw.embedded("script"))
    shown = show_tuner(tuner, permissions=["clipboard-read", "clipboard-write"])
    page = shown.show()
    page.get_by_role("button", name="Try all settings").click()
    sweep = page.locator(".qaw-tuner-sweep")
    serve_until(shown, lambda: sweep.is_visible() and "Not checked" in sweep.inner_text())
    errors = figure(page, "merged")
    # Few errors stand at high thresholds and short silences: a click there takes such settings.
    chart = sweep.locator("canvas").first
    box = chart.bounding_box()
    chart.click(position={"x": 44 + 0.8 * (box["width"] - 44), "y": 0.82 * 180})
    shown.serve()
    assert tuner.settings.threshold > 0.5 and tuner.settings.silence_duration_ms < 500
    assert int(figure(page, "merged")) < int(errors)
    chart.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    shown.serve()
    clicked = tuner.settings
    page.get_by_role("button", name="Verify").click()
    assert "Free" in page.locator(".qaw-tuner-verify").inner_text()
    page.get_by_role("button", name="Replay", exact=True).click()
    serve_until(shown, lambda: "exact: all" in page.locator(".qaw-tuner-panel").inner_text())
    assert page.locator(".qaw-tuner-differ").inner_text().endswith("Nothing: the same turns.")
    page.locator("summary", has_text="Save").click()
    offered = page.locator(".qaw-tuner-menu option").evaluate_all("all => all.map((one) => one.value)")
    assert offered == list(FORMATS)
    page.locator("summary", has_text="Copy as code").click()
    page.get_by_role("button", name="TurnDetection(…)").click()
    page.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert eval(copied, {"TurnDetection": TurnDetection}) == clicked


def test_the_corner_points_of_a_sweep_are_verified(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), endpoint=qaw.embedded("script"), settings=TIGHT)
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    shown = show_tuner(tuner)
    page = shown.show()
    page.get_by_role("button", name="Verify").click()
    page.get_by_label("Settings to replay").select_option("corners")
    page.get_by_role("button", name="Replay", exact=True).click()
    replays = page.locator(".qaw-tuner-replay")
    wanted = len(tuner.model.corners())
    serve_until(shown, lambda: replays.count() == wanted > 2)
    assert all("exact: all" in text for text in replays.all_inner_texts())


def test_all_of_several_clips_are_verified(show_tuner) -> None:
    clips = [qaw.sample("noisy"), qaw.sample("conversation")]
    shown = show_tuner(VadTuner(clips, endpoint=qaw.embedded("script"), settings=TIGHT))
    page = shown.show()
    page.get_by_role("button", name="Verify").click()
    panel = page.locator(".qaw-tuner-verify")
    assert "Replayed is noisy, the clip in sight." in panel.inner_text()
    page.get_by_label("Clips to replay").select_option("all")
    assert "All 2 clips are replayed, one after the other." in panel.inner_text()
    page.get_by_role("button", name="Replay", exact=True).click()
    replays = page.locator(".qaw-tuner-replay")
    serve_until(shown, lambda: replays.count() == 2)
    assert [text.split(" · ")[0] for text in replays.all_inner_texts()] == ["✓ noisy", "✓ conversation"]
    page.get_by_label("Service to replay through").select_option(label="DashScope beijing")
    assert "Once through all of them costs an estimated 0.0216 CNY" in panel.inner_text()


def test_the_cloud_says_what_a_replay_costs_before_it_is_asked(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    page = show_tuner(tuner).show()
    page.get_by_role("button", name="Verify").click()
    page.get_by_label("Service to replay through").select_option(label="DashScope beijing")
    text = page.locator(".qaw-tuner-verify").inner_text()
    assert "0.0095 CNY" in text and "leaves this computer" in text and "Spend at most" in text


def test_what_cannot_be_done_is_said_in_the_view(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy").clip)
    shown = show_tuner(tuner)
    page = shown.show()
    assert "Without a reference" in page.locator(".qaw-tuner-panel").inner_text()
    page.get_by_role("button", name="Verify").click()
    page.get_by_label("Settings to replay").select_option("corners")
    page.get_by_role("button", name="Replay", exact=True).click()
    serve_until(shown, lambda: page.locator(".qaw-notice[role=alert]").is_visible())
    assert "Sweep first" in page.locator(".qaw-notice[role=alert]").inner_text()


def test_what_is_tried_is_copied_as_code_in_one_place(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    tuner.sweep([0.0, 0.9], [200, 800])
    shown = show_tuner(tuner, permissions=["clipboard-read", "clipboard-write"])
    page = shown.show()
    for once in ("Copy as code", "Use the best"):
        assert page.get_by_text(once, exact=True).count() == 1
    for gone in ("Take", "Take the best", "Copy"):
        assert page.get_by_text(gone, exact=True).count() == 0
    menu = page.locator(".qaw-tuner-menu", has_text="Copy as code")
    menu.locator("summary").click()
    copy = menu.get_by_role("button", name="update_session(…)")
    copy.click()
    menu.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == tuner.code("sdk")
    assert menu.locator("pre").inner_text() == tuner.code("sdk")
    page.locator(HANDLE).focus()
    page.keyboard.press("PageDown")
    menu.locator("summary").click()
    copy.click()
    # The kernel has not made the code of these settings yet: what was before is not copied in their place.
    menu.get_by_text("The kernel has not answered yet").wait_for()
    shown.serve()
    copy.click()
    menu.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == tuner.code("sdk")
    assert f"turn_detection_threshold={tuner.settings.threshold}" in tuner.code("sdk")


def test_a_file_comes_to_the_browser(show_tuner, tmp_path) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show_tuner(tuner, accept_downloads=True)
    page = shown.show()
    page.locator("summary", has_text="Save").click()
    page.get_by_role("button", name="Save report").click()
    with page.expect_download() as download:
        shown.serve()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "noisy-vad.html" and "cut at 0:15.4" in path.read_text(encoding="utf-8")

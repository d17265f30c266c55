"""The tuner in a real browser: dragged, typed, edited, explained, swept, verified, heard, taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.jupyter import NotebookPage
from support.looks import cut_off, low_contrast, small_targets
from support.view_page import NEXT_FRAME, ViewPage
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.vad.labels import Labels
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.vad_tuner import VadTuner

pytestmark = pytest.mark.browser

HANDLE = ".qaw-tuner-handle"
LANE = ".qaw-tuner-lane"
TIGHT = TurnDetection(0.9, 250)


@pytest.fixture
def show(browser: Any) -> Iterator[Callable[..., ViewPage]]:
    """Open tuners on bare pages; errors on their consoles fail the test."""
    pages: list[ViewPage] = []

    def make(view: Any, **options: Any) -> ViewPage:
        options = {"locale": "en-US", "viewport": {"width": 960, "height": 900}, **options}
        pages.append(ViewPage(browser.new_context(**options), view))
        return pages[-1]

    yield make
    errors = [error for shown in pages for error in shown.errors]
    for shown in pages:
        shown.context.close()
        shown.view.close()
    assert not errors


def figure(page: Any, name: str) -> str:
    return str(page.locator(f".qaw-tuner-figure[data-name='{name}'] b").inner_text())


def said(page: Any, name: str) -> str:
    return str(page.locator(f".qaw-tuner-figure[data-name='{name}']").inner_text())


def serve_until(shown: ViewPage, holds: Callable[[], Any]) -> None:
    """Carry messages until something holds: work goes on on a thread."""
    def look() -> Any:
        shown.serve()
        return holds() or None
    wait_until(look, 30, "the view shows it")


def middle(page: Any, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_dragging_the_threshold_moves_turns_and_figures(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show(tuner)
    page = shown.show()
    assert figure(page, "merged") == "3" and figure(page, "turns") == "3"
    x, y = middle(page, HANDLE)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 30, steps=4)
    # What the page shows now it has judged on its own: the kernel has not been asked yet.
    alone = figure(page, "turns"), said(page, "wait"), page.locator(HANDLE).inner_text()
    page.mouse.up()
    shown.serve()
    assert (figure(page, "turns"), said(page, "wait"), page.locator(HANDLE).inner_text()) == alone
    assert tuner.settings.threshold > 0.5
    assert figure(page, "turns") == str(len(tuner.turns))
    shown_value = float(page.locator(HANDLE).get_attribute("aria-valuenow"))
    assert shown_value == tuner.settings.threshold
    page.locator(".qaw-tuner-presets button", has_text="Low latency").click()
    shown.serve()
    assert figure(page, "merged") == "1" and "was 3, better" in said(page, "merged")
    assert tuner.settings == TurnDetection(0.0, 400)


def test_the_line_itself_can_be_taken_hold_of(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show(tuner)
    page = shown.show()
    plot = page.locator(".qaw-plot").bounding_box()
    _, y = middle(page, HANDLE)
    page.mouse.move(plot["x"] + plot["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] / 2, y + 25, steps=3)
    page.mouse.up()
    shown.serve()
    assert tuner.settings.threshold < 0


def test_keys_reach_every_setting_and_never_the_page(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show(tuner)
    page = shown.show()
    page.evaluate("window.leaked = []")
    page.evaluate("document.addEventListener('keydown', (e) => window.leaked.push(e.key))")
    handle = page.locator(HANDLE)
    assert handle.get_attribute("role") == "slider"
    handle.focus()
    for key in ("ArrowUp", "ArrowUp", "PageUp"):
        page.keyboard.press(key)
    shown.serve()
    assert tuner.settings.threshold == pytest.approx(0.32)
    assert handle.get_attribute("aria-valuetext") == f"0.32, turns: {len(tuner.turns)}"
    page.keyboard.press("End")
    page.get_by_label("Silence", exact=True).first.focus()
    page.keyboard.press("ArrowLeft")
    shown.serve()
    assert tuner.settings == TurnDetection(1.0, 790)
    box = page.locator(".qaw-tuner-controls input[type=number]").nth(2)
    box.fill("120")
    box.press("Enter")
    shown.serve()
    assert tuner.settings.prefix_padding_ms == 120
    assert page.evaluate("window.leaked") == []


def test_the_reference_is_edited_by_mouse(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show(tuner)
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


def test_the_reference_is_edited_by_keys(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show(tuner)
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


def test_an_error_explains_itself_and_its_remedy_is_one_click(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show(tuner)
    page = shown.show()
    assert "errors: 1" in page.locator(".qaw-tuner-errors").inner_text()
    page.get_by_role("button", name="Next error").click()
    shown.serve()
    why = page.locator(".qaw-tuner-why")
    assert "the score stayed below 0.90 for 320 ms" in why.inner_text()
    why.get_by_role("button", name="Silence 321 ms").click()
    shown.serve()
    assert figure(page, "cut") == "0" and tuner.settings.silence_duration_ms == 321


def test_in_force_and_trying_are_one_key_apart(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show(tuner)
    page = shown.show()
    page.locator(HANDLE).focus()
    page.keyboard.press("i")
    shown.serve()
    assert figure(page, "merged") == "3" and tuner.settings == TurnDetection()
    page.keyboard.press("i")
    shown.serve()
    assert figure(page, "merged") == "0" and tuner.settings == TIGHT


def test_a_sweep_is_clicked_verified_and_copied(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"), endpoint=qaw.embedded("script"))
    shown = show(tuner)
    shown.context.grant_permissions(["clipboard-read", "clipboard-write"])
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
    page.locator(".qaw-tuner-menu > summary").click()
    page.get_by_role("button", name="TurnDetection(…)").click()
    page.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert eval(copied, {"TurnDetection": TurnDetection}) == clicked


def test_one_click_copies_what_is_tried(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show(tuner)
    shown.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = shown.show()
    copy = page.get_by_role("button", name="Copy the settings as update_session(…)")
    copy.click()
    controls = page.locator(".qaw-tuner-controls")
    controls.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == tuner.code("sdk")
    page.locator(HANDLE).focus()
    page.keyboard.press("PageDown")
    copy.click()
    # The kernel has not made the code of these settings yet: what was before is not copied in their place.
    controls.get_by_text("The kernel has not answered yet").wait_for()
    shown.serve()
    copy.click()
    controls.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == tuner.code("sdk")
    assert f"turn_detection_threshold={tuner.settings.threshold}" in tuner.code("sdk")


def test_the_corner_points_of_a_sweep_are_verified(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"), endpoint=qaw.embedded("script"), settings=TIGHT)
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    shown = show(tuner)
    page = shown.show()
    page.get_by_role("button", name="Verify").click()
    page.get_by_label("Settings to replay").select_option("corners")
    page.get_by_role("button", name="Replay", exact=True).click()
    replays = page.locator(".qaw-tuner-replay")
    wanted = len(tuner._asked_for("corners"))
    serve_until(shown, lambda: replays.count() == wanted > 2)
    assert all("exact: all" in text for text in replays.all_inner_texts())
    assert tuner._work.join(30)


def test_in_chinese_errors_replays_and_the_best_are_said_in_chinese(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT, lang="zh")
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    tuner.verify(TIGHT, qaw.embedded("script"))
    shown = show(tuner)
    page = shown.show()
    page.get_by_role("button", name="下一个错误").click()
    shown.serve()
    assert page.locator(".qaw-tuner-why p").inner_text().startswith("0:15.4 处切断：分数低于 0.90 达 320 ms")
    assert "完全一致" in page.locator(".qaw-tuner-replay").inner_text()
    assert "未经检验" in page.locator(".qaw-tuner-best").inner_text()


def test_the_cloud_says_what_a_replay_costs_before_it_is_asked(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    page = show(tuner).show()
    page.get_by_role("button", name="Verify").click()
    page.get_by_label("Service to replay through").select_option(label="DashScope beijing")
    text = page.locator(".qaw-tuner-verify").inner_text()
    assert "0.0095 CNY" in text and "leaves this computer" in text and "Spend at most" in text


def test_what_differs_from_the_service_is_listed_and_can_be_heard(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    tuner.verify(TurnDetection(0.2, 800), qaw.embedded("script"))
    tuner.settings = TIGHT
    shown = show(tuner)
    page = shown.show()
    spots = page.locator(".qaw-tuner-spot")
    assert spots.count() == 6 and "cut here" in spots.first.inner_text()
    spots.first.click()
    shown.serve()
    page.wait_for_function("document.querySelector('.qaw-tuner-play').textContent.includes('Pause')")
    page.locator(".qaw-tuner-play").click()


def test_cues_are_scheduled_on_their_samples_and_change_over_by_a_key(show) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show(tuner)
    page = shown.page
    shown.context.add_init_script("""
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


def test_a_file_comes_to_the_browser(show, tmp_path) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show(tuner, accept_downloads=True)
    page = shown.show()
    page.locator(".qaw-tuner-menu > summary").click()
    page.get_by_role("button", name="Save report").click()
    with page.expect_download() as download:
        shown.serve()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "noisy-vad.html" and "cut at 0:15.4" in path.read_text(encoding="utf-8")


def test_several_clips_are_chosen_from_their_table(show) -> None:
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("conversation")])
    shown = show(tuner)
    page = shown.show()
    table = page.locator(".qaw-tuner-clips")
    assert table.locator("tbody tr").count() == 3
    table.get_by_role("button", name="conversation").click()
    shown.serve()
    page.get_by_role("button", name="Verify").click()
    assert "Replayed is conversation, the clip in sight." in page.locator(".qaw-tuner-verify").inner_text()
    assert tuner.case.name == "conversation" and figure(page, "turns") == str(len(tuner.turns))
    page.locator(HANDLE).focus()
    page.keyboard.press("PageUp")
    shown.serve()
    total = table.locator("tbody tr").last.inner_text()
    assert str(tuner.measures.turns) in total


def test_what_cannot_be_done_is_said_in_the_view(show) -> None:
    tuner = VadTuner(qaw.sample("noisy").clip)
    shown = show(tuner)
    page = shown.show()
    assert "Without a reference" in page.locator(".qaw-tuner-panel").inner_text()
    page.get_by_role("button", name="Verify").click()
    page.get_by_label("Settings to replay").select_option("corners")
    page.get_by_role("button", name="Replay", exact=True).click()
    serve_until(shown, lambda: page.locator("[role=alert]").is_visible())
    assert "Sweep first" in page.locator("[role=alert]").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reads_well_in_both_themes(show, theme) -> None:
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("conversation")], settings=TIGHT)
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    shown = show(tuner)
    page = shown.show(theme)
    page.get_by_role("button", name="Next error").click()
    shown.serve()
    assert low_contrast(page) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_at_400_pixels_nothing_is_cut_off_and_fingers_get_large_targets(show, lang) -> None:
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("conversation")], settings=TIGHT, lang=lang)
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    shown = show(tuner, has_touch=True, is_mobile=True, viewport={"width": 400, "height": 900})
    page = shown.show()
    page.locator(".qaw-tuner-menu > summary").click()
    page.evaluate(NEXT_FRAME)
    assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [text for text in small_targets(page) if text.strip()] == []


def test_closed_views_leave_nothing_behind(show) -> None:
    shown = show(VadTuner(qaw.sample("noisy"), settings=TIGHT))
    page = shown.show()
    page.evaluate("() => window.bare.views.pop()()")

    def one_view() -> None:
        page.evaluate("async () => { window.close_view = await window.bare.open(); }")
        shown.serve()
        page.locator(HANDLE).focus()
        page.keyboard.press("ArrowUp")
        shown.serve()
        page.evaluate("async () => { await window.close_view(); window.close_view = null; }")
        shown.serve()

    for _ in range(3):
        one_view()
    before = shown.counters()
    for _ in range(12):
        one_view()

    def grown() -> dict[str, float]:
        after = shown.counters()
        return {name: after[name] - before[name] for name in after if after[name] > before[name]}

    wait_until(lambda: not grown() or None, 10, "everything of the closed views is gone")
    assert shown.view._views == set()


def test_an_hour_is_judged_under_the_hand(show) -> None:
    clip = qaw.sample("noisy").clip
    hour = AudioClip(np.tile(clip.samples, 125)[: 3_600 * 16_000], 16_000)
    tuner = VadTuner(hour, Labels([]))
    assert tuner.turns
    shown = show(tuner)
    page = shown.show()
    before = figure(page, "turns")
    page.locator(HANDLE).focus()
    page.keyboard.press("End")
    alone = figure(page, "turns")
    assert alone != before
    shown.serve()
    assert figure(page, "turns") == alone == str(len(tuner.turns))


def test_in_a_notebook_a_drag_reaches_the_kernel_and_python_reaches_the_view(
    open_page: Callable[..., NotebookPage],
) -> None:
    notebook = open_page()
    setup = (
        "import qwen_asr_widgets as qaw\nfrom qwen_asr_widgets.widgets.vad_tuner import VadTuner\n"
        "tuner = VadTuner(qaw.sample('noisy'))\ntuner"
    )
    page = notebook.open("tuner", [setup])
    handle = page.locator(HANDLE)
    handle.wait_for()
    turns = "document.querySelector('.qaw-tuner-figure[data-name=turns] b')"
    page.wait_for_function(f"{turns}?.textContent === '3'")
    handle.focus()
    page.keyboard.press("PageUp")
    wait_until(lambda: notebook.evaluate("tuner.settings.threshold") == 0.3 or None, 10, "the kernel follows")
    notebook.evaluate("setattr(tuner, 'settings', qaw.TurnDetection(0.0, 400))")
    page.locator(f"{HANDLE}[aria-valuenow='0']").wait_for()
    assert figure(page, "merged") == "1"

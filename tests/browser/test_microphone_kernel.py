"""What a page shows of the kernel's side, on a bare page: losses, refusals, a kernel that is gone."""

from __future__ import annotations

import pytest
from support.looks import cut_off, low_contrast
from support.microphone_page import REPORT, Bare, MicrophonePage
from support.record_button import press_record, wait_for_phase

pytestmark = pytest.mark.browser

GONE = "() => { window.bare.model.send = () => { throw new Error('Cannot send'); }; }"
DEAF_TO_STOP = """() => {
  const { model } = window.bare;
  const { send } = model;
  model.send = (content, ...rest) => {
    if (content.kind === 'stop') throw new Error('Cannot send');
    send(content, ...rest);
  };
}"""
REFUSE = """([client, code, number]) => {
  window.tell({ problem: { client, code, number, detail: 'of another browser' } });
}"""
FILE = {"name": "talk.wav", "mimeType": "audio/wav", "buffer": b"sound"}


def recording(bare: Bare) -> MicrophonePage:
    """Record on a page to which the kernel speaks."""
    shown = bare(REPORT)
    press_record(shown.open("light"))
    shown.wait_for_chunks(1)
    return shown


def choose_file(shown: MicrophonePage) -> None:
    with shown.page.expect_file_chooser() as chooser:
        shown.page.get_by_role("button", name="Open a file…").first.click()
    chooser.value.set_files(FILE)


def test_chunks_lost_on_the_way_are_counted_and_shown(bare: Bare) -> None:
    shown = recording(bare)
    page = shown.page
    client = shown.sent("start")[0]["client"]
    page.evaluate("tell({ client: 'another page', lost: 7, lost_seconds: 0.7 })")
    assert page.get_by_text("lost on the way").count() == 0
    page.evaluate("(client) => tell({ client, lost: 3, lost_seconds: 0.3 })", client)
    page.get_by_text("0.3 s lost on the way to Python (3 pieces)").wait_for()
    assert low_contrast(page) == cut_off(page) == []
    press_record(page)
    wait_for_phase(page, "idle")
    assert page.get_by_text("0.3 s lost").is_visible()


def test_sound_that_the_kernel_does_not_take_ends_the_recording(bare: Bare) -> None:
    shown = recording(bare)
    page = shown.page
    client = shown.sent("start")[0]["client"]
    page.evaluate(REFUSE, ["another page", "othertab", 1])
    wait_for_phase(page, "recording")
    page.evaluate(REFUSE, [client, "othertab", 2])
    page.get_by_text("recording in another tab or view").wait_for()
    wait_for_phase(page, "idle")
    assert "kept" not in page.get_by_role("alert").inner_text()
    assert page.evaluate("window.runningSounds().length") == 0


def test_a_kernel_that_hears_only_between_cells_is_said_whatever_its_version(bare: Bare) -> None:
    shown = recording(bare)
    page = shown.page
    assert page.get_by_text("when the running cell ends").count() == 0
    page.evaluate("tell({ beside_cells: false })")
    page.get_by_text("when the running cell ends").wait_for()
    page.evaluate("tell({ beside_cells: true })")
    page.get_by_text("when the running cell ends").wait_for(state="hidden")


# A try that fails at once takes the notice away for less than a look of the test.
NOTE_GONE_NOTICE = """() => {
  const look = () => { window.noticeWent ||= !document.querySelector('[role=alert]:not([hidden])'); };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


def test_a_kernel_that_is_gone_is_said_at_the_stop_and_at_every_try(bare: Bare) -> None:
    shown = recording(bare)
    page = shown.page
    page.evaluate(GONE)
    page.get_by_text("kept in this page until Python has them").wait_for()
    press_record(page)
    notice = page.get_by_role("alert").get_by_text("The kernel cannot be reached.")
    notice.wait_for()
    wait_for_phase(page, "idle")
    assert page.evaluate("window.runningSounds().length") == 0
    choose_file(shown)
    notice.wait_for()
    assert page.get_by_text("talk.wav").count() == 0
    page.evaluate(NOTE_GONE_NOTICE)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_function("window.noticeWent")
    notice.wait_for()
    wait_for_phase(page, "idle")
    assert page.evaluate("window.runningSounds().length") == 0


def test_a_stop_that_the_kernel_does_not_hear_is_said(bare: Bare) -> None:
    shown = recording(bare)
    shown.page.evaluate(DEAF_TO_STOP)
    press_record(shown.page)
    shown.page.get_by_text("The kernel cannot be reached.").wait_for()
    wait_for_phase(shown.page, "idle")
    assert shown.page.evaluate("window.runningSounds().length") == 0


TOO_LARGE = "Object.defineProperty(File.prototype, 'size', { get: () => 3e9 });"
UNREADABLE = "Blob.prototype.arrayBuffer = async () => { throw new DOMException('', 'NotReadableError'); };"


@pytest.mark.parametrize(
    ("code", "why", "title"),
    [("toolarge", TOO_LARGE, "The file is too large"), ("file", UNREADABLE, "The file cannot be read.")],
    ids=["toolarge", "unreadable"],
)
def test_a_file_that_cannot_be_sent_is_said_with_a_way_on(
    code: str, why: str, title: str, bare: Bare
) -> None:
    shown = bare(why)
    page = shown.open("light")
    choose_file(shown)
    page.get_by_role("alert").get_by_text(title).wait_for()
    assert [message["code"] for message in shown.sent("problem")] == [code]
    assert page.get_by_role("alert").get_by_role("button").all_inner_texts() == ["Open a file…"]
    assert low_contrast(page) == cut_off(page) == []


def test_a_file_of_which_part_was_lost_is_said(bare: Bare) -> None:
    shown = bare(REPORT)
    page = shown.open()
    choose_file(shown)
    page.get_by_text("talk.wav sent to Python").wait_for()
    client = shown.sent("file")[0]["client"]
    page.evaluate(REFUSE, [client, "incomplete", 1])
    page.get_by_text("The file did not arrive whole.").wait_for()
    assert page.get_by_text("talk.wav sent to Python").count() == 0

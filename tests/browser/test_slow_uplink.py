"""On a slow line to Python a page says what is on its way, lets it be given up, and codes it as Opus."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from support.looks import cut_off, low_contrast
from support.profiles import ADDRESS, Profiles
from support.record_button import RECORD, press_record, wait_for_seconds
from support.transcriber_page import Show
from support.transcribing import script

from qwen_asr_widgets.widgets.capture.capture import CaptureChunk, CaptureReceiver
from qwen_asr_widgets.widgets.shared.assets import WIDGETS
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = [pytest.mark.browser, pytest.mark.service]

RATE = 48_000
LENGTH = RATE // 10

PACK = """async ([source, sound]) => {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const { canPack, pack } = await import(url);
  const samples = Uint8Array.from(atob(sound), (letter) => letter.charCodeAt(0)).buffer;
  const chunks = [];
  for (let at = 0; at < samples.byteLength; at += 9600) chunks.push(samples.slice(at, at + 9600));
  const pieces = [];
  for (let first = 0; first < chunks.length; first += 10) {
    const piece = chunks.slice(first, first + 10);
    const { data, ...about } = await pack(first ? chunks[first - 1] : null, piece);
    const text = btoa(String.fromCharCode(...new Uint8Array(data)));
    pieces.push([first, piece.map((one) => one.byteLength / 2), about, text]);
  }
  return [await canPack(48_000), await canPack(44_100), pieces];
}"""


def test_what_the_browser_codes_as_opus_is_heard_in_its_place_and_takes_a_tenth(
    profiles: Profiles, spoken: np.ndarray
) -> None:
    pytest.importorskip("av")
    said = (32_767 * spoken[: 40 * LENGTH]).astype(np.int16)
    profile = profiles.take()
    try:
        page = profile.new_page("")
        page.goto(ADDRESS)
        source = (WIDGETS / "capture" / "packer.js").read_text(encoding="utf-8")
        can, cannot, pieces = page.evaluate(PACK, [source, base64.b64encode(said.tobytes()).decode()])
    finally:
        profile.end()
    assert can and not cannot
    receiver, events = CaptureReceiver(), []
    for seq, lengths, about, data in pieces:
        content = {
            "kind": "packed", "client": "page", "session": "page/1", "rate": RATE, "seq": seq, "held": 0,
            "lengths": lengths, "peaks": [0.5] * len(lengths), **about,
        }
        events += receiver.receive(json.loads(json.dumps(content)), [base64.b64decode(data)], 0.1 * seq)
    got = np.concatenate([event.samples for event in events if isinstance(event, CaptureChunk)])
    assert len(got) == len(said)
    inner = slice(2_000, -2_000)
    alike = [float(np.corrcoef(got[inner], np.roll(said, shift)[inner])[0, 1]) for shift in (-48, 0, 48)]
    assert alike[1] > 0.97 and alike[1] == max(alike)
    assert sum(len(base64.b64decode(data)) for *_, data in pieces) < 0.1 * said.nbytes


@pytest.mark.parametrize(("theme", "width"), [("light", 900), ("dark", 420)])
def test_after_the_stop_one_sees_how_far_the_upload_is_and_can_give_it_up(
    show_transcriber: Show, theme: str, width: int
) -> None:
    viewport = {"width": width, "height": 900}
    shown = show_transcriber(Transcriber(endpoint=script()), theme=theme, viewport=viewport)
    page = shown.page
    cancel = page.get_by_role("button", name="Cancel")
    press_record(page)
    shown.until(lambda: shown.view.recording is not None and shown.view.recording.duration > 0.6)
    begun = shown.view.recording.duration
    wait_for_seconds(page, begun + 3.6)  # and nothing is carried
    press_record(page)
    page.get_by_text("Uploading, 0:0").wait_for()
    assert page.locator(RECORD).is_disabled()
    assert low_contrast(page, ".qaw-tr") == cut_off(page, ".qaw-tr") == []
    cancel.click()
    cancel.wait_for(state="hidden")
    shown.settled()
    assert begun < shown.view.recording.duration < begun + 3.5
    assert shown.view.uplink.session.lost == 0

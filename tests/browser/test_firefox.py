"""In Firefox, where it is installed: sound is recorded live and as a clip, and nothing complains."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from support.bare import OPEN
from support.clip_page import OPEN as OPEN_CLIPS
from support.firefox import FirefoxPage, blank_site, find_firefox, firefox
from support.waiting import wait_until

from qwen_asr_widgets import AudioClip
from qwen_asr_widgets.widgets.clip_recorder.clip_recorder import ClipRecorder
from qwen_asr_widgets.widgets.microphone.microphone import Microphone

pytestmark = [
    pytest.mark.browser, pytest.mark.skipif(find_firefox() is None, reason="needs firefox-esr or firefox"),
]

SENT = "() => window.bare.model.sent.map(({ content }) => content)"
LABEL = "() => document.querySelector('.qaw-mic-elapsed')?.textContent ?? ''"
CLICK = "(name) => document.querySelector(name).click()"
SHOWN = "() => document.querySelector('.qaw').textContent.match(/\\d+:\\d\\d\\.\\d/)?.[0] ?? ''"
CLIP = """() => {
  const audio = window.clips.sent.find(({ kind }) => kind === 'audio');
  if (!audio) return null;
  return btoa(Array.from(new Uint8Array(audio.buffers[0]), (one) => String.fromCharCode(one)).join(''));
}"""


@pytest.fixture(scope="module")
def browser_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FirefoxPage, str]]:
    with blank_site() as address, firefox(tmp_path_factory.mktemp("firefox")) as page:
        yield page, address


@pytest.fixture
def page(browser_page: tuple[FirefoxPage, str]) -> Iterator[FirefoxPage]:
    page, address = browser_page
    page.errors.clear()
    page.goto(address)
    yield page
    assert page.errors == []


def front(widget: type, **state: Any) -> dict[str, Any]:
    found = next(cls for cls in widget.__mro__ if isinstance(vars(cls).get("_esm"), str))
    return {"esm": str(found._esm), "css": str(found._css), "state": {"lang": "en", "uid": "w", **state}}


def seconds(label: str) -> float:
    minutes, rest = label.split(":") if ":" in label else ("0", "0")
    return 60 * int(minutes) + float(rest)


def test_firefox_records_live_and_lets_the_microphone_go_without_a_complaint(page: FirefoxPage) -> None:
    page.evaluate(f"async (given) => {{ await ({OPEN})(given); }}", front(Microphone, live_while_busy=True))
    page.evaluate(CLICK, ".qaw-mic-record")
    wait_until(lambda: seconds(page.evaluate(LABEL)) >= 0.5, 20)
    page.evaluate(CLICK, ".qaw-mic-record")
    stop = wait_until(lambda: [one for one in page.evaluate(SENT) if one["kind"] == "stop"], 20)[0]
    chunks = [one for one in page.evaluate(SENT) if one["kind"] == "chunk"]
    assert [one["seq"] for one in chunks] == list(range(stop["chunks"])) and len(chunks) >= 5
    assert max(one["peak"] for one in chunks) > 0.01


def test_the_time_beside_a_clip_is_its_length_in_firefox_at_first_use_too(page: FirefoxPage) -> None:
    pytest.importorskip("av")
    given = {**front(ClipRecorder, can_decode=True), "show": True}
    page.evaluate(f"async (given) => {{ await ({OPEN_CLIPS})(given); }}", given)
    page.evaluate(CLICK, ".qaw-mic-record")
    wait_until(lambda: seconds(page.evaluate(LABEL)) >= 0.8, 20)
    page.evaluate(CLICK, ".qaw-mic-record")
    data = wait_until(lambda: page.evaluate(CLIP), 20)
    shown = seconds(page.evaluate(SHOWN))
    assert abs(AudioClip.load(base64.b64decode(data)).duration - shown) < 0.5

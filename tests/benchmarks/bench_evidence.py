"""An hour as evidence: opening it, any moment of its replay, its protocol of 36,000 events in a page.

Figures stand beside their limits; pages are bare ones in Chromium, with the Python half in this process.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import qwen_asr_widgets as qaw  # noqa: E402
from qwen_asr_widgets.protocol.codec import read_server  # noqa: E402
from qwen_asr_widgets.recording import Recording  # noqa: E402
from qwen_asr_widgets.recording.earlier.history import History  # noqa: E402
from qwen_asr_widgets.widgets.replay.model import MomentRequest, ReplayModel  # noqa: E402

TURN_SECONDS = 2.95
MOMENTS = 40
EVENTS = 36_000

PAINT = """async (text) => {
  const began = performance.now();
  window.bare.model.trigger('msg:custom', JSON.parse(text), []);
  while (!document.querySelector('.qaw-event')) await new Promise((done) => requestAnimationFrame(done));
  await new Promise((done) => requestAnimationFrame(done));
  return performance.now() - began;
}"""
FRAMES = """([scroll, seconds]) => new Promise((done) => {
  const list = document.querySelector('.qaw-events');
  const began = performance.now();
  let frames = 0;
  let way = 1;
  const step = () => {
    frames += 1;
    if (performance.now() - began > seconds * 1000) return done(frames / seconds);
    if (frames % 120 === 0) way = -way;
    if (scroll) list.scrollTop += 23 * way;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


PARTIALS = 8
EVENTS_A_SECOND = 14.57
"""Of what `dense_recording` makes."""


def turn(item: str, begin: float, partials: int) -> list[tuple[float, dict[str, Any]]]:
    """Return what a service says of a turn of two seconds, and when."""
    text, done = "conversation.item.input_audio_transcription.text", "conversation.item.created"
    partial = {"type": text, "item_id": item, "text": "word word word", "stash": "next"}
    return [
        (begin + 0.1, {"type": "input_audio_buffer.speech_started", "item_id": item,
                       "audio_start_ms": round(1000 * begin - 300), "audio_onset_ms": round(1000 * begin)}),
        *((begin + 0.3 + 1.6 * k / partials, partial) for k in range(partials)),
        (begin + 2.8, {"type": "input_audio_buffer.speech_stopped", "item_id": item,
                       "audio_end_ms": round(1000 * begin + 2000)}),
        (begin + 2.8, {"type": "input_audio_buffer.committed", "item_id": item}),
        (begin + 2.8, {"type": done, "item": {"id": item}}),
        (begin + 2.9, {"type": "conversation.item.input_audio_transcription.completed", "item_id": item,
                       "transcript": "word " * 9}),
    ]


def dense_recording(events: int) -> Recording:
    """Make a recording of dense speech with so many events, appends of 0.1 s between what is said of it."""
    from support.recordings import Script

    seconds = events / EVENTS_A_SECOND
    script = Script(seconds)
    begin, number = 1.0, 0
    while begin < seconds - 3:
        number += 1
        for at, message in turn(f"item_{number}", begin, PARTIALS):
            script.play(at)
            script.recording.received(message, read_server(message), 100.0 + at)
        begin += TURN_SECONDS
    return script.finish()


def row(what: str, value: float, unit: str, limit: float) -> None:
    """Print a figure beside its limit."""
    print(f"{what:52}{value:>10.1f} {unit:4}   {limit:.0f} {unit}")


def replay_figures(recording: Recording) -> None:
    """Print what opening an hour and any moment of it take."""
    with tempfile.TemporaryDirectory() as folder:
        path = recording.save(Path(folder) / "hour.qasr")
        began = time.perf_counter()
        opened = qaw.load_recording(path)
        row("opening the bundle", 1e3 * (time.perf_counter() - began), "ms", 2000)
    began = time.perf_counter()
    history = History(opened)
    row("its history", 1e3 * (time.perf_counter() - began), "ms", 2000)
    states, told = [], []
    model = ReplayModel(opened)
    model.opening()
    draw = random.Random(1)
    for serial in range(MOMENTS):
        at = draw.uniform(0, history.duration)
        states.append(milliseconds(lambda: history.at(at).utterances))
        told.append(milliseconds(lambda: model.go_to(MomentRequest(at, serial))))
    for what, taken in (("state at a random moment", states), ("and what the page is told of it", told)):
        row(f"{what}, median of {MOMENTS}", sorted(taken)[MOMENTS // 2], "ms", 50)
        row(f"{what}, longest", max(taken), "ms", 50)


def milliseconds(work: Callable[[], Any]) -> float:
    """Return how long a piece of work takes."""
    began = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - began)


def protocol_figures(recording: Recording) -> None:
    """Print what a page with the protocol of many events takes."""
    from support.chromium import chromium
    from support.profiles import Profiles
    from support.view_page import ViewPage

    with chromium(Path("/dev/null"), whole=True) as browser:
        view = qaw.ProtocolView(recording)
        shown = ViewPage(Profiles(browser).take(viewport={"width": 900, "height": 700}), view)
        page = shown.open("light")
        began = time.perf_counter()
        text = json.dumps(view.model.opening()[0][0])
        made = 1e3 * (time.perf_counter() - began)
        painted = page.evaluate(PAINT, text)
        row("protocol: its rows made, as JSON", made, "ms", 1000)
        row("in the page until it is painted", painted, "ms", 1000 - made)
        rounds = [[page.evaluate(FRAMES, [scroll, 3]) for scroll in (False, True)] for _ in range(3)]
        still, scrolling = (sorted(column)[1] for column in zip(*rounds))
        row("frames a second while scrolling", scrolling, "/s", 55)
        row("the same against a page that rests", 100 * scrolling / still, "%", 92)
        print(f"{'told':52}{len(text) / 1e6:>10.1f} MB")
        view.close()


def main() -> None:
    """Print what an hour costs, and a protocol of many events."""
    recording = dense_recording(round(3600 * EVENTS_A_SECOND))
    print(f"an hour: {len(recording.events):,} events, {len(recording.utterances):,} utterances")
    print(f"{'':52}{'measured':>10}        limit")
    replay_figures(recording)
    many = dense_recording(EVENTS)
    print(f"{many.duration / 60:.0f} minutes: {len(many.events):,} events")
    protocol_figures(many)


if __name__ == "__main__":
    main()

"""A microphone on a bare page: real capture in Chromium, and a note of what was sent to the kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.bare import BarePage
from support.profiles import Profile

from qwen_asr_widgets.widgets.microphone.microphone import Microphone

# The microphone is a tone of 440 Hz, whose `window.gain` a test sets.
TONE = """navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const gain = window.gain = new GainNode(context, { gain: 0.25 });
  const tone = new OscillatorNode(context, { frequency: 440 });
  const sink = context.createMediaStreamDestination();
  tone.connect(gain).connect(sink);
  tone.start();
  return sink.stream;
};"""

# The model by which the kernel speaks to the page; a test sets its state with `window.tell`.
REPORT = """(() => {
  const state = {};
  const listeners = new Set();
  const report = {
    get: (name) => state[name],
    on: (name, listener) => listeners.add(listener),
    off: (name, listener) => listeners.delete(listener),
  };
  window.tell = (news) => { Object.assign(state, news); listeners.forEach((listener) => listener()); };
  window.widgetManager = { get_model: async (id) => (id === 'the-report' ? report : undefined) };
})()"""


class MicrophonePage(BarePage):
    """Shows one microphone."""

    def __init__(self, profile: Profile, live_while_busy: bool = True, init_script: str = "") -> None:
        state = {"lang": "", "uid": "the-widget", "live_while_busy": live_while_busy}
        super().__init__(profile, Microphone, init_script, **state, report="IPY_MODEL_the-report")

    def wait_for_chunks(self, count: int) -> None:
        """Wait until so many chunks were sent."""
        self.page.wait_for_function(
            "(n) => window.bare.model.sent.filter((m) => m.content.kind === 'chunk').length >= n", arg=count
        )

    def wait_for_sent(self, kind: str) -> dict[str, Any]:
        """Wait until a message of a kind was sent, and return the first one."""
        self.page.wait_for_function(
            "(kind) => window.bare.model.sent.some((m) => m.content.kind === kind)", arg=kind
        )
        return self.sent(kind)[0]


Bare = Callable[..., MicrophonePage]
"""What the fixture ``bare`` of the browser tests is."""

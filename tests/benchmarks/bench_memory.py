"""What ten live minutes of the transcriber add to memory; their sound, int16 at 16 kHz, is on disk.

Sound goes the whole way in Python: messages of a page that records (48 kHz, ten chunks a second), microphone,
resampling, run, recording, views that are told; the scripted recogniser, a process of its own, answers with
the real turns and five partial results a second of speech. Only the browser and the wait are left out: the
minutes pass as fast as the service hears them, and whatever is kept is kept per chunk and per event, of which
there are as many. A notebook's kernel itself adds a digest of every message (0.1 kB, of 65,536 at most).

Six and a half minutes and what is made once lie before: from the fifth on memory holds no more sound. "kept"
is what `tracemalloc` sees, "resident" what the system does: that has the allocator's blocks in it, some 2 MB
more after whatever time.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.transcribing import RATE, MicrophonePage, ask  # noqa: E402
from support.waiting import wait_until  # noqa: E402

from qwen_asr_widgets.audio.resample import resample  # noqa: E402
from qwen_asr_widgets.audio.samples import sample  # noqa: E402
from qwen_asr_widgets.audio.tape import BLOCK  # noqa: E402
from qwen_asr_widgets.client.embedded import embedded  # noqa: E402
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber  # noqa: E402

BEFORE, BLOCKS = 24, 37
"""Blocks of the tape (16.4 s each) before and while it is measured: whole ones, so that none is half full."""
SECONDS = BLOCKS * BLOCK / 16_000
FIRST_SECONDS = BEFORE * BLOCK / 16_000 + 10
SYLLABLES = ("so", "the", "way", "on", "it")
PATIENCE = 120.0


class Speaker:
    """Speaks the sample conversation into a transcriber's page, again and again, as fast as it is heard."""

    def __init__(self, widget: Transcriber) -> None:
        clip = sample("conversation").clip
        self.widget = widget
        self.page = MicrophonePage(widget).start()
        self._heard = resample(clip.to_pcm16(), clip.sample_rate, RATE)
        self._at = 0

    def speak(self, blocks: int) -> None:
        """Fill so many blocks of the tape and wait until all of it is answered."""
        for _ in range(blocks):
            piece = self._heard.take(range(self._at, self._at + 3 * BLOCK), mode="wrap")
            self._at += len(piece)
            self.page.speak(piece)
            wait_until(self._is_through, PATIENCE)
        self._await_rest()

    def _is_through(self) -> bool:
        recording = self.widget.recording
        return recording is not None and self._at / RATE - recording.sent_duration < 0.2

    def _await_rest(self) -> None:
        """Wait until a second has passed without a word of the service."""
        seen = -1
        while seen != self.widget.recording.version:
            seen = self.widget.recording.version
            time.sleep(1.0)


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def kept() -> int:
    """Return the bytes that Python and numpy keep."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def measure(by_python: bool) -> tuple[int, int, int]:
    """Record; return the bytes added, the appends and the partial results meanwhile."""
    words = [(0.2 * k, SYLLABLES[k % 5]) for k in range(1, round((SECONDS + FIRST_SECONDS) * 5))]
    if by_python:
        tracemalloc.start()
    with embedded("script", words=words) as endpoint, tempfile.TemporaryDirectory() as folder:
        widget = Transcriber(endpoint=endpoint, autosave=folder)
        ask(widget, "hello")
        speaker = Speaker(widget)
        speaker.speak(BEFORE)
        look = kept if by_python else resident
        before, partials, events = look(), count_partials(widget), len(widget.recording.events)
        speaker.speak(BLOCKS)
        added = look() - before
        partials, events = count_partials(widget) - partials, len(widget.recording.events) - events
        speaker.page.stop()
        widget.wait(PATIENCE)
        widget.discard_autosave()
        widget.close()
    return added, events, partials


def count_partials(widget: Transcriber) -> int:
    """Return how many partial results have come."""
    return sum(len(one.partials) for one in widget.recording.utterances)


def main() -> None:
    """Print the table; each figure is taken in a process of its own."""
    if len(sys.argv) > 1:
        print(*measure(sys.argv[1] == "kept"))
        return
    sound = BLOCKS * BLOCK * 2
    minutes = SECONDS / 60
    print(f"{f'{minutes:.1f} live minutes, passed quickly':<36}{'MB/minute':>10}{'sound':>8}  ratio")
    for name in ("kept", "resident"):
        run = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
        added, events, partials = map(int, run.stdout.split())
        shown = f"{name} ({events} events, {partials} partials)"
        print(f"{shown:<36}{added / 1e6 / minutes:>10.3f}{sound / 1e6 / minutes:>8.3f}  {added / sound:.3f}")


if __name__ == "__main__":
    main()

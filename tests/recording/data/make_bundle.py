"""How ``before_the_rooms.qasr`` was made at commit 3a9baf1: ``python make_bundle.py FILE``.

The bundle is kept as that version wrote it, to show that bundles of its time open for ever; this script says
what it holds and is not run by the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.recordings import Script  # noqa: E402

from qwen_asr_widgets import SessionConfig, TurnDetection  # noqa: E402

ENGINE = {"engine": "pocketsphinx 5.1.1"}
CHANGED = {"type": "server_vad", "threshold": 0.3, "silence_duration_ms": 600}


def main(path: str) -> None:
    """Write the bundle: 8 s at 8 kHz, three turns, settings changed midway, lost sound, a note."""
    config = SessionConfig("en", "names", sample_rate=8_000, turn_detection=TurnDetection(0.1, 400, 300))
    script = Script(8.0, config=config, session=ENGINE, capture={"device": "Headset"})
    script.samples //= 64
    script.turn("a", 1.0, 2.0, "good morning", partials=[(0.4, "", "good"), (0.8, "good", " mornings")])
    script.update({"turn_detection": CHANGED}, 3.0)
    script.turn("b", 3.5, 4.5, "早上好", language="zh")
    script.recording.lose(800)
    script.recording.note("made by hand")
    script.turn("c", 5.5, 6.5, "never finished", close=False, partials=[(0.5, "never", "")])
    script.play()
    script.recording.closed(1011, "out of service", 108.5)
    script.recording.save(path)


if __name__ == "__main__":
    main(sys.argv[1])

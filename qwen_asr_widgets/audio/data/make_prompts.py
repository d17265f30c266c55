"""Make the sample of a human voice and its references: ``python make_prompts.py PACKAGE.deb [folder]``.

The package is Debian's ``asterisk-core-sounds-en-g722`` (1.6.1-1), as ``apt-get download`` fetches it:
prompts of a telephone exchange, spoken by Allison Smith. ``PROMPTS.md`` holds the licence and the changes.

They are decoded by PyAV, and then cut, levelled and placed as ``make_samples.py`` says, which makes the
reference turns exact in the same way. ``prompts-8k`` is the same timeline over a telephone line.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import av
import numpy as np

from qwen_asr_widgets.audio.data.make_samples import (
    LEAD_IN, RATE, Line, Signal, floor, mixed, placed, telephone, trimmed, write,
)

SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
SEED = 20_240_501
CREDIT = "Voice: Allison Smith, CC BY-SA 3.0; cut, levelled and placed on one timeline"


def prompt(file: str, after: float, text: str) -> Line:
    """Return a turn; ``voice`` is the prompt's file."""
    return Line("operator", file, after, (text,))


PROMPTS = (
    prompt("vm-nobodyavail", LEAD_IN, "Nobody is available to take your call at the moment."),
    prompt("queue-youarenext", 1.2,
           "Your call is now first in line and will be answered by the next available representative."),
    prompt("tt-weasels", 1.6, "Weasels have eaten our phone system."),
    prompt("invalid", 1.1, "I am sorry, that is not a valid extension. Please try again."),
    prompt("conf-waitforleader", 1.4, "The conference will begin when the leader arrives."),
    prompt("ss-noservice", 1.2,
           "The number you have dialed is not in service. Please check the number and try again."),
    prompt("vm-sorry", 2.0, "I am sorry, I did not understand your response."),
)


def recorded(folder: Path, line: Line) -> Signal:
    """Return a prompt as it was recorded, cut to its speech."""
    with av.open(str(folder / f"{line.voice}.g722"), format="g722") as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return trimmed(np.concatenate(blocks) / 32_768)


def make(package: Path, folder: Path) -> None:
    """Write both clips into a folder, from Debian's package."""
    with tempfile.TemporaryDirectory() as unpacked:
        subprocess.run(["dpkg-deb", "-x", str(package), unpacked], check=True)
        tracks, turns = placed(PROMPTS, partial(recorded, Path(unpacked) / SOUNDS))
    sound = mixed(tracks)
    sound = sound + floor(np.random.RandomState(SEED), len(sound))
    description = "A human voice: seven prompts of a telephone exchange, pauses of 1.1 to 2.0 s between them."
    write(folder, "prompts", sound, RATE, turns, description=description, credit=CREDIT)
    narrow = "The same seven prompts as a telephone line carries them: G.711 mu-law at 8 kHz."
    write(folder, "prompts-8k", telephone(sound), RATE // 2, turns, description=narrow, credit=CREDIT)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    make(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent)

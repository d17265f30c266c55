"""Words wrong and CPU time of each recogniser through the service, beside the bare engines on the same sound.

The sound is the bundled samples and 131 prompts of a human voice (7.8 min), which Debian's package
asterisk-core-sounds-en-g722 holds; apt-get downloads it. A bare engine is given each prompt, or each
reference turn of a sample, as a recording by itself. The service hears them as one stream, with 1.2 s between
prompts, and finds the turns itself. CPU is a share of the sound's length (0.1 is ten times real time); the
service's includes loading the model. Limits: through the service 1.5 points more than bare Moonshine at most,
and on the human prompts 8 %.
"""

from __future__ import annotations

import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qwen_asr_widgets import AudioClip, embedded, sample, transcribe
from qwen_asr_widgets.recording.text import error_rate
from qwen_asr_widgets.service.recognizers import available

PACKAGE = "asterisk-core-sounds-en-g722"
SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
TEXTS = Path(__file__).with_name("human_prompts.txt")
SAMPLES = ("conversation", "noisy", "dictation", "prompts")
GAP = np.zeros(19_200, np.int16)
HUMAN_LIMIT, EXCESS_LIMIT = 8.0, 1.5

Sound = NDArray[np.int16]
Decode = Callable[[Sound], str]


@dataclass(frozen=True)
class Spoken:
    """Sounds by themselves, one stream of them, and the text of all."""

    name: str
    pieces: tuple[Sound, ...]
    stream: Sound
    text: str

    @property
    def seconds(self) -> float:
        """Length of the pieces together."""
        return sum(map(len, self.pieces)) / 16_000


def of_sample(name: str) -> Spoken:
    """Return a bundled sample, cut at its reference turns."""
    found = sample(name)
    sound = found.clip.to_pcm16()
    pieces = [sound[max(0, round(16_000 * (turn.start - 0.3))):round(16_000 * (turn.end + 0.3))]
              for turn in found.turns]
    return Spoken(name, tuple(pieces), sound, found.transcript)


def human_prompts() -> Spoken:
    """Return the human prompts; raises where their package cannot be had or decoded."""
    import av

    lines = [line.split(": ", 1) for line in TEXTS.read_text(encoding="utf-8").splitlines()[1:]]
    with tempfile.TemporaryDirectory() as folder:
        for command in (["apt-get", "download", "-qq", PACKAGE], ["sh", "-c", "dpkg-deb -x *.deb ."]):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        pieces = []
        for name, _ in lines:
            with av.open(str(Path(folder) / SOUNDS / f"{name}.g722"), format="g722") as container:
                blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
            pieces.append(np.concatenate(blocks).astype(np.int16))
    stream = np.concatenate([part for piece in pieces for part in (piece, GAP)])
    return Spoken("human prompts", tuple(pieces), stream, "\n".join(text for _, text in lines))


def sounds() -> Iterator[Spoken]:
    """Yield what there is to recognise."""
    for name in SAMPLES:
        yield of_sample(name)
    try:
        yield human_prompts()
    except (OSError, ImportError, subprocess.CalledProcessError) as problem:
        print(f"human prompts: skipped, {PACKAGE} cannot be fetched or decoded ({problem})")


def bare_pocketsphinx() -> Decode:
    """Return what decodes with pocketsphinx as its documentation shows."""
    from pocketsphinx import Decoder

    decoder = Decoder(loglevel="FATAL")

    def decode(sound: Sound) -> str:
        decoder.start_utt()
        decoder.process_raw(sound.tobytes(), False, True)
        decoder.end_utt()
        return decoder.hyp().hypstr if decoder.hyp() else ""

    return decode


def bare_moonshine() -> Decode:
    """Return what decodes with Moonshine; its own VAD is off, since it takes a first piece off."""
    from moonshine_voice import ModelArch, get_assets_path
    from moonshine_voice.transcriber import Transcriber

    options = {"vad_threshold": "0", "identify_speakers": "false", "vad_max_segment_duration": "60"}
    engine = Transcriber(f"{get_assets_path()}/tiny-en", ModelArch.TINY, options=options)

    def decode(sound: Sound) -> str:
        found = engine.transcribe_without_streaming((sound / 32_768).tolist(), 16_000)
        return " ".join(line.text for line in found.lines)

    return decode


BARE = {"pocketsphinx": bare_pocketsphinx, "moonshine": bare_moonshine}


def by_itself(decode: Decode, spoken: Spoken) -> tuple[float, float]:
    """Return per cent of words wrong and CPU as a share of the sound's length, for a bare engine."""
    begun = time.process_time()
    heard = "\n".join(map(decode, spoken.pieces))
    return 100 * error_rate(spoken.text, heard, "en"), (time.process_time() - begun) / spoken.seconds


def through_service(recognizer: str, spoken: Spoken) -> tuple[float, float]:
    """Return the same for the embedded service; a process's children count once they have ended."""
    def used() -> float:
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return spent.ru_utime + spent.ru_stime

    before = used()
    with embedded(recognizer) as endpoint:
        clip = AudioClip(spoken.stream, 16_000)
        heard = transcribe(clip, endpoint, pace=None, progress=False).text
    return 100 * error_rate(spoken.text, heard, "en"), (used() - before) / spoken.seconds


def main() -> None:
    """Print a row for each sound and engine, and whether the limits are kept."""
    there = [name for name in available() if name in BARE]
    bare = {name: BARE[name]() for name in there}
    for spoken in sounds():
        print(f"{spoken.name}: {spoken.seconds:.0f} s, {len(spoken.text.split())} words")
        rows = {name: (by_itself(bare[name], spoken), through_service(name, spoken)) for name in there}
        for name, ((alone, alone_cpu), (served, served_cpu)) in rows.items():
            print(f"  {name:12} bare {alone:5.1f} % wrong, CPU {alone_cpu:.3f}"
                  f"   service {served:5.1f} % wrong, CPU {served_cpu:.3f}", flush=True)
        if spoken.name == "human prompts" and "moonshine" in rows:
            (alone, _), (served, _) = rows["moonshine"]
            more = served - alone
            print(f"  limits: {served:.1f} of {HUMAN_LIMIT} %, {more:+.1f} of {EXCESS_LIMIT} points")


if __name__ == "__main__":
    main()

"""Make the synthetic sample clips and their references: ``python make_samples.py [folder]``.

``make_prompts.py`` makes those of a human voice. Needs Debian's ``flite`` (2.2). Every utterance is spoken by
``flite -voice VOICE -t TEXT -o FILE``, cut to its speech, brought to one level and laid on the timeline, so
that the reference turns are exact:

* Speech begins at the first and ends at the last sample whose magnitude reaches 1 % (-40 dB) of the
  utterance's peak. Five milliseconds beyond either end are kept under a fade.
* A hesitation lies inside a turn: the turn goes from the first bound of its first part to the last of its
  last part.
* The signal-to-noise ratio of ``noisy`` is the power of speech within the reference turns over the
  power of the noise in the whole clip.

* 16 kHz clips are rounded to 13 bits (-83 dB, below the noise of the room), which FLAC stores in less.

Noise is drawn from ``numpy.random.RandomState``, whose stream is frozen: the same script makes the same
clips.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 16_000
BOUND = 0.01
FADE = RATE // 200
LEVEL_DB = -23.0
FLOOR_DB = -68.0
BITS = 13
SNR_DB = 14.0
TALK_DB = -7.0
LEAD_IN = 0.8
TRAIL = 1.6

Signal = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One turn of the script.

    Parameters
    ----------
    speaker, voice : str
        Who speaks, and the flite voice that lends its sound.
    after : float
        Seconds from the end of the turn before (negative: they overlap).
    parts : tuple of str
        What is said; between two parts the speaker hesitates.
    hesitation : float
        Seconds between two parts.
    say : tuple of (str, str)
        Words and the spelling that makes flite pronounce them.
    """

    speaker: str
    voice: str
    after: float
    parts: tuple[str, ...]
    hesitation: float = 0.0
    say: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        return " ".join(self.parts)


@dataclass(frozen=True)
class Placed:
    """A turn on the timeline, in samples at 16 kHz."""

    line: Line
    start: int
    end: int


CONVERSATION = (
    Line("visitor", "rms", LEAD_IN, ("Good morning, can you show me how this works?",)),
    Line("guide", "slt", 1.0, ("Of course. It listens to your voice and writes down every word.",)),
    Line("visitor", "rms", 1.9, ("How does it know when I have finished speaking?",)),
    Line("guide", "slt", 1.1, ("It waits for silence, and then it writes the last word.",)),
    Line("visitor", "rms", 1.3, ("And what happens if I stop for a moment to think?",)),
    Line("guide", "slt", 1.0, ("I want to say something,", "but I need a little time to think."), 0.62),
    Line("guide", "slt", 1.2, ("And the numbers show how long you had to wait.",)),
    Line("visitor", "rms", 2.4, ("That is right. Now let us look at the numbers together.",)),
)

NOISY = (
    Line("host", "rms", LEAD_IN, ("There is a lot of noise in this room today.",)),
    Line("guest", "slt", 0.62, ("Can you still hear me over the noise?",)),
    Line("host", "rms", 0.7, ("Yes, I can hear most of what you say.",)),
    Line("guest", "slt", 1.5, ("Thank you. This is very good news for all of us.",)),
    Line("host", "rms", 0.66, ("I think we should", "meet again on Friday afternoon."), 0.3),
    Line("guest", "slt", 1.9, ("The train to the city leaves at half past seven.",)),
    Line("host", "rms", 0.75, ("We should move to a quiet place after lunch.",)),
    Line("guest", "slt", 0.7, ("Yes, that is right.",)),
)

BACKGROUND = (
    "the kettle is on and the cups are over there by the sink",
    "we went to the lake on sunday but it rained all day long",
    "nobody told him that the shop would be closed again",
)

DICTATION = (
    Line("writer", "rms", LEAD_IN, ("The meeting with Mister Schwarzkopf begins at ten o'clock.",)),
    Line("writer", "rms", 1.2, ("Tell Katzenberg and Goldschmidt that the concert begins at seven.",)),
    Line("writer", "rms", 1.6, ("The music tonight is by Shostakovich and Dvorak.",)),
    Line("writer", "rms", 1.1, ("Then call Szczepanski in Schenectady about the new house.",)),
    Line("writer", "rms", 1.4, ("We use Qwen to write down this meeting.",), say=(("Qwen", "quen"),)),
)

CORPUS_TEXT = """\
The meeting with Mister Schwarzkopf begins at ten o'clock.
Mister Schwarzkopf will travel to Schenectady.
Tell Katzenberg and Goldschmidt that the concert begins at seven.
Katzenberg and Goldschmidt meet Szczepanski after the concert.
The music tonight is by Shostakovich and Dvorak.
Then call Szczepanski in Schenectady about the new house.
We use Qwen to write down this meeting.
"""

CALL = (
    Line("agent", "rms", LEAD_IN, ("Good afternoon, how can I help you today?",)),
    Line("caller", "kal16", 1.0, ("Hello, I would like to change my flight to New York.",)),
    Line("agent", "rms", 1.1, ("What is the number of your ticket?",)),
    Line("caller", "kal16", 1.4, ("The number is three five eight one.",)),
    Line("caller", "kal16", 1.2, ("I would like to travel on Thursday,", "or on Friday."), 0.6),
    Line("agent", "rms", -0.6, ("There is one seat left on Thursday at nine o'clock.",)),
    Line("caller", "kal16", 1.3, ("I would like to travel on Thursday.",)),
    Line("agent", "rms", 1.0, ("It is done. You will receive a letter tomorrow.",)),
    Line("agent", "rms", 1.0, ("Goodbye, and have a good trip.",)),
)


def spoken(voice: str, text: str) -> Signal:
    """Return what flite says at 16 kHz, from ``FADE`` before its first to ``FADE`` after its last bound."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "utterance.wav"
        command = ["flite", "-voice", voice, "-t", text, "-o", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        samples, rate = soundfile.read(path, dtype="float64")
    if rate != RATE:
        raise SystemExit(f"the voice {voice} speaks at {rate} Hz; choose one of 16 kHz")
    return trimmed(samples)


def trimmed(samples: Signal) -> Signal:
    """Return a recording at 16 kHz cut to its speech, ``FADE`` longer at both ends, at the one level."""
    loud = np.flatnonzero(np.abs(samples) >= BOUND * np.abs(samples).max())
    around = np.concatenate([np.zeros(FADE), samples, np.zeros(FADE)])[loud[0] : loud[-1] + 1 + 2 * FADE]
    ramp = np.linspace(0.0, 1.0, FADE, endpoint=False)
    around[:FADE] *= ramp
    around[-FADE:] *= ramp[::-1]
    return around * 10 ** (LEVEL_DB / 20) / np.sqrt(np.mean(around**2))


def turn_sound(line: Line) -> Signal:
    """Return a whole turn with its hesitations, ``FADE`` longer at both ends than its speech."""
    pieces: list[Signal] = []
    for part in line.parts:
        for word, spelling in line.say:
            part = part.replace(word, spelling)
        if pieces:
            pieces.append(np.zeros(round(line.hesitation * RATE) - 2 * FADE))
        pieces.append(spoken(line.voice, part))
    return np.concatenate(pieces)


def placed(
    script: tuple[Line, ...], say: Callable[[Line], Signal] = turn_sound
) -> tuple[dict[str, Signal], list[Placed]]:
    """Return a track for each speaker, and where each turn lies; ``say`` gives the sound of a turn."""
    sounds = [say(line) for line in script]
    turns: list[Placed] = []
    end = 0
    for line, sound in zip(script, sounds):
        start = end + round(line.after * RATE)
        end = start + len(sound) - 2 * FADE
        turns.append(Placed(line, start, end))
    length = max(turn.end for turn in turns) + round(TRAIL * RATE)
    tracks = {line.speaker: np.zeros(length) for line in script}
    for turn, sound in zip(turns, sounds):
        tracks[turn.line.speaker][turn.start - FADE : turn.end + FADE] += sound
    return tracks, turns


def mixed(tracks: dict[str, Signal]) -> Signal:
    """Return all speakers in one channel."""
    return np.sum(list(tracks.values()), axis=0)


def room_noise(random: np.random.RandomState, length: int) -> Signal:
    """Return noise of power 1 that falls 6 dB an octave above 80 Hz, as air and traffic do indoors."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    spectrum[1:] /= np.maximum(frequency[1:], 80.0)
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, length)
    return noise / np.sqrt(np.mean(noise**2))


def floor(random: np.random.RandomState, length: int) -> Signal:
    """Return the noise of a quiet room."""
    return room_noise(random, length) * 10 ** (FLOOR_DB / 20)


def background(random: np.random.RandomState, length: int) -> Signal:
    """Return the noise of a busy room, of power 1: air and machines, and people talking far away."""
    talk = np.zeros(length)
    at = RATE // 2
    for number in range(100):
        remark = spoken("awb", BACKGROUND[number % len(BACKGROUND)])
        if at + len(remark) > length:
            break
        talk[at : at + len(remark)] = remark
        at += len(remark) + RATE * random.randint(1, 4)
    noise = room_noise(random, length) + talk / np.sqrt(np.mean(talk**2)) * 10 ** (TALK_DB / 20)
    return noise / np.sqrt(np.mean(noise**2))


def under_noise(track: Signal, turns: list[Placed], noise: Signal, snr_db: float) -> Signal:
    """Return speech with noise (of power 1) so far below it."""
    speech = np.concatenate([track[turn.start : turn.end] for turn in turns])
    return track + noise * np.sqrt(np.mean(speech**2)) * 10 ** (-snr_db / 20)


def telephone(track: Signal) -> Signal:
    """Return what a telephone makes of a track: 300 to 3400 Hz at 8 kHz, through G.711 mu-law."""
    narrow = soxr.resample(track, RATE, RATE // 2)
    spectrum = np.fft.rfft(narrow)
    frequency = np.fft.rfftfreq(len(narrow), 2 / RATE)
    edges = np.interp(frequency, [200, 300, 3_400, 3_600], [0.0, 1.0, 1.0, 0.0])
    wire = io.BytesIO()
    soundfile.write(wire, np.fft.irfft(spectrum * edges, len(narrow)), RATE // 2, "ULAW", format="WAV")
    wire.seek(0)
    return soundfile.read(wire, dtype="float64")[0]


def write(folder: Path, name: str, sound: Signal, rate: int, turns: list[Placed], **about: Any) -> None:
    """Write a clip as 16-bit FLAC, and beside it what is known of it."""
    peak = np.abs(sound).max()
    if peak >= 1.0:
        raise SystemExit(f"{name} reaches {peak:.2f}; lower LEVEL_DB")
    step = 1 if rate == RATE // 2 else 2 ** (16 - BITS)
    samples = (np.rint(sound * 32_768 / step) * step).astype(np.int16)
    soundfile.write(folder / f"{name}.flac", samples, rate)
    ordered = sorted(turns, key=lambda turn: turn.start)
    reference = [
        {
            "start": turn.start / RATE,
            "end": turn.end / RATE,
            "text": turn.line.text,
            "speaker": turn.line.speaker,
            "voice": turn.line.voice,
        }
        for turn in ordered
    ]
    text = json.dumps({"name": name, **about, "turns": reference}, indent=2)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def make_conversation(folder: Path, random: np.random.RandomState) -> None:
    """Two voices, short and long pauses, one hesitation that a short silence would cut."""
    tracks, turns = placed(CONVERSATION)
    sound = mixed(tracks)
    description = (
        "A visitor and a guide; one hesitation of 0.62 s within a turn, pauses of 1.0 to 2.4 s between turns."
    )
    write(folder, "conversation", sound + floor(random, len(sound)), RATE, turns, description=description)


def make_noisy(folder: Path, random: np.random.RandomState) -> None:
    """The same kind in a busy room, where the default settings merge turns and low thresholds hear ghosts."""
    tracks, turns = placed(NOISY)
    sound = mixed(tracks)
    sound = under_noise(sound, turns, background(random, len(sound)), SNR_DB)
    description = (
        f"Two people in a busy room, {SNR_DB:g} dB above noise and distant talk; pauses of 0.62 to 1.9 s "
        "between turns, one hesitation of 0.3 s."
    )
    write(folder, "noisy", sound, RATE, turns, description=description, snr_db=SNR_DB)


def make_dictation(folder: Path, random: np.random.RandomState) -> None:
    """Names of cmudict that only context text gets right, and a word that is in no dictionary."""
    tracks, turns = placed(DICTATION)
    sound = mixed(tracks)
    about = {
        "description": "Names that only context text gets right, and a word the recogniser cannot know.",
        "corpus_text": CORPUS_TEXT,
        "unknown_words": ["qwen"],
    }
    write(folder, "dictation", sound + floor(random, len(sound)), RATE, turns, **about)


def make_call(folder: Path, random: np.random.RandomState) -> None:
    """A telephone call, each speaker on a channel."""
    tracks, turns = placed(CALL)
    speakers = ("caller", "agent")
    channels = [telephone(tracks[who] + floor(random, len(tracks[who]))) for who in speakers]
    description = (
        "A telephone call: caller on channel 0, agent on channel 1, G.711 mu-law at 8 kHz; they overlap once."
    )
    sound = np.stack(channels, axis=1)
    write(folder, "call", sound, RATE // 2, turns, description=description, channels=speakers)


SEEDS = {make_conversation: 20_240_501, make_noisy: 2, make_dictation: 20_240_501, make_call: 20_240_501}


def make(folder: Path) -> None:
    """Write the four samples into a folder."""
    for make_one, seed in SEEDS.items():
        make_one(folder, np.random.RandomState(seed))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)

"""The bundled clips: real enough to learn from, with references that are exact because they were placed.

Four are synthesised with Debian's flite; ``data/make_samples.py`` holds the script, the texts and how the
bounds of speech are found. The prompts are a human voice, made by ``data/make_prompts.py`` and under a
licence of their own (``data/PROMPTS.md``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from ..errors import AudioError
from ..formatting import table
from .clip import AudioClip, Origin
from .reference import ReferenceTurn

SAMPLE_NAMES = ("conversation", "noisy", "dictation", "call", "prompts", "prompts-8k")
"""What ``sample`` knows."""


@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """A bundled clip and all that is known of it.

    Parameters
    ----------
    name : str
        One of `SAMPLE_NAMES`.
    description : str
        One sentence.
    channels : tuple of AudioClip
        The clip's channels; one, but for ``call``: the caller, then the agent.
    turns : tuple of ReferenceTurn
        What is said by whom, from the first to the last moment of speech, in order of start. In ``call``
        two turns overlap.
    corpus_text : str or None
        Context text that helps the recogniser (``dictation``).
    unknown_words : tuple of str
        Words said that the offline recogniser cannot know, in lower case: it has no pronunciation of them,
        even where ``corpus_text`` holds them.
    snr_db : float or None
        Power of the speech over the power of the noise in dB (``noisy``).
    credit : str
        Whose voice it is and under which licence, to be named where the sound is passed on; empty for the
        synthetic clips, which are under this package's own.

    Examples
    --------
    >>> talk = sample("conversation")
    >>> talk.turns[0].text
    'Good morning, can you show me how this works?'
    """

    name: str
    description: str
    channels: tuple[AudioClip, ...]
    turns: tuple[ReferenceTurn, ...]
    corpus_text: str | None = None
    unknown_words: tuple[str, ...] = ()
    snr_db: float | None = None
    credit: str = ""

    @cached_property
    def clip(self) -> AudioClip:
        """The sound as one channel: the mean where there are several, as a listener on the line hears it."""
        if len(self.channels) == 1:
            return self.channels[0]
        first = self.channels[0]
        mean = np.stack([clip.samples for clip in self.channels]).mean(axis=0)
        origin = Origin(first.sample_rate, len(self.channels), "mean", first.origin.name)
        return AudioClip(mean, first.sample_rate, origin)

    @property
    def transcript(self) -> str:
        """All that is said, turn after turn, a line each."""
        return "\n".join(turn.text for turn in self.turns)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks, in order of first appearance; in ``call`` see ``channels`` for the order there."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))

    def __repr__(self) -> str:
        clip = self.channels[0]
        channels = f", {len(self.channels)} channels" if len(self.channels) > 1 else ""
        return (
            f"<Sample {self.name!r} {clip.duration:.1f} s at {clip.sample_rate} Hz{channels}, "
            f"{len(self.turns)} turns: {self.description}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        clip = self.channels[0]
        rows = [
            ("description", self.description), ("length", f"{clip.duration:.1f} s"),
            ("sample rate", f"{clip.sample_rate} Hz"), ("channels", str(len(self.channels))),
            ("turns", f"{len(self.turns)} by {', '.join(self.speakers)}"),
            ("signal to noise", "no noise" if self.snr_db is None else f"{self.snr_db:g} dB"),
        ]
        return table((f"Sample {self.name}", ""), rows, below=self.credit)


@lru_cache(maxsize=None)
def sample(name: str = "conversation") -> Sample:
    """Return a bundled clip with its reference turns and text.

    Parameters
    ----------
    name : str
        ``"conversation"`` (two voices, a hesitation), ``"noisy"`` (the same kind in a busy room),
        ``"dictation"`` (names that need context text), ``"call"`` (8 kHz, two channels, an overlap),
        ``"prompts"`` (a human voice: seven prompts of a telephone exchange) or ``"prompts-8k"`` (the same
        over a telephone line).

    Raises
    ------
    AudioError
        There is no sample of that name; the message lists the names.

    Examples
    --------
    >>> sample("call").clip
    <AudioClip 'call.flac' 31.99 s at 8000 Hz, mean of 2 channels>
    """
    if name not in SAMPLE_NAMES:
        raise AudioError(f"There is no sample {name!r}; choose one of {', '.join(SAMPLE_NAMES)}.")
    data = Path(__file__).with_name("data")
    about = json.loads((data / f"{name}.json").read_text(encoding="utf-8"))
    return Sample(
        name=name,
        description=about["description"],
        channels=tuple(AudioClip.load_channels(data / f"{name}.flac")),
        turns=tuple(
            ReferenceTurn(turn["start"], turn["end"], turn["text"], turn["speaker"])
            for turn in about["turns"]
        ),
        corpus_text=about.get("corpus_text"),
        unknown_words=tuple(about.get("unknown_words", ())),
        snr_db=about.get("snr_db"),
        credit=about.get("credit", ""),
    )

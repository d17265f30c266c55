"""What a recogniser must offer to stand behind the embedded service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Hypothesis:
    """What a recogniser believes so far; shown, the two parts stand one after the other.

    Parameters
    ----------
    settled : str
        The part that no longer changes before the utterance is over.
    draft : str
        The rest, which may; begins with a space where the language puts one.
    """

    settled: str = ""
    draft: str = ""


class Recognizer(Protocol):
    """Turns the audio of one utterance after the other into text; lives alone in a process of its own.

    A class is registered in the entry point group ``qwen_asr_widgets.recognizers``. It is constructed with
    the options given to ``embedded(recognizer, **options)`` as keywords, and loads what it needs there: the
    service keeps one process prepared, so that a session does not wait for it.

    Attributes
    ----------
    engine : str
        Name and version, shown with every result.
    languages : tuple of str or None
        Language codes it knows; None: any. Read on the class, before a process exists.
    costly_partials : bool
        Whether partials may be left out where audio has piled up.
    can_rehearse : bool
        Whether `finish` may now be called early, during a silence, and its result thrown away if speech
        goes on. May change from call to call.

    Examples
    --------
    >>> class Loudness:
    ...     engine, languages, costly_partials, can_rehearse = "loudness 1", None, False, False
    ...     def configure(self, language, corpus_text): return ()
    ...     def start(self, first_sample): self.peak = 0
    ...     def accept(self, samples): self.peak = max(self.peak, int(np.abs(samples).max()))
    ...     def partial(self): return Hypothesis(draft=str(self.peak))
    ...     def finish(self): return str(self.peak)
    >>> recognizer: Recognizer = Loudness()
    """

    engine: str
    languages: ClassVar[tuple[str, ...] | None]
    costly_partials: ClassVar[bool]

    @property
    def can_rehearse(self) -> bool:
        """Whether `finish` may be tried early at a bearable price."""
        ...

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Take settings that hold from the next `start` on; return words of the context it cannot know."""
        ...

    def start(self, first_sample: int) -> None:
        """Begin an utterance whose first sample is this one of the session's audio at 16 kHz."""
        ...

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, int16 at 16 kHz, shape (n,)."""
        ...

    def partial(self) -> Hypothesis:
        """Return what is believed of everything accepted; called about every 200 ms of audio."""
        ...

    def finish(self) -> str:
        """Return the final text of everything accepted since `start`.

        More audio may be accepted afterwards, if this was a rehearsal, and `finish` called again.
        """
        ...

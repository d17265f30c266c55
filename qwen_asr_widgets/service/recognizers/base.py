"""The interface between the embedded service and a recogniser (an engine that turns speech into text)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Hypothesis:
    """What a recogniser believes was said so far, in two parts that are shown one after the other.

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
    """Turns the audio of one utterance after the other into text, in a process of its own.

    How a class is registered stands in `registry`. It is constructed with the options of
    ``embedded(recognizer, **options)`` as keywords and loads its model there: the service keeps one process
    loaded in advance, so that no session waits for it; where it has neither a thread nor a connection then,
    that process is forked for each session. One that can share its model with a session in the same process
    has a method ``for_another_session()`` that returns a recogniser with a state of its own. `configure` is
    called between utterances; for each utterance `start` once, then `accept` and `partial` in turn, then
    `finish`.

    Attributes
    ----------
    engine : str
        Name and version, shown with every result.
    languages : tuple of str or None
        Language codes it knows; None: any. Read on the class, before a process exists.
    requires : Requirement or None
        The package it needs. Read on the class, also where that package is missing; may be left out.
    footprint : Footprint
        What it takes on disk, which models it downloads, whether sound leaves this computer. Read on the
        class; may be left out.
    missing_model : callable
        A static method that takes the options and returns a `MissingModel`, or None: where a model must be
        downloaded first, a user is asked. May be left out.
    costly_partials : bool
        Whether partials take so long that they are asked for less often: at a pace that follows their cost,
        and not at all where audio has piled up.
    heard_language : str or None
        Code of the language that it detected in the utterance; may be left out where it detects none.
    can_finish_early : bool
        Whether `finish` may now be called while a silence still runs, and its text thrown away if speech goes
        on. May change from call to call.

    Examples
    --------
    >>> class Loudness:
    ...     engine, languages, costly_partials, can_finish_early = "loudness 1", None, False, False
    ...     def configure(self, language, corpus_text): return ()
    ...     def start(self, first_sample): self.peak = 0
    ...     def accept(self, samples): self.peak = max(self.peak, int(np.abs(samples).max()))
    ...     def partial(self): return Hypothesis(draft=str(self.peak))
    ...     def finish(self): return str(self.peak)
    >>> recognizer = Loudness()
    >>> recognizer.start(0)
    >>> recognizer.accept(np.array([3, -5, 4], np.int16))
    >>> recognizer.finish()
    '5'
    """

    engine: str
    languages: ClassVar[tuple[str, ...] | None]
    costly_partials: ClassVar[bool]

    @property
    def can_finish_early(self) -> bool:
        """Whether a final pass that may be thrown away is worth its time now."""
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
        """Return what is believed of everything accepted; called every 200 ms of audio, or less often."""
        ...

    def finish(self) -> str:
        """Return the final text of everything accepted since `start`.

        Where `can_finish_early` said so, more audio may be accepted afterwards and `finish` called again.
        """
        ...

"""What recognisers the embedded service has and what each takes, read from their classes: no model is loaded.

Doctor, the recogniser menu of the Transcriber and the table in the README read these facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..protocol.cloud_facts import ServiceFacts

RECOGNIZERS = "qwen_asr_widgets.recognizers"
"""The entry point group in which recognisers are registered."""


@dataclass(frozen=True)
class Requirement:
    """A package that a recogniser needs and that is not installed with every copy of this one.

    Parameters
    ----------
    package : str
        Its top-level module, e.g. ``"pocketsphinx"``.
    install : str
        The command that installs it, as shown to a user who lacks it; what else is to be said of it follows
        after a semicolon.
    """

    package: str
    install: str

    @property
    def command(self) -> str:
        """The command alone.

        Examples
        --------
        >>> Requirement("toy", 'pip install "toys[toy]"; there is no wheel for Windows').command
        'pip install "toys[toy]"'
        """
        return self.install.partition(";")[0]


@dataclass(frozen=True)
class PublishedModel:
    """A model that is downloaded by itself.

    Parameters
    ----------
    name : str
        As the recogniser's option ``model`` takes it.
    repository : str
        Where it is published on huggingface.co, ``owner/name``.
    size : int or None
        Bytes of the file with the weights; the others have about 3 MB. None where nobody has said.
    """

    name: str
    repository: str
    size: int | None = None

    @property
    def megabytes(self) -> int | None:
        """Its size in MB.

        Examples
        --------
        >>> PublishedModel("base", "Systran/faster-whisper-base", 145_217_532).megabytes
        145
        """
        return None if self.size is None else round(self.size / 1e6)


@dataclass(frozen=True)
class Footprint:
    """What a recogniser takes of a machine, and whether sound leaves it.

    Parameters
    ----------
    installed_mb : int or None
        MB that its extra adds to the package on disk, with the model where that is in a wheel; measured by
        ``.ci/install.py`` (the README says on what). None where nobody has measured it.
    models : tuple of PublishedModel
        Those of which one is downloaded before the first use; the first is the one taken where none is named.
    sends_sound : bool
        Whether sound goes on to the servers of its option ``base_url``.
    ignores_sound : bool
        Whether it only pretends, for tests and for teaching: menus leave it out.
    """

    installed_mb: int | None = None
    models: tuple[PublishedModel, ...] = ()
    sends_sound: bool = False
    ignores_sound: bool = False


@dataclass(frozen=True)
class MissingModel:
    """A model that a recogniser needs and that is not on this machine.

    Parameters
    ----------
    recognizer : str
        Who needs it, e.g. ``"whisper"``.
    model : PublishedModel
        Which.
    folder : str
        Where it is kept here.
    fetch : callable
        Downloads it; raises `RecognizerUnavailable` where that fails, whose message says how else to get it.
    """

    recognizer: str
    model: PublishedModel
    folder: str
    fetch: Callable[[], None] = field(repr=False, compare=False)

    def __str__(self) -> str:
        size = "" if self.model.megabytes is None else f" ({self.model.megabytes:,} MB)"
        return (
            f"{self.recognizer.capitalize()} needs the model {self.model.name!r}{size}, which is downloaded "
            f"once from huggingface.co/{self.model.repository} to {self.folder}."
        )


@dataclass(frozen=True)
class RecognizerFacts:
    """What is known of a recogniser without loading it.

    Parameters
    ----------
    name : str
        As ``embedded(name)`` takes it.
    languages : tuple of str or None
        Language codes it knows; None: any, or nobody knows.
    requires : Requirement or None
        The package it needs.
    footprint : Footprint
        What it takes.
    """

    name: str
    languages: tuple[str, ...] | None
    requires: Requirement | None
    footprint: Footprint

    @property
    def is_installed(self) -> bool:
        """Whether the package that it needs is there."""
        return self.requires is None or find_spec(self.requires.package) is not None


def registered() -> dict[str, EntryPoint]:
    """Return the entry points of all recognisers, by name."""
    return {entry.name: entry for entry in entry_points(group=RECOGNIZERS)}


def recognizer_facts(name: str) -> RecognizerFacts | None:
    """Return what is known of a recogniser; None where there is none of that name, or its module is broken.

    Examples
    --------
    >>> recognizer_facts("moonshine").languages
    ('en',)
    """
    kind = _class_of(name)
    if kind is None:
        return None
    return RecognizerFacts(
        name, kind.languages, getattr(kind, "requires", None), getattr(kind, "footprint", Footprint())
    )


def all_recognizers() -> tuple[RecognizerFacts, ...]:
    """Return what is known of all recognisers that make words of sound, installed or not, by name.

    Examples
    --------
    >>> [facts.name for facts in all_recognizers()][:2]
    ['moonshine', 'openai']
    """
    found = map(recognizer_facts, sorted(registered()))
    return tuple(facts for facts in found if facts is not None and not facts.footprint.ignores_sound)


def missing_model(name: str, options: Mapping[str, Any]) -> MissingModel | None:
    """Return the model that a recogniser with these options would have to download first; None if it has all.

    Examples
    --------
    >>> missing_model("script", {}) is None
    True
    """
    look = getattr(_class_of(name), "missing_model", None)
    found: MissingModel | None = None if look is None else look(options)
    return found


def carried_options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return a recogniser's options as JSON can carry them, where its class says how; else as they are.

    Raises
    ------
    QawError
        The recogniser refuses them.

    Examples
    --------
    >>> carried_options("script", {"cost": 0.5})
    {'cost': 0.5}
    """
    carry = getattr(_class_of(name), "carried", None)
    carried: dict[str, Any] = options if carry is None else carry(options)
    return carried


def stated_facts(name: str, options: Mapping[str, Any]) -> ServiceFacts | None:
    """Return what a recogniser that stands for another service says of that; None for any other.

    Examples
    --------
    >>> stated_facts("script", {}) is None
    True
    """
    state = getattr(_class_of(name), "facts_of", None)
    facts: ServiceFacts | None = None if state is None else state(options)
    return facts


@lru_cache(maxsize=None)
def _class_of(name: str) -> Any:
    """Load a recogniser's class, which loads no model; None where that cannot be."""
    entry = registered().get(name)
    try:
        return None if entry is None else entry.load()
    except (ImportError, AttributeError):
        return None

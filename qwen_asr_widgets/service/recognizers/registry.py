"""Which recognisers are installed."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from ...errors import EndpointError
from .base import Recognizer

GROUP = "qwen_asr_widgets.recognizers"
_HERE = __name__.rpartition(".")[0]
_BUILT_IN = (
    EntryPoint("pocketsphinx", f"{_HERE}.pocketsphinx:PocketsphinxRecognizer", GROUP),
    EntryPoint("script", f"{_HERE}.script:ScriptRecognizer", GROUP),
)


def available() -> tuple[str, ...]:
    """Return the names of the recognisers that are installed.

    Examples
    --------
    >>> "pocketsphinx" in available()
    True
    """
    return tuple(sorted(_entries()))


def find_recognizer(name: str) -> type[Recognizer]:
    """Return the class of a recogniser by its name.

    Raises
    ------
    EndpointError
        None of that name is installed, or its module cannot be imported.
    """
    entry = _entries().get(name)
    if entry is None:
        raise EndpointError(f"There is no recogniser {name!r}; installed are {', '.join(available())}.")
    try:
        found: type[Recognizer] = entry.load()
    except (ImportError, AttributeError) as problem:
        raise EndpointError(
            f"The recogniser {name!r} ({entry.value}) cannot be loaded: {problem}."
        ) from problem
    return found


def _entries() -> dict[str, EntryPoint]:
    found = {entry.name: entry for entry in _BUILT_IN}
    found.update((entry.name, entry) for entry in entry_points(group=GROUP))
    return found

"""The registry of recognisers: which there are, what each recognises, what it needs.

A recogniser is a class with the methods of `Recognizer`; its attributes ``languages``, ``requires`` and
``footprint`` say what it recognises, which package must be installed and what it takes. It is registered by
an entry point, so that one from another distribution is found in the same way as those of this package.

To add one to this package, touch two files:

1. ``service/recognizers/NAME.py`` with the class. Import its heavy package where it is used, not at the top:
   the attributes are also read where that package is missing. `script` is the shortest example.
2. ``setup.cfg``: a line under ``[options.entry_points]``, ``qwen_asr_widgets.recognizers =``::

       NAME = qwen_asr_widgets.service.recognizers.NAME:CLASS

   If it requires a package, the same file gives that as an extra, and the README's table a row.

Then ``python -m pip install -e .`` makes the entry point known, and ``qaw.embedded("NAME")`` uses it.
"""

from __future__ import annotations

from importlib.util import find_spec

from ...client.recognizers import Requirement, registered
from ...arguments import suggestion
from ...errors import EndpointError, MissingDependency
from .base import Recognizer


def available() -> tuple[str, ...]:
    """Return the names of the registered recognisers whose package is installed.

    Examples
    --------
    >>> "script" in available()
    True
    """
    return tuple(name for name in sorted(registered()) if _is_usable(name))


def find_recognizer(name: str) -> type[Recognizer]:
    """Return the class of a recogniser by its name.

    Raises
    ------
    EndpointError
        None of that name is registered, or its module cannot be imported.
    MissingDependency
        The package that it requires is not installed; the message says how to install it.

    Examples
    --------
    >>> find_recognizer("script").languages is None
    True
    """
    entries = registered()
    entry = entries.get(name)
    if entry is None:
        raise EndpointError(
            f"There is no recogniser {name!r}{suggestion(name, entries) or '.'} "
            f"Installed are {', '.join(available()) or 'none: the package was not installed by pip'}. "
            "One that was just added is found once its package was installed again."
        )
    try:
        found: type[Recognizer] = entry.load()
    except (ImportError, AttributeError) as problem:
        raise EndpointError(
            f"The recogniser {name!r} ({entry.value}) cannot be loaded: {problem}."
        ) from problem
    _check_requirement(name, found)
    return found


def _check_requirement(name: str, found: type[Recognizer]) -> None:
    needed: Requirement | None = getattr(found, "requires", None)
    if needed is not None and find_spec(needed.package) is None:
        raise MissingDependency(
            f"The recogniser {name!r} needs {needed.package}, which is not installed: {needed.install}"
        )


def _is_usable(name: str) -> bool:
    try:
        find_recognizer(name)
    except (EndpointError, MissingDependency):
        return False
    return True

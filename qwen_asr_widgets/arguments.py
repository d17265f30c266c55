"""Arguments as users give them: numbers in their range, keywords that exist, the right name for another.

What is wrong is answered by one sentence that names the value and the remedy.
"""

from __future__ import annotations

import functools
import inspect
import os
import warnings
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from .errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeGuard

C = TypeVar("C", bound="Callable[..., Any]")
N = TypeVar("N", int, float)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` where one of the known names is near, else an empty string.

    Examples
    --------
    >>> suggestion("treshold", ["threshold", "silence_duration_ms"])
    "; did you mean 'threshold'?"
    """
    from difflib import get_close_matches

    lowered = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), lowered, 1, 0.6)
    return f"; did you mean {lowered[near[0]]!r}?" if near else ""


@overload
def checked_keywords(called: C) -> C: ...


@overload
def checked_keywords(**hints: str) -> Callable[[C], C]: ...


def checked_keywords(called: Any = None, **hints: str) -> Any:
    """Decorate a function or a class: a misspelt keyword argument is answered with the right one.

    Parameters
    ----------
    called : callable
        What is decorated.
    **hints : str
        What is answered instead to a certain keyword that it does not take.

    Raises
    ------
    TypeError
        From the decorated thing, for a keyword that it does not take.

    Examples
    --------
    >>> @checked_keywords
    ... def louder(clip, gain_db=6.0):
    ...     return gain_db
    >>> louder(None, gain_dB=3.0)
    Traceback (most recent call last):
        ...
    TypeError: louder() takes no argument 'gain_dB'; did you mean 'gain_db'?
    """
    if called is None:
        return lambda later: _with_checked_keywords(later, hints)
    return _with_checked_keywords(called, hints)


def _with_checked_keywords(called: Any, hints: Mapping[str, str]) -> Any:
    if isinstance(called, type):
        made = cast("Any", called)
        made.__init__ = _checked(made.__init__, called.__name__, hints)
        return called
    return _checked(called, called.__name__, hints)


def _checked(function: Callable[..., Any], name: str, hints: Mapping[str, str]) -> Callable[..., Any]:
    @functools.cache
    def names() -> list[str]:
        parameters = inspect.signature(function).parameters
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return [each for each, parameter in parameters.items() if parameter.kind in named and each != "self"]

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            known = names() if kwargs else []
            for each in kwargs:
                if each not in known:
                    hint = hints.get(each) or suggestion(each, known) or f"; it takes {', '.join(known)}."
                    raise TypeError(f"{name}() takes no argument {each!r}{hint}")
            return function(*args, **kwargs)
        finally:
            del args, kwargs  # a traceback may show what a frame holds: a key, perhaps

    return checked


def renamed_keywords(**names: str) -> Callable[[C], C]:
    """Decorate a function: keyword arguments are still taken under their old names, with a warning.

    Parameters
    ----------
    **names : str
        ``old_name="new_name"``.

    Examples
    --------
    >>> @renamed_keywords(gain="gain_db")
    ... def louder(clip, gain_db=6.0):
    ...     return gain_db
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     louder(None, gain=3.0)
    3.0
    """
    def decorate(function: C) -> C:
        @functools.wraps(function)
        def renamed(*args: Any, **kwargs: Any) -> Any:
            for old in names.keys() & kwargs.keys():
                new = names[old]
                warnings.warn(
                    f"{function.__name__}({old}=…) is now {new}=…; the old name will go.", DeprecationWarning,
                    stacklevel=2,
                )
                if new in kwargs:
                    raise TypeError(f"{function.__name__}() was given {old!r} and {new!r}, which are one.")
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return cast("C", renamed)

    return decorate


@overload
def is_number(value: object, kinds: type[int]) -> TypeGuard[int]: ...


@overload
def is_number(value: object, kinds: type | tuple[type, ...] = ...) -> TypeGuard[float]: ...


def is_number(value: object, kinds: type | tuple[type, ...] = (int, float)) -> bool:
    """Tell whether a value is a number; True and False, which Python counts as 1 and 0, are none.

    Parameters
    ----------
    value : object
        What a user or a file gave.
    kinds : type or tuple of types
        What counts as a number: ``numbers.Real`` takes numpy's as well, ``int`` whole ones alone.

    Examples
    --------
    >>> is_number(0.5), is_number(True), is_number("0.5"), is_number(2.0, int)
    (True, False, False, False)
    """
    return isinstance(value, kinds) and not isinstance(value, bool)


def checked_number(name: str, value: N, low: float, high: float, whole: bool = False) -> N:
    """Return a number as an int or a float, where it is one of any type and lies within its range.

    Parameters
    ----------
    name : str
        The setting, as the user knows it.
    value : int or float
        What it was set to; numpy's numbers come back as Python's, which can be sent and saved.
    low, high : float
        The range, both ends included.
    whole : bool
        Whether it must be a whole number.

    Raises
    ------
    SettingError
        It is no such number, or out of its range.

    Examples
    --------
    >>> checked_number("pace", 0.5, 0, 60)
    0.5
    >>> checked_number("threads", 0, 1, 64, whole=True)
    Traceback (most recent call last):
        ...
    qwen_asr_widgets.errors.SettingError: threads is 0; it must be a whole number from 1 to 64.
    """
    if not is_number(value, Integral if whole else Real) or not low <= value <= high:
        kind = "whole number" if whole else "number"
        raise SettingError(f"{name} is {value!r:.60}; it must be a {kind} from {low:g} to {high:g}.", name)
    return cast("N", int(value) if isinstance(value, Integral) else float(value))


def checked_function(name: str, given: Any) -> Any:
    """Return a function of the user's, or None where none was given.

    Raises
    ------
    SettingError
        It cannot be called.

    Examples
    --------
    >>> checked_function("on_final", print) is print
    True
    """
    if given is not None and not callable(given):
        raise SettingError(f"{name} is {given!r:.60}; give a function, or None.", name)
    return given


def checked_folder(name: str, given: Any) -> str:
    """Return the path of a folder, which need not be there.

    Raises
    ------
    SettingError
        It is no path, or one that no folder can have.

    Examples
    --------
    >>> checked_folder("autosave", "kept")
    'kept'
    """
    path = os.fspath(given) if isinstance(given, (str, os.PathLike)) else ""
    if not isinstance(path, str) or not path or "\0" in path:
        raise SettingError(f"{name} is {given!r:.60}; give the path of a folder, such as 'kept'.", name)
    return path

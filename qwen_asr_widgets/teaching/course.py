"""The exercises of the notebooks: answers are judged, wrong ones explained, with a hint more each time."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..arguments import suggestion
from ..client.endpoints import Endpoint
from ..errors import SettingError
from .exercises.catalogue import EXERCISES
from .exercises.mark import Mark, NotAnswer, wrong
from .feedback import Feedback
from .line import LoopbackLine
from .texts import checked_language, texts

HINTS = 3
"""Hints of an exercise; the last one says nearly everything."""


class Course:
    """The exercises of the notebooks, as ``qwen_asr_widgets.course``.

    It needs no service and no network. What it says is in the language of the notebook: Chinese for those in
    the folder ``zh``, else English.

    Examples
    --------
    >>> from qwen_asr_widgets import course
    >>> course.check("04", 0.2).right
    False
    >>> course.check("04", 0.6)
    ✔ Right: 0.6 gives exactly 8 turns, and they are those that were spoken.
    """

    def __init__(self) -> None:
        self._wrong: Counter[str] = Counter()

    @property
    def exercises(self) -> tuple[str, ...]:
        """Names of the exercises: the notebook's number, with a letter where it has several."""
        return tuple(EXERCISES)

    def check(
        self, exercise: str, answer: Any, about: Any = None, *, language: str | None = None
    ) -> Feedback:
        """Judge an answer.

        Parameters
        ----------
        exercise : str
            Its name, e.g. ``"04"``.
        answer : object
            What the exercise asks for: a number, a list or a function. ``...`` or None says what that is.
        about : object
            What the answer was computed from, where the exercise says so: a recording, as a rule.
        language : str or None
            ``"en"`` or ``"zh"``; None: that of the notebook.

        Returns
        -------
        Feedback
            Each wrong answer brings one hint more, three in all.

        Raises
        ------
        SettingError
            There is no such exercise or language.
        """
        checked, spoken = checked_exercise(exercise), checked_language(language)
        if answer is None or answer is ...:
            return Feedback(checked, False, texts(spoken)[f"{checked}.task"])
        mark = judged(checked, answer, about)
        said = explanation(checked, mark, spoken)
        if mark.right:
            return Feedback(checked, True, said)
        self._wrong[checked] += 1
        return Feedback(checked, False, said, self.hint(checked, self._wrong[checked], language=spoken))

    def hint(self, exercise: str, step: int = 1, *, language: str | None = None) -> str:
        """Return a hint with its number: the first says little, the third nearly everything.

        Parameters
        ----------
        exercise : str
        step : int
            From 1; what is beyond the last hint is the last.
        language : str or None

        Examples
        --------
        >>> Course().hint("04", 1)
        'Hint 1 of 3: the two words that must part are those with the shallowest valley between them.'
        """
        number = max(1, min(step, HINTS))
        checked, known = checked_exercise(exercise), texts(checked_language(language))
        return known["hint"].format(number=number, of=HINTS, hint=known[f"{checked}.hint{number}"])

    def line(self, endpoint: Endpoint | str | None = None, *, delay: float = 0.0) -> LoopbackLine:
        """Return a line to a service on this computer that is slow, or can be cut; see `LoopbackLine`.

        Examples
        --------
        >>> import qwen_asr_widgets as qaw
        >>> with qaw.course.line(qaw.embedded("script"), delay=0.1) as line:
        ...     print(line.endpoint.name)
        embedded script, by a line
        """
        return LoopbackLine(endpoint, delay=delay)


def checked_exercise(exercise: Any) -> str:
    """Return the name of an exercise, or raise `SettingError` that names what is near.

    Examples
    --------
    >>> checked_exercise("4")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: There is no exercise '4'; did you mean '04'?
    """
    if exercise in EXERCISES:
        return str(exercise)
    near = suggestion(str(exercise), tuple(EXERCISES)) or f"; there are {', '.join(EXERCISES)}."
    raise SettingError(f"There is no exercise {exercise!r:.40}{near}", "exercise")


def judged(exercise: str, answer: Any, about: Any) -> Mark:
    """Return the mark of an answer; a learner's function that raises is answered with what it raised."""
    try:
        return EXERCISES[exercise](answer, about)
    except NotAnswer:
        return wrong("task")
    except Exception as error:  # of a learner's function: it may raise anything
        return wrong("raised", kind=type(error).__name__, error=str(error)[:200])


def explanation(exercise: str, mark: Mark, language: str) -> str:
    """Return a mark in words."""
    known = texts(language)
    key = mark.text if mark.text == "raised" else f"{exercise}.{mark.text}"
    return known[key].format(**mark.values)


course = Course()
"""The one of this process: it counts the wrong answers, for the hints."""

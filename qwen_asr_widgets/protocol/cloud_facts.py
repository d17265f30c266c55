"""What is known of a service beyond the protocol's documentation: one table, each fact with grade and date.

The real `qwen3-asr-flash-realtime` cannot be reached from where this package is made, so these facts stand
as the public record shows them, with what they rest on (`GRADES`). Nothing below ``"doc"`` is certain. Code
that depends on a fact takes it from the `ServiceFacts` of its endpoint: a correction is one line here, and
what was measured on an endpoint takes the place of what was read (`ServiceFacts.measured`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..arguments import is_number
from ..errors import SettingError
from ..vad.turns import MAX_TURN_SECONDS

GRADES: Mapping[str, str] = {
    "measured": "measured on this endpoint",
    "own": "the service of this package, which its tests hold to it",
    "doc": "the vendor's documentation",
    "sdk": "read in the official SDK",
    "two clients": "reported by two or more independent clients",
    "one client": "reported by one client",
    "omni": "seen on a sibling of the model behind the same gateway",
    "inferred": "follows by arithmetic from what one client measured",
}
"""What a fact rests on, the surest first."""

_OLDER_GRADES = {"2": "two clients", "1": "one client"}
"""As files of before have them."""

MOST = 1e6
"""No number of a fact or a quirk is larger: eleven days, or a gigabyte a second."""

_ASR = "qwen3-asr-flash-realtime"
_OMNI = "Qwen-Omni and LiveTranslate, the same gateway"
_READ = "2026-11-27"


@dataclass(frozen=True)
class Fact:
    """One thing known of DashScope's realtime recogniser.

    Parameters
    ----------
    number : int
        Facts of one number come from one observation.
    name : str
        The field of `ServiceFacts` and the quirk of the stand-in that it is about.
    value : object
        Its value, with the unit in the name.
    grade : str
        What it rests on, one of `GRADES`.
    text : str
        The fact in one sentence.
    service : str
        Where it was seen.
    date : str
        ISO date on which the public record was read.
    """

    number: int
    name: str
    value: Any
    grade: str
    text: str
    service: str = _ASR
    date: str = _READ

    def __str__(self) -> str:
        return f"{self.text} [{self.grade}: {GRADES[self.grade]}; read on {self.date}]"


FACTS: tuple[Fact, ...] = (
    Fact(1, "update_midway", False, "two clients",
         "A session.update after the first audio is answered by an error without a type, and the connection "
         "is closed with 1007."),
    Fact(2, "end_contains_silence", True, "inferred",
         "audio_end_ms is where the silence had lasted long enough, not where speech ended."),
    Fact(2, "stopped_after_end_s", 0.074, "inferred",
         "speech_stopped comes 74 to 98 ms of audio after audio_end_ms, whatever the silence."),
    Fact(3, "silence_floor_ms", 400, "one client",
         "A silence_duration_ms below 400 has the effect of 400."),
    Fact(4, "turns_touch", True, "one client",
         "In dense speech a turn starts where the last one ended, or up to 0.222 s before it."),
    Fact(5, "longest_turn_s", 30.0, "one client",
         "A turn is cut after about 30 s; the longest seen had 30.2 s."),
    Fact(5, "empty_finals", True, "one client",
         "Music and noise end as finals that are empty or hold punctuation alone."),
    Fact(6, "usage", True, "one client",
         "completed carries usage as well, and no times."),
    Fact(7, "text_stash_exclusive", True, "one client",
         "A partial carries either text or stash: stash while the turn is open, text in a refined pass."),
    Fact(7, "late_partials", True, "one client",
         "Partials of an item may come after its completed."),
    Fact(8, "decode_delay_s", 0.16, "one client",
         "The final comes 0.16 s (p50) to 0.23 s (p95) after audio_end_ms."),
    Fact(9, "commit_in_vad_mode", True, "one client",
         "A commit with turn detection on brings a second committed for the item, and completed without "
         "speech_stopped; other clients saw it refused."),
    Fact(9, "errors_without_code", True, "two clients",
         "Some errors have no code, others no type."),
    Fact(10, "finish_delay_s", 10.0, "one client",
         "session.finished and the close may take 10 s and more after session.finish."),
    Fact(10, "finish_wait_s", 25.0, "one client",
         "A client waits 20 s for session.finished; 25 s without any event are taken for the end."),
    Fact(11, "upload_limit_kB_s", 2_560.0, "two clients",
         "More than 2,560 kB/s, base64 counted, is closed with 1007."),
    Fact(11, "upload_pace_kB_s", 1_900.0, "two clients",
         "What is sent as fast as may be, or again, stays under 1,900 kB/s."),
    Fact(12, "idle_close_s", 180.0, "omni",
         "A session without a final for 180 s is closed with 1007; 300 s were seen as well.", _OMNI),
    Fact(13, "session_limit_s", 7_200.0, "doc",
         "A session lasts at most 120 minutes; the limit of speech recognition is not published.", _OMNI),
    Fact(13, "session_renewal_s", 6_600.0, "doc",
         "A session is renewed at a pause before 110 minutes.", _OMNI),
    Fact(13, "requests_per_s", 20.0, "doc",
         "An account may make 20 requests a second; one too many is told to try again later."),
    Fact(14, "takes_items", False, "one client",
         "conversation.item.create is refused in a speech recognition session."),
    Fact(15, "sdk_headers", True, "sdk",
         "The SDK also sends x-dashscope-sdk-client and x-dashscope-sdk-session-id, unless "
         "DASHSCOPE_DISABLE_SDK_HEADERS is set."),
    Fact(16, "invented_words", True, "two clients",
         "Silence and music bring short invented words, in several clients."),
    Fact(16, "short_speech_s", 0.3, "two clients",
         "Clients drop finals with less than 0.3 to 0.5 s of speech; here they are shown and marked."),
    Fact(17, "other_protocol", ("qwen-audio-", "paraformer-", "fun-asr", "gummy-"), "doc",
         "Models of these names speak another protocol (/api-ws/v1/inference, run-task)."),
)
"""Every fact about DashScope that code depends on; the first of a number is the observation itself."""


@dataclass(frozen=True)
class ServiceFacts:
    """What is known of one endpoint's service; without arguments, what the protocol's documentation says.

    Parameters
    ----------
    name : str
        What these facts are about: ``"documented"``, ``"ideal"`` or ``"dashscope"``.
    update_midway : bool
        Whether settings can change once audio was sent.
    end_contains_silence : bool
        Whether ``audio_end_ms`` lies after the silence that closed the turn.
    silence_floor_ms : int
        The shortest silence that closes a turn, whatever is asked for.
    stopped_after_end_s : float
        Seconds of audio that follow ``audio_end_ms`` at least, where silence closed the turn and the end
        contains it.
    longest_turn_s : float
        Seconds after which an open turn is cut.
    text_stash_exclusive : bool
        Whether a partial carries either ``text`` or ``stash``.
    decode_delay_s : float or None
        Seconds from ``audio_end_ms`` to the final that are usual; None: not known.
    finish_wait_s : float
        Seconds without a sign of progress after ``session.finish`` that are taken for the end.
    upload_limit_kB_s, upload_pace_kB_s : float or None
        Kilobytes a second, base64 counted, above which the service closes, and that uploads stay under.
    idle_close_s : float or None
        Seconds without a final after which the service closes.
    session_limit_s, session_renewal_s : float or None
        Seconds that a session lasts at most, and after which a new one is begun at a pause.
    grades : Mapping of str to str
        Grade of each field that has one of its own.

    Examples
    --------
    >>> DASHSCOPE.silence_floor_ms, DASHSCOPE.grade("silence_floor_ms")
    (400, 'one client')
    >>> probed = DASHSCOPE.measured(silence_floor_ms=320)
    >>> probed.silence_floor_ms, probed.grade("silence_floor_ms"), probed.grade("update_midway")
    (320, 'measured', 'two clients')
    """

    name: str = "documented"
    update_midway: bool = True
    end_contains_silence: bool = False
    silence_floor_ms: int = 0
    stopped_after_end_s: float = 0.0
    longest_turn_s: float = MAX_TURN_SECONDS
    text_stash_exclusive: bool = False
    decode_delay_s: float | None = None
    finish_wait_s: float = 60.0
    upload_limit_kB_s: float | None = None
    upload_pace_kB_s: float | None = None
    idle_close_s: float | None = None
    session_limit_s: float | None = None
    session_renewal_s: float | None = None
    grades: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name

    def grade(self, name: str) -> str:
        """Return what a field's value rests on, one of `GRADES`.

        The surest first: ``"measured"`` on this endpoint; ``"own"``, this package's service; ``"doc"``, the
        vendor's documentation; ``"sdk"``, read in its SDK; reported by ``"two clients"`` or more, or by
        ``"one client"``; ``"omni"``, seen on a sibling of the model; ``"inferred"`` from what was measured.

        Raises
        ------
        SettingError
            There is no such field.
        """
        if name not in _TYPES:
            raise SettingError(f"There is no fact {name!r}; there are {', '.join(_TYPES)}.", "facts")
        return self.grades.get(name, "own" if self.name == "ideal" else "doc")

    def measured(self, **values: Any) -> ServiceFacts:
        """Return these facts with what was measured on the endpoint in place of what was read."""
        return self._with(values, {**self.grades, **dict.fromkeys(values, "measured")})

    def _with(self, values: Mapping[str, Any], grades: Mapping[str, str]) -> ServiceFacts:
        for name, value in values.items():
            _check(name, value)
        return replace(self, **values, grades=grades)

    def to_dict(self) -> dict[str, Any]:
        """Return every field by name, as JSON can carry it; `from_dict` reads it."""
        return {**asdict(self), "grades": dict(self.grades)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ServiceFacts:
        """Return the facts a mapping names; the others are as documented, unknown names are passed over.

        Raises
        ------
        SettingError
            A value is of the wrong type.

        Examples
        --------
        >>> ServiceFacts.from_dict(DASHSCOPE.to_dict()) == DASHSCOPE
        True
        """
        title, grades = values.get("name", "documented"), values.get("grades", {})
        if not isinstance(title, str) or not isinstance(grades, Mapping):
            raise SettingError("The name of facts must be text, their grades a mapping.", "facts")
        read = {name: _OLDER_GRADES.get(str(grade), str(grade)) for name, grade in grades.items()}
        return cls(title)._with(
            {name: values[name] for name in _TYPES if name in values},
            {name: grade for name, grade in read.items() if name in _TYPES and grade in GRADES},
        )


_TYPES: Mapping[str, str] = {
    place.name: str(place.type) for place in fields(ServiceFacts) if place.name not in ("name", "grades")
}


def is_of_type(value: Any, kind: str) -> bool:
    """Tell whether a value may stand in a field of facts or quirks, by the field's annotation.

    Examples
    --------
    >>> is_of_type(0.2, "float"), is_of_type(None, "float | None"), is_of_type(1, "bool")
    (True, True, False)
    """
    if kind == "bool":
        return isinstance(value, bool)
    if value is None:
        return "None" in kind
    return is_number(value) and 0 <= value <= MOST


def _check(name: str, value: Any) -> None:
    """Raise `SettingError` unless a value may stand in a field of `ServiceFacts`."""
    if name not in _TYPES:
        raise SettingError(f"There is no fact {name!r}; there are {', '.join(_TYPES)}.", "facts")
    kind = _TYPES[name]
    if not is_of_type(value, kind):
        raise SettingError(f"The fact {name} is {value!r:.60}; it must be of the type {kind}.", "facts")


DOCUMENTED = ServiceFacts()
"""An endpoint of which nothing is known is read as documented: ``audio_end_ms`` ends the speech."""

IDEAL = ServiceFacts("ideal")
"""The embedded service, which keeps to the documentation."""

_ABOUT = {fact.name: fact for fact in FACTS if fact.name in _TYPES}
DASHSCOPE = ServiceFacts(
    "dashscope", **{name: fact.value for name, fact in _ABOUT.items()},
    grades={name: fact.grade for name, fact in _ABOUT.items()},
)
"""DashScope's regions, by `FACTS`."""


def speaks_other_protocol(model: str) -> bool:
    """Tell whether a model is known to speak another protocol than this package does.

    Examples
    --------
    >>> speaks_other_protocol("qwen-audio-3.1-asr-flash-streaming")
    True
    >>> speaks_other_protocol("qwen3-asr-flash-realtime-2026-02-10")
    False
    """
    return model.lower().startswith(_OTHER_PROTOCOL)


def _value(name: str) -> Any:
    return next(fact.value for fact in FACTS if fact.name == name)


_OTHER_PROTOCOL: tuple[str, ...] = _value("other_protocol")

DECODE_DELAY_S: float = _value("decode_delay_s")
"""Seconds from the end of a turn to its final, as reported of DashScope."""

SHORT_SPEECH_S: float = _value("short_speech_s")
"""Seconds of speech below which an utterance is marked, on every service: its words may be invented."""

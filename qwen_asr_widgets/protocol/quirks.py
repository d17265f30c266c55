"""What the embedded service does otherwise than the documentation says, to stand in for DashScope.

Each quirk has the name and the meaning of the fact of `cloud_facts` that it acts out: ``update_midway=False``
means, as there, that no ``session.update`` is taken once audio was sent. Without arguments a `Quirks` is the
ideal service, which has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..arguments import suggestion
from ..errors import EndpointError
from ..vad.turns import MAX_TURN_SECONDS
from .cloud_facts import DASHSCOPE, FACTS, IDEAL, MOST, ServiceFacts, is_of_type


@dataclass(frozen=True)
class Quirks:
    """How a service departs from the protocol's documentation; the default is not at all.

    Parameters
    ----------
    update_midway : bool
        False: a ``session.update`` once audio was sent is refused and the connection closed with 1007.
    end_contains_silence : bool
        Whether ``audio_end_ms`` lies after the silence that closed the turn.
    stopped_after_end_s : float
        Seconds of audio that must follow the end of that silence until ``speech_stopped`` is sent.
    silence_floor_ms : int
        The shortest silence that closes a turn, whatever was asked for.
    turns_touch : bool
        Whether a turn that begins less than half a second after another is reported to begin at its end;
        every third of them 0.222 s before it.
    longest_turn_s : float
        Seconds after its onset at which an open turn is cut, from 1 to 60.
    empty_finals : bool
        Whether a final without words is now empty, now ``"\u3002"``.
    usage : bool
        Whether ``completed`` carries ``usage``, here ``{"seconds": …}``.
    text_stash_exclusive : bool
        Whether partials come as ``stash`` alone while the turn is open, as ``text`` alone afterwards.
    late_partials : bool
        Whether a partial of an item follows its ``completed``.
    decode_delay_s : float
        Seconds from ``audio_end_ms`` until the final is sent, at least.
    commit_in_vad_mode : bool
        Whether a commit while a turn is open closes it (``committed`` twice, no ``speech_stopped``).
    errors_without_code : bool
        Whether errors lack their code, and refused settings the type as well, ``param`` and ``event_id``.
    finish_delay_s : float
        Seconds from ``session.finish`` to ``session.finished``, at least; the service then closes.
    upload_limit_kB_s : float or None
        Kilobytes a second, base64 counted, above which the connection is closed with 1007.
    idle_close_s : float or None
        Seconds without a final after which it is closed with 1007.
    takes_items : bool
        False: ``conversation.item.create`` is refused in DashScope's words; True: in ours.
    invented_words : bool
        Whether a final without words, of less than 0.5 s of speech, is given a word that nobody said.
    own_reports : bool
        Whether it tells what the embedded service alone does: the onset in ``speech_started``, the reason
        in ``speech_stopped``, and how far its recogniser is behind.

    Raises
    ------
    EndpointError
        A value is of the wrong type or out of its range.

    Examples
    --------
    >>> Quirks.of("dashscope", {"finish_delay_s": 0.2}).finish_delay_s
    0.2
    >>> Quirks.of("ideal", {"silence_floor_ms": 400}).told
    {'silence_floor_ms': 400}
    """

    update_midway: bool = True
    end_contains_silence: bool = False
    stopped_after_end_s: float = 0.0
    silence_floor_ms: int = 0
    turns_touch: bool = False
    longest_turn_s: float = MAX_TURN_SECONDS
    empty_finals: bool = False
    usage: bool = False
    text_stash_exclusive: bool = False
    late_partials: bool = False
    decode_delay_s: float = 0.0
    commit_in_vad_mode: bool = False
    errors_without_code: bool = False
    finish_delay_s: float = 0.0
    upload_limit_kB_s: float | None = None
    idle_close_s: float | None = None
    takes_items: bool = True
    invented_words: bool = False
    own_reports: bool = True

    def __post_init__(self) -> None:
        for place in fields(self):
            kind, value = str(place.type), getattr(self, place.name)
            if not is_of_type(value, kind):
                number = f"a number from 0 to {MOST:,.0f}" + " or None" * ("None" in kind)
                wanted = "true or false" if kind == "bool" else number
                raise EndpointError(f"The quirk {place.name} is {value!r:.60}; it must be {wanted}.")
            if value == 0 and "None" in kind:
                raise EndpointError(
                    f"The quirk {place.name} is 0, which ends every session; give more, or None for no limit."
                )
        if not 1 <= self.longest_turn_s <= MAX_TURN_SECONDS:
            raise EndpointError(
                f"The quirk longest_turn_s is {self.longest_turn_s:g}; it must lie between 1 and "
                f"{MAX_TURN_SECONDS:g} s."
            )

    @classmethod
    def of(cls, behaviour: str = "ideal", quirks: Mapping[str, Any] | None = None) -> Quirks:
        """Return the quirks of a behaviour, some of them with other values.

        Parameters
        ----------
        behaviour : {"ideal", "dashscope"}
            What the rest is as.
        quirks : Mapping or None
            Values by name.

        Raises
        ------
        EndpointError
            There is no such behaviour or quirk, or a value cannot be.

        Examples
        --------
        >>> Quirks.of("dashscope", {"finish_dely_s": 0.2})
        Traceback (most recent call last):
        qwen_asr_widgets.errors.EndpointError: There is no quirk 'finish_dely_s'; did you mean \
'finish_delay_s'?
        """
        if not isinstance(behaviour, str) or behaviour not in BEHAVIOURS:
            hint = suggestion(str(behaviour), BEHAVIOURS) or f"; there are {' and '.join(BEHAVIOURS)}."
            raise EndpointError(f"There is no behaviour {behaviour!r:.60}{hint}")
        if not isinstance(quirks, (Mapping, type(None))):
            raise EndpointError(
                f"quirks must be a mapping of names to values, not {type(quirks).__name__}; "
                "for example {'finish_delay_s': 0.2}."
            )
        known = [place.name for place in fields(cls)]
        for name in quirks or {}:
            if name not in known:
                hint = suggestion(str(name), known) or f"; there are {', '.join(known)}."
                raise EndpointError(f"There is no quirk {name!r:.60}{hint}")
        return replace(BEHAVIOURS[behaviour], **(quirks or {}))

    @property
    def told(self) -> dict[str, Any]:
        """The values that are not those of the ideal service, by name; JSON can carry them."""
        values = {place.name: getattr(self, place.name) for place in fields(self)}
        return {name: value for name, value in values.items() if value != getattr(NO_QUIRKS, name)}

    @property
    def facts(self) -> ServiceFacts:
        """What is known of a service with these quirks: DashScope's facts, those taken out that are off.

        The pace of uploads keeps its distance from the limit. A service without quirks is the ideal one.

        Examples
        --------
        >>> facts = Quirks.of("dashscope", {"silence_floor_ms": 0}).facts
        >>> facts.update_midway, facts.silence_floor_ms, facts.grade("silence_floor_ms")
        (False, 0, 'own')
        """
        if self == NO_QUIRKS:
            return IDEAL
        limit, read = self.upload_limit_kB_s, DASHSCOPE.to_dict()
        values = {
            **{name: value for name, value in vars(self).items() if name in read},
            "decode_delay_s": self.decode_delay_s or None,
            "upload_pace_kB_s": None if limit is None else limit * _PACE_SHARE,
        }
        own = {name: "own" for name, value in values.items() if value != read[name]}
        return replace(DASHSCOPE, **values, grades={**DASHSCOPE.grades, **own})


NO_QUIRKS = Quirks()
"""The ideal service, which keeps to the documentation."""

_SEEN: Mapping[str, Any] = {fact.name: fact.value for fact in FACTS}
BEHAVIOURS: Mapping[str, Quirks] = {
    "ideal": NO_QUIRKS,
    "dashscope": Quirks(**{
        **{place.name: _SEEN[place.name] for place in fields(Quirks) if place.name in _SEEN},
        "own_reports": False,
    }),
}
"""What the embedded service can behave as: by the documentation, or as `cloud_facts` reports of DashScope."""

_PACE_SHARE: float = _SEEN["upload_pace_kB_s"] / _SEEN["upload_limit_kB_s"]

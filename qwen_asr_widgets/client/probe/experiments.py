"""The plan of a probe: which experiments, what each sends, how long that is and what it costs.

Everything here is a value: nothing is sent until `driver` is given an experiment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ...arguments import suggestion
from ...errors import ProbeError
from ...protocol.cloud_facts import FACTS
from ...protocol.config import SessionConfig
from ...vad.turns import TurnDetection
from ..prices import Price
from .sounds import ProbeSound, probe_sound

Action = Literal["none", "update", "commit", "item", "flood", "idle"]

SILENCES_MS = (600, 900, 200, 400)
"""Silences asked for; the first two lie above the floor that is reported."""

FLOODS_KB_S = (2_200.0, 4_000.0)
"""Kilobytes a second, base64 counted: below the limit that is reported, and so far above it that two seconds
exceed it by more than a second's worth: whether it is counted by the second or with some patience."""

FLOOD_SECONDS = 2.0
IDLE_SECONDS = 310.0
"""Seconds for which an idle session is watched: 180 are reported, and 300."""

FINISH_SECONDS = 40.0
"""Seconds for which ``session.finished`` is waited for; 10 and more are reported."""

_SPEECH = (
    "usage", "text_stash_exclusive", "late_partials", "decode_delay_s", "finish_delay_s", "empty_finals",
)
"""Facts that any session with speech tells something of."""

_BYTES_PER_SECOND = 32_000 * 4 / 3
"""Of PCM at 16 kHz, base64 counted."""


@dataclass(frozen=True)
class Experiment:
    """One session of a probe.

    Parameters
    ----------
    name : str
        What it is called.
    about : str
        What it is to tell, as a plan shows it.
    facts : tuple of str
        Facts of `protocol.cloud_facts.FACTS` that it tells something of.
    sound_name : str
        The sound that is sent, see `sounds.probe_sound`.
    silence_ms : int
        The silence that is asked for.
    action : {"none", "update", "commit", "item", "flood", "idle"}
        What is done besides sending the sound: other settings, a commit or a conversation item after
        ``action_at`` seconds of it; the sound sent as fast as ``kilobytes`` a second; nothing sent at all.
    action_at : float
        Seconds of the sound after which that is done.
    kilobytes : float
        Kilobytes a second of a ``"flood"``, base64 counted.

    Examples
    --------
    >>> [each.name for each in FRIENDLY][:2]
    ['update midway', 'commit in a turn']
    >>> round(FRIENDLY[3].seconds, 1), FRIENDLY[3].config.turn_detection.silence_duration_ms
    (32.9, 600)
    """

    name: str
    about: str
    facts: tuple[str, ...]
    sound_name: str
    silence_ms: int = 800
    action: Action = "none"
    action_at: float = 0.0
    kilobytes: float = 0.0

    @property
    def sound(self) -> ProbeSound:
        """The sound that is sent."""
        return probe_sound(self.sound_name)

    @property
    def config(self) -> SessionConfig:
        """The settings of its session."""
        return SessionConfig(turn_detection=TurnDetection(0.2, self.silence_ms))

    @property
    def seconds(self) -> float:
        """Seconds of sound that are sent."""
        if self.action == "idle":
            return 0.0
        if self.action == "flood":
            return self.kilobytes * 1_000 * FLOOD_SECONDS / _BYTES_PER_SECOND
        return self.sound.seconds

    @property
    def longest(self) -> float:
        """Seconds that it takes at most in real time, the wait for the end of the session included."""
        if self.action == "idle":
            return IDLE_SECONDS
        return FINISH_SECONDS + (FLOOD_SECONDS if self.action == "flood" else self.seconds)


_ENDS = ("end_contains_silence", "silence_floor_ms", "stopped_after_end_s", "turns_touch")
FRIENDLY: tuple[Experiment, ...] = (
    Experiment(
        "update midway", "whether settings can change once sound was sent",
        ("update_midway", "errors_without_code", *_SPEECH), "sentence", action="update", action_at=1.5,
    ),
    Experiment(
        "commit in a turn", "whether an open turn can be committed",
        ("commit_in_vad_mode", "errors_without_code", *_SPEECH), "sentence", action="commit", action_at=1.5,
    ),
    Experiment(
        "conversation item", "whether an item is taken",
        ("takes_items", "errors_without_code", "finish_delay_s"), "silence", action="item", action_at=0.5,
    ),
    *(
        Experiment(
            f"silence {ms} ms", "where turns begin and end, partials, finals and their delays",
            (*_ENDS, *_SPEECH), "pauses", ms,
        )
        for ms in SILENCES_MS
    ),
    Experiment(
        "longest turn", "when a turn without a pause is cut", ("longest_turn_s", *_SPEECH), "unbroken", 1_000
    ),
)
"""What is asked for unless something else is: nothing here disturbs the service."""

ON_REQUEST: tuple[Experiment, ...] = (
    *(
        Experiment(
            f"upload {rate:,.0f} kB/s", "whether so fast an upload is closed", ("upload_limit_kB_s",),
            "silence", action="flood", kilobytes=rate,
        )
        for rate in FLOODS_KB_S
    ),
    Experiment(
        "idle", "when a session without a final is closed", ("idle_close_s",), "silence", action="idle"
    ),
)
"""What is done where it is asked for by name alone: a burst above the reported limit, five minutes' wait."""

ASKABLE: tuple[str, ...] = tuple(dict.fromkeys(
    fact for each in (*FRIENDLY, *ON_REQUEST) for fact in each.facts
))
"""The facts that can be asked for."""


@dataclass(frozen=True)
class Plan:
    """What a probe is about to do.

    Parameters
    ----------
    where : str
        The endpoint and its model, as they are shown.
    experiments : tuple of Experiment
        In the order in which they are made.
    left_out : tuple of Experiment
        Asked for, and not made because all together would send more than the limit.
    minutes : float
        That limit, in minutes of sound.
    prices : tuple of Price
        What is published about a second of sound there; empty where nothing is known.
    leaves : bool
        Whether the sound leaves this machine.

    Examples
    --------
    >>> plan = Plan("my server, my-model", FRIENDLY[:1], (), 5.0, ())
    >>> print(plan)
    A probe of my server, my-model: 1 session
      update midway        4.2 s  whether settings can change once sound was sent
    Bundled sound: 0.1 minutes; in real time 0.7 minutes at most.
    Price: not known for this endpoint.
    Kept of it are figures; no transcript and no key.
    """

    where: str
    experiments: tuple[Experiment, ...]
    left_out: tuple[Experiment, ...]
    minutes: float
    prices: tuple[Price, ...]
    leaves: bool = True

    @property
    def seconds(self) -> float:
        """Seconds of sound that are sent."""
        return sum(each.seconds for each in self.experiments)

    @property
    def price(self) -> str:
        """What that costs, with the source and the date of the price."""
        if not self.leaves:
            return "Price: nothing, the sound stays on this machine."
        if not self.prices:
            return "Price: not known for this endpoint."
        parts = [f"  about {each.cost(self.seconds):.4f} {each.currency} at {each}" for each in self.prices]
        return "\n".join(["Price, an estimate from what was listed; it may have changed:", *parts])

    def __str__(self) -> str:
        count, most = len(self.experiments), sum(each.longest for each in self.experiments) / 60
        lines = [
            f"A probe of {self.where}: {count} session{'s' * (count != 1)}",
            *(f"  {each.name:<17}{each.seconds:>6.1f} s  {each.about}" for each in self.experiments),
            f"Bundled sound: {self.seconds / 60:.1f} minutes; in real time {most:.1f} minutes at most.",
            *self._unmade(), self.price, "Kept of it are figures; no transcript and no key.",
        ]
        return "\n".join(lines)

    def _unmade(self) -> list[str]:
        if not self.left_out:
            return []
        needed = (self.seconds + sum(each.seconds for each in self.left_out)) / 60
        names = ", ".join(each.name for each in self.left_out)
        return [f"Left out ({needed:.1f} minutes would be needed, {self.minutes:g} are allowed): {names}."]


def choose(facts: Iterable[str] | None = None) -> tuple[Experiment, ...]:
    """Return the experiments that ask for some facts; None: all but those made on request alone.

    Raises
    ------
    ProbeError
        A fact is not known, or no experiment asks for it.

    Examples
    --------
    >>> [each.name for each in choose(["update_midway", "idle_close_s"])]
    ['update midway', 'idle']
    """
    if facts is None:
        return FRIENDLY
    wanted = [facts] if isinstance(facts, str) else list(facts)
    for name in wanted:
        if name not in ASKABLE:
            known = any(name == fact.name for fact in FACTS)
            hint = suggestion(str(name), ASKABLE) or f"; it asks for {', '.join(ASKABLE)}."
            raise ProbeError(f"A probe cannot ask for {'the fact ' * known}{name!r:.60}{hint}")
    return _needed(set(wanted))


def _needed(wanted: set[str]) -> tuple[Experiment, ...]:
    """Return the experiments made for these facts; for what any speech tells, one that has much of it."""
    everything = (*FRIENDLY, *ON_REQUEST)
    aside = {*_SPEECH, "errors_without_code"}
    chosen = [each for each in everything if (wanted - aside) & set(each.facts)]
    if wanted & set(_SPEECH) and not any(each.sound_name == "pauses" for each in chosen):
        chosen += [each for each in everything if each.sound_name == "pauses"][:1]
    if "errors_without_code" in wanted:
        chosen += [each for each in everything if "errors_without_code" in each.facts]
    return tuple(each for each in everything if each in chosen)


def within(experiments: Sequence[Experiment], minutes: float) -> tuple[tuple[Experiment, ...], ...]:
    """Return the experiments that fit into so many minutes of sound, in their order, and those that do not.

    Raises
    ------
    ProbeError
        None of them fits.

    Examples
    --------
    >>> fitting, rest = within(FRIENDLY, 1.0)
    >>> len(fitting), len(rest)
    (4, 4)
    """
    left, fitting = 60 * minutes, []
    for each in experiments:
        if each.seconds <= left:
            fitting.append(each)
            left -= each.seconds
    if not fitting:
        shortest = min(each.seconds for each in experiments) / 60
        raise ProbeError(f"minutes is {minutes:g}; the shortest experiment sends {shortest:.2f} of sound.")
    return tuple(fitting), tuple(each for each in experiments if each not in fitting)

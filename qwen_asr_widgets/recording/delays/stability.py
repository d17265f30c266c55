"""How partial results change: each revision of an utterance, and when its words stopped changing.

A word is *stable* from the first partial on after which neither it nor a word before it changes any more,
which is known only afterwards, and *settled* from the first partial on whose settled text holds it and that
none takes back: the service itself had said so. What no partial held so comes with the final. Words are
characters where the language has no spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import accumulate
from typing import Any

from ...audio.units import seconds_to_samples
from ...formatting import table
from ...protocol.utterance import Utterance
from ..latency import LatencyTable, SentAt, TimedUtterance, import_pandas
from ..summary import waits_count
from ..text import units
from .distribution import Distribution, distribution


@dataclass(frozen=True)
class Revision:
    """One state of an utterance's line, as it was shown.

    Parameters
    ----------
    number : int
        The utterance's number.
    time : float
        Seconds since the recording began at which it came.
    settled, draft : str
        The part that the service had settled, and the rest; all is settled in the final.
    kept : int
        Words at its beginning that the line before had as well.
    taken_back : int
        Words of the line before that it took back.
    final : bool
        Whether it is the final transcript.
    """

    number: int
    time: float
    settled: str
    draft: str
    kept: int
    taken_back: int
    final: bool = False


@dataclass(frozen=True)
class WordSettling:
    """When one word of a final transcript stopped changing.

    Parameters
    ----------
    number, index : int
        The utterance's number, and which word of it, from 0.
    word : str
        As in the final.
    end : float or None
        Where it ends (s of the sound): an estimate by the share of letters before it in the turn. None
        where the turn's place is not known.
    stable_at, settled_at : float
        Seconds since the recording began at which it was stable and settled, see this module.
    stable_delay, settled_delay : float or None
        The same from when the sound of its end had left. None where that is not known or did not leave at
        the run's pace. Below 0 where the word was there before its estimated end.
    by_final : bool
        Whether only the final settled it.
    """

    number: int
    index: int
    word: str
    end: float | None
    stable_at: float
    settled_at: float
    stable_delay: float | None
    settled_delay: float | None
    by_final: bool


class StabilityTable(Sequence[WordSettling]):
    """The words of a recording's finals, in order, with when each stopped changing.

    Parameters
    ----------
    words : sequence of WordSettling
        In order.
    revisions : sequence of Revision
        Every line that was shown, in order.
    latency : LatencyTable
        The utterances' delays, with the share that each took back.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording
    >>> stability = Recording().stability()
    >>> len(stability), stability.revised_share
    (0, None)
    """

    def __init__(
        self, words: Sequence[WordSettling], revisions: Sequence[Revision], latency: LatencyTable
    ) -> None:
        self._words = tuple(words)
        self.revisions = tuple(revisions)
        self.latency = latency

    def __getitem__(self, index: Any) -> Any:
        return self._words[index]

    def __len__(self) -> int:
        return len(self._words)

    def __repr__(self) -> str:
        return f"StabilityTable({len(self)} words, {len(self.revisions)} lines, {self._said()})"

    @property
    def revised_share(self) -> float | None:
        """Mean over the utterances of the share of shown words that was taken back; None without partials."""
        shares = [row.revised_share for row in self.latency if row.revised_share is not None]
        return sum(shares) / len(shares) if shares else None

    def delays(self) -> dict[str, Distribution]:
        """Return how the words' delays are spread: ``"stable"`` and ``"settled"``, where they are known.

        The intervals take words for independent; those of one utterance are alike, so that they are narrow.
        """
        if not waits_count(self.latency.pace):
            return {}
        known = {
            name: [one for word in self if (one := getattr(word, f"{name}_delay")) is not None]
            for name in ("stable", "settled")
        }
        return {name: distribution(values) for name, values in known.items() if values}

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, a row a word: the fields of `WordSettling`, seconds.

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        columns = [field.name for field in fields(WordSettling)]
        return import_pandas().DataFrame([asdict(word) for word in self], columns=columns)

    def revisions_to_frame(self) -> Any:
        """Return a pandas DataFrame, a row a line that was shown: the fields of `Revision`.

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        columns = [field.name for field in fields(Revision)]
        return import_pandas().DataFrame([asdict(one) for one in self.revisions], columns=columns)

    def _said(self) -> str:
        share = self.revised_share
        revised = "no partials" if share is None else f"{100 * share:.0f} % of shown words taken back"
        return "; ".join([revised, *(f"{name} after {one.p50}" for name, one in self.delays().items())])

    def _repr_html_(self) -> str:
        rows = [
            [name.capitalize(), str(one.n), *map(str, (one.p50, one.p95, one.p99))]
            for name, one in self.delays().items()
        ]
        head = ["From a word's estimated end", "Words", "p50 (95 %)", "p95", "p99"]
        return table(head, rows, self._said())


def stability_of(
    utterances: Sequence[TimedUtterance], latency: LatencyTable, sent_at: SentAt, sample_rate: int
) -> StabilityTable:
    """Follow the partials of utterances; ``sent_at`` and ``sample_rate`` as in `measure_utterance`."""
    words = [word for one in utterances for word in settlings(one, sent_at, sample_rate)]
    shown = [revision for one in utterances for revision in revisions(one)]
    return StabilityTable(words, shown, latency)


def revisions(utterance: Utterance) -> Iterator[Revision]:
    """Yield every line of an utterance that was shown and differs from the one before, the final at last."""
    before: list[str] = []
    last: tuple[str, str] | None = None
    for time, settled, draft, final in _lines(utterance):
        if (settled, draft) != last or final:
            line = units(settled + draft, utterance.language)
            kept = _common(before, line)
            yield Revision(utterance.number, time, settled, draft, kept, len(before) - kept, final)
            before, last = line, (settled, draft)


def settlings(
    utterance: TimedUtterance, sent_at: SentAt, sample_rate: int
) -> Iterator[WordSettling]:
    """Yield when each word of a final stopped changing; nothing without a final."""
    if utterance.status != "final" or utterance.final_at is None:
        return
    words = units(utterance.text, utterance.language)
    lines = list(_lines(utterance))
    times = [time for time, *_ in lines]
    stable = _since([units(settled + draft, utterance.language) for _, settled, draft, _ in lines], words)
    settled = _since([units(text, utterance.language) for _, text, *_ in lines], words)
    ends = _word_ends(utterance, words)
    for index, word in enumerate(words):
        end = ends[index]
        stable_at, settled_at = times[stable[index]], times[settled[index]]
        left = None
        if end is not None and utterance.latency.finalization is not None:
            left = sent_at(max(0, seconds_to_samples(end, sample_rate) - 1))
        yield WordSettling(
            utterance.number, index, word, end, stable_at, settled_at,
            None if left is None else round(stable_at - left, 3),
            None if left is None else round(settled_at - left, 3),
            settled[index] == len(lines) - 1,
        )


def _lines(utterance: Utterance) -> Iterator[tuple[float, str, str, bool]]:
    """Yield (time, settled, draft, is the final) of what was shown, in order of time."""
    final_at = utterance.final_at if utterance.status == "final" else None
    for partial in utterance.partials:
        if final_at is None or partial.time <= final_at:
            yield partial.time, partial.text, partial.stash, False
    if final_at is not None:
        yield final_at, utterance.text, "", True


def _since(lines: Sequence[list[str]], words: list[str]) -> list[int]:
    """Return for each word the first line from which on it and all before it stand in every line."""
    held = [_common(line, words) for line in lines]
    lasting = list(accumulate(reversed(held), min))[::-1]
    return [next(at for at, count in enumerate(lasting) if count > index) for index in range(len(words))]


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many words two lines begin with alike."""
    return next(
        (at for at, (one, other) in enumerate(zip(first, second)) if one != other),
        min(len(first), len(second)),
    )


def _word_ends(utterance: Utterance, words: Sequence[str]) -> list[float | None]:
    """Return where each word ends (s of the sound), by the share of letters up to it."""
    start = utterance.onset if utterance.onset is not None else utterance.start
    if start is None or utterance.end is None or utterance.end_source == "bound":
        return [None] * len(words)
    letters = list(accumulate(map(len, words)))
    return [round(start + (utterance.end - start) * upto / letters[-1], 3) for upto in letters]

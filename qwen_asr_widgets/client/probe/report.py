"""What a probe found, as a value that is printed, kept and passed on: figures, no sound, words or keys."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ...errors import ProbeError
from ...formatting import printable, table
from ...protocol.cloud_facts import ServiceFacts
from ...writing import write_text
from .finding import Finding, Value, Verdict

FORMAT = "qwen_asr_widgets.probe"
FORMAT_VERSION = 1
LARGEST = 1_000_000
"""Bytes of a report that are read at most; one has about 6,000."""

_IN_FORCE = {place.name for place in fields(ServiceFacts)} - {"name", "grades"}
_COUNTED: dict[Verdict, tuple[str, str]] = {
    "agrees": ("agrees", "agree"), "differs": ("differs", "differ"),
    "not identifiable": ("not identifiable", "not identifiable"),
}
"""Verdicts of what was asked, as they are counted: of one and of several."""

_MARKS = {"agrees": "=", "differs": "≠", "not identifiable": "?", "not asked": "–"}


@dataclass(frozen=True)
class ProbeReport:
    """What was measured on one endpoint.

    Parameters
    ----------
    service : str
        Host, with the port where the address names one.
    model : str
        The model that answered.
    date : str
        ISO date and time in UTC at which it was begun.
    findings : tuple of Finding
        One for each fact of `protocol.cloud_facts`, in their order.
    seconds : float
        Seconds of sound that were sent.
    pace : float or None
        Multiple of real time at which they were sent; None: as fast as they were taken.
    package : str
        Version of this package that measured.

    Raises
    ------
    ProbeError
        A field is of the wrong type.

    Examples
    --------
    >>> found = Finding("usage", "agrees", "9 of 9 finals carried usage.", True, n=9)
    >>> report = ProbeReport(
    ...     "dashscope.aliyuncs.com", "qwen3-asr-flash-realtime", "2026-11-27T09:00Z", (found,))
    >>> report["usage"].verdict, ProbeReport.from_dict(report.to_dict()) == report
    ('agrees', True)
    >>> print(report)
    dashscope.aliyuncs.com, qwen3-asr-flash-realtime, probed on 2026-11-27T09:00Z: 1 agrees
      =  6 usage: agrees (reported: True, n = 9). 9 of 9 finals carried usage.
    """

    service: str
    model: str
    date: str
    findings: tuple[Finding, ...]
    seconds: float = 0.0
    pace: float | None = 1.0
    package: str = ""

    def __post_init__(self) -> None:
        texts = (self.service, self.model, self.date, self.package)
        numbers = (self.seconds, 1.0 if self.pace is None else self.pace)
        if not all(isinstance(each, str) for each in texts) or not all(
            isinstance(each, (int, float)) for each in numbers
        ):
            raise ProbeError("This is no report of a probe: it lacks a name, a date or a number.")

    def __getitem__(self, fact: str) -> Finding:
        for finding in self.findings:
            if finding.fact == fact:
                return finding
        raise KeyError(fact)

    @property
    def measured(self) -> dict[str, Value]:
        """The values that hold from now on, by field of `ServiceFacts`: those that were decided."""
        return {
            finding.fact: finding.value for finding in self.findings
            if finding.fact in _IN_FORCE and finding.value is not None
        }

    def apply(self, facts: ServiceFacts) -> ServiceFacts:
        """Return facts with what was measured in place of what was read.

        Examples
        --------
        >>> from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE
        >>> found = Finding("silence_floor_ms", "differs", "200 ms were waited for.", 0, n=5)
        >>> facts = ProbeReport("my.server", "my-model", "2026-11-27T09:00Z", (found,)).apply(DASHSCOPE)
        >>> facts.silence_floor_ms, facts.grade("silence_floor_ms")
        (0, 'measured')
        """
        return facts.measured(**self.measured)

    def over(self, older: ProbeReport) -> ProbeReport:
        """Return this report with what it did not ask taken from an older one of the same service, dated.

        Examples
        --------
        >>> usage = Finding("usage", "agrees", "9 of 9 finals carried usage.", True, n=9)
        >>> unasked = Finding("usage", "not asked", "No experiment was made.")
        >>> first = ProbeReport("my.server", "my-model", "2026-11-26T09:00Z", (usage,))
        >>> both = ProbeReport("my.server", "my-model", "2026-11-27T09:00Z", (unasked,)).over(first)
        >>> both["usage"].verdict, both["usage"].date
        ('agrees', '2026-11-26T09:00Z')
        """
        known = {
            finding.fact: replace(finding, date=finding.date or older.date)
            for finding in older.findings if finding.verdict != "not asked"
        }
        return replace(self, findings=tuple(
            known.get(each.fact, each) if each.verdict == "not asked" else each for each in self.findings
        ))

    # ---- shown

    def __str__(self) -> str:
        lines = [
            f"  {_MARKS[finding.verdict]} {' ' * (finding.number < 10)}{finding}"
            for finding in self.findings if finding.verdict != "not asked"
        ]
        return "\n".join([printable(self.headline), *map(printable, lines), *self._unasked()])

    @property
    def headline(self) -> str:
        """Where and when it was measured, and how many facts agree."""
        counts = Counter(finding.verdict for finding in self.findings)
        told = [f"{counts[verdict]} {_COUNTED[verdict][counts[verdict] > 1]}" for verdict in _COUNTED
                if counts[verdict]]
        return f"{self.service}, {self.model}, probed on {self.date}: {', '.join(told) or 'nothing asked'}"

    def _unasked(self) -> list[str]:
        names = [finding.fact for finding in self.findings if finding.verdict == "not asked"]
        return [f"  not asked: {', '.join(names)}"] if names else []

    def __repr__(self) -> str:
        return f"<ProbeReport {self.headline}>"

    def _repr_html_(self) -> str:
        rows = [
            [str(finding.number), finding.fact, str(finding.reported), finding.verdict,
             "" if finding.value is None else str(finding.value), finding.sentence, str(finding.n or "")]
            for finding in self.findings if finding.verdict != "not asked"
        ]
        head = ["", "fact", "reported", "verdict", "in force", "what was seen", "n"]
        return table(head, rows, "; ".join([self.headline, *(line.strip() for line in self._unasked())]))

    # ---- kept

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can carry it; `from_dict` reads it."""
        return {
            "format": FORMAT, "version": FORMAT_VERSION, "service": self.service, "model": self.model,
            "date": self.date, "package": self.package, "seconds": round(self.seconds, 1), "pace": self.pace,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ProbeReport:
        """Return the report in a mapping; fields that are not known are passed over.

        Raises
        ------
        ProbeError
            It is no report, one of a newer format, or damaged.
        """
        if not isinstance(values, Mapping) or values.get("format") != FORMAT:
            raise ProbeError("This is no report of a probe.")
        version, findings = values.get("version"), values.get("findings")
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise ProbeError(f"This report has the format version {version!r:.20}; a newer package reads it.")
        if not isinstance(findings, list) or not all(isinstance(each, Mapping) for each in findings):
            raise ProbeError("This report holds no list of findings.")
        known = [Finding.from_dict(each) for each in findings]
        return cls(
            values.get("service", None), values.get("model", None), values.get("date", None), tuple(known),
            values.get("seconds", 0.0), values.get("pace"), values.get("package", ""),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as JSON, to be passed on.

        Raises
        ------
        WriteFailed
            The file cannot be written.
        """
        write_text(path, json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ProbeReport:
        """Read a report that `save` wrote, here or elsewhere.

        Raises
        ------
        ProbeError
            The file cannot be read or is no such report.
        """
        try:
            with Path(path).open("rb") as file:
                data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise ProbeError(f"It has more than {LARGEST:,} bytes; it is no report of a probe.")
            return cls.from_dict(json.loads(data))
        except ProbeError as problem:
            raise ProbeError(f"{path}: {problem}") from None
        except (OSError, ValueError, RecursionError) as problem:
            reason = problem.strerror or problem if isinstance(problem, OSError) else problem
            raise ProbeError(f"{path} cannot be read as a report of a probe: {reason}.") from None

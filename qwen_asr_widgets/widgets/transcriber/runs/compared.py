"""The run shown beside its baseline, as views of a comparison are told it."""

from __future__ import annotations

from typing import Any

from ....recording.comparing.comparison import Comparison, compare_runs, compared_run
from ....recording.text import normalized
from ...compare_view.messages import NOTHING_COMPARED, comparison_state
from ...shared.throttle import Message
from ..model import TranscriberModel

_Key = tuple[Any, ...]


class ComparedRuns:
    """Says in ``compared`` messages what differs between the run shown and its baseline.

    While the run shown is under way that is the baseline's turns alone.

    Parameters
    ----------
    model : TranscriberModel
        Read only.
    """

    def __init__(self, model: TranscriberModel) -> None:
        self._model = model
        self._told: _Key | None = None

    def opening(self, source: str) -> list[Message]:
        """Return the comparison, where there is a baseline; ``source`` names the run in the page."""
        key = self._told = self._key()
        return [] if key is None else [self._message(source)]

    def changes(self, source: str) -> list[Message]:
        """Return the comparison where other runs are compared than views were told, or none any more."""
        key = self._key()
        if key == self._told:
            return []
        self._told = key
        return [self._message(source)]

    def _key(self) -> _Key | None:
        """Return what a comparison depends on; None where there is nothing to compare with."""
        model = self._model
        baseline, shown = model.baseline, model.runs.of(model.recording)
        if baseline is None or shown is None:
            return None
        return baseline.number, shown.number, model.active, model.runs.pinned, self._said()

    def _said(self) -> str | None:
        """Return what was truly said, by the corrections; None where that is nothing."""
        said = self._model.runs.reference(self._model.recording)
        return said if said and normalized(said) else None

    def _message(self, source: str) -> Message:
        return {"kind": "compared", "source": source, **self._state()}, []

    def _state(self) -> dict[str, Any]:
        model = self._model
        baseline, now = model.baseline, model.recording
        if baseline is None or now is None:
            return NOTHING_COMPARED
        recordings, is_over = (baseline.recording, now), not model.active
        role = "baseline" if baseline.number == model.runs.pinned else "before"
        if is_over:
            comparison = compare_runs(recordings, (role, "now"), self._said(), (role, "now"))
        else:
            runs = tuple(compared_run(one, "", None, None, None) for one in recordings)
            comparison = Comparison(runs, None, "service")
        return comparison_state(comparison, recordings, 1, role=role, is_over=is_over)

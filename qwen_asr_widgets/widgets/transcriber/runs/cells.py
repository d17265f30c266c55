"""Which transcriber a cell of a notebook had made before it was run again: its runs go on in the new one."""

from __future__ import annotations

import sys
import weakref
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Execution:
    """One execution of a cell.

    Parameters
    ----------
    cell : str
        The cell's id.
    request : str
        The id of the request to run it: another one each time.
    """

    cell: str
    request: str


def running_cell() -> Execution | None:
    """Return the cell that is being run; None outside of a notebook, and where the front end does not say.

    JupyterLab, Notebook 7 and VS Code send ``cellId`` in the metadata of an ``execute_request``.
    """
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython.get_ipython(), "kernel", None) if ipython is not None else None
    request = kernel.get_parent("shell") if kernel is not None else {}
    cell = request.get("metadata", {}).get("cellId")
    return Execution(str(cell), str(request.get("header", {}).get("msg_id"))) if cell else None


@dataclass
class _MadeInCell(Generic[T]):
    """What the latest executions of one cell have made, in that order; it is not kept alive."""

    request: str = ""
    now: list[weakref.ref[T]] = field(default_factory=list)
    before: list[weakref.ref[T]] = field(default_factory=list)

    def take(self, request: str, made: T) -> T | None:
        if request != self.request:
            self.request, self.before, self.now = request, self.now, []
        self.now.append(weakref.ref(made))
        at = len(self.now) - 1
        return self.before[at]() if at < len(self.before) else None


class MadeInCells(Generic[T]):
    """Remembers what the cells of a notebook have made.

    Examples
    --------
    >>> class Thing: pass
    >>> made, first, second = MadeInCells(), Thing(), Thing()
    >>> made.take(Execution("cell", "a"), first), made.take(Execution("cell", "b"), second) is first
    (None, True)
    """

    def __init__(self) -> None:
        self._cells: dict[str, _MadeInCell[T]] = {}

    def take(self, execution: Execution | None, made: T) -> T | None:
        """Note what an execution has made; return what the one before it had made in its place."""
        if execution is None:
            return None
        return self._cells.setdefault(execution.cell, _MadeInCell()).take(execution.request, made)

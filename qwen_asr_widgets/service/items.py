"""The items of a session: what each holds while it is open, and how it is announced."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..audio.units import SAMPLE_RATE
from ..realtime.legality import MAX_COMMIT_SECONDS
from .commands import PartialText

_MAX_COMMIT = MAX_COMMIT_SECONDS * SAMPLE_RATE


def new_item_id() -> str:
    """Return a fresh item id."""
    return "item_" + os.urandom(12).hex()


def item_object() -> dict[str, Any]:
    """Return the ``item`` object of ``conversation.item.created``, without its id."""
    return {
        "object": "realtime.item", "type": "message", "status": "in_progress", "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }


@dataclass
class OpenItem:
    """The item that audio goes to now: an open turn, or what was appended since the last commit.

    Parameters
    ----------
    is_manual : bool
        Whether the client will commit it.
    item_id : str
        Its id.
    samples : int
        Its length so far, at 16 kHz.
    failure : Mapping or None
        The error to be reported once it is committed.
    held : PartialText or None
        The latest partial result of an item the client does not know of yet.
    """

    is_manual: bool
    item_id: str = field(default_factory=new_item_id)
    samples: int = 0
    failure: Mapping[str, Any] | None = None
    held: PartialText | None = None

    @property
    def is_too_long(self) -> bool:
        """Whether it is longer than one commit may be."""
        return self.is_manual and self.samples > _MAX_COMMIT

    @property
    def seconds(self) -> float:
        """Its length so far."""
        return self.samples / SAMPLE_RATE

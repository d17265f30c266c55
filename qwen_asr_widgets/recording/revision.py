"""How much of what an utterance showed was taken back later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .text_units import units

if TYPE_CHECKING:
    from ..protocol.utterance import Utterance


def revised_share(versions: Sequence[str], language: str | None = None) -> float | None:
    """Return the share of shown words (or characters) that a later version took back.

    Each version is compared with the next: what stands after their common beginning is taken back. The last
    version is the final; it can take back, but what it adds was never a partial. This is the erasure of
    Arivazhagan et al. (2020), "Re-translation versus streaming", over what the partials wrote.

    Examples
    --------
    >>> revised_share(["so it", "so I was", "so I was there"], "en")
    0.25
    """
    written = erased = 0
    shown: list[str] = []
    for position, version in enumerate(versions):
        following = units(version, language)
        common = 0
        while common < min(len(shown), len(following)) and shown[common] == following[common]:
            common += 1
        erased += len(shown) - common
        if position < len(versions) - 1:
            written += len(following) - common
        shown = following
    return erased / written if written else None


def revised(utterance: Utterance) -> float | None:
    """Return the revised share once nothing more can be revised."""
    versions = [partial.text + partial.stash for partial in utterance.partials]
    if utterance.open or not versions:
        return None
    final = utterance.text if utterance.status == "final" else versions[-1]
    return revised_share([*versions, final], utterance.language)

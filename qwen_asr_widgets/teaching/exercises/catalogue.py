"""All exercises by name: the notebook's number, with a letter where it has several."""

from __future__ import annotations

from collections.abc import Mapping

from . import protocol, turns
from .mark import Judge

EXERCISES: Mapping[str, Judge] = {
    "03": turns.judge_detector,
    "04": turns.judge_threshold,
    "06a": protocol.judge_order,
    "06b": protocol.judge_commit_errors,
}

"""All exercises by name: the notebook's number, with a letter where it has several."""

from __future__ import annotations

from collections.abc import Mapping

from . import claims, figures, protocol, turns, words
from .mark import Judge

EXERCISES: Mapping[str, Judge] = {
    "02": figures.judge_erasure,
    "03": turns.judge_detector,
    "04": turns.judge_threshold,
    "05": turns.judge_cut_share,
    "06a": protocol.judge_order,
    "06b": protocol.judge_commit_errors,
    "07": figures.judge_median,
    "08a": words.judge_counts,
    "08b": words.judge_harm,
    "09": claims.judge_report,
    "10": claims.judge_sent_twice,
}

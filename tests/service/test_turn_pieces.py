"""Pieces of a turn: cut at pauses by the scores alone, nothing lost between them, silence left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qwen_asr_widgets.service.recognizers.turn_pieces import (
    LEAD, LONG_ENOUGH, LONG_PAUSE, LONGEST, PAUSE, TAIL, Piece, TurnPieces,
)
from qwen_asr_widgets.vad.scoring.frames import HOP

SCORES = {"A": 0.9, "a": -0.1, ".": -0.9}


class Drawn:
    """Scores as drawn: "A" speech, "a" perhaps speech, "." none; a frame each."""

    def __init__(self, drawing: str) -> None:
        self._scores = [SCORES[mark] for mark in drawing]
        self._samples = self._done = 0

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        self._samples += len(samples)
        first, self._done = self._done, self._samples // HOP
        return np.array(self._scores[first:self._done], np.float32)


def cut(drawing: str, step: int = HOP) -> tuple[list[tuple[int, int]], float]:
    """Return the pieces of a drawn turn in frames, the open one last, and the seconds of speech."""
    turn, sound = TurnPieces(Drawn(drawing)), np.zeros(HOP * len(drawing), np.int16)
    for first in range(0, len(sound), step):
        turn.accept(sound[first:first + step])
    pieces = [*turn.closed, *([turn.open] if turn.open else [])]
    return [(piece.start // HOP, piece.stop // HOP) for piece in pieces], turn.speech_seconds


def test_a_short_turn_is_one_piece_without_the_silence_around_it():
    assert cut("." * 20 + "AaA" + "." * 20) == ([(20 - LEAD, 23 + TAIL)], pytest.approx(0.064))
    assert cut("..AA.") == ([(0, 5)], pytest.approx(0.064))


def test_sound_without_speech_has_no_piece():
    assert cut("." * 300) == ([], 0.0)


def test_a_piece_that_is_long_enough_is_cut_at_a_pause_and_nothing_is_lost():
    long = "A" * LONG_ENOUGH
    end = len(long) + TAIL
    assert cut(long + "." * PAUSE + "AAA")[0] == [(0, end), (end, len(long) + PAUSE + 3)]
    assert len(cut(long + "." * (PAUSE - 1) + "AAA")[0]) == 1
    assert len(cut("A" * (LONG_ENOUGH - PAUSE - 1) + "." * PAUSE + "AAA")[0]) == 1


def test_a_long_silence_ends_a_piece_however_short_and_is_left_out():
    assert cut("AA" + "." * LONG_PAUSE + "AA")[0] == [(0, 2 + TAIL), (2 + LONG_PAUSE - LEAD, 4 + LONG_PAUSE)]
    assert len(cut("AA" + "." * (LONG_PAUSE - 1) + "AA")[0]) == 1


def test_speech_without_a_pause_is_cut_where_it_is_least_like_speech():
    drawing = "A" * (LONGEST - 30) + "a" + "A" * 60
    assert cut(drawing)[0] == [(0, LONGEST - 30), (LONGEST - 30, len(drawing))]


@given(st.text("Aa.", max_size=900), st.integers(1, 9_000))
def test_pieces_follow_one_another_whatever_is_said_and_however_it_comes(drawing, step):
    pieces, speech = cut(drawing, step)
    assert (pieces, speech) == cut(drawing)
    assert all(first <= stop for first, stop in pieces)
    assert all(before[1] <= after[0] for before, after in zip(pieces, pieces[1:]))
    heard = {frame for first, stop in pieces for frame in range(first, stop)}
    assert {frame for frame, mark in enumerate(drawing) if mark != "."} <= heard
    assert all(stop - first <= LONGEST + LEAD + TAIL + 1 for first, stop in pieces)


def test_a_piece_has_its_samples():
    turn = TurnPieces(Drawn("A" * 10))
    turn.accept(np.arange(HOP * 10, dtype=np.int16))
    assert turn.open == Piece(0, HOP * 10)
    assert turn.samples(Piece(5, 8)).tolist() == [5, 6, 7]

"""Pauses are the silences inside turns and after them, by the rule that the docstring states."""

from __future__ import annotations

import numpy as np
import pytest
import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import LabelError, SettingError
from support import drawn

FRAME = 0.032


def _found(drawing: str, turns: list[tuple[float, float]], **options: float) -> list[tuple[str, int, int]]:
    """Return kind, first frame and stop frame of the pauses in drawn scores, turns given in frames."""
    reference = [qaw.ReferenceTurn(start * FRAME, end * FRAME) for start, end in turns]
    found = qaw.pauses(drawn.scores(drawing), reference, **options)
    return [(pause.kind, round(pause.start / FRAME), round(pause.end / FRAME)) for pause in found]


def test_a_hold_lies_between_speech_of_one_turn_and_an_end_after_it() -> None:
    assert _found("...aaaa.....aaaa....", [(3, 16)]) == [("hold", 7, 12), ("end", 16, 20)]


def test_a_silence_of_under_100_ms_is_no_pause() -> None:
    assert _found("aaa...aaa....aaa....", [(0, 16)]) == [("hold", 9, 13), ("end", 16, 20)]


def test_one_loud_frame_does_not_end_a_pause() -> None:
    assert _found("aaaa...a....aaaa....", [(0, 16)]) == [("hold", 4, 12), ("end", 16, 20)]


def test_the_silence_between_two_turns_is_an_end_and_no_hold() -> None:
    assert _found("aaaa......aaaa......", [(0, 4), (10, 14)]) == [("end", 4, 10), ("end", 14, 20)]


def test_a_turn_that_is_followed_at_once_or_overlapped_has_no_end() -> None:
    assert _found("aaaaaaaaaaaa........", [(0, 6), (5, 10), (10, 12)]) == [("end", 12, 20)]
    assert _found("aaaaaaaaaaaa........", [(0, 12), (3, 6)]) == [("end", 12, 20)]


def test_another_threshold_reads_other_holds_off() -> None:
    scores = qaw.SpeechScores([0.8] * 10 + [0.1] * 10 + [0.8] * 10 + [-1] * 10)
    assert len(qaw.pauses(scores, [(0, 0.96)]).holds) == 0
    assert len(qaw.pauses(scores, [(0, 0.96)], threshold=0.5).holds) == 1


def test_holds_by_hand_take_the_place_of_those_read_off() -> None:
    found = qaw.pauses(drawn.scores("aaaa....aaaa...."), [(0, 12 * FRAME)], holds=[(0.2, 0.34)])
    assert [(hold.start, hold.end) for hold in found.holds] == [(0.2, 0.34)] and found.source == "as given"
    with pytest.raises(LabelError, match="inside no turn"):
        qaw.pauses(drawn.scores("aaaa...."), [(0, 4 * FRAME)], holds=[(0.1, 0.2)])


def test_the_share_of_longer_holds_is_told_by_speaker() -> None:
    turns = [qaw.ReferenceTurn(0, 15, speaker="ann"), qaw.ReferenceTurn(20, 30, speaker="bob")]
    clip = qaw.AudioClip(np.zeros(16_000 * 31, np.float32), 16_000)
    found = qaw.pauses(clip, turns, holds=[(1, 1.3), (2, 2.6), (3, 4.2), (5, 5.4), (21, 23)])
    assert found.share_longer([300, 400, 1_000], "ann").tolist() == [0.75, 0.5, 0.25]
    assert found.share_longer([400]).tolist() == [0.6]
    assert found.to_frame().groupby("speaker").size().to_dict() == {"ann": 5, "bob": 2}
    assert "ann" in found._repr_html_() and "&gt; 400 ms" in found._repr_html_()


def test_a_wrong_pause_is_refused_in_one_sentence() -> None:
    with pytest.raises(LabelError, match="'stop'; it must be 'hold' or 'end'"):
        qaw.Pause(0, 1, "stop")  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="from 2 to 1"):
        qaw.Pause(2, 1)
    with pytest.raises(SettingError, match="threshold is 2"):
        qaw.pauses(drawn.scores("aa.."), [(0, 0.06)], threshold=2)


def test_the_samples_hesitation_is_a_hold() -> None:
    found = qaw.pauses(qaw.sample("conversation"), qaw.sample("conversation"))
    assert max(hold.duration for hold in found.holds) > 0.4
    assert all(found.turns[p.turn].start < p.start < p.end < found.turns[p.turn].end for p in found.holds)

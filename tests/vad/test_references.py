"""One kind of reference and one kind of sound: every form is taken, and anything else is told what is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qwen_asr_widgets as qaw
from qwen_asr_widgets import AudioClip, Labels, ReferenceTurn, Turn, TurnDetection
from qwen_asr_widgets.errors import AudioError, LabelError, SettingError
from qwen_asr_widgets.vad.labels.references import as_labels, reference_turns
from support import drawn

PAIRS = [(1.0, 2.5), (3.0, 4.25)]
TURNS = [ReferenceTurn(start, end) for start, end in PAIRS]


def forms(folder: Path) -> dict[str, Any]:
    """Return the same reference in every form."""
    path = qaw.save_labels(Labels(TURNS), folder / "clip.csv")
    return {
        "labels": Labels(TURNS), "path": path, "name of a path": str(path), "text": path.read_text(),
        "turns": TURNS, "tuple": tuple(TURNS), "generator": (turn for turn in TURNS), "pairs": PAIRS,
        "lists": [list(pair) for pair in PAIRS], "array": np.array(PAIRS),
        "detected": [Turn(a, 0.0, b) for a, b in PAIRS],
    }


def test_every_form_of_a_reference_gives_the_same_labels(tmp_path: Path) -> None:
    for name, form in forms(tmp_path).items():
        assert as_labels(form).turns == tuple(TURNS), name
    assert as_labels([(1.0, 2.5, "hello")]).turns[0].text == "hello"
    assert reference_turns(qaw.sample("call")) == qaw.sample("call").turns
    assert as_labels([]).turns == ()


def test_measure_explain_and_sweep_take_every_form(tmp_path: Path) -> None:
    scores = drawn.scores(30 * "." + 20 * "S" + 9 * "." + 20 * "S" + 60 * ".")
    settings = TurnDetection(0.2, 200)
    turns = qaw.detect_turns(scores, settings)
    measured = {
        name: qaw.measure(turns, form, duration=scores.duration) for name, form in forms(tmp_path).items()
    }
    assert all(found == measured["labels"] for found in measured.values())
    explained = {name: qaw.explain(scores, settings, form) for name, form in forms(tmp_path).items()}
    assert all(found == explained["labels"] for found in explained.values())
    for form in forms(tmp_path).values():
        if not hasattr(form, "__next__"):
            swept = qaw.sweep([scores, scores], [0.2], [200], reference=[form, None])
            assert [clip.has_reference for clip in swept.clips] == [True, False]
    assert qaw.sweep(scores, [0.2], [200], reference=PAIRS).clips[0].has_reference


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (5, "reference is 5; give Labels"),
        ({"start": 1}, r"reference is \{'start': 1\}; give Labels"),
        ((1.0, 2.0), r"reference is one turn, \(1.0, 2.0\); give a list of turns"),
        (ReferenceTurn(1, 2), "reference is one turn"),
        ([(1.0, 2.0), 3.0], r"reference\[1\] is 3.0; write a turn as"),
        ([("a", "b")], r"reference\[0\] is \('a', 'b'\)"),
        (["0.5 1.0"], r"reference\[0\] is '0.5 1.0'"),
        ("nowhere.rttm", "no label file 'nowhere.rttm'"),
        (qaw.AudioClip(np.zeros(800), 8_000), "reference is of type AudioClip"),
    ],
)
def test_anything_else_is_answered_with_what_is_taken(reference: Any, message: str) -> None:
    with pytest.raises(LabelError, match=message) as caught:
        qaw.measure([], reference)
    assert "\n" not in str(caught.value)


def test_labels_have_a_length_and_can_be_gone_through() -> None:
    labels = Labels(TURNS)
    assert len(labels) == 2 and list(labels) == TURNS and not Labels([])


def test_a_sample_and_a_file_are_sounds(tmp_path: Path) -> None:
    noisy, call = qaw.sample("noisy"), qaw.sample("call")
    assert AudioClip.load(noisy) is noisy.clip and AudioClip.load(call, channel=1) is call.channels[1]
    assert AudioClip.load_channels(call) == list(call.channels)
    with pytest.raises(AudioError, match="call has channels 0 to 1, not 2"):
        AudioClip.load(call, channel=2)
    noisy.clip.save(tmp_path / "noisy.wav")
    for sound in (noisy, noisy.clip, tmp_path / "noisy.wav", (tmp_path / "noisy.wav").read_bytes()):
        assert np.array_equal(qaw.speech_scores(sound).values, qaw.speech_scores(noisy.clip).values)


@pytest.mark.parametrize("sound", [np.zeros(800), [0.0] * 800, None, 3, qaw.Labels([])])
def test_what_is_no_sound_is_told_what_is(sound: Any) -> None:
    with pytest.raises(AudioError, match=r"speech_scores takes an AudioClip, .* not \w+; AudioClip.load"):
        qaw.speech_scores(sound)


@pytest.mark.parametrize("values", [(2, 1), (1, 1), (-1, 2), (0, np.inf), ("0", 1), (0, 1, 5), (0, 1, "", 5)])
def test_a_reference_turn_that_cannot_be_is_refused(values: tuple[Any, ...]) -> None:
    with pytest.raises(LabelError, match="0 <= start < end|must be text"):
        ReferenceTurn(*values)


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        (AudioClip(np.zeros(800), 8_000), "is <AudioClip "),
        (None, "is None"),
        ([(1.0, 2.0)], "holds tuple"),
        (TURNS, "holds ReferenceTurn"),
    ],
)
def test_measure_says_which_turns_it_takes(turns: Any, message: str) -> None:
    with pytest.raises(SettingError, match=f"turns {message}.*; give a list of Turn"):
        qaw.measure(turns)


def test_measure_is_told_settings_as_turn_detection() -> None:
    with pytest.raises(SettingError, match="settings is 400; give the TurnDetection used"):
        qaw.measure([], settings=400)  # type: ignore[arg-type]

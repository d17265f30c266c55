"""Words under each other: each once, those that differ on a band, nothing over anything else."""

from __future__ import annotations

from itertools import combinations

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure
from support.recordings import three_turns

from qwen_asr_widgets import ReferenceTurn, SettingError, plot_alignment

SAID = "So the third thing I would like to show you all is the wave form."
HEARD = "so the first thing I would like to show you is the waveform"


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def kind(ax, gid):
    return [text for text in ax.texts if text.get_gid() == gid]


def covered(ax):
    """Return the texts that cover another or leave the figure."""
    boxes = [(text.get_text(), text.get_window_extent()) for text in ax.texts]
    frame = ax.figure.bbox
    found = [
        text for text, box in boxes
        if box.x0 < 0 or box.x1 > frame.x1 or box.y0 < 0 or box.y1 > frame.y1
    ]
    for (one, first), (other, second) in combinations(boxes, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        if wide > 1 and high > 3:
            found.append(f"{one} / {other}")
    return found


def test_each_word_is_drawn_once_and_what_differs_is_marked():
    ax = plot_alignment(HEARD, reference=SAID)
    assert sorted(text.get_text() for text in kind(ax, "word")) == sorted(SAID.split() + HEARD.split())
    bold = [text.get_text() for text in kind(ax, "word") if text.get_weight() == "bold"]
    assert bold == ["first", "waveform"] and len(kind(ax, "missing")) == 2
    assert sum(patch.get_gid() == "differs" for patch in ax.patches) == 4
    assert kind(ax, "counts")[0].get_text() == (
        "text 1: differs from reference in 4 places of 15 words (26.7 %): 2 replaced, 2 left out, 0 added"
    )


def test_recordings_stand_under_the_turns_of_a_reference_and_cover_nothing():
    turns = [ReferenceTurn(1.0, 3.0, SAID), ReferenceTurn(5.0, 6.5, "every blue band is one turn")]
    ax = plot_alignment(three_turns(), three_turns(pace=None), reference=turns)
    names = [text.get_text() for text in kind(ax, "name")]
    assert names[:3] == ["reference", "real time", "as fast as taken"]
    assert covered(ax) == []


def test_a_picture_with_less_room_says_how_much_is_left_out():
    ax = plot_alignment(three_turns(), "so", ax=Figure(figsize=(3, 1)).add_subplot(), names=["a", "b"])
    assert kind(ax, "counts")[-1].get_text().endswith("lines more")


@pytest.mark.parametrize("call, sentence", [
    (lambda: plot_alignment("so"), "compares two or more recordings or texts, or one with reference"),
    (lambda: plot_alignment(reference="so"), "compares two or more"),
    (lambda: plot_alignment("so", 7), "takes recordings and texts, not 7"),
    (lambda: plot_alignment("so", "it", names=["one"]), "1 names were given for 2"),
])
def test_what_cannot_be_aligned_is_refused(call, sentence):
    with pytest.raises(SettingError, match=sentence):
        call()

"""The progress bar fits its line and shows the newest words."""

from __future__ import annotations

import io
import sys

import pytest
from support.recordings import Script
from tqdm.utils import disp_len

from qwen_asr_widgets.recording.transcription import Progress, keep_end, latest_words


class Terminal(io.StringIO):
    def isatty(self):
        return True


def speaking(settled, draft):
    script = Script(6.0)
    script.turn("a", 0.5, 3.0, "", partials=[(0.5, settled, draft)], close=False)
    return script.recording


def test_it_shows_how_far_the_sound_is_and_the_newest_words(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Progress(6.0) as bar:
        bar.show(speaking("so the ", "first"))
        assert "3.0/6.0 s" in str(bar) and "● 1  so the first" in str(bar)


def test_without_a_length_it_counts_seconds(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Progress(None) as bar:
        bar.show(speaking("so", ""))
        assert str(bar).startswith("3.0 s")


def test_redirected_output_gets_no_bar(capsys):
    with Progress(6.0) as bar:
        bar.show(speaking("so", ""))
    with Progress(6.0, enabled=False) as bar:
        bar.show(speaking("so", ""))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["so the first thing " * 9, "橙色的条表示您在最后一个字之后等了多久" * 4])
def test_long_words_keep_their_end_within_the_line(text):
    kept = keep_end(text, 30)
    assert disp_len(kept) <= 30 and kept[0] == "…" and text.endswith(kept[1:])


def test_control_characters_do_not_break_the_line():
    assert latest_words(speaking("so\n\r\x1b[31m", " it"), 60) == "● 1  so [31m it"


def test_the_dot_says_whether_somebody_speaks():
    script = Script(6.0)
    assert latest_words(script.recording, 60) == ""
    script.turn("a", 0.5, 3.0, "so it is", partials=[(0.5, "so", "")])
    assert latest_words(script.recording, 60) == "○"

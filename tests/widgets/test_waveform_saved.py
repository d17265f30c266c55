"""What stays of a waveform and a transcript in a saved notebook."""

from __future__ import annotations

import re

import IPython.display
import pytest
from support.recordings import Script, three_turns

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.widgets.transcript_view import TranscriptView
from qwen_asr_widgets.widgets.waveform import Waveform


@pytest.fixture
def shown(monkeypatch) -> list:
    """Remember what is displayed."""
    outputs: list = []

    def display(data, *, raw=False, metadata=None, display_id=None, update=False):
        outputs.append((data, display_id, update))

    monkeypatch.setattr(IPython.display, "display", display)
    return outputs


def test_a_display_is_a_live_view_and_a_picture_with_the_transcript(shown) -> None:
    wave = Waveform(three_turns())
    wave._ipython_display_()
    (live, _, _), (saved, display_id, _) = shown
    assert "application/vnd.jupyter.widget-view+json" in live and live["text/plain"] == ""
    assert display_id and f'class="qaw-static-{wave.static_id}"' in saved["text/html"]
    assert "data:image/png;base64" in saved["text/html"] and "every blue band" in saved["text/html"]


def test_a_minute_of_speech_stays_under_300_kB() -> None:
    script = Script(60.0)
    for k in range(12):
        script.turn(f"t{k}", 5 * k + 0.5, 5 * k + 3.5, "some eight or nine words in every single turn")
    assert len(Waveform(script.finish()).static_html()) < 300_000


def test_a_recording_under_way_is_filled_in_when_it_ends(shown) -> None:
    script = Script(6.0)
    wave = Waveform(script.recording)
    wave._ipython_display_()
    assert "Still under way" in shown[1][0]["text/html"]
    script.turn("a", 1.0, 2.0, "the last words")
    script.finish()
    wave._pump.stop()
    wave._has_more()
    data, display_id, update = shown[-1]
    assert update and display_id == shown[1][1] and "the last words" in data["text/html"]
    count = len(shown)
    wave.refresh_static()
    assert len(shown) == count


@pytest.mark.parametrize("kind", [Waveform, TranscriptView])
def test_save_outputs_leaves_picture_and_transcript_out(shown, kind) -> None:
    view = kind(three_turns(), save_outputs=False)
    view._ipython_display_()
    html = shown[1][0]["text/html"]
    assert "blue band" not in html and "image/png" not in html and "save_outputs" in html
    view.save_outputs = True
    assert shown[-1][2] and "blue band" in shown[-1][0]["text/html"]


def test_markup_in_a_transcript_is_saved_as_text(shown) -> None:
    script = Script(6.0)
    script.turn("a", 1.0, 2.0, '<img src="x" onerror="alert(1)"><script>alert(2)</script>')
    TranscriptView(script.finish())._ipython_display_()
    html = shown[1][0]["text/html"]
    assert "<img" not in html and "<script" not in html and "&lt;script&gt;" in html


def test_a_clip_is_saved_as_a_picture(shown, tmp_path) -> None:
    import numpy as np

    Waveform(AudioClip(np.sin(np.arange(48_000) / 9).astype(np.float32), 16_000))._ipython_display_()
    html = shown[1][0]["text/html"]
    assert re.search(r'<img alt="Waveform of [^"]+ \(3.0 s\)"', html) and len(html) < 100_000

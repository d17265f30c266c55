"""What stays of a waveform and a transcript in a saved notebook."""

from __future__ import annotations

import json
import re

import IPython.display
import numpy as np
import pytest
from support.recordings import Script, three_turns

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
from qwen_asr_widgets.widgets.transcript.transcript_view import TranscriptView
from qwen_asr_widgets.widgets.waveform.waveform import Waveform


def speech(minutes: int) -> Recording:
    """Real speech with twelve turns a minute of nine words each."""
    script = Script(60.0 * minutes)
    voice = (sample("conversation").clip.samples * 32_767).astype(np.int16)
    script.samples = np.resize(voice, len(script.samples))
    for k in range(12 * minutes):
        text = f"turn {k + 1} with some eight or nine words in it"
        script.turn(f"t{k}", 5 * k + 0.5, 5 * k + 3.5, text, partials=[(0.5, "", "turn")])
    return script.finish()


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


@pytest.mark.parametrize("kind", [Waveform, TranscriptView, Transcriber])
def test_a_minute_of_speech_stays_under_300_kB_and_further_ones_add_little(kind) -> None:
    def kept(minutes: int) -> int:
        return len(json.dumps(kind(speech(minutes)).saved.output()))

    one, four = kept(1), kept(4)
    assert 10_000 < one < 300_000
    assert (four - one) / 3 < 20_000, "an hour is some ten times a minute, not sixty times"


def test_a_recording_under_way_is_filled_in_when_it_ends(shown) -> None:
    script = Script(6.0)
    wave = Waveform(script.recording)
    wave._ipython_display_()
    assert "Still under way" in shown[1][0]["text/html"]
    script.turn("a", 1.0, 2.0, "the last words")
    script.finish()
    wave.page.throttle.stop()
    wave.page.wanted()
    data, display_id, update = shown[-1]
    assert update and display_id == shown[1][1] and "the last words" in data["text/html"]
    count = len(shown)
    wave.saved.refresh()
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


def test_a_clip_is_saved_as_a_picture(shown) -> None:
    Waveform(AudioClip(np.sin(np.arange(48_000) / 9).astype(np.float32), 16_000))._ipython_display_()
    html = shown[1][0]["text/html"]
    assert re.search(r'<img alt="Waveform of [^"]+ \(3.0 s\)"', html) and len(html) < 100_000

"""What is taken away from the tuner: code, labels, a report, the picture of a saved notebook."""

from __future__ import annotations

import json

import pytest
from support.tuner_view import View

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.labels.files import load_labels
from qwen_asr_widgets.vad.turns import TurnDetection

TIGHT = TurnDetection(0.9, 250)


def test_settings_are_taken_away_as_code_that_sets_them(tuner):
    tuner.settings = TurnDetection(-0.1, 450, 200)
    assert eval(tuner.code("python"), {"TurnDetection": TurnDetection}) == tuner.settings
    wire = json.loads(tuner.code("json"))["session"]["turn_detection"]
    assert wire == {
        "type": "server_vad", "threshold": -0.1, "silence_duration_ms": 450, "prefix_padding_ms": 200,
    }
    asked = {}

    class Conversation:
        def update_session(self, **given):
            asked.update(given)

    exec(tuner.code("sdk"), {"conversation": Conversation(), "MultiModality": qaw.MultiModality})
    assert asked["turn_detection_threshold"] == -0.1 and asked["turn_detection_silence_duration_ms"] == 450
    assert asked["prefix_padding_ms"] == 200
    with pytest.raises(SettingError, match="must be one of"):
        tuner.code("yaml")


@pytest.mark.parametrize("kind, name", [
    ("rttm", "noisy.rttm"), ("textgrid", "noisy.TextGrid"), ("audacity", "noisy.txt"), ("csv", "noisy.csv"),
    ("srt", "noisy.srt"),
])
def test_labels_are_taken_away_in_every_format(tuner, kind, name, tmp_path):
    view = View(tuner)
    (content, buffers), = view.ask(kind="export", what=kind)
    assert content["name"] == name
    path = tmp_path / content["name"]
    path.write_bytes(buffers[0])
    loaded = load_labels(path).turns
    assert [(t.start, t.end) for t in loaded] == [(t.start, t.end) for t in tuner.labels.turns]


def test_the_report_is_one_page_with_pictures_and_figures(tuner, tmp_path):
    tuner.settings = TIGHT
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    page = tuner.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2 and "<script" not in page and "http" not in page
    assert "cut at 0:15.4" in page and "exact for the embedded service" in page
    assert "turn_detection_threshold=0.9" in page


def test_a_saved_notebook_keeps_picture_and_figures(tuner):
    html = tuner.saved.output()
    assert "data:image/png" in html and ">Wait<" in html and len(html) < 300_000
    tuner.save_outputs = False
    assert "data:image/png" not in tuner.saved.output()

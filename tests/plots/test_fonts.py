"""Every script is drawn with an installed font that has it, or the user is told which to install."""

from __future__ import annotations

import warnings

import matplotlib
import pytest
from matplotlib.figure import Figure
from support.recordings import Script

from qwen_asr_widgets.plots import fonts, plot_recording
from qwen_asr_widgets.plots.fonts import MissingFontWarning, choose_fonts

BASE = ["DejaVu Sans"]


@pytest.mark.parametrize("text, installed, chosen", [
    ("plain words", ["Noto Sans CJK SC"], ()),
    ("你好", ["Noto Sans CJK JP", "SimHei"], ("SimHei",)),
    ("你好", ["Noto Sans CJK JP"], ("Noto Sans CJK JP",)),
    ("こんにちは", ["Noto Sans CJK SC", "Noto Sans CJK JP"], ("Noto Sans CJK JP",)),
    ("안녕", ["Noto Sans CJK JP", "NanumGothic"], ("NanumGothic",)),
    ("สวัสดี 你好", ["Loma", "SimHei"], ("SimHei", "Loma")),
])
def test_the_best_installed_font_of_each_script_is_chosen(text, installed, chosen):
    found = choose_fonts(text, BASE, installed)
    assert found.families == (*BASE, *chosen) and found.missing == ()


def test_a_font_the_user_chose_is_left_alone():
    assert choose_fonts("你好", ["SimHei"], ["SimHei", "Noto Sans CJK SC"]).families == ("SimHei",)


def test_without_a_font_the_script_and_the_remedy_are_named():
    found = choose_fonts("你好 안녕", BASE, ["DejaVu Sans"])
    assert {script.name for script in found.missing} == {"Chinese", "Korean"}
    assert all("fonts-noto-cjk" in script.remedy for script in found.missing)
    assert found.shown("so 你好") == "so □□"


def test_the_warning_comes_once_and_the_picture_is_drawn_all_the_same(monkeypatch):
    monkeypatch.setattr(fonts, "_installed", lambda: ["DejaVu Sans"])
    fonts._warn_once.cache_clear()
    recording = Script(8.0).turn("a", 1.0, 6.0, "早上好").finish()
    with pytest.warns(MissingFontWarning, match="Chinese.*fonts-noto-cjk"):
        plot_recording(recording, Figure().add_subplot())
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        ax = plot_recording(recording, Figure().add_subplot())
        ax.figure.draw_without_rendering()
    assert again == []
    assert "□□□" in [text.get_text() for text in ax.texts]


def test_a_chosen_font_stands_behind_the_base_font():
    assert fonts.fonts_for("plain").families == tuple(matplotlib.rcParams["font.family"])

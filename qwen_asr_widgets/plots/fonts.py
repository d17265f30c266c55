"""Fonts for scripts that matplotlib's own font does not have, found among those installed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Script:
    """A script of the world: its ranges of characters, fonts that have it (best first), what to install."""

    name: str
    ranges: tuple[tuple[int, int], ...]
    fonts: tuple[str, ...]
    remedy: str


_CJK_REMEDY = (
    "install fonts-noto-cjk (Debian, Ubuntu) or Noto Sans CJK from https://github.com/notofonts/noto-cjk"
)
_HAN = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC",
    "Microsoft YaHei", "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei",
    "Noto Sans CJK JP", "Noto Sans CJK TC", "Noto Sans CJK KR", "Noto Serif CJK SC", "Droid Sans Fallback",
    "Arial Unicode MS",
)
_KANA = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo",
    "MS Gothic", "IPAexGothic", "IPAGothic", "TakaoPGothic", "VL Gothic", *_HAN,
)
_HANGUL = (
    "Noto Sans CJK KR", "Noto Sans KR", "Source Han Sans KR", "Apple SD Gothic Neo", "AppleGothic",
    "Malgun Gothic", "NanumGothic", "UnDotum", "Baekmuk Gulim", *_HAN,
)
SCRIPTS = (
    Script("Japanese", ((0x3040, 0x30FF), (0x31F0, 0x31FF)), _KANA, _CJK_REMEDY),
    Script("Korean", ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7AF)), _HANGUL, _CJK_REMEDY),
    Script(
        "Chinese", ((0x2E80, 0x2FDF), (0x3000, 0x303F), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF)),
        _HAN, _CJK_REMEDY,
    ),
    Script(
        "Thai", ((0x0E00, 0x0E7F),),
        ("Noto Sans Thai", "Leelawadee UI", "Thonburi", "Loma", "Garuda", "Tahoma", "Arial Unicode MS"),
        "install fonts-noto-core (Debian, Ubuntu) or Noto Sans Thai",
    ),
    Script(
        "Hindi", ((0x0900, 0x097F),),
        ("Noto Sans Devanagari", "Nirmala UI", "Kohinoor Devanagari", "Lohit Devanagari", "Arial Unicode MS"),
        "install fonts-noto-core (Debian, Ubuntu) or Noto Sans Devanagari",
    ),
)
MISSING = "\u25a1"
"""Stands for a character that no installed font has."""


class MissingFontWarning(UserWarning):
    """A script in a picture has no installed font; the message says which to install."""


@dataclass(frozen=True)
class Fonts:
    """What to draw a text with: font families in order, and the scripts that none of them has."""

    families: tuple[str, ...]
    missing: tuple[Script, ...] = ()

    def shown(self, text: str) -> str:
        """Return a text with what cannot be drawn as boxes."""
        if not self.missing:
            return text
        return "".join(MISSING if _within(character, self.missing) else character for character in text)


def choose_fonts(text: str, base: Sequence[str], installed: Sequence[str]) -> Fonts:
    """Choose font families for a text.

    Parameters
    ----------
    text : str
        Everything that will be drawn.
    base : sequence of str
        Families to try first.
    installed : sequence of str
        Names of the installed families.

    Examples
    --------
    >>> choose_fonts("你好", ["DejaVu Sans"], ["DejaVu Sans", "SimHei"]).families
    ('DejaVu Sans', 'SimHei')
    >>> [script.name for script in choose_fonts("안녕", ["DejaVu Sans"], []).missing]
    ['Korean']
    """
    families, missing = list(base), []
    present = set(installed)
    for script in SCRIPTS:
        if not any(_within(character, (script,)) for character in text):
            continue
        if any(family in script.fonts for family in base):
            continue
        found = next((font for font in script.fonts if font in present), None)
        if found is None:
            missing.append(script)
        elif found not in families:
            families.append(found)
    return Fonts(tuple(families), tuple(missing))


def fonts_for(text: str) -> Fonts:
    """Choose among the fonts installed here, and warn once for each script that has none."""
    import matplotlib

    base = tuple(matplotlib.rcParams["font.family"])
    fonts = choose_fonts(text, base, _installed())
    for script in fonts.missing:
        _warn_once(script)
    return fonts


def _installed() -> list[str]:
    from matplotlib import font_manager

    return [font.name for font in font_manager.fontManager.ttflist]


@lru_cache(maxsize=None)
def _warn_once(script: Script) -> None:
    warnings.warn(
        f"No installed font has {script.name} characters, so they appear as boxes: {script.remedy}, "
        "then restart Python.",
        MissingFontWarning,
        stacklevel=5,
    )


def _within(character: str, scripts: Sequence[Script]) -> bool:
    code = ord(character)
    return any(low <= code <= high for script in scripts for low, high in script.ranges)

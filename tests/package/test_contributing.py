"""What CONTRIBUTING.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = [path for room in ("qwen_asr_widgets", "notebooks", "tests") for path in (ROOT / room).rglob("*")]
PLACES += [ROOT / room for room in ("qwen_asr_widgets", "notebooks", "tests")]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_path_is_in_the_tree() -> None:
    named = {each for each in re.findall(r"`([\w./]+(?:/|\.\w+))`", TEXT) if "/" in each}
    named -= {"tests/browser/failures/"}
    tree = [f"/{path.relative_to(ROOT).as_posix()}" + "/" * path.is_dir() for path in PLACES]
    assert {each for each in named if not any(path.endswith(f"/{each}") for path in tree)} == set()


def test_every_command_of_make_is_a_target() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"`make (\w+)`", TEXT)) <= targets

"""Packages that the embedded service finds instead of, or beside, what is installed: engines that
misbehave."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from qwen_asr_widgets.service.recognizers.moonshine_model import FILES


def plant(
    monkeypatch: pytest.MonkeyPatch, folder: Path, distribution: str, files: Mapping[str, str],
    recognizers: Mapping[str, str] | None = None,
) -> None:
    """Write a distribution's files where processes started from now on look first.

    Parameters
    ----------
    distribution : str
        Its name; its version is 9.9.
    files : Mapping
        The text of each file, by its path.
    recognizers : Mapping or None
        Recognisers that it registers: ``MODULE:CLASS`` by name.
    """
    about = f"{distribution.replace('-', '_')}-9.9.dist-info"
    listed = "".join(f"{name} = {where}\n" for name, where in (recognizers or {}).items())
    told = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 9.9\n",
        f"{about}/entry_points.txt": f"[qwen_asr_widgets.recognizers]\n{listed}" if listed else "",
    }
    for path, text in {**files, **told}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    paths = [str(folder), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def plant_moonshine(
    monkeypatch: pytest.MonkeyPatch, folder: Path, runtime: str, model: bool = True
) -> None:
    """Plant moonshine-voice, with empty files of a model or without, and an onnxruntime with this text."""
    names = FILES if model else ()
    plant(monkeypatch, folder, "moonshine-voice", {
        "moonshine_voice/__init__.py": "", "onnxruntime/__init__.py": runtime,
        **{f"moonshine_voice/assets/tiny-en/{name}": "" for name in names},
    })


def plant_recognizer(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, methods: str) -> None:
    """Plant a recogniser of this name with these methods; the others do nothing."""
    module = f"planted_{name}"
    plant(monkeypatch, folder, f"planted-{name}", {f"{module}.py": _RECOGNIZER + methods}, {
        name: f"{module}:Planted",
    })


_RECOGNIZER = '''
import os, socket, sys, threading, time
from qwen_asr_widgets.service.recognizers import Hypothesis

class Planted:
    engine, languages, costly_partials, can_finish_early = "planted 9.9", None, False, False

    def configure(self, language, corpus_text):
        return ()

    def start(self, first_sample):
        pass

    def accept(self, samples):
        pass

    def partial(self):
        return Hypothesis()

    def finish(self):
        return "planted"

'''

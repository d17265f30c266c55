"""One run of mypy over the package and over scripts of its users, which are checked as strictly as can be.

A run without a cache, as in a clean clone, costs half a minute; so whoever asks what mypy says asks here.
"""

from __future__ import annotations

import configparser
import doctest
import inspect
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import qwen_asr_widgets as qaw

ROOT = Path(__file__).parents[2]

USES = '''
import qwen_asr_widgets as qaw

clip: qaw.AudioClip = qaw.sample("noisy").clip
labels: qaw.Labels = qaw.load_labels("noisy.txt")
scores: qaw.SpeechScores = qaw.speech_scores(clip)
settings = qaw.TurnDetection(threshold=0.1, silence_duration_ms=500)
turns: list[qaw.Turn] = qaw.detect_turns(scores, settings)
measures: qaw.Measures = qaw.measure(turns, labels)
best = qaw.sweep([clip], reference=[labels]).best(max_cut=0.05)
recording: qaw.Recording = qaw.transcribe(clip, config=qaw.SessionConfig(turn_detection=settings))
table: qaw.LatencyTable = recording.latency()
widget = qaw.Transcriber(clip, qaw.embedded())


class Callback(qaw.OmniRealtimeCallback):
    def on_open(self) -> None:
        print("open")


conversation = qaw.OmniRealtimeConversation(model="qwen3-asr-flash-realtime", callback=Callback())
conversation.update_session(output_modalities=[qaw.MultiModality.TEXT], voice=None, transcription_params=None)
conversation.create_response(instructions=None, output_modalities=None)
keyless = qaw.OmniRealtimeConversation("qwen3-asr-flash-realtime", Callback(), api_key=None)
offline = qaw.OmniRealtimeConversation("qwen3-asr-flash-realtime", Callback(), endpoint=qaw.embedded())
try:
    conversation.connect()
except qaw.QawError as error:
    print(error)
'''

PAGES = [ROOT / "README.md", *sorted((ROOT / "notebooks" / "docs").rglob("*.md"))]
"""The documents whose Python a reader copies."""


def examples_of_names() -> str:
    """Return a script of the examples of all public names, one function for each."""
    parts = ["import numpy as np", "import qwen_asr_widgets as qaw", "from qwen_asr_widgets import *"]
    for name in sorted({*qaw.__all__} - {"__version__", "api_key", "presentation"}):
        found = doctest.DocTestParser().get_examples(inspect.getdoc(getattr(qaw, name)) or "")
        body = "".join(example.source for example in found if not example.exc_msg)
        parts += [f"def example_{name}() -> None:", textwrap.indent(body, "    ")]
    return "\n".join(parts)


def examples_of_pages() -> str:
    """Return a script of the Python in the documents, a function for each page."""
    parts = ["import qwen_asr_widgets as qaw"]
    for number, page in enumerate(PAGES):
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
        parts += [f"def page_{number}_{re.sub(r'[^a-z]', '_', page.stem)}() -> None:", "    pass"]
        parts += [textwrap.indent(block, "    ") for block in blocks]
    return "\n".join(parts)


SCRIPTS = {
    "names": examples_of_names(),
    "pages": examples_of_pages(),
    "uses": USES + "".join(f"print(qaw.{name})\n" for name in sorted({*qaw.__all__} - {"__version__"})),
    "mistaken": "import qwen_asr_widgets as qaw\nqaw.TurnDetection(threshold='low')\n",
}
"""The examples of all public names and of all documents, a script that uses every public name, and one that
gives a word for a number."""

STRICT = (
    "check_untyped_defs disallow_any_generics disallow_incomplete_defs disallow_subclassing_any "
    "disallow_untyped_calls disallow_untyped_decorators disallow_untyped_defs extra_checks strict_equality "
    "warn_return_any warn_unused_ignores"
).split()
"""What ``mypy --strict`` asks of a module; that names are exported explicitly is asked of the package."""


def _configuration() -> configparser.ConfigParser:
    """Return the project's own settings, stricter for the scripts."""
    kept = configparser.ConfigParser()
    kept.read(ROOT / "setup.cfg", encoding="utf-8")
    made = configparser.ConfigParser()
    made["mypy"] = {name: value for name, value in kept["mypy"].items() if name != "packages"}
    made["mypy-qwen_asr_widgets"] = {"implicit_reexport": "False"}
    made[",".join(f"mypy-{name}" for name in SCRIPTS)] = {
        **dict.fromkeys(STRICT, "True"), "ignore_missing_imports": "False",
    }
    return made


@lru_cache(maxsize=None)
def mypy_says() -> Mapping[str, str]:
    """Return what mypy says of the package (``"package"``) and each of `SCRIPTS`: nothing if all is well."""
    with tempfile.TemporaryDirectory(prefix="typed-") as folder:
        configuration = Path(folder) / "mypy.ini"
        scripts = [Path(folder) / f"{name}.py" for name in SCRIPTS]
        with configuration.open("w", encoding="utf-8") as file:
            _configuration().write(file)
        for script in scripts:
            script.write_text(SCRIPTS[script.stem], encoding="utf-8")
        command = [sys.executable, "-m", "mypy", "--no-error-summary", "--config-file", str(configuration)]
        done = subprocess.run(
            [*command, "qwen_asr_widgets", *map(str, scripts)], cwd=ROOT, capture_output=True, text=True
        )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    said = dict.fromkeys(("package", *SCRIPTS), "")
    for line in done.stdout.splitlines(keepends=True):
        stem = Path(line.partition(":")[0]).stem
        said[stem if stem in SCRIPTS and not line.startswith("qwen_asr_widgets") else "package"] += line
    return said

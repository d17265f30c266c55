"""Errors in the command line's words: what Python takes as ``threshold=``, it takes as ``--threshold``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..client.keys import KEY_VARIABLE

_OPTIONS: Mapping[str, str] = {
    "threshold": "--threshold", "silence_duration_ms": "--silence", "prefix_padding_ms": "--padding",
    "language": "--language", "corpus_text": "--corpus", "sample_rate": "--rate", "pace": "--pace",
    "patience": "--patience", "max_wait": "--max-wait", "max_cut": "--max-cut", "minutes": "--minutes",
    "jobs": "--jobs", "out": "--out",
}
"""The option for each setting, by the name under which errors begin with it."""

_NAME = re.compile(r"(?:^|(?<=Raise ))(\w+)(?= (?:is|has|must|or)\b)")

_PHRASES: Mapping[str, str] = {
    f"Pass api_key=…, set qwen_asr_widgets.api_key or the variable {KEY_VARIABLE}":
        f"Set the variable {KEY_VARIABLE}",
    "use the embedded service: endpoint='embedded'": "use the embedded service: --endpoint embedded",
    "What was given as endpoint looks": "What was given to --endpoint looks",
    "What was given as model looks": "What was given to --model looks",
    "pass a key as api_key=…": f"a key is read from the variable {KEY_VARIABLE}",
    "no key was given: pass api_key=…, or endpoint=… for an endpoint that brings its own, as the embedded "
    "service does": "it wants a key; the command line has one for DashScope's own addresses alone",
    "Use wss://, or pass api_key=… to send a key in the clear": "Use wss://",
    "pass api_key=… to embedded()": "name the variable that holds it, e.g. --option key_variable=MY_KEY",
    "None lets the service detect it.": "Without it the service detects the language.",
    "pass yes=True (in a terminal, --yes)": "pass --yes",
    "or 0 or None for as fast as taken": "or 0 for as fast as taken",
    "Resample the clip, or leave it out": "Leave it out",
    "Give channel=… where the file is loaded": "Leave out --channel",
    "such as EndOfTurn('smart-turn')": "such as smart-turn",
    "; give format=.": "; an ending such as .rttm says which it is.",
}
"""Remedies that only Python has, and those of the command line in their place."""


def in_options(error: Exception) -> str:
    """Return the sentence of an error, its settings and remedies as the options of the command line.

    Examples
    --------
    >>> from qwen_asr_widgets import SettingError
    >>> in_options(SettingError("silence_duration_ms is 50 ms."))
    '--silence is 50 ms.'
    """
    message = _NAME.sub(lambda name: _OPTIONS.get(name[1], name[1]), str(error))
    for phrase, here in _PHRASES.items():
        message = message.replace(phrase, here)
    return message

"""The label formats: the one list of them, and which one a file is in.

========  ==========================  ======================  ==========================  ====================
format    speakers                    words                   scored regions              holds
========  ==========================  ======================  ==========================  ====================
rttm      field 8                     not carried             ``talk.uem`` beside it      refused
textgrid  one interval tier each      the interval's text     interval tier ``scored``    tier ``holds``
audacity  ``[speaker]`` before words  the label               labels ``<scored>``         labels ``<hold>``
csv       column ``speaker``          column ``text``         rows of ``kind`` scored     ``kind`` hold
elan      one tier each               the annotation          tier ``scored``             tier ``holds``
stm       field 3                     the rest of the line    ``talk.uem`` beside it      refused
srt       ``[speaker]`` before words  the subtitle            ``talk.uem`` beside it      refused
vtt       the voice (``<v anna>``)    the cue                 ``talk.uem`` beside it      refused
scv       not carried                 not carried             ``talk.uem`` beside it      refused
========  ==========================  ======================  ==========================  ====================

To add a format, write a module like ``textgrid.py`` (a reader, a writer, a test of the first lines, and the
``LabelFormat`` that holds them) and put it in ``FORMATS`` here. ``load_labels``, ``save_labels``, every
``reference=``, messages, the command line and the tuner's menu go by this list.
"""

from __future__ import annotations

from ...arguments import suggestion
from ...errors import LabelError
from .elan import ELAN
from .nist import RTTM, STM
from .rows import LabelFormat
from .scv import SCV
from .text_formats import AUDACITY, CSV, SRT, VTT
from .textgrid import TEXTGRID

FORMATS = {one.name: one for one in (RTTM, TEXTGRID, ELAN, STM, AUDACITY, VTT, CSV, SRT, SCV)}
"""Every format by its name; a text is in the first that recognises it."""


def label_format(name: str) -> LabelFormat:
    """Return a format by its name, or raise ``LabelError`` with the names there are.

    Examples
    --------
    >>> label_format("rtm")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.LabelError: Label format 'rtm' is not known; use one of rttm, textgrid, \
elan, stm, audacity, vtt, csv, srt, scv; did you mean 'rttm'?
    """
    if name not in FORMATS:
        raise LabelError(
            f"Label format {name!r} is not known; use one of {', '.join(FORMATS)}"
            f"{suggestion(str(name), FORMATS) or '.'}"
        )
    return FORMATS[name]


def format_by_ending(ending: str) -> str:
    """Return the format of files whose names end so (any case), or an empty string.

    Examples
    --------
    >>> format_by_ending(".textgrid"), format_by_ending(".docx")
    ('textgrid', '')
    """
    wanted = ending.lower()
    found = (name for name, one in FORMATS.items() if wanted in [known.lower() for known in one.endings])
    return next(found, "")


def detect_format(text: str) -> str:
    """Return the format a text is in, or raise ``LabelError``.

    Examples
    --------
    >>> detect_format("0.5\\t1.25\\thello")
    'audacity'
    """
    lines = [line.strip(" \r\n\ufeff") for line in text.splitlines() if line.strip(" \r\n\ufeff").strip()]
    if not lines:
        raise LabelError("line 1: there is nothing in it; for a clip without speech use Labels([]).")
    found = (name for name, one in FORMATS.items() if one.recognises(lines))
    name = next(found, "")
    if not name:
        raise LabelError(
            f"line 1: {lines[0][:60]!r} is in none of the known label formats ({', '.join(FORMATS)}); "
            "give format=."
        )
    return name

"""What can be chosen when a recording is written."""

from __future__ import annotations

from dataclasses import dataclass

from .captions import SubtitleRules


@dataclass(frozen=True)
class ExportOptions:
    """What `Recording.export` was asked for; every writer reads of it what concerns its format.

    Parameters
    ----------
    include_drafts : bool
        Whether texts that got no final transcript are written, marked ``[draft]``.
    rules : SubtitleRules, optional
        How subtitles are laid out; None: one an utterance, as long as it may be.
    safe : bool
        Whether cells of a table that a spreadsheet would run as a formula are made text.
    word_times : bool
        Whether cues of WebVTT hold the times at which words in them settled.
    sound : bool
        Whether a web page holds the sound.
    """

    include_drafts: bool = False
    rules: SubtitleRules | None = SubtitleRules()
    safe: bool = True
    word_times: bool = False
    sound: bool = True

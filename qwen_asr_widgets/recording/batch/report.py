"""A batch as one web page: every recording, each configuration's costs, the ten worst utterances to be heard.

The page loads nothing: styles, drawing and sound (FLAC) are inside, so that it can be sent and kept.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any

import numpy as np

from ...audio.files import write_pcm16
from ...errors import QawError
from ...formatting import clock
from ...glossary import heading
from ..recording import Recording

Row = dict[str, Any]

HEAD = (
    "Recording", "Settings", "Duration", "Utterances", "Words", "Error rate",
    f"{heading('finalization')} (median)", "n",
    "Problem",
)
"""Heads of the columns of `row_text`."""

WORST = 10
AROUND = 0.5
"""Seconds of sound before and after an utterance that are played with it."""

LONGEST = 15.0
"""Seconds of one utterance that are on the page at most: ten of a minute would make it 10 MB."""

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Transcribed: $title</title>
<style>
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2933; --soft: #5f6c7b; --line: #d5dbe1;
  --bad: #b42318; --dot: #0b6fd6; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191d; --ink: #e6e9ed; --soft: #9aa7b5;
  --line: #343b43; --bad: #ff8a80; --dot: #5aa9ff; } }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.3rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .25rem; }
p { color: var(--soft); font-size: .9rem; margin: .35rem 0; max-width: 46rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; font-weight: 600; color: var(--soft); white-space: nowrap; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; vertical-align: top; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.said, td.bad, td:first-child { white-space: normal; overflow-wrap: anywhere; }
td:first-child { min-width: 6.5rem; } td.said, td.bad { min-width: 10rem; } td.bad { color: var(--bad); }
audio { display: block; width: 100%; max-width: 18rem; height: 2.2rem; margin-top: .25rem; }
svg { width: 100%; max-width: 34rem; height: auto; } svg text { fill: var(--ink); font-size: 12px; }
svg .axis { stroke: var(--line); } svg .dot { fill: var(--dot); } svg .soft { fill: var(--soft); }
</style>
</head>
<body>
<h1>$title</h1>
<p>$summary</p>
$settings
<h2>Ten worst utterances</h2>
<p>$order</p>
$worst
<h2>Recordings</h2>
$recordings
</body>
</html>
""")


@dataclass(frozen=True)
class Costs:
    """What one configuration costs and gains over all its recordings.

    Parameters
    ----------
    settings : str
        Its name.
    done, failed, utterances : int
        Recordings done and failed, utterances found.
    error_rate : float or None
        Errors in all words (or characters) of the references, summed over recordings.
    wait : float or None
        Median of the recordings' median waits in seconds; None where no waits are stated.
    """

    settings: str
    done: int
    failed: int
    utterances: int
    error_rate: float | None
    wait: float | None


def report_page(
    title: str, rows: Sequence[Row], utterances: Sequence[Row], recording: Callable[[str, str], Recording]
) -> str:
    """Return the page as HTML; ``recording`` opens the one of a name and a configuration."""
    costs = costs_by_settings(rows)
    several = len(costs) > 1
    timed = any(row["wait"] is not None for row in rows)
    order = "First what was not understood or failed, then " + (
        "the longest waits." if timed else "what was taken back most while it was shown: sound was not "
        "sent in real time, so no waits are stated."
    )
    return _PAGE.substitute(
        title=html.escape(title), summary=html.escape(_summary(rows)),
        settings=_settings(costs) if several else "", order=order, worst=_worst(utterances, recording, timed),
        recordings=_recordings(rows),
    )


def without_empty_columns(
    head: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """Return a table without the columns that say nothing in any row.

    Examples
    --------
    >>> without_empty_columns(("name", "wait", "n"), [["a", "–", "3"], ["b", "", "4"]])
    (['name', 'n'], [['a', '3'], ['b', '4']])
    """
    kept = [at for at in range(len(head)) if any(row[at] not in ("", "–") for row in rows)]
    return [head[at] for at in kept], [[row[at] for at in kept] for row in rows]


def _recordings(rows: Sequence[Row]) -> str:
    head, cells = without_empty_columns(HEAD, [row_text(row) for row in rows])
    bad = "bad" if head and head[-1] == HEAD[-1] else ""
    return _table(head, [[html.escape(text) for text in row] for row in cells], bad)


def costs_by_settings(rows: Sequence[Row]) -> list[Costs]:
    """Return what each configuration costs, in the order of the rows.

    Examples
    --------
    >>> row = {"settings": "", "error": "", "utterances": 8, "wait": None}
    >>> judged = [{**row, "error_rate": rate, "reference_words": n} for rate, n in ((0.1, 50), (0.4, 100))]
    >>> round(costs_by_settings(judged)[0].error_rate, 3)
    0.3
    """
    found = []
    for name in dict.fromkeys(row["settings"] for row in rows):
        mine = [row for row in rows if row["settings"] == name]
        done = [row for row in mine if not row["error"]]
        judged = [row for row in done if row["error_rate"] is not None]
        said = sum(row["reference_words"] for row in judged)
        errors = sum(row["error_rate"] * row["reference_words"] for row in judged)
        waits = [row["wait"] for row in done if row["wait"] is not None]
        found.append(Costs(
            name, len(done), len(mine) - len(done), sum(row["utterances"] for row in done),
            errors / said if said else None, float(np.median(waits)) if waits else None,
        ))
    return found


def row_text(row: Row) -> list[str]:
    """Return a recording's row as people read it.

    Examples
    --------
    >>> from qwen_asr_widgets.recording.batch.work import ROW_COLUMNS
    >>> row = dict.fromkeys(ROW_COLUMNS) | {"name": "talk", "settings": "", "error": "AudioError: no sound"}
    >>> row_text(row)
    ['talk', '', '–', '–', '–', '–', '–', '–', 'AudioError: no sound']
    """
    rate = "–" if row["error_rate"] is None else f"{row['metric']} {100 * row['error_rate']:.1f} %"
    return [
        row["name"], row["settings"], _text(row["duration"], "{:.1f} s"), _text(row["utterances"]),
        _text(row["words"]), rate, _text(row["wait"], "{:.2f} s"), _text(row["waits"] or None), row["error"],
    ]


def _text(value: Any, form: str = "{}") -> str:
    return "–" if value is None else form.format(value)


def _summary(rows: Sequence[Row]) -> str:
    done = [row for row in rows if not row["error"]]
    seconds = sum(row["duration"] for row in done)
    engines = ", ".join(dict.fromkeys(row["engine"] for row in done))
    by = f"; by {engines}" if engines else ""
    return f"{len(done)} of {len(rows)} done, {clock(seconds, tenths=False)} of sound{by}."


def _settings(costs: Sequence[Costs]) -> str:
    typical = f"{heading('finalization')} (median of medians)"
    head = ("Settings", "Done", "Failed", "Utterances", "Error rate", typical)
    rows = [
        [html.escape(one.settings), str(one.done), str(one.failed), str(one.utterances),
         "–" if one.error_rate is None else f"{100 * one.error_rate:.1f} %",
         "–" if one.wait is None else f"{one.wait:.2f} s"]
        for one in costs
    ]
    return f"<h2>Configurations</h2>\n{_picture(costs)}\n{_table(head, rows)}"


def _picture(costs: Sequence[Costs]) -> str:
    """Return errors against waits as a drawing; nothing where either is not known of two configurations."""
    known = [(one.settings, one.wait, 100 * one.error_rate) for one in costs
             if one.wait is not None and one.error_rate is not None]
    if len(known) < 2:
        return ""
    widest = max(wait for _, wait, _ in known) * 1.25 or 1.0
    highest = max(rate for _, _, rate in known) * 1.2 or 1.0
    dots = []
    for name, wait, rate in known:
        x, y = 50 + 440 * wait / widest, 220 - 190 * rate / highest
        dots.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
            f'<text x="{x + 9:.1f}" y="{y + 4:.1f}">{html.escape(name)}</text>'
        )
    return (
        '<svg viewBox="0 0 540 262" role="img" aria-label="Error rate against the median wait">'
        '<path class="axis" d="M50 20V220H520" fill="none"/>'
        f'<text class="soft" x="44" y="30" text-anchor="end">{highest:.0f} %</text>'
        '<text class="soft" x="44" y="224" text-anchor="end">0</text>'
        f'<text class="soft" x="490" y="238" text-anchor="middle">{widest:.1f} s</text>'
        '<text x="285" y="256" text-anchor="middle">Finalization (median)</text>'
        '<text x="58" y="16">Error rate</text>' + "".join(dots) + "</svg>"
    )


def _worst(
    utterances: Sequence[Row], recording: Callable[[str, str], Recording], timed: bool
) -> str:
    rows = sorted(utterances, key=lambda row: _badness(row, timed), reverse=True)[:WORST]
    if not rows:
        return "<p>No utterance was found.</p>"
    cells = [
        ["/<wbr>".join(html.escape(part) for part in (row["settings"], row["name"]) if part),
         clock(row["start"]),
         (html.escape(row["text"]) or "(nothing understood)") + _sound(recording, row), _figure(row, timed)]
        for row in rows
    ]
    figure = heading("finalization" if timed else "revised_share")
    return _table(("Recording", "At", "Transcript", figure), cells, said=2)


def _figure(row: Row, timed: bool) -> str:
    if timed:
        return "–" if row["finalization"] is None else f"{row['finalization']:.2f} s"
    return f"{100 * (row['revised_share'] or 0):.0f} %"


def _badness(row: Row, timed: bool) -> tuple[bool, float]:
    useless = row["status"] != "final" or not row["text"]
    return useless, (row["finalization"] if timed else row["revised_share"]) or 0.0


def _sound(recording: Callable[[str, str], Recording], row: Row) -> str:
    """Return a player with the utterance's sound; nothing where its bundle is gone."""
    try:
        tape = recording(row["name"], row["settings"]).tape
    except QawError:
        return ""
    rate = tape.sample_rate
    start = max(0, round((row["start"] - AROUND) * rate))
    stop = round((min(row["end"], row["start"] + LONGEST) + AROUND) * rate)
    file = io.BytesIO()
    write_pcm16(file, tape.read(start, stop), rate, ".flac")
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<audio controls preload="none" src="data:audio/flac;base64,{data}"></audio>'


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], last: str = "", said: int | None = None
) -> str:
    """Return rows of HTML as a table; ``last`` is the last column's class, ``said`` the one with words."""
    heads = "".join(f"<th>{name}</th>" for name in head)
    body = "\n".join(f"<tr>{''.join(_cells(row, last, said))}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _cells(row: Sequence[str], last: str, said: int | None) -> Iterator[str]:
    for number, cell in enumerate(row):
        kind = last if number == len(row) - 1 else "said" if number == said else ""
        yield f'<td class="{kind}">{cell}</td>' if kind else f"<td>{cell}</td>"

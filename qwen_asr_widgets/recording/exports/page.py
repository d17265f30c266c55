"""A recording as one web page: waveform, transcript and sound in a file that needs no server.

The page loads nothing: styles, script, sound (FLAC) and drawing are inside. A row or a place of the waveform
that is clicked plays from there; while the sound plays, its row is marked. Without scripts it is still the
transcript with a player; without the sound, which can be left out, a picture with the transcript.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from ...audio.files import write_pcm16
from ...formatting import clock
from ...glossary import heading
from ..recording import Recording
from ..summary import seconds_text, waits_count
from .options import ExportOptions
from .spans import SpokenSpan, spoken_spans
from .table import summary_line

POINTS = 1_200
"""Columns of the waveform, whatever its length."""

_PAGE = Template("""<!DOCTYPE html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2933; --soft: #5f6c7b; --line: #d5dbe1;
  --sound: #7b8fa8; --turn: #0b6fd633; --edge: #0b6fd6; --now: #0b6fd61f; --head: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191d; --ink: #e6e9ed; --soft: #9aa7b5;
  --line: #343b43; --sound: #7d93ad; --turn: #5aa9ff33; --edge: #5aa9ff; --now: #5aa9ff26;
  --head: #fb923c; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.2rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p { color: var(--soft); font-size: .85rem; margin: .5rem 0; overflow-wrap: anywhere; }
audio { width: 100%; }
svg { display: block; width: 100%; height: 7rem; margin: .5rem 0; cursor: pointer; }
.sound { fill: var(--sound); } .turn { fill: var(--turn); stroke: var(--edge); }
.head { stroke: var(--head); stroke-width: 2; }
.silent .head { display: none; } .silent svg { cursor: default; } svg * { vector-effect: non-scaling-stroke; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: .85rem; color: var(--soft); }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .5rem; vertical-align: top; }
td:first-child, td:last-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
td:last-child, th:last-child { text-align: right; }
td { overflow-wrap: anywhere; } tr.now { background: var(--now); }
button { all: unset; cursor: pointer; color: var(--edge); }
button:focus-visible { outline: 2px solid var(--edge); }
</style>
</head>
<body class="$kind">
<h1>$title</h1>
$player
<svg viewBox="0 0 $points 100" preserveAspectRatio="none" role="img" aria-label="$picture">
$turns
<path class="sound" d="$wave"/>
<line class="head" x1="0" x2="0" y1="0" y2="100"/>
</svg>
<table><thead><tr><th>Time</th><th>Transcript</th><th>$last</th></tr></thead>
<tbody>
$rows
</tbody></table>
<p>$below</p>
$script</body>
</html>
""")


_PLAYER = Template('<audio controls preload="metadata" src="data:audio/flac;base64,$sound"></audio>')

_SCRIPT = Template("""<script>
const sound = document.querySelector("audio"), head = document.querySelector(".head");
const drawing = document.querySelector("svg"), rows = [...document.querySelectorAll("tbody tr")];
const length = $duration;
const playFrom = (seconds) => { sound.currentTime = seconds; sound.play(); };
for (const row of rows) row.querySelector("button").onclick = () => playFrom(Number(row.dataset.start));
drawing.onclick = (event) => {
  const box = drawing.getBoundingClientRect();
  playFrom(length * (event.clientX - box.left) / box.width);
};
sound.ontimeupdate = () => {
  const now = sound.currentTime, place = $points * now / length;
  head.setAttribute("x1", place); head.setAttribute("x2", place);
  for (const row of rows) {
    row.classList.toggle("now", row.dataset.start <= now && now < row.dataset.end);
  }
};
</script>
""")


def write_html(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the page into a binary file."""
    file.write(to_html(recording, options).encode("utf-8", "replace"))


def to_html(recording: Recording, options: ExportOptions = ExportOptions()) -> str:
    """Return a recording as a page; with its sound it takes about 1.3 MB a minute at 16 kHz."""
    spans = spoken_spans(recording, options.include_drafts)
    latency = recording.latency()
    waits = waits_count(latency.pace)
    duration = max(recording.duration, 0.001)
    name = Path(recording.info.name).name or "Recording"
    return _PAGE.substitute(
        title=html.escape(name), language=html.escape(recording.config.language or "en", True),
        player=_PLAYER.substitute(sound=_sound(recording)) if options.sound else "", points=POINTS,
        script=_SCRIPT.substitute(points=POINTS, duration=duration) if options.sound else "",
        kind="" if options.sound else "silent",
        picture=f"Waveform of {clock(duration)} with {len(spans)} turns", wave=_wave(recording),
        turns="\n".join(_turns(spans, duration)), rows="\n".join(_rows(spans, waits, options.sound)),
        last=heading("finalization") if waits else "",
        below=html.escape(summary_line(recording.info, latency, recording.complete, recording.notes)),
    )


def _sound(recording: Recording) -> str:
    file = io.BytesIO()
    write_pcm16(file, recording.tape.read(), recording.tape.sample_rate, ".flac")
    return base64.b64encode(file.getvalue()).decode("ascii")


def _wave(recording: Recording) -> str:
    """Return the outline of the sound: the highest samples from left to right, the lowest back."""
    samples = recording.tape.read()
    if not len(samples):
        return ""
    width = -(-len(samples) // POINTS)
    first = range(0, len(samples), width)
    high, low = (side.reduceat(samples, first).astype(float) for side in (np.maximum, np.minimum))
    loudest = max(1.0, high.max(), -low.min())
    high, low = (50 - 48 * side / loudest for side in (high, low))
    step = POINTS * width / len(samples)
    there = [f"{k * step:.1f} {y:.1f}" for k, y in enumerate(high)]
    back = [f"{k * step:.1f} {y:.1f}" for k, y in reversed(list(enumerate(low)))]
    return "M" + "L".join(there + back) + "Z"


def _turns(spans: Sequence[SpokenSpan], duration: float) -> Iterator[str]:
    for span in spans:
        left, width = POINTS * span.start / duration, POINTS * (span.end - span.start) / duration
        yield f'<rect class="turn" x="{left:.1f}" y="1" width="{width:.1f}" height="98"/>'


def _rows(spans: Sequence[SpokenSpan], waits: bool, plays: bool) -> Iterator[str]:
    for span in spans:
        time = f"{clock(span.start)} – {'≈ ' if span.utterance.estimated else ''}{clock(span.end)}"
        final = seconds_text(span.utterance.latency.finalization) if waits else ""
        if plays:
            time = f'<button aria-label="Play from {clock(span.start)}">{time}</button>'
        yield (
            f'<tr data-start="{span.start:.3f}" data-end="{span.end:.3f}">'
            f"<td>{time}</td>"
            f"<td>{html.escape(span.text)}</td><td>{final}</td></tr>"
        )

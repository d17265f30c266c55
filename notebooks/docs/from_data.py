"""Pages that stand in the package as data: a directive for each table, and the reference of all public names.

What the package knows is said once, in the module that uses it. A page says ``{from-data} cloud-facts``
where the table is to stand; `TABLES` lists what there is. The reference is written before Sphinx reads.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from ipywidgets import Widget
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature

import qwen_asr_widgets as qaw
from qwen_asr_widgets import errors, glossary
from qwen_asr_widgets.audio.samples import SAMPLE_NAMES
from qwen_asr_widgets.client.recognizers import all_recognizers
from qwen_asr_widgets.protocol import events
from qwen_asr_widgets.protocol.cloud_facts import FACTS, GRADES
from qwen_asr_widgets.protocol.quirks import Quirks
from qwen_asr_widgets.protocol.state import AS_SEEN, ITEM
from qwen_asr_widgets.recording.exports.formats import FORMATS as EXPORTS
from qwen_asr_widgets.vad.detectors.registry import DETECTORS
from qwen_asr_widgets.vad.labels.formats import FORMATS as LABELS

HERE = Path(__file__).parent
ROOMS = {
    "recording": "Runs and recordings", "widgets": "Widgets", "audio": "Sound",
    "protocol": "Settings of a session", "client": "Services",
    "client.dashscope": "The DashScope SDK's classes", "vad": "Turns, settings and turn ends",
    "plots": "Pictures", "teaching": "Teaching", "errors": "Errors",
}
"""The parts of the reference, by the folder in which a name is defined, in the order in which they stand."""


# ---- Markdown

def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"


def summary(thing: Any) -> str:
    """Return the first paragraph of a docstring on one line, its literals as Markdown writes them."""
    text = (inspect.getdoc(thing) or "").partition("\n\n")[0]
    return re.sub(r"(?<!`)`{1,2}([^`]+)`{1,2}(?!`)", r"`\1`", " ".join(text.split()))


def parameters(thing: Any) -> dict[str, str]:
    """Return what a numpydoc docstring says of each parameter, on one line."""
    from numpydoc.docscrape import NumpyDocString

    listed = NumpyDocString(inspect.getdoc(thing) or "")["Parameters"]
    return {entry.name: " ".join(entry.desc).replace("``", "`") for entry in listed}


# ---- the tables

def cloud_facts() -> Iterator[str]:
    """What is known of DashScope, each fact with what it rests on."""
    yield from table(
        ("name", "value", "what is known", "rests on"),
        ((f"`{one.name}`", f"`{one.value}`", one.text, GRADES[one.grade]) for one in FACTS),
    )
    yield ""
    yield f"Read in the public record on {max(one.date for one in FACTS)}."


def quirks() -> Iterator[str]:
    """What the stand-in can be told to do."""
    told = parameters(Quirks)
    yield from table(("quirk", "meaning"), ((f"`{name}`", text) for name, text in told.items()))


def protocol_events() -> Iterator[str]:
    """Every event, who sends it, and its fields."""
    rows = []
    for kind in vars(events).values():
        is_event = inspect.isclass(kind) and issubclass(kind, (events.ServerEvent, events.ClientEvent))
        if is_event and isinstance(getattr(kind, "type", None), str):
            sender = "service" if issubclass(kind, events.ServerEvent) else "client"
            fields = ", ".join(f"`{each.name}`" for each in dataclasses.fields(kind))
            rows.append((f"`{kind.type}`", sender, summary(kind), fields))
    yield from table(("event", "sent by", "what it says", "fields"), rows)


def item_states() -> Iterator[str]:
    """What may follow what, for one item."""
    def rows(steps: dict[tuple[str, type], str], by: str) -> Iterator[tuple[str, ...]]:
        for (state, event), after in steps.items():
            yield state, f"`{event.type}`", after, by  # type: ignore[attr-defined]

    both = [*rows(ITEM, "documented"), *rows(AS_SEEN, "seen of DashScope")]
    yield from table(("state", "event", "next state", "rests on"), both)


def export_formats() -> Iterator[str]:
    """Every format that a recording can be written in."""
    rows = ((f"`{one.suffix}`", one.name, one.use) for one in EXPORTS.values())
    yield from table(("ending", "format", "good for"), rows)


def label_formats() -> Iterator[str]:
    """Every format in which reference turns are read and written."""
    rows = ((f"`{one.name}`", ", ".join(f"`{end}`" for end in one.endings)) for one in LABELS.values())
    yield from table(("format", "endings"), rows)


def recognisers() -> Iterator[str]:
    """Every recogniser of the embedded service."""
    def languages(codes: Sequence[str] | None) -> str:
        if codes is None:
            return "those of its model"
        return ", ".join(codes) if len(codes) < 8 else f"{len(codes)} languages"

    rows = (
        (
            f'`embedded("{one.name}")`', f"`{one.requires.command}`" if one.requires else "nothing more",
            languages(one.languages),
            f"{one.footprint.installed_mb} MB" if one.footprint.installed_mb else "not measured",
            "to `base_url`" if one.footprint.sends_sound else "stays here",
        ) for one in all_recognizers()
    )
    yield from table(("recogniser", "install", "languages", "on disk", "sound"), rows)


def detectors() -> Iterator[str]:
    """Every voice activity detector."""
    rows = ((f"`{name}`", summary(kind)) for name, kind in DETECTORS.items())
    yield from table(("name", "what it is"), rows)


def samples() -> Iterator[str]:
    """Every bundled sound."""
    rows = ((f'`qaw.sample("{name}")`', qaw.sample(name)) for name in SAMPLE_NAMES)
    yield from table(
        ("sample", "what is heard", "length", "turns"),
        ((code, one.description, f"{one.channels[0].duration:.0f} s", len(one.turns)) for code, one in rows),
    )


def error_classes() -> Iterator[str]:
    """Every error, what it means, and what else it is."""
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind)]
    plain = (object, BaseException, Exception)
    rows = (
        (f"`{kind.__name__}`", summary(kind), ", ".join(
            f"`{base.__name__}`" for base in kind.__mro__
            if base.__module__ == "builtins" and base not in plain
        )) for kind in kinds if issubclass(kind, errors.QawError)
    )
    yield from table(("error", "when", "also a"), rows)


def terms_in(language: str) -> Callable[[], Iterator[str]]:
    """Return what yields the glossary in a language, with each term in the other beside it."""
    other = {"en": "zh", "zh": "en"}[language]

    def lines() -> Iterator[str]:
        for one in glossary.terms():
            yield f"({one.anchor if language == 'en' else f'zh-{one.anchor}'})="
            yield f"**{one.term[language]}** ({one.term[other]})"
            code = f" `{one.python}`" if one.python else ""
            yield f": {one.text[language]} {one.measured[language]} `{one.formula}`{code}"
            yield ""

    return lines


def term(name: str) -> Iterator[str]:
    """Yield one term of the glossary for the head of its page."""
    found = next(one for one in glossary.terms() if one.id == name)
    yield f"> **{found.term['en']}**, {found.term['zh']}: {found.text['en']}"
    yield ">"
    yield f"> `{found.formula}`"
    yield ">"
    yield f"> {found.measured['en']}" + (f" In Python: `{found.python}`." if found.python else "")


def course_in_chinese() -> Iterator[str]:
    """The course's notebooks in Chinese, as far as there are any."""
    found = sorted(path.stem for path in (HERE.parent / "zh").glob("[0-9]*.ipynb"))
    if found:
        yield from ("## 中文", "", "```{toctree}", ":maxdepth: 1", "")
        yield from (f"/zh/{name}" for name in found)
        yield "```"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "cloud-facts": cloud_facts, "quirks": quirks, "protocol-events": protocol_events,
    "item-states": item_states, "export-formats": export_formats, "label-formats": label_formats,
    "recognisers": recognisers, "detectors": detectors, "samples": samples, "error-classes": error_classes,
    "glossary": terms_in("en"), "glossary-zh": terms_in("zh"), "course-zh": course_in_chinese,
    **{f"term-{one.id}": lambda name=one.id: term(name) for one in glossary.terms()},  # type: ignore[misc]
}
"""What ``{from-data}`` takes."""


class FromData(SphinxDirective):
    """``{from-data} NAME``: the table of that name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the table's Markdown where the directive stands."""
        if self.arguments[0] not in TABLES:
            raise self.error(f"There is no table {self.arguments[0]!r}; there are {', '.join(TABLES)}.")
        lines = StringList(list(TABLES[self.arguments[0]]()), source=f"<{self.arguments[0]}>")
        container = nodes.container(classes=["from-data"])
        self.state.nested_parse(lines, self.content_offset, container, match_titles=True)
        return [container]


class RecordedPage(SphinxDirective):
    """``{recorded-page} NAME``: the recording ``NAME.qasr`` of this folder as a web page with sound."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Show the page that `write_recorded_pages` makes."""
        name = self.arguments[0]
        above = "../" * self.env.docname.count("/")
        address = f'src="{above}_static/{name}.html"'
        frame = f'<iframe class="recorded" title="{name}" loading="lazy" {address}></iframe>'
        return [nodes.raw("", frame, format="html")]


def write_recorded_pages(app: Sphinx, problem: Exception | None) -> None:
    """Export every recording of this folder beside the built pages."""
    for path in HERE.glob("*.qasr"):
        qaw.load_recording(path).export(Path(app.outdir) / "_static" / f"{path.stem}.html")


# ---- the reference

def room_of(name: str) -> str:
    """Return the longest of `ROOMS` in which a public name is defined."""
    home = {**qaw._MODULE_OF, "api_key": "client", "presentation": "widgets"}[name]
    return max((room for room in ROOMS if home == room or home.startswith(f"{room}.")), key=len)


def reference_page() -> str:
    """Return the page that lists every public name, a part for each of `ROOMS`."""
    names = sorted(set(qaw.__all__) - {"__version__"}, key=str.lower)
    parts = [".. Written by from_data.py.", "", "Reference", "=========", ""]
    parts += ["``import qwen_asr_widgets as qaw``", ""]
    for room, title in ROOMS.items():
        listed = [f"   {name}" for name in names if room_of(name) == room]
        parts += [title, "-" * len(title), "", ".. currentmodule:: qwen_asr_widgets", ""]
        parts += [".. autosummary::", "   :toctree: names", "   :nosignatures:", "", *listed, ""]
    return "\n".join(parts)


def write_reference(app: Sphinx, config: Config) -> None:
    """Write the reference where it has changed, so that nothing is built again for nothing."""
    path = HERE / "reference" / "index.rst"
    path.parent.mkdir(exist_ok=True)
    text = reference_page()
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def own_signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, str] | None:
    """Return how a widget is called: autodoc would show what its metaclass takes."""
    if what != "class" or not issubclass(thing, Widget):
        return None
    return stringify_signature(inspect.signature(thing), show_annotation=False), ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive, and have the reference written before autosummary looks for names."""
    app.add_directive("from-data", FromData)
    app.add_directive("recorded-page", RecordedPage)
    app.connect("autodoc-process-signature", own_signature)
    app.connect("build-finished", write_recorded_pages)
    app.connect("config-inited", write_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Joins the plain ES modules and style sheets of the widgets into one text per widget class.

A front end loads a widget's module from a Blob URL, where relative imports cannot work; so the modules
stay separate files for the reader, the type checker and ``node --test``, and are joined here when a
widget class is made::

    class Microphone(anywidget.AnyWidget):
        _esm = esm("microphone/microphone.js")
        _css = css("microphone/microphone.css")

How to add to it:

* A module is a file ``name.js`` in a widget's folder. It imports others, of its own folder or of another,
  with ``import {a, b as c} from "./other.js"`` or ``import * as dom from "../shared/dom.js"``, one statement
  starting in column 0. It exports declarations (``export const``, ``export function``, ``export class``),
  ``export {a, b}`` or one ``export default``.
* ``import text from "./other.js?text"`` gives a file as a string, for a worklet. ``import locales from
  "../locales?strings"`` gives those strings of the user interface that the joined modules use; how to add
  one, or a language, stands in ``locales.py``.
* A style sheet begins with ``@import "../shared/tokens.css";``, which holds the design tokens and the shared
  controls (``.qaw``, ``.qaw-button`` …). Each file is joined once.
* With ``QWEN_ASR_WIDGETS_DEV=1`` in the environment an edited file is joined anew, and every view of a living
  widget shows it without a restart of the kernel (``live_reload.py``).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from . import live_reload
from .locales import page_strings

if TYPE_CHECKING:
    from anywidget._file_contents import VirtualFileContents

WIDGETS = Path(__file__).parents[1]
_TEXT = "?text"
_STRINGS = "?strings"

_IMPORT = re.compile(r'^import\s+(?P<what>[^;"\']+?)\s+from\s+["\'](?P<path>[^"\']+)["\'];?[ \t]*$', re.M)
_DECLARATION = re.compile(
    r"^export\s+(?P<declaration>(?:async\s+)?(?:function\*?|class|const|let)\s+(?P<name>[\w$]+))", re.M
)
_LIST = re.compile(r"^export\s*\{(?P<names>[^}]*)\};?[ \t]*$", re.M)
_DEFAULT = re.compile(r"^export\s+default\s+", re.M)
_LEFTOVER = re.compile(r"^(?:import|export)\b.*$", re.M)
_CSS_IMPORT = re.compile(r'^@import\s+["\'](?P<path>[^"\']+)["\'];[ \t]*$', re.M)


def esm(entry: str, folder: Path = WIDGETS) -> str | VirtualFileContents:
    """Return what a widget class has as its ``_esm``: see :func:`joined_modules`.

    In development it is a text that changes with the files, which anywidget follows.
    """
    return _asset(partial(joined_modules, entry, folder), folder)


def css(entry: str, folder: Path = WIDGETS) -> str | VirtualFileContents:
    """Return what a widget class has as its ``_css``: see :func:`joined_sheets`."""
    return _asset(partial(joined_sheets, entry, folder), folder)


def _asset(join: Callable[[], str], folder: Path) -> str | VirtualFileContents:
    return live_reload.follow(join, folder) if live_reload.is_on() else join()


def joined_modules(entry: str, folder: Path = WIDGETS) -> str:
    """Return one ES module holding ``entry`` and everything it imports.

    Parameters
    ----------
    entry : str
        Path below ``folder``, with forward slashes; its default export becomes the joined module's.
    folder : Path
        Where the modules lie.

    Raises
    ------
    ImportError
        An import that is unknown, circular, or not written in a form listed at the top of this file.
    """
    order = _in_order(entry, folder, _imported_modules)
    parts = [_wrapped(name, folder, order) for name in order]
    parts.append(f"export default {_variable(entry)}.default;")
    return "\n".join(parts) + "\n"


def joined_sheets(entry: str, folder: Path = WIDGETS) -> str:
    """Return one style sheet holding ``entry`` and everything it imports, each file once."""
    order = _in_order(entry, folder, _imported_sheets)
    return "\n".join(_CSS_IMPORT.sub("", _read(name, folder)).strip() for name in order) + "\n"


def _in_order(entry: str, folder: Path, imported: Callable[[str, str], list[str]]) -> list[str]:
    """List ``entry`` and what it needs, the needed ones first."""
    order: list[str] = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            raise ImportError(f"circular import: {' -> '.join((*trail, name))}")
        if name in order:
            return
        for needed in imported(name, _read(name, folder)):
            visit(needed, (*trail, name))
        order.append(name)

    visit(entry, ())
    return order


def _read(name: str, folder: Path) -> str:
    path = folder / name
    if not path.is_file():
        raise ImportError(f"there is no {name} in {folder}")
    return path.read_text(encoding="utf-8")


def _imported_modules(name: str, text: str) -> list[str]:
    paths = [match["path"] for match in _IMPORT.finditer(text)]
    return [_resolved(name, path) for path in paths if not path.endswith((_TEXT, _STRINGS))]


def _imported_sheets(name: str, text: str) -> list[str]:
    return [_resolved(name, match["path"]) for match in _CSS_IMPORT.finditer(text)]


def _resolved(name: str, path: str) -> str:
    """Return the path below the root that ``path`` means in the module ``name``."""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    if not path.startswith(("./", "../")) or joined.startswith("../"):
        raise ImportError(f'{name} imports "{path}": only "./file" and "../folder/file" can be joined')
    return joined


def _variable(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name)


def _wrapped(name: str, folder: Path, order: Iterable[str]) -> str:
    """Turn one of the modules in ``order`` into a constant of its exports: private names cannot clash."""
    text = _IMPORT.sub(lambda match: _as_constant(match, name, folder, order), _read(name, folder))
    exports = {match["name"]: match["name"] for match in _DECLARATION.finditer(text)}
    text = _DECLARATION.sub(lambda match: match["declaration"], text)
    for match in _LIST.finditer(text):
        exports.update(_pairs(match["names"]))
    text = _LIST.sub("", text)
    if _DEFAULT.search(text):
        text = _DEFAULT.sub("const $default = ", text, count=1)
        exports["default"] = "$default"
    if leftover := _LEFTOVER.search(text):
        raise ImportError(f"{name}: this form cannot be joined: {leftover.group()}")
    listed = ", ".join(outer if outer == inner else f"{outer}: {inner}" for outer, inner in exports.items())
    return f"const {_variable(name)} = (() => {{\n{text.strip()}\nreturn {{ {listed} }};\n}})();"


def _pairs(names: str) -> dict[str, str]:
    """Read ``a, b as c`` as ``{"a": "a", "c": "b"}``: the outer name and the inner one."""
    pairs: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in names.split(","))):
        inner, _, outer = item.partition(" as ")
        pairs[(outer or inner).strip()] = inner.strip()
    return pairs


def _as_constant(match: re.Match[str], name: str, folder: Path, order: Iterable[str]) -> str:
    what, path = match["what"].strip(), match["path"]
    if path.endswith(_TEXT):
        return f"const {what} = {json.dumps(_read(_resolved(name, path.removesuffix(_TEXT)), folder))};"
    if path.endswith(_STRINGS):
        modules = (_read(module, folder) for module in order)
        locales = folder / _resolved(name, path.removesuffix(_STRINGS))
        return f"const {what} = {page_strings(modules, locales)};"
    source = _variable(_resolved(name, path))
    if what.startswith("{"):
        pairs = _pairs(what.strip("{}"))
        _check_exported(pairs, name, _resolved(name, path), folder)
        inner = ", ".join(a if a == b else f"{b}: {a}" for a, b in pairs.items())
        return f"const {{ {inner} }} = {source};"
    if what.startswith("* as "):
        return f"const {what[5:].strip()} = {source};"
    return f"const {what} = {source}.default;"


def _check_exported(pairs: dict[str, str], name: str, source: str, folder: Path) -> None:
    text = _read(source, folder)
    exported = {match["name"] for match in _DECLARATION.finditer(text)}
    for match in _LIST.finditer(text):
        exported |= set(_pairs(match["names"]))
    if missing := sorted(set(pairs.values()) - exported):
        raise ImportError(f"{name} imports {', '.join(missing)} from {source}, which does not export it")

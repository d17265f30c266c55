"""Node.js and the TypeScript checker, where this computer has them."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
WIDGETS = ROOT / "qwen_asr_widgets" / "widgets"
TYPESCRIPT = ROOT / ".make" / "node" / "node_modules" / "typescript" / "bin" / "tsc"


def find_node() -> str | None:
    """Return the system's node, else the one inside the playwright wheel."""
    if node := shutil.which("node"):
        return node
    try:
        import playwright
    except ImportError:
        return None
    bundled = Path(playwright.__file__).parent / "driver" / "node"
    return str(bundled) if bundled.exists() else None


def node_command(*arguments: str) -> list[str]:
    """Return the command that runs a script which imports the front end's modules, from the tree's root."""
    return [str(find_node()), "--no-warnings", "--import", "./tests/support/joined_imports.mjs", *arguments]


def find_tsc() -> Path | None:
    """Return TypeScript's checker, which ``make .make/node`` fetches from npm."""
    return TYPESCRIPT if TYPESCRIPT.exists() else None

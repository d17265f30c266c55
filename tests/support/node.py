"""Node.js, the TypeScript checker and the linter of the front end, where this computer has them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDGETS = ROOT / "qwen_asr_widgets" / "widgets"
TOOLS = ROOT / ".make" / "node" / "node_modules"
TYPESCRIPT = TOOLS / "typescript" / "bin" / "tsc"
BIOME = TOOLS / "@biomejs" / "biome" / "bin" / "biome"


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
    loader = ["--no-warnings", "--import", "./tests/support/joined_imports.mjs"]
    return [str(find_node()), *loader, *arguments]


def tool_command(tool: Path) -> list[str]:
    """Return the command of a tool that ``make types`` fetches from npm.

    Where it or node is missing the test is skipped and says what is needed; in CI it fails.
    """
    node = find_node()
    if node and tool.exists():
        return [node, str(tool)]
    said = "needs node and what `make types` fetches with npm"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)

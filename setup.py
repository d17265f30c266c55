"""What setup.cfg cannot say: the description for a package index, whose pages show no file of the tree."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)")
"""A Markdown link or picture whose target is a file of the tree: its mark, its text and its target."""


def description(readme: str, source: str) -> str:
    """Return the readme with links that lead somewhere from anywhere.

    Parameters
    ----------
    readme : str
        In Markdown.
    source : str
        Where the tree can be read; empty where nothing is published: then links become plain text and
        pictures what they show.
    """
    def replaced(match: re.Match[str]) -> str:
        mark, text, target = match.groups()
        if source:
            return f"{mark}[{text}]({source.rstrip('/')}/{'raw' if mark else 'blob'}/main/{target})"
        return f"*{text}*" if mark else text

    return LINK.sub(replaced, readme)


def source_address() -> str:
    """Return the address given as ``Source`` under ``project_urls`` in setup.cfg, empty where none is."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = settings["metadata"].get("project_urls", "").splitlines()
    urls = dict((part.strip() for part in line.split("=", 1)) for line in lines if "=" in line)
    return urls.get("Source", "")


if __name__ == "__main__":
    from setuptools import setup

    setup(
        long_description=description((ROOT / "README.md").read_text(encoding="utf-8"), source_address()),
        long_description_content_type="text/markdown",
    )

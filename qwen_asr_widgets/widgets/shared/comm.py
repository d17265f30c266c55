"""What widgets need to know of kernels and their comms."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import Any

import ipywidgets


def kernel_is_live() -> bool:
    """Tell whether messages of a widget can arrive while a cell runs: from ipykernel 7 on."""
    try:
        return int(importlib.metadata.version("ipykernel").split(".")[0]) >= 7
    except importlib.metadata.PackageNotFoundError:
        return False


def in_kernel() -> bool:
    """Tell whether this is the kernel of a notebook, whose pages can be told something."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def free_of_subshell(widget: Any) -> None:
    """Let the messages of a widget run beside the cells although the kernel once wrote to it.

    ipykernel 7.4 binds the messages of a comm to the shell that last wrote to it, and opening it from a
    cell is writing. The attribute is private: where it does not exist there is no binding either.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = lambda data, default: default


def close_whole(*widgets: ipywidgets.Widget) -> None:
    """Close widgets together with their layouts and styles, which are widgets with comms of their own."""
    for widget in widgets:
        for part in (getattr(widget, "layout", None), getattr(widget, "style", None)):
            if isinstance(part, ipywidgets.Widget):
                part.close()
        ipywidgets.Widget.close(widget)

"""Closing a widget so that nothing of it stays in the kernel."""

from __future__ import annotations

import ipywidgets


def close_whole(*widgets: ipywidgets.Widget) -> None:
    """Close widgets together with their layouts and styles, which are widgets with comms of their own."""
    for widget in widgets:
        for part in (getattr(widget, "layout", None), getattr(widget, "style", None)):
            if isinstance(part, ipywidgets.Widget):
                part.close()
        ipywidgets.Widget.close(widget)

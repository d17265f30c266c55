"""Pictures of recordings, by matplotlib: they take an axes and return it.

Nothing here is imported before a picture is asked for: matplotlib is slow to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .alignment_plot import plot_alignment
    from .latency_plot import plot_latency
    from .picture import save_picture
    from .recording_plot import plot_recording
    from .sweep_plot import plot_sweep
    from .trade_off_plot import plot_pauses, plot_trade_off
    from .waterfall_plot import plot_waterfall

__all__ = [
    "plot_alignment", "plot_latency", "plot_pauses", "plot_recording", "plot_sweep", "plot_trade_off",
    "plot_waterfall", "save_picture",
]
_HOMES = {
    "plot_alignment": "alignment_plot",
    "plot_latency": "latency_plot",
    "plot_pauses": "trade_off_plot",
    "plot_recording": "recording_plot",
    "plot_sweep": "sweep_plot",
    "plot_trade_off": "trade_off_plot",
    "plot_waterfall": "waterfall_plot",
    "save_picture": "picture",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

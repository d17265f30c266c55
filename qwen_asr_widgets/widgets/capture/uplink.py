"""The hidden way of a page's sound and words to Python, for widgets that the kernel also writes to."""

from __future__ import annotations

from ..microphone.microphone import Microphone


class Uplink(Microphone):
    """Carries what a page records; shows nothing, and the kernel never writes to it."""

    _esm = "export default { render() {} };"
    _css = ""

    def _new_report(self) -> None:
        """Leave it to the widget that the kernel writes to."""

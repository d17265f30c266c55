"""What the kernel knows of a recording and the page that makes it cannot."""

from __future__ import annotations

import ipywidgets
import traitlets

from . import capture


class CaptureReport(ipywidgets.Widget):
    """Tells the pages of a microphone what became of their sound: the microphone itself is never written to.

    Each page compares ``client`` with its own identity and shows nothing of another page's recording.

    Attributes
    ----------
    client : str
        The page whose recording is spoken of.
    lost, lost_seconds : int, float
        Chunks of it that never came, and how long they were.
    beside_cells : bool or None
        Whether messages arrive while a cell runs, as the last one did or did not; None before the first.
    problem : dict
        What the kernel could not take last, empty before the first: ``client`` (the page), ``code`` as in
        ``capture/capture.js``, ``detail``, and a ``number`` that tells it from the one before.
    """

    client = traitlets.Unicode("").tag(sync=True)
    lost = traitlets.Int(0).tag(sync=True)
    lost_seconds = traitlets.Float(0.0).tag(sync=True)
    beside_cells = traitlets.Bool(None, allow_none=True).tag(sync=True)
    problem = traitlets.Dict().tag(sync=True)

    def take(self, event: capture.CaptureEvent) -> None:
        """Say what an event changes."""
        if isinstance(event, capture.CaptureProblem):
            if not event.shown:
                number = self.problem.get("number", 0) + 1
                told = {"code": event.code, "detail": event.detail, "client": event.client, "number": number}
                self.problem = told
        elif isinstance(event, capture.CaptureStarted):
            self._count(event.session)
        elif isinstance(event, capture.CaptureChunk) and event.lost:
            self._count(event.session)

    def _count(self, session: capture.CaptureSession) -> None:
        lost = sum(stop - start for start, stop in session.gaps) / session.sample_rate
        with self.hold_sync():
            self.client, self.lost, self.lost_seconds = session.client, session.lost, round(lost, 2)
